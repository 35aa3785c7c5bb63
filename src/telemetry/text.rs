//! Lines for people: `2026-01-01T00:00:00.000000Z  INFO message name=value name="a text"`.
//!
//! Nothing that a caller chose moves a cursor or begins a line: texts stand in quotes, escaped as Rust's `Debug`
//! has it, and in whatever has no quotes what acts is spelled out.

use std::error::Error;
use std::fmt;
use std::io::Write as _;
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::{Event, Level};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::name::Name;
use super::scribe::{Fields, MESSAGE};
use super::stamp::stamp;
use super::told::{Words, put_list};
use crate::harmless::{is_plain, is_verbatim, spell};
use crate::hex;

/// What terminals take for a style (ECMA-48 section 8.3.117), and the end of any.
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const ITALIC: &str = "\u{1b}[3m";
const END: &str = "\u{1b}[0m";

/// Writes name, message and fields of an event, and whom it is about.
pub(super) fn line<'s, S: LookupSpan<'s>>(
    line: &mut Vec<u8>,
    colours: bool,
    now: SystemTime,
    event: &Event<'_>,
    span: Option<SpanRef<'s, S>>,
) {
    let mut text = begin(line, colours, now, *event.metadata().level());
    if let Some(span) = span {
        for span in span.scope().from_root() {
            text.painted(BOLD, span.name());
            let extensions = span.extensions();
            let fields = extensions.get::<Fields>().map(|Fields(fields)| &**fields);
            if let Some(fields) = fields.filter(|fields| !fields.is_empty()) {
                text.painted(BOLD, "{");
                text.line.extend_from_slice(fields);
                text.painted(BOLD, "}");
            }
            text.painted(DIM, ":");
        }
        text.put(" ");
    }
    event.record(&mut text);
    text.end();
}

/// Begins a line of this time and level.
pub(super) fn begin(line: &mut Vec<u8>, colours: bool, now: SystemTime, of: Level) -> Text<'_> {
    let mut text = Text::new(line, colours);
    text.style(DIM);
    stamp(text.line, now);
    text.style(END);
    text.put(" ");
    let (colour, level) = level(of);
    text.painted(colour, level);
    text.put(" ");
    text
}

/// The colour and the word of a level. Words are as long as each other.
fn level(level: Level) -> (&'static str, &'static str) {
    match level {
        Level::ERROR => ("\u{1b}[31m", "ERROR"),
        Level::WARN => ("\u{1b}[33m", " WARN"),
        Level::INFO => ("\u{1b}[32m", " INFO"),
        Level::DEBUG => ("\u{1b}[34m", "DEBUG"),
        Level::TRACE => ("\u{1b}[35m", "TRACE"),
    }
}

/// Writes fields, with spaces between them.
pub(super) struct Text<'l> {
    line: &'l mut Vec<u8>,
    colours: bool,
    is_first: bool,
}

impl<'l> Text<'l> {
    /// Goes on behind fields that are there already.
    pub(super) fn new(line: &'l mut Vec<u8>, colours: bool) -> Self {
        Self {
            is_first: line.is_empty(),
            line,
            colours,
        }
    }

    fn put(&mut self, text: &str) {
        self.line.extend_from_slice(text.as_bytes());
    }

    fn style(&mut self, style: &str) {
        if self.colours {
            self.put(style);
        }
    }

    fn painted(&mut self, style: &str, text: &str) {
        self.style(style);
        self.put(text);
        if self.colours {
            self.put(END);
        }
    }

    /// The message of a line that begins here. It is one of our own.
    pub(super) fn message(&mut self, message: &'static str) {
        self.put(message);
        self.is_first = false;
    }

    /// A name that is behind the message.
    fn name(&mut self, name: &Name) {
        if self.colours {
            self.begin(name.plain);
        } else {
            self.put(name.text);
        }
    }

    /// What comes before a value: a space, and its name unless it is the message, which is what the result says.
    fn begin(&mut self, name: &str) -> bool {
        if self.is_first {
            self.is_first = false;
        } else {
            self.line.push(b' ');
        }
        if name == MESSAGE {
            return true;
        }
        // A word of Rust's, written as a name of its own.
        let name = name.strip_prefix("r#").unwrap_or(name);
        if self.colours {
            self.painted(ITALIC, name);
            self.painted(DIM, "=");
        } else {
            self.put(name);
            self.line.push(b'=');
        }
        false
    }

    pub(super) fn end(self) {
        self.line.push(b'\n');
    }

    fn quoted(&mut self, value: &str) {
        self.line.push(b'"');
        put_quoted(self.line, value);
        self.line.push(b'"');
    }

    /// Writes what has no quotes.
    fn said(&mut self, value: &dyn fmt::Debug) {
        // That a value can't say what it is leaves the line without it.
        let _ = fmt::write(&mut Bare(self.line), format_args!("{value:?}"));
    }
}

impl Words for Text<'_> {
    fn text(&mut self, name: &Name, value: &str) {
        self.name(name);
        self.quoted(value);
    }

    fn word(&mut self, name: &Name, value: &'static str) {
        self.name(name);
        self.line.push(b'"');
        self.put(value);
        self.line.push(b'"');
    }

    fn number(&mut self, name: &Name, value: u64) {
        self.name(name);
        self.put(itoa::Buffer::new().format(value));
    }

    fn list(&mut self, name: &Name, values: &mut dyn Iterator<Item = (&str, Option<u16>)>) {
        self.name(name);
        put_list(self.line, values, put_quoted);
    }

    fn bare(&mut self, name: &Name, parts: &[&[u8]]) {
        self.name(name);
        for part in parts {
            self.line.extend_from_slice(part);
        }
    }

    fn id(&mut self, name: &Name, value: &[u8]) {
        self.name(name);
        hex::append(self.line, value);
    }
}

impl Visit for Text<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.begin(field.name()) {
            put_bare(self.line, value);
        } else {
            self.quoted(value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.begin(field.name());
        self.put(itoa::Buffer::new().format(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.begin(field.name());
        self.put(itoa::Buffer::new().format(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.begin(field.name());
        self.put(if value { "true" } else { "false" });
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.begin(field.name());
        hex::append(self.line, value);
    }

    /// An error, and what led to it.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.begin(field.name());
        self.said(&format_args!("{value}"));
        let mut cause = value.source();
        if cause.is_none() {
            return;
        }
        self.put(" ");
        self.painted(ITALIC, field.name());
        self.painted(ITALIC, ".sources");
        self.painted(DIM, "=");
        let mut before = "[";
        while let Some(error) = cause {
            self.put(before);
            self.said(&format_args!("{error}"));
            (before, cause) = (", ", error.source());
        }
        self.put("]");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.begin(field.name());
        self.said(value);
    }
}

/// Takes text without quotes around it.
struct Bare<'l>(&'l mut Vec<u8>);

impl fmt::Write for Bare<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        put_bare(self.0, text);
        Ok(())
    }
}

fn put_bare(line: &mut Vec<u8>, text: &str) {
    if is_plain(text) {
        line.extend_from_slice(text.as_bytes());
    } else {
        let mut room = [0; 4];
        spell(text, |char| {
            line.extend_from_slice(char.encode_utf8(&mut room).as_bytes());
        });
    }
}

/// What stands between quotes.
fn put_quoted(line: &mut Vec<u8>, text: &str) {
    if is_verbatim(text) {
        line.extend_from_slice(text.as_bytes());
    } else {
        let start = line.len();
        let _ = write!(line, "{text:?}");
        line.pop();
        line.remove(start);
    }
}
