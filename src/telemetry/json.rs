//! Lines for collectors: one JSON object each, with the fields of the event beside `timestamp`, `level`,
//! `message`, `target` and `span`.

use std::fmt;
use std::io::Write as _;
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::{Event, Level};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::name::{Name, name};
use super::scribe::Fields;
use super::stamp::stamp;
use super::told::{Words, put_list};
use crate::harmless::{acts, is_verbatim};
use crate::hex;

/// Writes an event. Of the spans that it is in the innermost says it all.
pub(super) fn line<'s, S: LookupSpan<'s>>(
    line: &mut Vec<u8>,
    now: SystemTime,
    event: &Event<'_>,
    span: Option<SpanRef<'s, S>>,
) {
    let metadata = event.metadata();
    let mut json = begin(line, now, *metadata.level());
    event.record(&mut json);
    json.text(name!("target"), metadata.target());
    if let Some(span) = span {
        put(line, ",\"span\":{\"name\":");
        string(line, span.name());
        if let Some(Fields(fields)) = span.extensions().get() {
            line.extend_from_slice(fields);
        }
        put(line, "}");
    }
    put(line, "}\n");
}

/// Begins a line of this time and level.
pub(super) fn begin(line: &mut Vec<u8>, now: SystemTime, level: Level) -> Json<'_> {
    put(line, "{\"timestamp\":\"");
    stamp(line, now);
    put(line, "\",\"level\":\"");
    put(line, level.as_str());
    put(line, "\"");
    Json(line)
}

/// Writes members, each with a comma in front of it.
pub(super) struct Json<'l>(pub(super) &'l mut Vec<u8>);

impl Json<'_> {
    fn begin(&mut self, name: &str) {
        self.0.push(b',');
        string(self.0, name.strip_prefix("r#").unwrap_or(name));
        self.0.push(b':');
    }

    pub(super) fn end(mut self, target: &str) {
        self.text(name!("target"), target);
        put(self.0, "}\n");
    }
}

fn put(line: &mut Vec<u8>, text: &str) {
    line.extend_from_slice(text.as_bytes());
}

fn string(line: &mut Vec<u8>, text: &str) {
    line.push(b'"');
    put_quoted(line, text);
    line.push(b'"');
}

fn digits(line: &mut Vec<u8>, id: &[u8]) {
    line.push(b'"');
    hex::append(line, id);
    line.push(b'"');
}

/// What stands between quotes. JSON wants less escaped than what acts in a terminal that shows the line.
fn put_quoted(line: &mut Vec<u8>, text: &str) {
    if is_verbatim(text) {
        return put(line, text);
    }
    let start = line.len();
    // Writing to memory cannot fail. The quotes around it are the caller's.
    let _ = serde_json::to_writer(&mut *line, text);
    line.pop();
    line.remove(start);
    if !text.chars().any(acts) {
        return;
    }
    let plain = line.split_off(start);
    for char in String::from_utf8_lossy(&plain).chars() {
        if acts(char) {
            for unit in char.encode_utf16(&mut [0; 2]) {
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            put(line, char.encode_utf8(&mut [0; 4]));
        }
    }
}

impl Words for Json<'_> {
    fn text(&mut self, name: &Name, value: &str) {
        put(self.0, name.json);
        string(self.0, value);
    }

    fn word(&mut self, name: &Name, value: &'static str) {
        put(self.0, name.json);
        self.0.push(b'"');
        put(self.0, value);
        self.0.push(b'"');
    }

    fn number(&mut self, name: &Name, value: u64) {
        put(self.0, name.json);
        put(self.0, itoa::Buffer::new().format(value));
    }

    fn list(&mut self, name: &Name, values: &mut dyn Iterator<Item = (&str, Option<u16>)>) {
        put(self.0, name.json);
        put_list(self.0, values, put_quoted);
    }

    fn bare(&mut self, name: &Name, parts: &[&[u8]]) {
        put(self.0, name.json);
        self.0.push(b'"');
        for part in parts {
            self.0.extend_from_slice(part);
        }
        self.0.push(b'"');
    }

    fn id(&mut self, name: &Name, value: &[u8]) {
        put(self.0, name.json);
        digits(self.0, value);
    }
}

impl Visit for Json<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.begin(field.name());
        string(self.0, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.begin(field.name());
        put(self.0, itoa::Buffer::new().format(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.begin(field.name());
        put(self.0, itoa::Buffer::new().format(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.begin(field.name());
        // What is no number is null.
        let _ = serde_json::to_writer(&mut *self.0, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.begin(field.name());
        put(self.0, if value { "true" } else { "false" });
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.begin(field.name());
        digits(self.0, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.begin(field.name());
        self.0.push(b'"');
        // Of what can't say what it is the line has as much as it said.
        let _ = fmt::write(&mut Quoted(self.0), format_args!("{value:?}"));
        self.0.push(b'"');
    }
}

/// Takes what is between the quotes of a string.
struct Quoted<'l>(&'l mut Vec<u8>);

impl fmt::Write for Quoted<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        put_quoted(self.0, text);
        Ok(())
    }
}
