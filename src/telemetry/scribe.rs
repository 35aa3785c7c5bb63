//! Puts events into words, a line each.
//!
//! Ours rather than tracing-subscriber's, whose lines say the same: a request that was repaired has one, and
//! fifteen fields that each go through the formatting machinery cost more than all else that a repair does.

use std::cell::Cell;
use std::time::SystemTime;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::Format;
use super::filter::Filter;
use super::json::{self, Json};
use super::lines::Lines;
use super::text::{self, Text};

/// The field that is what a line says.
pub(super) const MESSAGE: &str = "message";

/// Bytes of room that a thread keeps for its next line: more than any usual line needs.
const ROOM: usize = 8 << 10;

thread_local! {
    static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
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
        // Taken, not borrowed: whatever is put into words may log, too.
        let mut line = LINE.try_with(Cell::take).unwrap_or_default();
        line.clear();
        match self.format {
            Format::Text => text::line(&mut line, self.colours, now, event, span),
            Format::Json => json::line(&mut line, now, event, span),
        }
        self.lines.add(&line, *event.metadata().level());
        if line.capacity() <= ROOM {
            let _ = LINE.try_with(|room| room.set(line));
        }
    }
}
