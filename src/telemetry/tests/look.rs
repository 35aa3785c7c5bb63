//! What lines look like: as tracing-subscriber would write them, but that nothing in them acts.

use std::error::Error;
use std::fmt;

use serde_json::Value;

use super::*;

/// An error, and what led to it.
#[derive(Debug)]
struct Fault(&'static str, Option<Box<Fault>>);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1
            .as_deref()
            .map(|fault| fault as &(dyn Error + 'static))
    }
}

/// Whatever a line may be made of.
fn events() {
    let fault = Fault(
        "a",
        Some(Box::new(Fault("b", Some(Box::new(Fault("c", None)))))),
    );
    let error: &(dyn Error + 'static) = &fault;
    let bare: &(dyn Error + 'static) = &Fault("alone", None);
    let (some, none) = (Some("word"), None::<&str>);
    tracing::trace!("only a message");
    tracing::debug!(only = "fields", r#type = 1_u8);
    tracing::info!(
        text = "two words",
        quoted = "\"\\",
        some,
        none,
        "with {}",
        "arguments"
    );
    tracing::warn!(
        unsigned = u64::MAX,
        signed = i64::MIN,
        wide = u128::MAX,
        small = 0,
        "numbers"
    );
    tracing::error!(
        yes = true,
        no = false,
        half = 0.5,
        whole = 2.0,
        odd = f64::NAN,
        "others"
    );
    tracing::info!(shown = %"shown words", debugged = ?["a", "b"], hidden = display("x"), "by a trait");
    tracing::info!(error, bare, "errors");
    tracing::info!(grown = "grün 漢字 \u{1f600}", empty = "", "grün 漢字");
    tracing::info!(message = "a text by itself");
    let outer = tracing::info_span!("outer", client = "billing", late = tracing::field::Empty);
    outer.in_scope(|| {
        tracing::info!("inside");
        outer.record("late", 7);
        tracing::info_span!("inner").in_scope(|| tracing::info!(n = 1, "further inside"));
    });
    tracing::info!(parent: &outer, "elsewhere");
    tracing::info!(target: "patchwright::other", parent: None, "alone");
}

/// What `log` makes of the events and what tracing-subscriber does.
fn both(format: Format, colours: bool, log: impl Fn()) -> (String, String) {
    let (written, oracle) = (Written::default(), Written::default());
    let writer = oracle.clone();
    let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
    let filter = Filter::new(filter::parse("trace").unwrap());
    let look = Look { format, colours };
    let scribe = Scribe::new(look, filter, Lines::new(written.clone(), look, true));
    let registry = tracing_subscriber::registry().with(scribe);
    let dispatch = match format {
        Format::Text => Dispatch::new(registry.with(layer.with_ansi(colours).with_target(false))),
        Format::Json => {
            Dispatch::new(registry.with(layer.json().flatten_event(true).with_span_list(false)))
        }
    };
    tracing::dispatcher::with_default(&dispatch, log);
    (written.text(), oracle.text())
}

/// Lines without the time that they begin with.
fn timeless(text: &str, before: &str) -> Vec<String> {
    let time = "1970-01-01T00:00:00.000000Z".len();
    let line = |line: &str| {
        let (stamp, rest) = line.strip_prefix(before).unwrap().split_at(time);
        assert!(humantime::parse_rfc3339(stamp).is_ok(), "{stamp}");
        rest.to_owned()
    };
    text.lines().map(line).collect()
}

#[test]
fn text_is_as_it_was_with_colours_and_without() {
    for (colours, before) in [(false, ""), (true, "\u{1b}[2m")] {
        let (written, expected) = both(Format::Text, colours, events);
        assert_eq!(timeless(&written, before), timeless(&expected, before));
    }
}

#[test]
fn json_says_what_it_said() {
    let (written, expected) = both(Format::Json, false, events);
    let read = |text: &str| {
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let mut lines: Vec<Value> = lines.collect();
        for line in &mut lines {
            let time = line.as_object_mut().unwrap().remove("timestamp").unwrap();
            assert!(humantime::parse_rfc3339(time.as_str().unwrap()).is_ok());
        }
        lines
    };
    let (mut written, expected) = (read(&written), read(&expected));
    // It goes by the events' own span, where tracing-subscriber takes the one that the thread is in.
    assert_eq!(written.len(), expected.len());
    // Names that are Rust's words are what they stand for.
    let keyword = written[1].as_object_mut().unwrap();
    let value = keyword.remove("type").unwrap();
    keyword.insert("type".to_owned(), value);
    for (written, expected) in written.iter().zip(&expected) {
        assert_eq!(written, expected);
    }
}

#[test]
fn lines_are_these() {
    let event = || {
        let (id, none) = ([0xab_u8, 0xcd, 0x0e], None::<u64>);
        tracing::info!(
            parent: None, message = "request repaired", id = &id[..], n = 12_u64, less = -3, yes = true,
            text = "a b", none, shown = %"c d", quoted = "\"", control = "\u{1b}[2J\n", acts = %"\u{202e}\u{1b}\nx"
        );
    };
    let (text, _) = both(Format::Text, false, event);
    let expected = "  INFO request repaired id=abcd0e n=12 less=-3 yes=true text=\"a b\" shown=c d quoted=\"\\\"\" \
        control=\"\\u{1b}[2J\\n\" acts=\\u{202e}\\u{1b}\\nx";
    assert_eq!(timeless(&text, ""), [expected]);
    let (json, _) = both(Format::Json, false, event);
    let expected = r#"","level":"INFO","message":"request repaired","id":"abcd0e","n":12,"less":-3,"yes":true,"text":"a b","shown":"c d","quoted":"\"","control":"\u001b[2J\n","acts":"TURNED\u001b\nx","target":"patchwright::telemetry::tests::look"}"#;
    let expected = expected.replace("TURNED", "\\u202e");
    assert_eq!(timeless(&json, "{\"timestamp\":\""), [expected]);
}

#[test]
fn a_message_cannot_begin_a_line_either() {
    let name = "evil\u{1b}[2J\nINFO forged";
    let log = || {
        tracing::info!("by {name}");
        tracing::info!(agent = %name, "hi");
        tracing::info!(
            error = &Fault("evil\u{1b}[2J\nINFO forged", None) as &dyn Error,
            "hi"
        );
    };
    for format in [Format::Text, Format::Json] {
        let (text, _) = both(format, false, log);
        assert_eq!(text.lines().count(), 3, "{text:?}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}

#[test]
fn what_logs_while_it_is_put_into_words_spoils_no_line() {
    struct Talkative;
    impl fmt::Display for Talkative {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            tracing::info!("meanwhile");
            f.write_str("said")
        }
    }
    // tracing itself leaves out what is logged within an event, where the log is the thread's own.
    let text = logged(Format::Text, || tracing::info!(value = %Talkative, "line"));
    assert!(text.ends_with("INFO line value=said\n"), "{text}");
}

#[test]
fn a_value_that_cannot_be_said_leaves_the_line_whole() {
    struct Mute;
    impl fmt::Debug for Mute {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half\"")?;
            Err(fmt::Error)
        }
    }
    let text = logged(
        Format::Json,
        || tracing::info!(value = ?Mute, after = 1, "line"),
    );
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&line["value"], &line["after"]),
        (&"half\"".into(), &1.into())
    );
    let text = logged(
        Format::Text,
        || tracing::info!(value = ?Mute, after = 1, "line"),
    );
    assert!(text.ends_with("value=half\" after=1\n"), "{text}");
}
