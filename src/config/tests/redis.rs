use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::*;

const KEY: &str = "[cache]\npartition_key = \"what all replicas have\"\n";

/// With `rest`, which begins at line 6, in the section.
fn with_redis(rest: &str) -> String {
    with_upstream(&format!("{KEY}[cache.redis]\n{rest}"))
}

fn redis(rest: &str) -> Redis {
    load(&with_redis(rest)).unwrap().cache.redis.unwrap()
}

#[test]
fn without_the_section_nothing_is_shared() {
    assert!(load(&with_upstream(KEY)).unwrap().cache.redis.is_none());
}

#[test]
fn a_url_is_all_it_needs() {
    let redis = redis("url = 'redis://cache.example.com'");
    let address = RedisAddress::Tcp {
        host: "cache.example.com".into(),
        port: 6379,
        tls: false,
    };
    assert_eq!((redis.address, redis.database), (address, 0));
    assert_eq!(redis.prefix, "patchwright:");
    assert_eq!(redis.sharing.timeout, Duration::from_millis(50));
    assert!(redis.sharing.confirm);
    assert!(redis.username.is_none() && redis.password.is_none() && redis.ca.is_none());
}

#[test]
fn urls_are_understood() {
    let tcp = |host: &str, port, tls| RedisAddress::Tcp {
        host: host.into(),
        port,
        tls,
    };
    for (url, address, database) in [
        ("redis://h:1", tcp("h", 1, false), 0),
        ("redis://h:1/", tcp("h", 1, false), 0),
        ("rediss://h/7", tcp("h", 6379, true), 7),
        ("rediss://[::1]:2", tcp("::1", 2, true), 0),
        (
            "unix:///run/r.sock",
            RedisAddress::Unix("/run/r.sock".into()),
            0,
        ),
    ] {
        let text = with_redis(&format!("url = '{url}'"));
        let config = load(&text).unwrap();
        let redis = config.cache.redis.clone().unwrap();
        assert_eq!(
            (redis.address, redis.database),
            (address, database),
            "{url}"
        );
        let effective = config.to_toml().replace("***", "what all replicas have");
        let again = load(&effective).unwrap();
        assert_eq!(shown(&again), shown(&config));
    }
}

#[test]
fn faults_name_key_and_remedy() {
    for (rest, fault) in [
        (
            "",
            ":5: cache.redis.url: is missing; write for example: url = \"redis://",
        ),
        (
            "url = 'http://h'",
            ":6: cache.redis.url: expected a URL such as \"redis://127.0.0.1:6379\", beginning with redis://, rediss:// (TLS) or unix://",
        ),
        ("url = 'redis://h?x=y'", "without a query"),
        ("url = 'redis://h/a'", "the number of a database"),
        ("url = 'redis://h:0'", "found something else"),
        ("url = 'redis://'", "found something else"),
        ("url = 'unix://r.sock'", "the path of a socket"),
        (
            "url = 'redis://h'\ntimeuot = '1s'",
            ":7: cache.redis.timeuot: unknown key; did you mean \"timeout\"?",
        ),
        (
            "url = 'redis://h'\ntimeout = '6s'",
            ":7: cache.redis.timeout: expected a duration from 1ms to 5s",
        ),
        (
            "url = 'redis://h'\nprefix = ''",
            ":7: cache.redis.prefix: expected 1 to 64 visible",
        ),
        (
            "url = 'redis://h'\nprefix = 'a b'",
            ":7: cache.redis.prefix: ",
        ),
        (
            "url = 'redis://h'\nconfirm = 1",
            ":7: cache.redis.confirm: expected true or false",
        ),
        (
            "url = 'redis://h'\nusername = 'u'",
            ":7: cache.redis.username: is of no use without password",
        ),
        (
            "url = 'redis://h'\npassword = ''",
            ":7: cache.redis.password: ",
        ),
        (
            "url = 'redis://h'\npassword_file = '/nowhere'",
            ":7: cache.redis.password_file: /nowhere cannot be read",
        ),
    ] {
        let found = fault_of(&with_redis(rest));
        assert!(found.contains(fault), "{rest}\n{found}\n{fault}");
    }
    let folder = tempfile::tempdir().unwrap();
    let (ca, _) = authority(folder.path());
    let found = fault_of(&with_redis(&format!(
        "url = 'redis://h'\nca = '{}'",
        ca.display()
    )));
    assert!(
        found.contains(":7: cache.redis.ca: is for rediss:// only"),
        "{found}"
    );
    let secure = redis(&format!("url = 'rediss://h'\nca = '{}'", ca.display()));
    assert_eq!(secure.ca, Some(ca));
}

fn authority(folder: &Path) -> (PathBuf, rcgen::KeyPair) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let path = folder.join("ca.pem");
    std::fs::write(&path, params.self_signed(&key).unwrap().pem()).unwrap();
    (path, key)
}

#[test]
fn replicas_need_a_key_in_common() {
    let text = with_upstream("[cache.redis]\nurl = 'redis://h'");
    let found = fault_of(&text);
    assert!(
        found.contains(
            "cache.redis: needs a key that all replicas have: set cache.partition_key_file"
        ),
        "{found}"
    );
}

#[test]
fn a_password_is_never_shown_and_given_once() {
    for rest in [
        "url = 'redis://:hunter2@h'",
        "url = 'redis://u:hunter2@h'",
        "url = ['hunter2']",
        "url = 'unix:///x@hunter2'",
        "url = 'hunter2'",
        "url = 'redis://h'\npassword = ['hunter2']",
        "url = 'redis://h'\npassword = 'hunter2'\npassword_file = '/'",
    ] {
        let faults = faults_of(&with_redis(rest)).join("\n");
        assert!(!faults.contains("hunter2"), "{faults}");
    }
    let faults = fault_of(&with_redis("url = 'redis://u:p@h'"));
    assert!(
        faults.contains("write them as username and password_file"),
        "{faults}"
    );

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "hunter2\n").unwrap();
    for setting in [
        "password = 'hunter2'".to_owned(),
        format!("password_file = '{}'", file.display()),
    ] {
        let text = with_redis(&format!("url = 'redis://h'\nusername = 'u'\n{setting}"));
        let config = load(&text).unwrap();
        let password = config.cache.redis.as_ref().unwrap().password.as_ref();
        assert_eq!(password.unwrap().expose_secret(), "hunter2");
        let effective = config.to_toml();
        assert!(
            effective.contains("username = \"u\"\npassword = \"***\""),
            "{effective}"
        );
        assert!(!effective.contains("hunter2") && !shown(&config).contains("hunter2"));
    }
}

/// The section is no default, so what holds in it stands behind a hash.
#[test]
fn the_commented_file_states_the_defaults_of_the_section() {
    let shipped = include_str!("../../../config/patchwright.toml");
    let (_, section) = shipped.split_once("#[cache.redis]").unwrap();
    let (section, _) = section.split_once("\n[").unwrap();
    let text = load(&with_redis("url = 'redis://h'")).unwrap().to_toml();
    let (_, own) = text.split_once("[cache.redis]").unwrap();
    let (own, _) = own.split_once("\n[").unwrap();
    let lines: Vec<_> = own.lines().filter(|line| line.contains(" = ")).collect();
    assert_eq!(lines.len(), 4, "{own}");
    for line in lines.into_iter().filter(|line| !line.starts_with("url")) {
        assert!(section.contains(&format!("\n#{line}\n")), "{line}");
    }
}
