//! The program's command line and configuration, as its users meet them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

mod admin;
mod command;

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

fn patchwright(args: &[&str]) -> Ran {
    with_env(args, &[])
}

fn with_env(args: &[&str], env: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchwright"));
    let command = command.args(args).env_clear().envs(env.iter().copied());
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    Ran {
        code: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// A file with `text`, and its name.
fn file(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("patchwright.toml");
    fs::write(&path, text).unwrap();
    let name = path.to_str().unwrap().to_owned();
    (folder, name)
}

const GOOD: &str = "[[upstream]]\nurl = \"https://api.mypurecloud.com\"\n";

#[test]
fn check_reports_every_fault_with_file_line_and_key_and_exits_2() {
    let (_folder, name) = file(
        "rules = 'lax'
[listen]
address = 'here'
adress = '127.0.0.1:1'
[[upstream]]
url = 'https://u:hunter2@h'
prefix = 'x'
[repair]
mode = 'on'
resend_on = [404]
[cache]
max_age = 2
[limits]
body = true
[timeouts]
lookup = '0s'
[[source]]
name = 's'
[[rule]]
name = 'participant'
fill = { '/state' = 7 }
",
    );
    let ran = patchwright(&["check", "--config", &name]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    let expected = [
        "1: rules: ",
        "3: listen.address: ",
        "4: listen.adress: unknown key; did you mean \"address\"?",
        "6: upstream[0].url: ",
        "7: upstream[0].prefix: ",
        "9: repair.mode: expected \"off\" or \"observe\" or \"enforce\", found \"on\"",
        "10: repair.resend_on[0]: 404 may not be here",
        "12: cache.max_age: expected a duration",
        "14: limits.body: expected a size such as \"1MiB\", found true",
        "16: timeouts.lookup: ",
        "17: source \"s\".get: is missing",
        "17: source \"s\".fields: is missing",
        "19: rule \"participant\".paths: is missing",
        "21: rule \"participant\".fill./state: ",
    ];
    let faults: Vec<_> = ran.stderr.lines().skip(1).collect();
    assert_eq!(faults.len(), expected.len(), "{}", ran.stderr);
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(
            fault.starts_with(&format!("{name}:{expected}")),
            "{fault}\n{expected}"
        );
    }
    assert!(!ran.stderr.contains("hunter2"));
}

#[test]
fn serve_refuses_a_faulty_configuration_as_check_does() {
    let (_folder, name) = file("[limits]\nbody = true\n");
    for verb in ["serve", "check"] {
        let ran = patchwright(&[verb, "--config", &name]);
        assert_eq!(ran.code, 2, "{verb}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("patchwright.toml:2: limits.body: "),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn check_prints_a_configuration_that_can_be_used() {
    let (_folder, name) = file(GOOD);
    let ran = patchwright(&["check", "--config", &name]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let (_folder, again) = file(&ran.stdout);
    assert_eq!(
        patchwright(&["check", "--config", &again]).stdout,
        ran.stdout
    );
}

#[test]
fn a_variable_wins_over_the_file_and_a_flag_over_both() {
    let (_folder, name) = file(&format!("{GOOD}[listen]\naddress = \"127.0.0.1:1\"\n"));
    let check = ["check", "--config", &name];
    let env = [("PATCHWRIGHT__LISTEN__ADDRESS", "127.0.0.1:2")];
    assert!(
        patchwright(&check)
            .stdout
            .contains("address = \"127.0.0.1:1\"")
    );
    assert!(
        with_env(&check, &env)
            .stdout
            .contains("address = \"127.0.0.1:2\"")
    );
    let flag = [&check[..], &["--listen", "127.0.0.1:3"]].concat();
    assert!(
        with_env(&flag, &env)
            .stdout
            .contains("address = \"127.0.0.1:3\"")
    );
}

#[test]
fn a_variable_that_means_nothing_is_named() {
    let env = [("PATCHWRIGHT__LIMITS__BODDY", "1MiB")];
    let ran = with_env(&["check", "--upstream", "http://h"], &env);
    assert_eq!(ran.code, 2);
    let expected = "PATCHWRIGHT__LIMITS__BODDY: limits.boddy: unknown key; did you mean \"body\"?";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
}

#[test]
fn secrets_are_hidden() {
    let key = "hunter2-hunter2-hunter2";
    let (_folder, name) = file(&format!("{GOOD}[cache]\npartition_key = \"{key}\"\n"));
    let ran = patchwright(&["check", "--config", &name]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("partition_key = \"***\"") && !ran.stdout.contains("hunter2"));
}

/// A copy of one of config/*.toml beside the files that it names, and its name.
fn installed(name: &str) -> (TempDir, String) {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/config/");
    let text = fs::read_to_string(format!("{source}{name}")).unwrap();
    let (folder, path) = file(&text);
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().pem();
    for (directory, separator) in [("tls", "\"tls/"), ("secrets", "\"secrets/")] {
        fs::create_dir(folder.path().join(directory)).unwrap();
        for rest in text.split(separator).skip(1) {
            let name = rest.split('"').next().unwrap();
            let content = match name.rsplit('.').next().unwrap() {
                "key" => key.serialize_pem(),
                "crt" => certificate.clone(),
                _ => "a-secret-that-is-long-enough".to_owned(),
            };
            fs::write(folder.path().join(directory).join(name), content).unwrap();
        }
    }
    (folder, path)
}

#[test]
fn the_files_to_start_from_are_accepted_and_explain_each_of_their_keys() {
    for name in ["sidecar.toml", "gateway.toml"] {
        let (_folder, path) = installed(name);
        let ran = patchwright(&["check", "--config", &path]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{name}");
        let text = fs::read_to_string(path).unwrap();
        let blocks = text.split("\n\n").filter(|block| block.contains(" = "));
        for block in blocks {
            assert!(block.starts_with('#') || block.contains("\n#"), "{block}");
        }
    }
}

#[test]
fn without_an_upstream_the_way_to_give_one_is_shown() {
    for verb in ["serve", "check"] {
        let ran = patchwright(&[verb]);
        assert_eq!(ran.code, 2);
        for way in [
            "--upstream https://",
            "--config",
            "PATCHWRIGHT__UPSTREAM__0__URL",
        ] {
            assert!(ran.stderr.contains(way), "{}", ran.stderr);
        }
    }
}

#[test]
fn a_region_is_enough_and_a_typo_suggests_the_nearest() {
    let printed = patchwright(&["check", "--region", "ap-northeast-1"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (0, ""));
    for url in ["https://api.mypurecloud.jp", "https://login.mypurecloud.jp"] {
        assert!(
            printed.stdout.contains(&format!("url = \"{url}\"")),
            "{url}"
        );
    }
    let (_folder, again) = file(&printed.stdout);
    let read_back = patchwright(&["check", "--config", &again]);
    assert_eq!(read_back.stdout, printed.stdout);

    let typo = patchwright(&["check", "--region", "mypurecluod.jp"]);
    assert_eq!(typo.code, 2);
    let hint = "--region: region: expected a region such as";
    assert!(typo.stderr.contains(hint), "{}", typo.stderr);
    assert!(
        typo.stderr.contains("did you mean \"mypurecloud.jp\"?"),
        "{}",
        typo.stderr
    );
    let (_folder, name) = file(GOOD);
    for both in [
        &["check", "--config", &name, "--region", "mypurecloud.jp"][..],
        &[
            "check",
            "--upstream",
            "http://h",
            "--region",
            "mypurecloud.jp",
        ],
    ] {
        assert_eq!(patchwright(both).code, 2, "{both:?}");
    }
}

#[test]
fn a_listener_that_others_reach_is_not_opened_to_anyone_unasked() {
    let serve = ["serve", "--listen", "0.0.0.0:0", "--upstream", "http://h"];
    let ran = patchwright(&serve);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("--listen: listen.address: 0.0.0.0:0 can be reached"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_proxy_that_anyone_may_use_says_so_when_it_starts() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchwright"));
    let command = command
        .args(["serve", "--listen", "0.0.0.0:0", "--admin", "127.0.0.1:0"])
        .args(["--upstream", "http://127.0.0.1:9"])
        .env_clear()
        .env("PATCHWRIGHT__LISTEN__ALLOW_ANYONE", "true")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It listens once it says so, and by then it has said what there is to say about that.
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    child.kill().unwrap();
    let log = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    assert!(line.starts_with("proxy listening on "), "{line} {log}");
    assert!(
        log.contains("whoever reaches this proxy may use it"),
        "{log}"
    );
    assert!(log.contains("WARN"), "{log}");
}
