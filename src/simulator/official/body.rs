//! Reads request bodies against the published models.
//!
//! The API names no field when it cannot read a body, so neither does this: there is one refusal for all
//! that is not JSON, not an object, unknown, or of another type. Only a word that an enumeration lacks
//! is told.

use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::super::error::ApiError;
use super::super::{json, strict};

/// The members that are allowed, by name.
pub(super) type Model = &'static [(&'static str, Kind)];

/// The members that were sent, those that are `null` aside.
pub(super) type Object = Map<String, Value>;

/// What a member holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    Flag,
    Whole,
    Texts,
    /// One of a few words; the type's name is for the refusal.
    Word(&'static str, &'static [&'static str]),
    /// Texts by name.
    TextMap,
    /// Texts or nulls by name; what a null means is for the endpoint to say.
    Attributes,
    Object(Model),
    /// Anything: the endpoint has no use for it.
    Any,
}

/// Why a member has no value here.
enum Wrong {
    Malformed,
    Word(ApiError),
}

/// The body's members. `None` when there is no body; `null` is none either (SDKs send it for a body that
/// was left out).
pub(super) fn read(
    headers: &HeaderMap,
    body: &[u8],
    model: Model,
) -> Result<Option<Object>, ApiError> {
    if body.is_empty() {
        return Ok(None);
    }
    if !strict::is_json(headers) {
        let message = "HTTP 415 Unsupported Media Type";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(ApiError::new(status, "unsupported.media.type", message));
    }
    let text = std::str::from_utf8(body).map_err(|_| ApiError::malformed())?;
    if matches!(text.trim_ascii(), "" | "null") {
        return Ok(None);
    }
    object(text, model).map(Some).map_err(|wrong| match wrong {
        Wrong::Malformed => ApiError::malformed(),
        Wrong::Word(refusal) => refusal,
    })
}

fn object(text: &str, model: Model) -> Result<Object, Wrong> {
    let mut object = Object::new();
    let mut unknown_word = None;
    for (name, text) in json::members(text).ok_or(Wrong::Malformed)? {
        let known = model.iter().find(|(known, _)| *known == name);
        let (_, kind) = known.ok_or(Wrong::Malformed)?;
        if text == "null" {
            object.remove(&name);
            continue;
        }
        match kind.value(text) {
            Ok(value) => drop(object.insert(name, value)),
            Err(Wrong::Word(refusal)) => unknown_word = Some(refusal),
            Err(malformed) => return Err(malformed),
        }
    }
    unknown_word.map_or(Ok(object), |refusal| Err(Wrong::Word(refusal)))
}

fn texts_by_name(text: &str, or_null: bool) -> Option<Value> {
    let members = json::members(text)?.into_iter();
    let values = members.map(|(name, text)| {
        let fits = is_text(text) || (or_null && text == "null");
        fits.then(|| (name, json::value(text)))
    });
    values.collect::<Option<Object>>().map(Value::Object)
}

fn is_text(text: &str) -> bool {
    text.starts_with('"')
}

// === impl Kind ===

impl Kind {
    /// The value, which is valid JSON already.
    fn value(self, text: &str) -> Result<Value, Wrong> {
        let value = match self {
            Self::Text => is_text(text).then(|| json::value(text)),
            Self::Flag => text.parse::<bool>().ok().map(Value::Bool),
            Self::Whole => text.parse::<i64>().ok().map(Value::from),
            Self::Texts => serde_json::from_str::<Vec<String>>(text)
                .ok()
                .map(Value::from),
            Self::Word(type_name, allowed) => {
                let word = json::string(text).ok_or(Wrong::Malformed)?;
                if !allowed.contains(&word.as_str()) {
                    return Err(Wrong::Word(unknown_word(&word, type_name, allowed)));
                }
                Some(Value::String(word))
            }
            Self::TextMap => texts_by_name(text, false),
            Self::Attributes => texts_by_name(text, true),
            Self::Object(model) => return object(text, model).map(Value::Object),
            Self::Any => Some(json::value(text)),
        };
        value.ok_or(Wrong::Malformed)
    }
}

fn unknown_word(word: &str, type_name: &str, allowed: &[&str]) -> ApiError {
    let allowed = allowed.join(", ");
    let message = format!(
        "Value [{word}] is not valid for field type [{type_name}]. Allowable values are: {allowed}"
    );
    ApiError::new(StatusCode::BAD_REQUEST, "invalid.value", message)
}

#[cfg(test)]
mod tests;
