use std::io::Write;
use std::sync::{Arc, Mutex};

use super::*;

mod look;

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is written while `log` runs, which may switch the log.
fn logged_by(format: Format, start: &str, log: impl FnOnce(&Switch)) -> String {
    let written = Written::default();
    // As for somebody who looks on, so that everything is there at once.
    let (dispatch, switch) = log_to(written.clone(), format, start).unwrap();
    tracing::dispatcher::with_default(&dispatch, || log(&switch));
    written.text()
}

fn logged(format: Format, log: impl Fn()) -> String {
    logged_by(format, "trace", |_| log())
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

#[test]
fn what_is_logged_is_switched_at_once_and_back() {
    let line = |text| tracing::debug!(target: "patchwright::layer", "{text}");
    let text = logged_by(Format::Text, "info", |switch| {
        line("not yet");
        switch.set("info,patchwright::layer=debug").unwrap();
        line("now");
        tracing::debug!(target: "patchwright::proxy", "not this");
        assert!(switch.set("patchwright=loud").is_err());
        line("still");
        switch.reset().unwrap();
        line("not any more");
        assert_eq!(switch.in_force(), "info");
    });
    for (line, is_there) in [("not", false), ("now\n", true), ("still", true)] {
        let lines = text.lines().map(|line| format!("{line}\n"));
        let lines: String = lines.filter(|line| !line.contains("switched")).collect();
        assert_eq!(lines.contains(line), is_there, "{line}: {text}");
    }
    // Each switch is a line itself.
    assert_eq!(text.matches("has been switched").count(), 2, "{text}");
}

#[test]
fn whatever_is_switched_to_libraries_only_warn() {
    let text = logged_by(Format::Text, "info", |switch| {
        for filter in [
            "trace",
            "h2=trace,hyper_util=trace",
            "info,h2::server=debug",
        ] {
            switch.set(filter).unwrap();
            tracing::info!(target: "h2::server", "secret");
            tracing::debug!(target: "hyper_util::client", "secret");
            let span = tracing::debug_span!(target: "h2", "span", path = "secret");
            span.in_scope(|| tracing::error!(target: "h2", "told"));
        }
    });
    assert!(text.contains("told") && !text.contains("secret"), "{text}");
}

#[test]
fn a_mistyped_level_is_not_taken_for_a_part_of_the_program() {
    for (wrong, hint) in [("debgu", "debug"), ("info, trase", "trace")] {
        let error = filter::parse(wrong).unwrap_err().to_string();
        assert!(
            error.contains(&format!("did you mean {hint:?}?")),
            "{error}"
        );
    }
    for wrong in ["", ",", "[request]=debug", "patchwright[request]=debug"] {
        assert!(filter::parse(wrong).is_err(), "{wrong}");
    }
    for right in [
        "OFF",
        "info,",
        "patchwright",
        "patchwright::layer,warn",
        "h2=warn",
    ] {
        assert!(filter::parse(right).is_ok(), "{right}");
    }
}
