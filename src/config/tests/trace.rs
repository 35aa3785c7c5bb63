use super::*;

/// With `rest`, which begins at line 4, in the section.
fn with_trace(rest: &str) -> String {
    with_upstream(&format!("[trace]\n{rest}"))
}

fn trace(rest: &str) -> Trace {
    load(&with_trace(rest)).unwrap().trace
}

#[test]
fn traces_go_on_and_none_is_sampled_that_nobody_records() {
    let trace = trace("");
    assert_eq!(trace.traceparent, Traceparent::Continue);
    assert_eq!(trace.share(), crate::trace::Share::NONE);
    assert!(trace.otlp.is_none());
}

#[test]
fn faults_of_traces_name_key_and_remedy() {
    for (rest, fault) in [
        (
            "traceparent = \"countinue\"",
            ":4: trace.traceparent: expected \"continue\" or \"pass\", found \"countinue\"; did you mean \"continue\"?",
        ),
        (
            "sample = 2",
            ":4: trace.sample: expected a share from 0 to 1 such as 0.01",
        ),
        ("sample = -0.1", ":4: trace.sample: expected a share"),
        (
            "smaple = 1",
            ":4: trace.smaple: unknown key; did you mean \"sample\"?",
        ),
    ] {
        let found = fault_of(&with_trace(rest));
        assert!(found.contains(fault), "{rest}\n{found}\n{fault}");
    }
}

#[cfg(not(feature = "otel"))]
#[test]
fn an_export_that_is_not_built_in_is_a_fault_that_says_so() {
    let found = fault_of(&with_trace("otlp = { url = \"http://127.0.0.1:4318\" }"));
    let fault = ":4: trace.otlp: this patchwright was built without it: build with --features otel";
    assert!(found.contains(fault), "{found}");
}

#[cfg(feature = "otel")]
mod otlp {
    use std::time::Duration;

    use super::*;

    /// With `rest`, which begins at line 5, in the section of the collector.
    fn with_otlp(rest: &str) -> String {
        with_upstream(&format!(
            "[trace.otlp]\nurl = 'http://c:4318/base/'\n{rest}"
        ))
    }

    fn otlp(rest: &str) -> Otlp {
        load(&with_otlp(rest)).unwrap().trace.otlp.unwrap()
    }

    #[test]
    fn a_url_is_all_it_needs_and_then_all_is_sampled() {
        let config = load(&with_otlp("")).unwrap();
        assert_eq!(config.trace.share(), crate::trace::Share::new(1.0));
        let otlp = config.trace.otlp.unwrap();
        assert_eq!(otlp.traces(), "http://c:4318/base/v1/traces");
        assert_eq!((otlp.queue, otlp.batch), (2048, 256));
        assert_eq!(otlp.interval, Duration::from_secs(5));
        assert_eq!(otlp.timeout, Duration::from_secs(10));
        assert!(otlp.header_fields().is_empty());
        let text = "[trace]\nsample = 0\n[trace.otlp]\nurl = 'http://c'";
        let quiet = load(&with_upstream(text)).unwrap().trace;
        assert_eq!(quiet.share(), crate::trace::Share::NONE);
    }

    #[test]
    fn faults_of_the_export_name_key_and_remedy() {
        for (rest, fault) in [
            (
                "headers = 'nonsense'",
                ":5: trace.otlp.headers: expected lines such as",
            ),
            (
                "headers = \"a: \\u0001\"",
                ":5: trace.otlp.headers: expected lines",
            ),
            (
                "headers_file = '/nowhere'",
                ":5: trace.otlp.headers_file: /nowhere cannot be read",
            ),
            (
                "queue = 0",
                ":5: trace.otlp.queue: expected an integer from 1",
            ),
            ("queue = 8", ":4: trace.otlp.batch: is more than queue (8)"),
            (
                "batch = 9999",
                ":5: trace.otlp.batch: is more than queue (2048)",
            ),
            (
                "interval = '2m'",
                ":5: trace.otlp.interval: expected a duration from 10ms to 1m",
            ),
            (
                "timeout = '0s'",
                ":5: trace.otlp.timeout: expected a duration from 10ms to 1m",
            ),
            ("endpoint = 'x'", ":5: trace.otlp.endpoint: unknown key"),
        ] {
            let found = fault_of(&with_otlp(rest));
            let fault = fault.split_once(':').map_or(fault, |(_, rest)| rest);
            let fault = fault.split_once(": ").map_or(fault, |(_, rest)| rest);
            assert!(found.contains(fault), "{rest}\n{found}\n{fault}");
        }
        for (url, fault) in [
            ("c:4318", "found something else"),
            ("ftp://c", "found something else"),
            ("http://me:secret@c", "write them as headers_file"),
            ("http://c/?secret", "without a query"),
            ("http://c/v1/traces/", "/v1/traces is added to it"),
        ] {
            let text = format!("[trace.otlp]\nurl = '{url}'");
            let found = fault_of(&with_upstream(&text));
            assert!(
                found.contains("trace.otlp.url: expected a URL such as \"http://127.0.0.1:4318\""),
                "{found}"
            );
            assert!(
                found.contains(fault) && !found.contains("secret"),
                "{found}"
            );
        }
        let text = "[trace]\ntraceparent = 'pass'\notlp = { url = 'http://c' }";
        let found = fault_of(&with_upstream(text));
        assert!(
            found.contains(":5: trace.otlp: is of no use with traceparent = \"pass\""),
            "{found}"
        );
    }

    #[test]
    fn the_headers_are_shown_nowhere_and_tell_one_configuration_from_another() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("headers");
        std::fs::write(&file, "Authorization: Bearer s3cret\n\nX-Tenant:t3nant\n").unwrap();
        for rest in [
            format!("headers_file = '{}'", file.display()),
            "headers = \"Authorization: Bearer s3cret\\nX-Tenant: t3nant\"".to_owned(),
        ] {
            let config = load(&with_otlp(&rest)).unwrap();
            let text = config.to_toml();
            assert!(text.contains("headers = \"***\""), "{text}");
            for shown in [text, shown(&config)] {
                assert!(
                    !shown.contains("s3cret") && !shown.contains("t3nant"),
                    "{shown}"
                );
            }
            let otlp = config.trace.otlp.as_ref().unwrap();
            let fields = otlp.header_fields();
            assert_eq!(fields.len(), 2);
            assert!(fields.iter().all(|(_, value)| value.is_sensitive()));
            assert_eq!(fields[0].1, "Bearer s3cret");
            assert_eq!(
                config.files().len(),
                usize::from(rest.starts_with("headers_file"))
            );
            let other = load(&with_otlp("headers = \"Authorization: Bearer an0ther\"")).unwrap();
            assert_ne!(&config.trace, &other.trace);
            assert_eq!(
                config.sections().differing(&other.sections()),
                ["trace.otlp"]
            );
        }
        assert_eq!(otlp("").header_fields(), []);
    }

    #[test]
    fn the_export_reads_back_as_the_same() {
        let text = with_otlp("queue = 9\nbatch = 3\ninterval = '20ms'\ntimeout = '1m'");
        let config = load(&text).unwrap();
        let effective = config.to_toml();
        let again = load(&effective).unwrap();
        assert_eq!(shown(&again), shown(&config));
        assert_eq!(again.to_toml(), effective);
    }
}
