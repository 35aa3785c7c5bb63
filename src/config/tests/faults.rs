//! What is refused, and what is said about it.

use super::*;

#[test]
fn every_fault_of_a_file_is_reported_at_once_in_order() {
    let text = "
rules = \"lax\"
listen = { address = \"localhost:8080\", tls = {} }
[limits]
body = true
header_bytes = \"1KiB\"
concurrency = 0
[cache]
max_age = \"1h\"
capacity = \"many\"
partition_key = \"short\"
[timeouts]
idle = 60
drain = \"0s\"
conect = \"1s\"
[repair]
resend_on = [400, 429, 503]
[[upstream]]
url = \"ftp://h\"
prefix = \"x\"
";
    let expected = [
        ":2: rules: expected \"strict\" or \"official\", found \"lax\"",
        ":3: listen.address: expected an IP address and port such as \"127.0.0.1:8080\", found \"localhost:8080\"",
        ":3: listen.tls.certificate: is missing; write for example: certificate = ",
        ":3: listen.tls.private_key: is missing; write for example: private_key = ",
        ":5: limits.body: expected a size such as \"1MiB\", found true",
        ":6: limits.header_bytes: expected a size from 8KiB to 16MiB, found \"1KiB\"",
        ":7: limits.concurrency: expected an integer from 1 to 1000000, found 0",
        ":9: cache.max_age: expected a duration from 1ms to 5m, found \"1h\"",
        ":10: cache.capacity: expected an integer from 1 to 100000000, found \"many\"",
        ":11: cache.partition_key: expected at least 16 characters (not shown)",
        ":13: timeouts.idle: expected a duration such as \"250ms\" or \"30s\", found 60",
        ":14: timeouts.drain: expected a duration from 1ms to 1day, found \"0s\"",
        ":15: timeouts.conect: unknown key; did you mean \"connect\"?",
        ":17: repair.resend_on[1]: 429 may not be here",
        ":17: repair.resend_on[2]: 503 may not be here",
        ":19: upstream[0].url: expected a URL such as",
        ":20: upstream[0].prefix: expected a path such as",
    ];
    let faults = faults_of(text);
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault}\n{expected}");
    }
}

#[test]
fn the_times_of_the_breaker_must_fit_together() {
    for (keys, line, key) in [
        ("open = \"2s\"\nmax_open = \"1s\"", 5, "max_open"),
        ("open = \"1m\"", 4, "open"),
        ("max_open = \"1ms\"", 4, "max_open"),
    ] {
        let fault = fault_of(&with_upstream(&format!("[breaker]\n{keys}")));
        let start = format!(":{line}: breaker.{key}: max_open (");
        assert!(fault.starts_with(&start), "{fault}");
    }
    let fault = fault_of(&with_upstream("breaker.failures = -1"));
    assert!(
        fault.starts_with(":3: breaker.failures: expected an integer from 0 to 1000"),
        "{fault}"
    );
}

#[test]
fn rules_that_do_not_compile_are_reported_with_their_lines_among_the_others() {
    let rules = r#"limits.body = true
[[source]]
name = "mine"
get = "no-path"
fields = { state = ["$.["] }
[[rule]]
name = "participant"
paths = ["/x/{conversationId}/{participantId}"]
sources = ["mine", "nowhere"]
fill = { "/state" = "state", "state" = "state" }
"#;
    let faults = faults_of(&with_upstream(rules));
    let expected = [
        ":3: limits.body: ",
        ":6: source \"mine\".get: ",
        ":7: source \"mine\".fields.state",
        ":11: rule \"participant\".sources: ",
        ":12: rule \"participant\".fill",
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault}\n{expected}");
    }
}

#[test]
fn nothing_is_said_to_miss_an_entry_that_was_left_out_for_its_own_faults() {
    let rules = r#"[[source]]
name = "mine"
[[rule]]
name = "participant"
paths = ["/x/{conversationId}/{participantId}"]
sources = ["mine"]
fill = { "/state" = "state" }
"#;
    let faults = faults_of(&with_upstream(rules));
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(
        faults[0].starts_with(":3: source \"mine\".get: is missing"),
        "{faults:#?}"
    );
}

#[test]
fn syntax_errors_hide_what_would_be_missing_because_of_them() {
    let faults = faults_of("[limits\nbody = = 1\n");
    assert!(
        faults.len() == 2 && faults[0].starts_with(":1:8: not TOML"),
        "{faults:#?}"
    );
    assert!(faults[1].starts_with(":2:8: not TOML"), "{faults:#?}");
}

#[test]
fn the_two_listeners_differ() {
    for (listen, admin, same) in [
        ("127.0.0.1:1", "127.0.0.1:1", true),
        ("0.0.0.0:1", "127.0.0.1:1", true),
        ("127.0.0.1:1", "[::]:1", true),
        ("127.0.0.1:1", "127.0.0.2:1", false),
        ("127.0.0.1:0", "127.0.0.1:0", false),
    ] {
        let text = format!(
            "listen = {{ address = \"{listen}\", allow_anyone = true }}\nadmin.address = \"{admin}\""
        );
        let result = load(&with_upstream(&text));
        assert_eq!(result.is_err(), same, "{listen} {admin}");
        if let Err(faults) = result {
            assert!(
                faults.to_string().contains("a.toml:4: admin.address: "),
                "{faults}"
            );
        }
    }
}

#[test]
fn a_partition_key_is_never_shown_and_given_once() {
    let long = "hunter2-hunter2-hunter2";
    for (setting, count) in [
        ("partition_key = \"hunter2\"".to_owned(), 1),
        ("partition_key = [\"hunter2\"]".to_owned(), 1),
        ("partition_key = 20202020".to_owned(), 1),
        (
            format!("partition_key = \"{long}\"\npartition_key_file = \"/nowhere\""),
            2,
        ),
    ] {
        let faults = faults_of(&with_upstream(&format!("[cache]\n{setting}")));
        assert_eq!(faults.len(), count, "{faults:?}");
        assert!(!faults.join("").contains("hunter2"), "{faults:?}");
        assert!(!faults.join("").contains("20202020"), "{faults:?}");
    }
}

#[test]
fn sizes_are_binary_or_decimal_and_need_no_more_than_a_number_in_quotes() {
    for (text, bytes) in [
        ("1MiB", 1 << 20),
        ("1MB", 1_000_000),
        ("64 KiB", 65536),
        ("77", 77),
        ("1.5KiB", 1536),
    ] {
        let config = load(&with_upstream(&format!("limits.body = \"{text}\""))).unwrap();
        assert_eq!(config.repair.body_limit, bytes, "{text}");
    }
    for text in [
        "\"-1\"",
        "\"\"",
        "\"1XB\"",
        "\"0\"",
        "1048576",
        "\"99999999999999999999TiB\"",
    ] {
        let fault = fault_of(&with_upstream(&format!("limits.body = {text}")));
        assert!(
            fault.starts_with(":3: limits.body: expected a size "),
            "{fault}"
        );
    }
}

#[test]
fn what_all_bodies_may_take_has_room_for_some_of_the_largest() {
    for (limits, least, fault) in [
        ("body = \"1MiB\"\nbuffered = \"8MiB\"", 8 << 20, None),
        ("body = \"8MiB\"", 64 << 20, None),
        (
            "body = \"1MiB\"\nbuffered = \"7MiB\"",
            0,
            Some(
                ":5: limits.buffered: 7MiB is less than 8 times limits.body (1MiB): raise it to at least 8MiB",
            ),
        ),
        ("body = \"9MiB\"", 72 << 20, None),
        (
            "buffered = \"1KiB\"",
            0,
            Some(":4: limits.buffered: expected a size from 64KiB to 1TiB"),
        ),
    ] {
        let text = with_upstream(&format!("[limits]\n{limits}"));
        match fault {
            None => assert_eq!(
                load(&text).unwrap().repair.buffered.bytes(),
                least,
                "{limits}"
            ),
            Some(start) => {
                let found = fault_of(&text);
                assert!(found.starts_with(start), "{found}");
            }
        }
    }
}

#[test]
fn a_section_that_is_no_table_is_said_to_be_one() {
    for (text, start) in [
        (
            "limits = 1",
            ":3: limits: expected a table, found an integer",
        ),
        ("upstream = 1", ":1: upstream: expected a list of tables"),
        (
            "rule = {}",
            ":3: rule: expected a list of tables, each written [[rule]], found a table",
        ),
        (
            "rule = [1]",
            ":3: rule[0]: expected a table, found an integer",
        ),
    ] {
        let whole = if text.starts_with("upstream") {
            text.to_owned()
        } else {
            with_upstream(text)
        };
        let faults = faults_of(&whole);
        assert!(faults[0].starts_with(start), "{faults:?}");
    }
}

#[test]
fn a_share_of_the_conversations_is_from_none_to_all() {
    for (share, value) in [("0", 0.0), ("0.0", 0.0), ("0.1", 0.1), ("1", 1.0)] {
        let config = load(&with_upstream(&format!("repair.enforce_share = {share}"))).unwrap();
        assert!(
            (config.repair.enforce_share.get() - value).abs() < 1e-9,
            "{share}"
        );
    }
    for share in ["-0.5", "1.01", "50", "nan", "\"half\"", "true"] {
        let fault = fault_of(&with_upstream(&format!("repair.enforce_share = {share}")));
        let expected = ":3: repair.enforce_share: expected a number from 0 to 1 such as 0.1";
        assert!(fault.starts_with(expected), "{share}: {fault}");
    }
    let rule = "[[rule]]\nname = \"r\"\npaths = [\"/a\"]\nenforce_share = 2";
    let fault = fault_of(&with_upstream(rule));
    assert!(
        fault.contains("rule \"r\".enforce_share: expected a number from 0"),
        "{fault}"
    );
    let fault = fault_of(&with_upstream("repair.enforce_shar = 0.5"));
    assert!(fault.contains("did you mean \"enforce_share\"?"), "{fault}");
    let env = [("PATCHWRIGHT__REPAIR__ENFORCE_SHARE", "0.75")];
    let config = load_with(&with_upstream(""), &env, Overrides::default()).unwrap();
    assert!((config.repair.enforce_share.get() - 0.75).abs() < 1e-9);
}

#[test]
fn a_share_of_the_budget_is_more_than_nothing_and_at_most_all() {
    for (share, value) in [("0.25", 0.25), ("1", 1.0), ("1.0", 1.0), ("1_0e-2", 0.1)] {
        let config = load(&with_upstream(&format!("budget.lookup_share = {share}"))).unwrap();
        assert!(
            (config.budget.lookup_share.get() - value).abs() < 1e-9,
            "{share}"
        );
    }
    for share in ["0", "0.0", "-0.5", "1.5", "nan", "\"half\"", "true"] {
        let fault = fault_of(&with_upstream(&format!("budget.lookup_share = {share}")));
        let expected = ":3: budget.lookup_share: expected a number above 0 and up to 1";
        assert!(fault.starts_with(expected), "{share}: {fault}");
    }
    let env = [("PATCHWRIGHT__BUDGET__LOOKUP_SHARE", "0.75")];
    let config = load_with(&with_upstream(""), &env, Overrides::default()).unwrap();
    assert!((config.budget.lookup_share.get() - 0.75).abs() < 1e-9);
    let fault = fault_of(&with_upstream("budget.shape = \"2m\""));
    assert!(fault.contains("a duration from 0s to 1m"), "{fault}");
}
