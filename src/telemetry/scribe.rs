//! Puts events into words, a line each.
//!
//! Ours rather than tracing-subscriber's, whose lines say the same: a request that was repaired has one, and
//! fifteen fields that each go through the formatting machinery cost more than all else that a repair does.

use std::cell::Cell;
use std::time::SystemTime;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber, dispatcher};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::Format;
use super::filter::Filter;
use super::json::{self, Json};
use super::lines::Lines;
use super::name::{Name, name};
use super::text::{self, Text};

/// The field that is what a line says.
pub(super) const MESSAGE: &str = "message";

/// Bytes of room that a thread keeps for its next line: more than any usual line needs.
const ROOM: usize = 8 << 10;

thread_local! {
    static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Writes the fields of a line by their names, as those of an event are written.
pub(crate) trait Words {
    fn text(&mut self, name: &Name, value: &str);
    /// A text of our own, which needs no escapes.
    fn word(&mut self, name: &Name, value: &'static str);
    fn number(&mut self, name: &Name, value: u64);
    /// Several texts in one field, with spaces between them, and numbers behind a `=`.
    fn list(&mut self, name: &Name, values: &mut dyn Iterator<Item = (&str, Option<u16>)>);
    /// A word that needs no quotes where anything does without, in its parts.
    fn bare(&mut self, name: &Name, parts: &[&[u8]]);
    /// An id, by its digits.
    fn id(&mut self, name: &Name, value: &[u8]);
}

/// Writes what a list says, in quotes, each value by `put_quoted`.
pub(super) fn put_list(
    line: &mut Vec<u8>,
    values: &mut dyn Iterator<Item = (&str, Option<u16>)>,
    put_quoted: fn(&mut Vec<u8>, &str),
) {
    line.push(b'"');
    for (place, (value, number)) in values.enumerate() {
        if place > 0 {
            line.push(b' ');
        }
        put_quoted(line, value);
        if let Some(number) = number {
            line.push(b'=');
            line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
    }
    line.push(b'"');
}

/// Writes a line by itself, if the log that is in force is ours. It is as that of an event, without the machinery of
/// one, which takes several times as long for a dozen fields: for what happens with each request.
pub(crate) fn write(
    (level, target): (Level, &str),
    now: SystemTime,
    message: &'static str,
    tell: impl Fn(&mut dyn Words),
) {
    // One load, where nobody wants to know.
    if level <= LevelFilter::current() {
        dispatcher::get_default(|log| {
            let scribe = log.downcast_ref::<Scribe>();
            if let Some(scribe) = scribe.filter(|scribe| scribe.filter.wants_own(target, level)) {
                scribe.write((level, target), now, message, &tell);
            }
        });
    }
}

/// Writes a line for each event.
pub(super) struct Scribe {
    format: Format,
    colours: bool,
    filter: Filter,
    lines: Lines,
}

/// The fields of a span in words, beside it.
pub(super) struct Fields(pub(super) Vec<u8>);

impl Scribe {
    /// Colours are for text alone.
    pub(super) fn new(format: Format, colours: bool, filter: Filter, lines: Lines) -> Self {
        Self {
            format,
            colours,
            filter,
            lines,
        }
    }

    fn write(
        &self,
        (level, target): (Level, &str),
        now: SystemTime,
        message: &'static str,
        tell: impl FnOnce(&mut dyn Words),
    ) {
        self.line(level, |line| match self.format {
            Format::Text => {
                let mut text = text::begin(line, self.colours, now, level);
                text.message(message);
                tell(&mut text);
                text.end();
            }
            Format::Json => {
                let mut json = json::begin(line, now, level);
                json.word(name!("message"), message);
                tell(&mut json);
                json.end(target);
            }
        });
    }

    fn line(&self, level: Level, fill: impl FnOnce(&mut Vec<u8>)) {
        // Taken, not borrowed: whatever is put into words may log, too.
        let mut line = LINE.try_with(Cell::take).unwrap_or_default();
        line.clear();
        fill(&mut line);
        self.lines.add(&line, level);
        if line.capacity() <= ROOM {
            let _ = LINE.try_with(|room| room.set(line));
        }
    }
}

impl<S> Layer<S> for Scribe
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.filter.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.filter.lowest()
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Vec::new();
        match self.format {
            Format::Text => attributes.record(&mut Text::new(&mut fields, self.colours)),
            Format::Json => attributes.record(&mut Json(&mut fields)),
        }
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Fields(fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else {
            return;
        };
        if let Some(Fields(fields)) = span.extensions_mut().get_mut() {
            match self.format {
                Format::Text => values.record(&mut Text::new(fields, self.colours)),
                Format::Json => values.record(&mut Json(fields)),
            }
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let now = SystemTime::now();
        let span = context.event_span(event);
        self.line(*event.metadata().level(), |line| match self.format {
            Format::Text => text::line(line, self.colours, now, event, span),
            Format::Json => json::line(line, now, event, span),
        });
    }
}
