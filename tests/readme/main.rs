//! The README says what is so: its configurations are read, its commands run.
#![cfg(feature = "proxy")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use patchwright::config::{Config, Overrides};

const README: &str = include_str!("../../README.md");

/// Blocks of code in one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let blocks = README
        .split(&fence)
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next());
    blocks.collect()
}

/// The lines of the shell blocks, without their comments.
fn commands() -> Vec<&'static str> {
    let lines = blocks("sh").into_iter().flat_map(str::lines);
    lines
        .filter_map(|line| line.split(" #").next())
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn every_configuration_is_valid() {
    let configurations = blocks("toml");
    assert!(configurations.len() >= 2);
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().pem();
    for name in [
        "chain.pem",
        "callers-ca.pem",
        "internal-ca.pem",
        "proxy.pem",
    ] {
        std::fs::write(folder.path().join(name), &certificate).unwrap();
    }
    std::fs::write(
        folder.path().join("partition-key"),
        "2f1c5d0b8a934e67b1d2c3f4a5968778",
    )
    .unwrap();
    for name in ["key.pem", "proxy-key.pem"] {
        std::fs::write(folder.path().join(name), key.serialize_pem()).unwrap();
    }
    let file = folder.path().join("patchwright.toml");
    for text in configurations {
        std::fs::write(&file, text).unwrap();
        let loaded = Config::load(Some(&file), [], Overrides::default());
        assert!(loaded.is_ok(), "{text}\n{}", loaded.unwrap_err());
    }
}

/// `patchwright serve`, until this is dropped.
struct Proxy {
    child: Child,
    admin: String,
}

impl Proxy {
    fn start() -> Self {
        let flags = [
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--upstream",
            "http://127.0.0.1:9",
        ];
        let mut child = Command::new(env!("CARGO_BIN_EXE_patchwright"))
            .arg("serve")
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut announced = lines.map_while(Result::ok);
        let admin = announced
            .find_map(|line| Some(line.strip_prefix("admin listening on http://")?.to_owned()));
        Self {
            child,
            admin: admin.unwrap(),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_patchwright_command_runs() {
    let folder = tempfile::tempdir().unwrap();
    let conversation =
        r#"{"participants":[{"id":"p1","calls":[{"state":"connected"}],"queueId":"q1"}]}"#;
    std::fs::write(folder.path().join("conversation.json"), conversation).unwrap();
    let recorded = r#"{"log":{"entries":[{"request":{"method":"PATCH",
        "url":"https://h/api/v2/conversations/c1/participants/p1","postData":{"text":"[]"}}}]}}"#;
    std::fs::write(folder.path().join("recorded.har"), recorded).unwrap();
    let config = folder.path().join("config");
    std::fs::create_dir(&config).unwrap();
    for name in ["sidecar.toml", "patchwright.toml"] {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/config/");
        std::fs::copy(format!("{source}{name}"), config.join(name)).unwrap();
    }
    let proxy = Proxy::start();
    let mut ran = Vec::new();
    for line in commands()
        .into_iter()
        .filter(|line| line.starts_with("patchwright "))
    {
        let verb = line.split(' ').nth(1).unwrap();
        // They ask a proxy that runs.
        if verb == "top" {
            ran.push(verb);
            continue;
        }
        // It would serve for ever: what it would do is checked instead.
        let line = line.replace("patchwright serve ", "patchwright check ");
        let script = line.replacen("patchwright", "\"$PATCHWRIGHT\"", 1);
        let mut shell = Command::new("sh");
        if verb == "report" {
            // Of the proxy that its reader has started.
            shell.env("PATCHWRIGHT__ADMIN__ADDRESS", &proxy.admin);
        }
        let shell = shell
            .args(["-ec", &script])
            .env("PATCHWRIGHT", env!("CARGO_BIN_EXE_patchwright"))
            .current_dir(folder.path())
            .output()
            .unwrap();
        // `explain` says by its code what it comes to.
        let explained = verb == "explain" && shell.status.code() == Some(4);
        assert!(
            shell.status.success() || explained,
            "{line}\n{}",
            String::from_utf8_lossy(&shell.stderr)
        );
        assert!(!shell.stdout.is_empty(), "{line}");
        ran.push(verb);
    }
    assert_eq!(
        ran,
        [
            "serve", "explain", "explain", "explain", "top", "explain", "check", "report"
        ]
    );
}

#[test]
fn the_other_commands_exist() {
    for line in commands()
        .into_iter()
        .filter(|line| !line.starts_with("patchwright "))
    {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let tool = line.starts_with("cargo ") || line.starts_with("curl ");
        let known = tool || root.join(line).is_file();
        assert!(known, "{line}");
    }
    let mut first = commands();
    first.retain(|line| line.starts_with("cargo "));
    assert_eq!(
        first.get(..2),
        Some(&["cargo run --release -- demo", "cargo test"][..])
    );
}

/// The anchors that headings have where READMEs are shown.
fn headings() -> impl Iterator<Item = String> {
    let lines = README.lines().filter(|line| line.starts_with("##"));
    lines.map(|line| {
        line.trim_start_matches(['#', ' '])
            .to_lowercase()
            .replace(' ', "-")
    })
}

#[test]
fn every_link_leads_somewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let targets: Vec<&str> = README
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect();
    assert!(!targets.is_empty());
    for target in targets.into_iter().filter(|target| !target.contains("://")) {
        let exists = match target.strip_prefix('#') {
            Some(anchor) => headings().any(|heading| heading == anchor),
            None => root.join(target).exists(),
        };
        assert!(exists, "{target}");
    }
}

/// The words of the tables are those of the program.
#[test]
fn every_outcome_and_reason_is_explained() {
    use patchwright::layer::record::{Outcome, Reason};

    for outcome in Outcome::ALL {
        assert!(README.contains(&format!("| `{outcome}` |")), "{outcome}");
    }
    for reason in Reason::ALL
        .iter()
        .filter(|reason| **reason != Reason::UpstreamFailed)
    {
        assert!(README.contains(reason.as_str()), "{reason}");
    }
}
