//! File, environment and flags, and which of them wins.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::*;
use crate::layer::options::Mode;

fn upstream_flag(url: &str) -> Overrides {
    Overrides {
        upstream: Some(url.to_owned()),
        ..Overrides::default()
    }
}

#[test]
fn an_upstream_alone_is_enough() {
    let config = load_file(None, &[], upstream_flag("https://api.mypurecloud.jp")).unwrap();
    let [upstream] = config.upstreams.as_slice() else {
        panic!()
    };
    assert_eq!(upstream.url.to_string(), "https://api.mypurecloud.jp/");
    assert_eq!(
        (upstream.name.as_str(), upstream.prefix.as_str()),
        ("api", "/")
    );
    assert_eq!(config.pack, Pack::Strict);
    assert!(!config.rules.is_empty() && !config.sources.is_empty());
}

#[test]
fn without_an_upstream_the_fault_shows_every_way_to_give_one() {
    for fault in [
        load_file(None, &[], Overrides::default())
            .unwrap_err()
            .to_string(),
        load("").unwrap_err().to_string(),
        load("upstream = []").unwrap_err().to_string(),
    ] {
        for way in [
            "--upstream https://",
            "PATCHWRIGHT__UPSTREAM__0__URL",
            "[[upstream]]",
        ] {
            assert!(fault.contains(way), "{fault}");
        }
        assert_eq!(fault.lines().count(), 1, "{fault}");
    }
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = with_upstream(
        "listen.address = \"127.0.0.1:1\"\nrules = \"strict\"\n[limits]\nbody = \"1KiB\"",
    );
    let env = [
        ("PATCHWRIGHT__LISTEN__ADDRESS", "127.0.0.1:2"),
        ("PATCHWRIGHT__ADMIN__ADDRESS", "127.0.0.1:22"),
        ("PATCHWRIGHT__LIMITS__BODY", "2KiB"),
        ("PATCHWRIGHT__UPSTREAM__0__URL", "http://env"),
        ("PATCHWRIGHT__RULES", "official"),
    ];
    let config = load_with(&file, &env, Overrides::default()).unwrap();
    assert_eq!(config.listen.port(), 2);
    assert_eq!(config.repair.body_limit, 2048);
    assert_eq!(config.upstreams[0].url.host(), Some("env"));
    assert_eq!(config.pack, Pack::Official);

    let flags = Overrides {
        listen: Some("127.0.0.1:3".parse().unwrap()),
        admin: Some("127.0.0.1:33".parse().unwrap()),
        upstream: Some("http://flag".to_owned()),
        pack: Some(Pack::Strict),
        ..Overrides::default()
    };
    let config = load_with(&file, &env, flags).unwrap();
    assert_eq!((config.listen.port(), config.admin.port()), (3, 33));
    assert_eq!(config.upstreams[0].url.host(), Some("flag"));
    assert_eq!(config.pack, Pack::Strict);
    assert_eq!(config.repair.body_limit, 2048);
}

#[test]
fn variables_take_the_type_that_their_key_wants() {
    let env = [
        ("PATCHWRIGHT__REPAIR__REPORT", "false"),
        ("PATCHWRIGHT__REPAIR__RESEND_ON", "[400]"),
        ("PATCHWRIGHT__REPAIR__MODE", "\"observe\""),
        ("PATCHWRIGHT__CACHE__CAPACITY", "12"),
        ("PATCHWRIGHT__CACHE__PARTITION_KEY", "12345678901234567890"),
        ("PATCHWRIGHT__TIMEOUTS", "{ connect = \"1s\" }"),
        ("PATCHWRIGHT__TIMEOUTS__DRAIN", "4s"),
        ("PATCHWRIGHT_PORT", "tcp://10.0.0.1:80"),
        ("HOME", "/"),
    ];
    let config = load_with(&with_upstream(""), &env, Overrides::default()).unwrap();
    assert!(!config.repair.report);
    assert_eq!(config.repair.resend_on.len(), 1);
    assert_eq!(config.repair.mode, Mode::Observe);
    assert_eq!(config.cache.capacity, 12);
    let key = config.cache.partition_key.unwrap();
    assert_eq!(key.expose_secret(), "12345678901234567890");
    assert_eq!(config.timeouts.connect, Duration::from_secs(1));
    assert_eq!(config.timeouts.drain, Duration::from_secs(4));
}

#[test]
fn a_number_in_a_variable_is_an_index_and_the_next_one_appends() {
    let mut env: Vec<_> = (0..12)
        .map(|n| {
            let name = format!("PATCHWRIGHT__UPSTREAM__{n}");
            [
                (format!("{name}__URL"), format!("http://h{n}")),
                (format!("{name}__NAME"), format!("n{n}")),
                (format!("{name}__PREFIX"), format!("/p{n}")),
            ]
        })
        .collect::<Vec<_>>()
        .concat();
    env.reverse();
    env.push(("PATCHWRIGHT__RULE__0__MODE".into(), "off".into()));
    let file = "rule = [{ name = \"participant\", paths = [\"/x\"] }]";
    let env: Vec<_> = env.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let config = load_with(file, &env, Overrides::default()).unwrap();
    let names: Vec<_> = config
        .upstreams
        .iter()
        .map(|upstream| upstream.name.clone())
        .collect();
    let expected: Vec<_> = (0..12).map(|n| format!("n{n}")).collect();
    assert_eq!(names, expected);
    assert_eq!(config.rules[0].mode, Some(Mode::Off));
}

#[test]
fn faults_of_variables_name_the_variable() {
    let env = [
        ("PATCHWRIGHT__LIMITS__BODI", "1MiB"),
        ("PATCHWRIGHT__LIMITS__BODY", "much"),
        ("PATCHWRIGHT__NOWHERE__AT__ALL", "1"),
        ("PATCHWRIGHT__UPSTREAM__5__URL", "http://h"),
        ("PATCHWRIGHT__RULES__MORE", "1"),
        ("PATCHWRIGHT__", "1"),
    ];
    let file = format!("rules = \"strict\"\n{}", with_upstream(""));
    let faults = load_with(&file, &env, Overrides::default()).unwrap_err();
    let faults: Vec<_> = faults.to_string().lines().map(str::to_owned).collect();
    let expected = [
        "PATCHWRIGHT__: : two underscores separate",
        "PATCHWRIGHT__LIMITS__BODI: limits.bodi: unknown key; did you mean \"body\"?",
        "PATCHWRIGHT__LIMITS__BODY: limits.body: expected a size such as \"1MiB\", found \"much\"",
        "PATCHWRIGHT__NOWHERE__AT__ALL: nowhere: unknown key",
        "PATCHWRIGHT__RULES__MORE: rules.more: has nothing below it: it is a plain value at ",
        "PATCHWRIGHT__UPSTREAM__5__URL: upstream.5.url: \"5\" is no place in a list of 1",
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        let expected = expected.replace(": : ", ": ");
        assert!(fault.starts_with(&expected), "{fault}");
    }
}

#[test]
fn the_upstream_flag_will_not_choose_among_several() {
    let file = "[[upstream]]\nname = \"a\"\nurl = \"http://a\"\n[[upstream]]\nname = \"b\"\nurl = \"http://b\"\nprefix = \"/b\"\n";
    assert!(load(file).is_ok());
    let fault = load_with(file, &[], upstream_flag("http://c"))
        .unwrap_err()
        .to_string();
    assert!(
        fault.starts_with("--upstream: upstream.0.url: there are several"),
        "{fault}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let fault = load_file(
        Some(Path::new("/nowhere/at/all.toml")),
        &[],
        Overrides::default(),
    );
    let fault = fault.unwrap_err().to_string();
    assert!(
        fault.starts_with("/nowhere/at/all.toml: cannot be read: "),
        "{fault}"
    );
}

#[test]
fn files_named_in_a_file_are_found_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let itself = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.path().join("roots.pem"), itself.cert.pem()).unwrap();
    let path = folder.path().join("a.toml");
    std::fs::write(
        &path,
        "[[upstream]]\nurl = \"https://h\"\nca = \"roots.pem\"\n",
    )
    .unwrap();
    let config = load_file(Some(&path), &[], Overrides::default()).unwrap();
    assert_eq!(
        config.upstreams[0].ca,
        Some(folder.path().join("roots.pem"))
    );
}

#[test]
fn a_users_rules_are_merged_into_the_chosen_pack() {
    let rule = "[[rule]]\nname = \"participant\"\npaths = [\"/mine\"]\n[[rule]]\nname = \"more\"\npaths = [\"/more\"]";
    let plain = load(&with_upstream("")).unwrap();
    let config = load(&with_upstream(rule)).unwrap();
    assert_eq!(config.rules.len(), plain.rules.len() + 1);
    assert_eq!(config.rules[0].paths, ["/mine"]);
    assert_eq!(config.rules[1], plain.rules[1]);
    assert_eq!(config.rules.last().unwrap().name, "more");
}
