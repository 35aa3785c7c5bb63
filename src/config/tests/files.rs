//! The files in `config/`, and the effective configuration as a file.

use std::fmt::Write;
use std::path::PathBuf;

use super::*;

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("config")
        .join(name)
}

fn only_upstream() -> Overrides {
    Overrides {
        upstream: Some(URL.to_owned()),
        ..Overrides::default()
    }
}

#[test]
fn every_file_in_the_config_folder_is_free_of_faults() {
    let mut seen = 0;
    for entry in std::fs::read_dir(shipped("")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let faults = load_file(Some(&path), &[], Overrides::default()).err();
            let faults = faults.map(|faults| faults.to_string()).unwrap_or_default();
            // Only certificates and secrets may be missing.
            let others = faults.lines().find(|line| !line.contains("cannot be read"));
            assert_eq!(others, None);
            seen += 1;
        }
    }
    assert!(seen >= 3);
    for entry in std::fs::read_dir(shipped("rules")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        crate::rule::pack::Specs::parse("a.toml", &text).unwrap();
    }
}

#[test]
fn the_commented_file_states_the_defaults_of_the_code() {
    let file = load_file(
        Some(&shipped("patchwright.toml")),
        &[],
        Overrides::default(),
    )
    .unwrap();
    let code = load_file(None, &[], only_upstream()).unwrap();
    assert_eq!(shown(&file), shown(&code));
}

/// Every default is written out: a key that is left out of the file would have it, too.
#[test]
fn the_commented_file_shows_every_key() {
    let text = std::fs::read_to_string(shipped("patchwright.toml")).unwrap();
    let live = |key: &str| {
        text.lines()
            .any(|line| line.starts_with(&format!("{key} = ")))
    };
    let code = load_file(None, &[], only_upstream()).unwrap().to_toml();
    let (settings, entries) = code.split_once("[[source]]").unwrap();
    for line in settings.lines().filter(|line| line.contains(" = ")) {
        let (key, _) = line.split_once(" = ").unwrap();
        assert!(live(key), "{key}");
    }
    for line in entries
        .lines()
        .filter(|line| line.contains(" = ") && !line.starts_with("fields"))
    {
        let (key, _) = line.split_once(" = ").unwrap();
        assert!(live(&format!("#{key}")), "{key}");
    }
}

#[test]
fn the_examples_behind_a_hash_in_the_commented_file_are_right() {
    let text = std::fs::read_to_string(shipped("patchwright.toml")).unwrap();
    let mut live = String::new();
    for line in text.lines() {
        let example = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
        let _ = writeln!(live, "{}", example.unwrap_or(line));
    }
    let faults = faults_of(&live);
    // Only what is not there on this machine may be missing.
    let others: Vec<_> = faults
        .iter()
        .filter(|fault| !fault.contains("cannot be read"))
        .filter(|fault| !fault.contains("give either this or "))
        // Both ways to name a region, and the other way to name an upstream, shut each other out.
        .filter(|fault| !fault.contains("strip_prefix: the prefixes of a region are always"))
        .filter(|fault| !fault.contains("region: there is an [[upstream]], too"))
        .filter(|fault| !fault.contains("trace.otlp: this patchwright was built without it"))
        .collect();
    assert_eq!(others, [""; 0]);
    let without = usize::from(!cfg!(feature = "otel"));
    assert_eq!(faults.len(), 19 + without, "{faults:#?}");
}

#[test]
fn the_effective_configuration_reads_back_as_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("a \"b\".pem");
    let itself = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&ca, itself.cert.pem()).unwrap();
    let file = format!(
        r#"
rules = "official"
listen = {{ address = "[::1]:0", allow_anyone = true }}
access = {{ api_key_header = "X-Key" }}
repair = {{ mode = "observe", enforce_share = 0.25, on_lookup_failure = "forward", on_too_large = "reject", resend_on = [], report = false }}
cache = {{ max_age = "1500ms", capacity = 7, max_bytes = "1MB", learn = false }}
limits = {{ body = "1001B", concurrency = 1, header_bytes = "9000", lookup_bytes = "2KiB", http2_connections = 2, workers = 3 }}
breaker = {{ failures = 0, open = "2s", max_open = "3s" }}
budget = {{ lookup_share = 0.125, shape = "2s" }}
trace = {{ traceparent = "pass", sample = 0.25 }}
timeouts = {{ connect = "1ms", drain = "1h 1m 1s", body = "1day" }}
[[upstream]]
name = "a"
url = "https://[::1]:81/base/"
prefix = "/x/"
strip_prefix = true
ca = '{}'
[[upstream]]
name = "b"
url = "https://h"
http2 = true
[[client]]
name = "near"
networks = ["10.1.0.0/16", "::1"]
upstreams = ["b"]
methods = ["GET", "PATCH"]
concurrency = 3
rate = "90/1m 30s"
[[client]]
name = "all"
networks = ["0.0.0.0/0"]
[[source]]
name = "s"
get = "/s/{{conversationId}}"
fields = {{ "a b" = "$['a\"b']", state = ['$.x', '$.y'] }}
[[rule]]
name = "r"
methods = ["PATCH", "PUT"]
paths = ["/s/{{conversationId}}/{{participantId}}"]
sources = ["s"]
timing = "on-reject"
fill = {{ "/state" = "state", "/a~1\"b" = "a b" }}
mode = "off"
enforce_share = 0.001
resend_on = [422]
on_lookup_failure = "forward"
"#,
        ca.display()
    );
    for text in [
        file,
        with_upstream(""),
        with_upstream("rules = \"official\""),
    ] {
        let config = load(&text).unwrap();
        let effective = config.to_toml();
        let again = load(&effective).unwrap_or_else(|faults| panic!("{faults}\n{effective}"));
        assert_eq!(shown(&again), shown(&config));
        assert_eq!(again.to_toml(), effective);
    }
}

#[test]
fn secrets_are_shown_neither_in_the_effective_configuration_nor_in_debug_output() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), "file-secret-0123456789\n").unwrap();
    for setting in [
        "partition_key = \"inline-secret-0123456789\"".to_owned(),
        format!(
            "partition_key_file = '{}'",
            folder.path().join("key").display()
        ),
    ] {
        let config = load(&with_upstream(&format!("[cache]\n{setting}"))).unwrap();
        assert!(config.cache.partition_key.is_some());
        let text = config.to_toml();
        assert!(text.contains("partition_key = \"***\""), "{text}");
        assert!(!text.contains("secret-") && !shown(&config).contains("secret-"));
    }
}
