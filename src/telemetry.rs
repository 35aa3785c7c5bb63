//! The log: to stderr, as text for people or JSON for collectors.
//!
//! Control characters in messages and fields are escaped, by tracing-subscriber in text (a caller's bytes
//! must not move the cursor of whoever reads the log) and by JSON itself.
//!
//! What a filter says holds for patchwright's own lines, which show no token, body or query at any level.
//! The libraries below it make no such promise (the HTTP/2 one quotes targets, queries and all, at
//! `debug`), so of them only errors and warnings are logged, whatever the filter says.

use std::io::IsTerminal as _;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, ParseError, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

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

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The level or filter is not one.
    #[error("{0:?} is no log level (error, warn, info, debug, trace) or filter: {1}")]
    Filter(String, ParseError),
    /// Somebody installed one already.
    #[error("can't install the log: {0}")]
    Installed(#[from] TryInitError),
}

/// Installs the process's log, with the filter `level` (such as `info` or `info,patchwright=debug`).
pub fn install(format: Format, level: &str) -> Result<(), TelemetryError> {
    let filter =
        EnvFilter::try_new(level).map_err(|error| TelemetryError::Filter(level.into(), error))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        Format::Json => builder
            .json()
            .flatten_event(true)
            // The innermost span says it all.
            .with_span_list(false)
            .finish()
            .with(filter_fn(is_safe))
            .try_init()?,
        Format::Text => builder
            .with_ansi(colours())
            .with_target(false)
            .finish()
            .with(filter_fn(is_safe))
            .try_init()?,
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, log: impl Fn()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let builder = tracing_subscriber::fmt()
            .with_env_filter("trace")
            .with_writer(move || writer.clone())
            .with_ansi(false);
        let safe = filter_fn(is_safe);
        match format {
            Format::Text => tracing::subscriber::with_default(builder.finish().with(safe), log),
            Format::Json => {
                tracing::subscriber::with_default(builder.json().finish().with(safe), log);
            }
        }
        let written = written.0.lock().unwrap().clone();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn a_caller_cannot_write_lines_or_escapes_into_the_log() {
        let log = || tracing::info!(agent = "evil\u{1b}[2J\nINFO forged", "hi");
        for format in [Format::Text, Format::Json] {
            let text = logged(format, log);
            assert_eq!(text.lines().count(), 1, "{text:?}");
            assert!(!text.contains('\u{1b}'), "{text:?}");
        }
    }

    #[test]
    fn whatever_the_filter_says_libraries_only_warn() {
        let text = logged(Format::Text, || {
            tracing::trace!("own");
            tracing::trace!(target: "patchwright::proxy", "own, too");
            tracing::warn!(target: "h2::server", "library");
            tracing::info!(target: "h2::server", "secret");
            tracing::debug!(target: "hyper_util::client", "secret");
            tracing::trace!(target: "patchwright_not", "secret");
            let span = tracing::debug_span!(target: "h2", "span", path = "secret");
            span.in_scope(|| tracing::error!("inside"));
        });
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn the_environment_overrides_the_command_line() {
        assert_eq!(level(None, "info"), "info");
        assert_eq!(level(Some(" ".to_owned()), "info"), "info");
        assert_eq!(level(Some("debug".to_owned()), "info"), "debug");
    }

    #[test]
    fn a_wrong_level_is_named() {
        let error = install(Format::Text, "patchwright=loud").unwrap_err();
        assert!(error.to_string().contains("patchwright=loud"), "{error}");
    }
}
