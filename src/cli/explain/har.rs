//! The requests of a HAR file (HTTP Archive 1.2, as browsers and proxies export it), and what was answered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use super::asked::{Asked, Target};
use super::notebook::Refusal;

/// Largest file that is read, in bytes. A day of a browser's traffic with all its pictures is smaller.
pub(super) const LIMIT: usize = 256 << 20;

/// One request, and its answer.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its place in the file, from 1.
    pub(super) number: usize,
    /// The request, or why it can't be read.
    pub(super) asked: Result<Asked, String>,
    status: Option<StatusCode>,
    answer: Bytes,
}

impl Entry {
    /// The API's refusal, where it was one that the request itself gave reason for.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        let status = self.status.filter(StatusCode::is_client_error)?;
        Some(Refusal {
            status: Some(status),
            body: self.answer.clone(),
        })
    }
}

/// All entries, in their order.
pub(super) fn entries(text: &[u8]) -> Result<Vec<Entry>, String> {
    // Some tools put a byte-order mark in front.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let har: Value = serde_json::from_slice(text)
        .map_err(|error| format!("it is no HAR file, which is JSON: {error}"))?;
    let entries = har
        .pointer("/log/entries")
        .and_then(Value::as_array)
        .ok_or("it is no HAR file: it has no list at /log/entries")?;
    Ok(entries
        .iter()
        .zip(1..)
        .map(|(entry, number)| Entry {
            number,
            asked: asked(entry.get("request").unwrap_or(&Value::Null)),
            status: entry
                .pointer("/response/status")
                .and_then(Value::as_u64)
                .and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok()),
            answer: content(entry.pointer("/response/content")).unwrap_or_default(),
        })
        .collect())
}

/// What a lookup of `path` for the request at `at` would have been told: the last 200 before it, to the
/// same credential, as the cache would have it.
pub(super) fn lookup<'a>(entries: &'a [Entry], at: &Entry, path: &str) -> Option<&'a Bytes> {
    let asked = at.asked.as_ref().ok()?;
    let fits = |entry: &&Entry| {
        let Ok(got) = &entry.asked else {
            return false;
        };
        // A prefix that the route strips is in the file and not in the lookup.
        got.method == Method::GET
            && got.target.path.path().ends_with(path)
            && got.target.host == asked.target.host
            && got.headers.get(AUTHORIZATION) == asked.headers.get(AUTHORIZATION)
            && entry.status == Some(StatusCode::OK)
            && !entry.answer.is_empty()
    };
    let before = entries.iter().take(at.number - 1);
    before.rev().find(fits).map(|entry| &entry.answer)
}

fn asked(request: &Value) -> Result<Asked, String> {
    let text = |name: &str| {
        let value = request.get(name).and_then(Value::as_str);
        value.ok_or_else(|| format!("its request has no text as \"{name}\""))
    };
    let method = text("method")?;
    Ok(Asked {
        method: method
            .parse()
            .map_err(|_| format!("{method:?} is no method"))?,
        target: Target::of_url(text("url")?)?,
        headers: headers(request.get("headers")),
        body: body(request.get("postData"))?,
    })
}

/// Without HTTP/2's own fields (`:method` and so on), and without what no header can be.
fn headers(fields: Option<&Value>) -> HeaderMap {
    let fields = fields.and_then(Value::as_array).into_iter().flatten();
    let fields = fields.filter_map(|field| {
        let name = field.get("name")?.as_str()?;
        let value = field.get("value")?.as_str()?;
        let name: HeaderName = name.parse().ok()?;
        Some((name, HeaderValue::from_str(value.trim()).ok()?))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(name, value);
    }
    // The file holds the body as it was read.
    headers.remove(http::header::CONTENT_LENGTH);
    headers
}

/// `text`, or a form from its `params`.
fn body(data: Option<&Value>) -> Result<Bytes, String> {
    let Some(data) = data.filter(|data| !data.is_null()) else {
        return Ok(Bytes::new());
    };
    let params = data.get("params").and_then(Value::as_array);
    let text = data.get("text").and_then(Value::as_str);
    if let Some(text) = text.filter(|text| !text.is_empty() || params.is_none_or(Vec::is_empty)) {
        let coded = data.get("encoding").or_else(|| data.get("_encoding"));
        return decoded(text, coded).ok_or_else(|| "its body is no base64".to_owned());
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    for param in params.into_iter().flatten() {
        let text = |name| param.get(name).and_then(Value::as_str).unwrap_or_default();
        form.append_pair(text("name"), text("value"));
    }
    Ok(Bytes::from(form.finish()))
}

fn content(content: Option<&Value>) -> Option<Bytes> {
    let content = content?;
    decoded(content.get("text")?.as_str()?, content.get("encoding"))
}

fn decoded(text: &str, encoding: Option<&Value>) -> Option<Bytes> {
    match encoding.and_then(Value::as_str) {
        Some("base64") => STANDARD.decode(text.trim()).ok().map(Bytes::from),
        _ => Some(Bytes::copy_from_slice(text.as_bytes())),
    }
}

#[cfg(test)]
mod tests;
