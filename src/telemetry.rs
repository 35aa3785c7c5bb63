//! The log: to stderr, as text for people or JSON for collectors.
//!
//! Control characters in messages and fields are escaped, by tracing-subscriber in text (a caller's bytes
//! must not move the cursor of whoever reads the log) and by JSON itself.
//!
//! What a filter says holds for patchwright's own lines, which show no token, body or query at any level.
//! The libraries below it make no such promise (the HTTP/2 one quotes targets, queries and all, at
//! `debug`), so of them only errors and warnings are logged, whatever the filter says, be it that of the start or
//! one that an operator switches to.

mod lines;
mod switch;
#[cfg(test)]
mod tests;

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use tracing::{Dispatch, Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, ParseError, filter_fn};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use self::lines::Lines;
use self::switch::Apply;
pub use self::switch::Switch;
use crate::document::nearest;

/// The variable that overrides the level given on the command line.
pub const LEVEL_VARIABLE: &str = "PATCHWRIGHT_LOG";

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One readable line each.
    #[default]
    Text,
    /// One JSON object each.
    Json,
}

/// Why there is no log, or no other one.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter can't be read.
    #[error("{0:?} is no log level (error, warn, info, debug, trace) or filter: {1}")]
    Filter(String, ParseError),
    /// A word of it would be taken for the name of a part of the program, and is none.
    #[error(
        "{0:?} is no log level (error, warn, info, debug, trace) or filter such as \"info,patchwright::directory=debug\"{1}"
    )]
    Word(String, String),
    /// Somebody installed one already.
    #[error("can't install the log: {0}")]
    Installed(#[from] TryInitError),
    /// It is gone.
    #[error("there is no log any more")]
    Gone,
}

/// The process's log, which is one as its subscriber is.
static INSTALLED: OnceLock<Lines> = OnceLock::new();

/// Writes what of the log still waits. For the end of the process.
pub fn flush() {
    if let Some(lines) = INSTALLED.get() {
        lines.flush();
    }
}

/// Installs the process's log, with the filter `level` (such as `info` or `info,patchwright=debug`). The
/// result switches it to another one.
pub fn install(format: Format, level: &str) -> Result<Switch, TelemetryError> {
    let filter = filter(level)?;
    let stderr = std::io::stderr();
    let is_terminal = stderr.is_terminal();
    let lines = Lines::new(stderr, is_terminal);
    let (dispatch, apply) = subscriber(format, filter, lines.clone(), colours());
    dispatch.try_init()?;
    let _ = INSTALLED.set(lines);
    Ok(Switch::new(level, apply))
}

fn subscriber<W>(format: Format, filter: EnvFilter, writer: W, colours: bool) -> (Dispatch, Apply)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(filter);
    let lines = tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(is_safe));
    let form = fmt::layer().with_writer(writer);
    let dispatch = match format {
        Format::Json => {
            // Of spans the innermost says it all.
            let form = form.json().flatten_event(true).with_span_list(false);
            Dispatch::new(lines.with(form))
        }
        Format::Text => Dispatch::new(lines.with(form.with_ansi(colours).with_target(false))),
    };
    (dispatch, switch::apply(handle))
}

/// Reads a filter. A word by itself is a level, or one of our own parts: tracing takes any other for the name of
/// a part of some program, and would log nothing where somebody mistyped `debug`.
fn filter(text: &str) -> Result<EnvFilter, TelemetryError> {
    let filter =
        EnvFilter::try_new(text).map_err(|error| TelemetryError::Filter(text.into(), error))?;
    let own = env!("CARGO_CRATE_NAME");
    let known = |word: &str| {
        let level = LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level));
        level || word.contains(['=', '[']) || word.starts_with(own)
    };
    let mut words = text.split(',').map(str::trim);
    let is_empty = text.trim().is_empty();
    match words.find(|word| is_empty || !(word.is_empty() || known(word))) {
        None => Ok(filter),
        Some(word) => Err(TelemetryError::Word(
            word.to_owned(),
            nearest(word, LEVELS.into_iter()),
        )),
    }
}

/// Whether a line or span is sure to hold nothing of a request's: see the [module docs](self).
fn is_safe(metadata: &Metadata<'_>) -> bool {
    let source = metadata.target().split("::").next();
    source == Some(env!("CARGO_CRATE_NAME")) || *metadata.level() <= Level::WARN
}

/// The filter to use: the environment's, else the one from the command line.
pub fn level(environment: Option<String>, argument: &str) -> String {
    environment
        .filter(|level| !level.trim().is_empty())
        .unwrap_or_else(|| argument.to_owned())
}

/// Only a person's terminal gets colours (and <https://no-color.org> is respected).
fn colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && std::io::stderr().is_terminal()
}
