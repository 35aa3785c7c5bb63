//! `[[source]]` and `[[rule]]` tables → specs.

use http::{HeaderValue, Method, StatusCode};

mod reshape;

use crate::document::{Node, Table};
use crate::layer::options::{EnforceShare, LookupFailure, Mode};
use crate::rule::spec::{RuleSpec, SourceSpec, Timing};

#[cfg(feature = "proxy")]
pub(crate) use reshape::FORMS;
pub(super) use reshape::rejection;

pub(crate) const MODES: [(&str, Mode); 3] = [
    ("off", Mode::Off),
    ("observe", Mode::Observe),
    ("enforce", Mode::Enforce),
];

/// The word of a mode.
#[cfg(feature = "proxy")]
pub(crate) fn mode_word(mode: Mode) -> &'static str {
    let word = MODES.iter().find(|(_, known)| *known == mode);
    word.map_or("", |(word, _)| word)
}
pub(crate) const LOOKUP_FAILURES: [(&str, LookupFailure); 2] = [
    ("reject", LookupFailure::Reject),
    ("forward", LookupFailure::Forward),
];
pub(crate) const TIMINGS: [(&str, Timing); 2] =
    [("eager", Timing::Eager), ("on-reject", Timing::OnReject)];

/// A source without its name, its GET or its fields is none.
pub(super) fn source(table: &mut Table<'_>) -> Option<SourceSpec> {
    table.require("name", r#"name = "conversation""#);
    table.require("get", r#"get = "/api/v2/conversations/{conversationId}""#);
    table.require("fields", r#"fields = { state = "$.state" }"#);
    let name = table.name("name", "\"conversation\"");
    let get = table.string("get", "\"/api/v2/conversations/{conversationId}\"");
    let participants = table.string("participants", "\"$.participants[*]\"");
    let id = table.string("id", "\"$.id\"");
    let fields = table.string_list_map("fields", r#"{ state = ["$.state"] }"#);
    let learn = table.bool("learn");
    Some(SourceSpec {
        name: name?,
        get: get?,
        // Both shapes of the API's conversations have these.
        participants: participants.unwrap_or_else(|| "$.participants[*]".to_owned()),
        id: id.unwrap_or_else(|| "$.id".to_owned()),
        fields: fields?,
        learn: learn.unwrap_or(true),
    })
}

/// A rule without its name or its paths is none.
pub(super) fn rule(table: &mut Table<'_>) -> Option<RuleSpec> {
    const PATH: &str = r#"["/api/v2/conversations/{conversationId}/participants/{participantId}"]"#;
    table.require("name", r#"name = "participant""#);
    table.require("paths", &format!("paths = {PATH}"));
    let name = table.name("name", "\"participant\"");
    let paths = table.strings("paths", PATH);
    let except = table.strings("except", r#"["/api/v2/conversations/settings"]"#);
    let methods = table.methods("methods");
    let sources = table.strings("sources", r#"["conversation"]"#);
    let content_type = table.read("content_type", media_type);
    let timing = table.word("timing", &TIMINGS);
    let fill = table.string_map("fill", r#"{ "/state" = "state" }"#);
    let mode = table.word("mode", &MODES);
    let enforce_share = enforce_share(table);
    let reshape = reshape::read(table);
    let resend_on = table.statuses("resend_on", definite_rejection);
    let on_lookup_failure = table.word("on_lookup_failure", &LOOKUP_FAILURES);
    Some(RuleSpec {
        name: name?,
        methods: methods.unwrap_or_else(|| vec![Method::PATCH]),
        paths: paths?,
        except: except.unwrap_or_default(),
        sources: sources.unwrap_or_default(),
        content_type,
        timing: timing.unwrap_or_default(),
        fill: fill.unwrap_or_default(),
        mode,
        enforce_share,
        resend_on,
        on_lookup_failure,
        reshape,
    })
}

/// `enforce_share`, of a rule or of all.
pub(crate) fn enforce_share(table: &mut Table<'_>) -> Option<EnforceShare> {
    table.read("enforce_share", |node| {
        let share = node.as_float().and_then(EnforceShare::new);
        share.ok_or_else(|| node.not("a number from 0 to 1 such as 0.1"))
    })
}

fn media_type(node: &Node) -> Result<String, String> {
    let fits = |text: &&str| text.contains('/') && HeaderValue::from_str(text).is_ok();
    let text = node.as_str().filter(fits);
    text.map(str::to_owned)
        .ok_or_else(|| node.not("a media type such as \"application/json\""))
}

/// Whether a status may stand in `resend_on`: after it the upstream has certainly applied nothing, and a
/// different body may fare better. The error says why not.
pub fn definite_rejection(status: StatusCode) -> Result<(), String> {
    let why = match status.as_u16() {
        401 | 403 => "speaks of the credential, which another body does not change",
        404 => "says that there is no such participant, which another body does not change",
        408 => "leaves open whether the request was applied, and a PATCH must not be applied twice",
        429 => "asks for fewer requests, and sending again at once is one more",
        400..=499 => return Ok(()),
        _ => "is no definite rejection: only after a 4xx is it certain that nothing was applied",
    };
    Err(format!("{} may not be here: it {why}", status.as_u16()))
}
