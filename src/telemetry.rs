//! The log: to stderr, as text for people or JSON for collectors.
//!
//! Control characters in messages and fields are escaped (a caller's bytes must not move the cursor of whoever
//! reads the log, or begin a line), in text as in JSON.
//!
//! What a filter says holds for patchwright's own lines, which show no token, body or query at any level.
//! The libraries below it make no such promise (the HTTP/2 one quotes targets, queries and all, at
//! `debug`), so of them only errors and warnings are logged, whatever the filter says, be it that of the start or
//! one that an operator switches to.

mod filter;
mod json;
mod lines;
mod name;
mod scribe;
mod stamp;
mod switch;
#[cfg(test)]
mod tests;
mod text;
mod told;

use std::io::{IsTerminal as _, Write};
use std::sync::OnceLock;

use tracing::Dispatch;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use self::filter::Filter;
use self::lines::Lines;
pub(crate) use self::name::{Name, name};
use self::scribe::Scribe;
pub use self::switch::Switch;
use self::told::Look;
pub(crate) use self::told::{Told, Words, write};

/// The variable that overrides the level given on the command line.
pub const LEVEL_VARIABLE: &str = "PATCHWRIGHT_LOG";

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
    let stderr = std::io::stderr();
    let colours = colours();
    let look = Look { format, colours };
    let lines = Lines::new(stderr, look, is_terminal());
    let (dispatch, switch) = log(look, level, lines.clone())?;
    dispatch.try_init()?;
    let _ = INSTALLED.set(lines);
    Ok(switch)
}

/// A log to `out` as [`install`] makes one to stderr, for whoever sets it where it is to be in force. Its lines
/// wait for none.
pub fn log_to(
    out: impl Write + Send + 'static,
    format: Format,
    level: &str,
) -> Result<(Dispatch, Switch), TelemetryError> {
    let colours = false;
    let look = Look { format, colours };
    log(look, level, Lines::new(out, look, true))
}

fn log(look: Look, level: &str, lines: Lines) -> Result<(Dispatch, Switch), TelemetryError> {
    let filter = Filter::new(filter::parse(level)?);
    let scribe = Scribe::new(look, filter.clone(), lines);
    let subscriber = tracing_subscriber::registry().with(scribe);
    Ok((Dispatch::new(subscriber), Switch::new(level, filter)))
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
    !refused && is_terminal()
}

fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}
