//! Lines that are put into words when they are written.

use std::sync::Arc;
use std::time::SystemTime;

use tracing::level_filters::LevelFilter;
use tracing::{Level, dispatcher};

use super::name::{Name, name};
use super::scribe::Scribe;
use super::{Format, json, text};

/// Writes the fields of a line, as those of an event are written.
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

/// What a line tells. Whoever writes lines waits for it, so it logs nothing itself.
pub(crate) trait Told: Send + Sync {
    /// What comes before the fields, in words that need no escapes.
    fn message(&self) -> &'static str;
    fn tell(&self, words: &mut dyn Words);
}

/// A line that waits, and not yet in words: between all else that a request needs to put one into words takes several
/// times as long as to do so with many at a time.
pub(super) struct Line {
    pub(super) level: Level,
    target: &'static str,
    time: SystemTime,
    told: Arc<dyn Told>,
}

/// How lines look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) format: Format,
    /// For text alone.
    pub(super) colours: bool,
}

/// Writes a line by itself, if the log that is in force is ours. It is as that of an event, without the machinery of
/// one, which takes several times as long for a dozen fields: for what happens with each request.
pub(crate) fn write<T: Told + 'static>(
    (level, target): (Level, &'static str),
    time: SystemTime,
    told: &Arc<T>,
) {
    // One load, where nobody wants to know.
    if level <= LevelFilter::current() {
        dispatcher::get_default(|log| {
            if let Some(scribe) = log.downcast_ref::<Scribe>() {
                scribe.tell((level, target), || Line {
                    level,
                    target,
                    time,
                    told: Arc::clone(told) as Arc<dyn Told>,
                });
            }
        });
    }
}

impl Line {
    pub(super) fn put(&self, line: &mut Vec<u8>, look: Look) {
        let (level, time, message) = (self.level, self.time, self.told.message());
        match look.format {
            Format::Text => {
                let mut text = text::begin(line, look.colours, time, level);
                text.message(message);
                self.told.tell(&mut text);
                text.end();
            }
            Format::Json => {
                let mut json = json::begin(line, time, level);
                json.word(name!("message"), message);
                self.told.tell(&mut json);
                json.end(self.target);
            }
        }
    }
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
