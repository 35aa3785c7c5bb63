//! What the command line itself takes, says and refuses.

use std::fs;

use crate::{GOOD, file, patchwright};

#[test]
fn wrong_flags_verbs_and_values_exit_2() {
    for args in [
        &["check", "--confg", "x"][..],
        &["chekc"],
        &[],
        &["serve", "--rules", "lax"],
        &["serve", "--listen", "8080"],
        &["explain"],
        &["explain", "-H", "no colon", "/"],
        &["explain", "--curl", "wget x"],
        &["explain", "--curl", "curl --frob x"],
        &["explain", "--curl", "curl x", "/"],
        &["explain", "--entry", "1", "/"],
        &["top", "--interval", "0s"],
        &["healthcheck", "--admin", "https://x"],
        &["report", "--admin", "https://a"],
        &["report", "--format", "xml"],
        &["report", "--admin", "a:1", "--config", "b"],
    ] {
        let ran = patchwright(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
        assert!(!ran.stderr.is_empty(), "{args:?}");
    }
    assert!(patchwright(&["chekc"]).stderr.contains("'check'"));
}

#[test]
fn a_file_that_is_not_there_exits_2_and_is_named() {
    let ran = patchwright(&["check", "--config", "/nowhere.toml"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("/nowhere.toml: cannot be read"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_help_of_each_subcommand_mentions_each_flag_and_the_exit_codes() {
    let config = [
        "--config",
        "--listen",
        "--admin",
        "--upstream",
        "--region",
        "--rules",
    ];
    let serve = [&config[..], &["--log-format", "--log-level"]].concat();
    let explain = [
        "--config",
        "--rules",
        "-X",
        "-H",
        "-d",
        "--conversation",
        "--raw",
        "--curl",
        "--har",
        "--entry",
        "--format",
        "--color",
        "[PATH]",
    ];
    let simulate = ["--listen", "--rules", "--data", "--latency", "--rate-limit"];
    for (verb, flags) in [
        ("serve", &serve[..]),
        ("check", &config),
        ("explain", &explain),
        ("simulate", &simulate),
        ("demo", &["--listen"]),
        ("report", &["--admin", "--config", "--format"]),
        ("healthcheck", &["--admin", "--ready"]),
        ("top", &["--admin", "--config", "--interval", "--once"]),
    ] {
        for help in ["--help", "-h"] {
            let ran = patchwright(&[verb, help]);
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
            for flag in flags {
                assert!(ran.stdout.contains(flag), "{verb} {help}: {flag}");
            }
        }
        if verb != "simulate" {
            let help = patchwright(&[verb, "--help"]).stdout;
            assert!(
                help.contains("Exit codes:") && help.contains("Example"),
                "{verb}"
            );
        }
        assert!(
            patchwright(&["--help"])
                .stdout
                .contains(&format!("  {verb} "))
        );
    }
}

#[test]
fn output_that_is_no_terminal_has_no_colours() {
    for args in [&["--help"][..], &["check"], &["serve", "--help"]] {
        let ran = patchwright(args);
        assert!(
            !ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'),
            "{args:?}"
        );
    }
}

#[test]
fn the_version_is_the_crates() {
    let ran = patchwright(&["--version"]);
    assert_eq!(
        ran.stdout.trim(),
        concat!("patchwright ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn explain_has_no_verdict_where_nobody_has_answered() {
    let (folder, name) = file(&format!("{GOOD}[repair]\nmode = \"observe\"\n"));
    let conversation = folder.path().join("c.json");
    let known = r#"{"participants":[{"id":"p1","calls":[{"state":"connected"}],"queueId":"q1"}]}"#;
    fs::write(&conversation, known).unwrap();
    let refusal = folder.path().join("r.json");
    fs::write(
        &refusal,
        r#"{"message":"Missing required property: 'state'."}"#,
    )
    .unwrap();
    let (conversation, refusal) = (conversation.to_str().unwrap(), refusal.to_str().unwrap());
    let path = "/api/v2/conversations/c1/participants/p1";
    let asked = [
        "explain",
        "--config",
        &name,
        "--conversation",
        conversation,
        "-d",
        "{}",
        path,
    ];
    let ran = patchwright(&asked);
    assert!(
        ran.stdout.contains("outcome=observed") && !ran.stdout.contains("verdict"),
        "{}",
        ran.stdout
    );
    let ran = patchwright(&[&asked[..], &["--answer", refusal]].concat());
    assert!(
        ran.stdout.contains("verdict=would_have_helped"),
        "{}",
        ran.stdout
    );
}
