//! Puts events into words, a line each, in step with those of [`told`](super::told). tracing-subscriber's lines say the
//! same.

use std::cell::Cell;
use std::time::SystemTime;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::Format;
use super::filter::Filter;
use super::json::{self, Json};
use super::lines::Lines;
use super::text::{self, Text};
use super::told::{Line, Look};

/// The field that is what a line says.
pub(super) const MESSAGE: &str = "message";

/// Bytes of room that a thread keeps for its next line: more than any usual line needs.
const ROOM: usize = 8 << 10;

thread_local! {
    static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Writes a line for each event.
pub(super) struct Scribe {
    look: Look,
    filter: Filter,
    lines: Lines,
}

/// The fields of a span in words, beside it.
pub(super) struct Fields(pub(super) Vec<u8>);

impl Scribe {
    pub(super) fn new(look: Look, filter: Filter, lines: Lines) -> Self {
        Self {
            look,
            filter,
            lines,
        }
    }

    /// Adds a line of one of our own parts, if the filter lets it through.
    pub(super) fn tell(&self, (level, target): (Level, &'static str), line: impl FnOnce() -> Line) {
        if self.filter.wants_own(target, level) {
            self.lines.add_told(line());
        }
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
        match self.look.format {
            Format::Text => attributes.record(&mut Text::new(&mut fields, self.look.colours)),
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
            match self.look.format {
                Format::Text => values.record(&mut Text::new(fields, self.look.colours)),
                Format::Json => values.record(&mut Json(fields)),
            }
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let now = SystemTime::now();
        let span = context.event_span(event);
        self.line(*event.metadata().level(), |line| match self.look.format {
            Format::Text => text::line(line, self.look.colours, now, event, span),
            Format::Json => json::line(line, now, event, span),
        });
    }
}
