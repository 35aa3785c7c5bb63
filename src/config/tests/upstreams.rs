//! Faults of `[[upstream]]`.

use super::*;

#[track_caller]
fn upstream_fault(keys: &str) -> String {
    fault_of(&format!("[[upstream]]\n{keys}\n"))
}

#[test]
fn an_upstream_url_is_scheme_host_and_plain_path() {
    for (url, effective) in [
        ("https://api.mypurecloud.jp", "https://api.mypurecloud.jp/"),
        ("HTTP://h:8081/", "http://h:8081/"),
        ("https://h/base/path/", "https://h/base/path"),
        ("http://[::1]:81", "http://[::1]:81/"),
    ] {
        let config = load(&format!("[[upstream]]\nurl = \"{url}\"")).unwrap();
        assert_eq!(config.upstreams[0].url.to_string(), effective);
    }
    for url in [
        "api.mypurecloud.com",
        "/api",
        "",
        "ws://h",
        "https://",
        "https://:443",
        "https://h:0",
        "https://h:99999",
        "https://h:x",
        "https://h/a?b",
        "https://h#a",
        "https://h//a",
        "https://h/../a",
        "https://h/%61",
        "https://h h",
    ] {
        let fault = upstream_fault(&format!("url = \"{url}\""));
        let start = ":2: upstream[0].url: expected a URL such as \"https://api.mypurecloud.com\"";
        assert!(fault.starts_with(start), "{url}: {fault}");
    }
}

#[test]
fn a_password_in_an_upstream_url_is_refused_and_never_shown() {
    for url in [
        "https://user:hunter2@h",
        "https://hunter2@h",
        "https://user:hunter2@h/%zz",
        "user:hunter2@h",
        "https://user:hunter2@h#x",
        "https://h/?token=hunter2",
        "https://user:hunter2@h:99999",
    ] {
        let fault = upstream_fault(&format!("url = \"{url}\""));
        assert!(!fault.contains("hunter2"), "{fault}");
    }
    for text in [
        "upstream = \"https://u:hunter2@h\"",
        "upstream = [\"https://u:hunter2@h\"]",
    ] {
        assert!(!faults_of(text).join("").contains("hunter2"), "{text}");
    }
    assert!(upstream_fault("url = \"https://user@h\"").contains("without a user name or password"));
    assert!(upstream_fault("").contains("url: is missing"));
}

#[test]
fn a_prefix_is_a_plain_path_and_is_normalised() {
    for (prefix, effective) in [
        ("/", "/"),
        ("/a/", "/a"),
        ("/a/b", "/a/b"),
        ("/~a.b_c-1", "/~a.b_c-1"),
    ] {
        let text = format!("[[upstream]]\nurl = \"{URL}\"\nprefix = \"{prefix}\"");
        assert_eq!(load(&text).unwrap().upstreams[0].prefix, effective);
    }
    for prefix in [
        "", "a", "//", "/a//b", "/a/../b", "/.", "/a?b", "/%61", "/a b", "/é",
    ] {
        let fault = upstream_fault(&format!("url = \"{URL}\"\nprefix = \"{prefix}\""));
        assert!(
            fault.starts_with(":3: upstream[0].prefix: expected a path"),
            "{prefix}: {fault}"
        );
    }
}

#[test]
fn several_upstreams_differ_in_name_and_prefix() {
    let upstream = |name: &str, prefix: &str| {
        format!("[[upstream]]\nurl = \"{URL}\"\nname = \"{name}\"\nprefix = \"{prefix}\"\n")
    };
    let fault = fault_of(&(upstream("a", "/") + &upstream("a", "/b")));
    assert_eq!(
        fault,
        ":7: upstream \"a\".name: another upstream is called \"a\""
    );
    let fault = fault_of(&(upstream("a", "/b") + &upstream("b", "/b/")));
    assert_eq!(
        fault,
        ":8: upstream \"b\".prefix: \"/b\" leads to upstream \"a\" already"
    );
    let fault = fault_of(&(upstream("a", "/b") + &format!("[[upstream]]\nurl = \"{URL}\"\n")));
    assert!(
        fault.starts_with(":5: upstream[1].name: is missing"),
        "{fault}"
    );
    for name in ["", "a b", "a/b", "é", &"a".repeat(65)] {
        let fault = fault_of(&upstream(name, "/"));
        assert!(
            fault.starts_with(":3: upstream[0].name: expected a name"),
            "{fault}"
        );
    }
}

#[test]
fn an_upstream_that_leads_back_to_a_listener_is_refused() {
    for (listen, url, loops) in [
        ("127.0.0.1:8080", "http://127.0.0.1:8080", true),
        ("127.0.0.1:8080", "http://localhost:8080/base", true),
        ("0.0.0.0:8080", "http://127.0.0.1:8080", true),
        ("0.0.0.0:8080", "http://LOCALHOST:8080", true),
        ("[::]:8080", "http://[::1]:8080", true),
        ("127.0.0.1:80", "http://127.0.0.1", true),
        ("127.0.0.1:443", "https://localhost", true),
        ("127.0.0.1:8080", "http://127.0.0.1:9901", true),
        ("127.0.0.1:8080", "http://127.0.0.1:8081", false),
        ("127.0.0.1:8080", "http://127.0.0.2:8080", false),
        ("0.0.0.0:8080", "http://10.0.0.1:8080", false),
        ("127.0.0.1:8080", "http://api.example:8080", false),
        ("127.0.0.1:0", "http://127.0.0.1:8080", false),
    ] {
        let listener = format!("listen = {{ address = \"{listen}\", allow_anyone = true }}");
        let text = format!("{listener}\n[[upstream]]\nurl = \"{url}\"");
        let result = load(&text);
        assert_eq!(result.is_err(), loops, "{listen} {url}");
        if let Err(faults) = result {
            assert!(
                faults
                    .to_string()
                    .contains("a.toml:3: upstream[0].url: leads back to"),
                "{faults}"
            );
        }
    }
}

#[test]
fn a_file_of_roots_must_hold_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty.pem"), "nothing\n").unwrap();
    for (name, problem) in [("none.pem", "cannot be read"), ("empty.pem", "is not PEM")] {
        let ca = folder.path().join(name);
        let fault = upstream_fault(&format!("url = \"{URL}\"\nca = '{}'", ca.display()));
        assert!(fault.starts_with(":3: upstream[0].ca: "), "{fault}");
        assert!(fault.contains(problem), "{fault}");
    }
}
