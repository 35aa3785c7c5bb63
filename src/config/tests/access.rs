//! `[access]`, `[[client]]`, `[[credential]]` and `listen.allow_anyone`.

use secrecy::ExposeSecret as _;

use super::*;

const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// The one fault of a client with these keys, which begin at line 5.
#[track_caller]
fn client_fault(keys: &str) -> String {
    fault_of(&with_upstream(&format!("[[client]]\nname = 'a'\n{keys}")))
}

#[test]
fn a_client_is_read() {
    let config = load(&with_upstream(&format!(
        "[[client]]\nname = 'a'\napi_keys = ['{DIGEST}', '{}']\nnetworks = ['10.0.0.0/8', '::1']\n\
         rate = '300/1m'\nconcurrency = 2\nmethods = ['GET']\nupstreams = ['api']",
        DIGEST.to_uppercase()
    )));
    let config = config.unwrap();
    let client = &config.access.clients[0];
    assert_eq!(client.api_keys[0].0[..2], [0xba, 0x78]);
    assert_eq!(client.api_keys[0], client.api_keys[1]);
    let networks: Vec<_> = client.networks.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.0.0.0/8", "::1/128"]);
    let rate = client.rate.unwrap();
    assert_eq!((rate.requests.get(), rate.per.as_secs()), (300, 60));
    let shown = config.to_toml() + &shown(&config);
    assert!(shown.contains("api_keys = [\"***\", \"***\"]"), "{shown}");
    assert!(!shown.to_lowercase().contains(DIGEST), "{shown}");
}

#[test]
fn what_is_wrong_with_a_client_is_said() {
    for (keys, fault) in [
        (
            "",
            ":3: client \"a\": describes nobody: give api_keys, subjects or networks",
        ),
        (
            "api_keys = []",
            ":5: client \"a\".api_keys: expected a list of SHA-256 digests, found an empty",
        ),
        (
            "networks = []",
            ":5: client \"a\".networks: expected a list of networks",
        ),
        (
            "networks = ['10.1.2.3/16']",
            ":5: client \"a\".networks[0]: \"10.1.2.3/16\" has digits behind its prefix; write \"10.1.0.0/16\"",
        ),
        (
            "networks = ['ten']",
            ":5: client \"a\".networks[0]: expected a network such as \"10.1.0.0/16\", found \"ten\"",
        ),
        (
            "subjects = ['CN=a']",
            ":5: client \"a\".subjects: is of no use without listen.tls.client_ca",
        ),
        (
            "networks = ['::/0']\nupstreams = ['appi']",
            ":6: client \"a\".upstreams[0]: expected the name of an [[upstream]], found \"appi\"; did you mean \"api\"?",
        ),
        (
            "networks = ['::/0']\nupstreams = []",
            ":6: client \"a\".upstreams: expected a list of names",
        ),
        (
            "networks = ['::/0']\nmethods = ['get']",
            ":6: client \"a\".methods[0]: expected a method in capitals",
        ),
        (
            "networks = ['::/0']\nrate = '300'",
            ":6: client \"a\".rate: expected so many requests in such a time as in \"300/1m\"",
        ),
        (
            "networks = ['::/0']\nrate = '0/1m'",
            ":6: client \"a\".rate: ",
        ),
        (
            "networks = ['::/0']\nrate = '1/0s'",
            ":6: client \"a\".rate: ",
        ),
        (
            "networks = ['::/0']\nconcurrency = 0",
            ":6: client \"a\".concurrency: expected an integer from 1",
        ),
        (
            "networks = ['::/0']\ncredential = 'b'",
            ":6: client \"a\".credential: expected the name of an [[credential]], found \"b\"",
        ),
        (
            "networks = ['::/0']\noverwrite_authorization = true",
            ":6: client \"a\".overwrite_authorization: is of no use without credential",
        ),
        (
            "networks = ['::/0']\nnetwork = 1",
            ":6: client \"a\".network: unknown key; did you mean \"networks\"?",
        ),
    ] {
        let found = client_fault(keys);
        assert!(found.starts_with(fault), "{found}\n{fault}");
    }
    let twice = "[[client]]\nname = 'a'\nnetworks = ['::/0']\n".repeat(2);
    let fault = fault_of(&with_upstream(&twice));
    assert_eq!(
        fault,
        ":7: client \"a\".name: another client is called \"a\""
    );
}

#[test]
fn a_key_in_the_place_of_its_digest_is_not_shown() {
    for key in [
        "hunter2",
        &"g".repeat(64),
        &format!("{DIGEST}0"),
        DIGEST.trim_start_matches('b'),
    ] {
        let fault = client_fault(&format!("api_keys = ['{key}']"));
        assert!(
            fault.contains("sha256sum") && !fault.contains(key),
            "{fault}"
        );
    }
    let fault = client_fault("api_keys = [7]");
    assert!(fault.contains("found an integer"), "{fault}");
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let fault = client_fault(&format!("api_keys = ['{nothing}']"));
    assert!(fault.contains("is the SHA-256 of nothing"), "{fault}");
}

#[test]
fn subjects_are_read_where_certificates_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let itself = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.path().join("c.pem"), itself.cert.pem()).unwrap();
    std::fs::write(
        folder.path().join("k.pem"),
        itself.signing_key.serialize_pem(),
    )
    .unwrap();
    let path = folder.path().join("a.toml");
    let with = |subjects: &str| {
        let text = with_upstream(&format!(
            "[listen.tls]\ncertificate = 'c.pem'\nprivate_key = 'k.pem'\nclient_ca = 'c.pem'\n\
             [[client]]\nname = 'a'\nsubjects = {subjects}\n"
        ));
        std::fs::write(&path, text).unwrap();
        load_file(Some(&path), &[], Overrides::default())
    };
    let config = with("['O=Example + CN=a, C=DE', 'dns:a', 'uri:a:b']").unwrap();
    let written = "subjects = [\"O=Example+CN=a,C=DE\", \"dns:a\", \"uri:a:b\"]";
    assert!(
        config.to_toml().contains(written) || config.to_toml().contains("CN=a+O=Example,C=DE"),
        "{}",
        config.to_toml()
    );
    let fault = with("['billing']").unwrap_err().to_string();
    assert!(
        fault.contains("expected a whole subject such as"),
        "{fault}"
    );
}

#[test]
fn a_key_header_that_has_another_use_is_refused() {
    for name in ["Authorization", "host", "content-type", "a b", ""] {
        let fault = fault_of(&with_upstream(&format!("access.api_key_header = '{name}'")));
        assert!(fault.starts_with(":3: access.api_key_header: "), "{fault}");
    }
}

#[test]
fn a_listener_that_others_reach_needs_a_client_or_leave_to_serve_anyone() {
    for (address, near) in [
        ("127.0.0.1:1", true),
        ("127.9.9.9:1", true),
        ("[::1]:1", true),
        ("[::ffff:127.0.0.1]:1", true),
        ("0.0.0.0:1", false),
        ("[::]:1", false),
        ("10.0.0.1:1", false),
    ] {
        let listen = format!("listen.address = '{address}'\n");
        for (more, good) in [
            ("", near),
            ("client = []\n", near),
            ("listen.allow_anyone = false\n", near),
            ("listen.allow_anyone = true\n", true),
            ("[[client]]\nname = 'a'\nnetworks = ['::/0']\n", true),
        ] {
            let loaded = load(&with_upstream(&format!("{listen}{more}")));
            assert_eq!(loaded.is_ok(), good, "{address} {more}");
            if let Err(faults) = loaded {
                let fault = faults.to_string();
                assert!(fault.contains("a.toml:3: listen.address: "), "{fault}");
                assert!(fault.contains("listen.allow_anyone = true"), "{fault}");
            }
        }
        let open = load(&with_upstream(&format!(
            "{listen}listen.allow_anyone = true"
        )));
        assert_eq!(open.unwrap().is_open(), !near, "{address}");
    }
}

#[test]
fn an_open_listener_is_found_wherever_its_address_comes_from() {
    let env = [("PATCHWRIGHT__LISTEN__ADDRESS", "0.0.0.0:1")];
    let faults = load_with(&with_upstream(""), &env, Overrides::default()).unwrap_err();
    let fault = faults.to_string();
    assert!(
        fault.contains("PATCHWRIGHT__LISTEN__ADDRESS: listen.address: "),
        "{fault}"
    );
    let flags = Overrides {
        listen: "0.0.0.0:1".parse().ok(),
        ..Overrides::default()
    };
    let faults = load_with(&with_upstream(""), &[], flags.clone()).unwrap_err();
    assert!(
        faults.to_string().contains("--listen: listen.address: "),
        "{faults}"
    );
    let env = [("PATCHWRIGHT__LISTEN__ALLOW_ANYONE", "true")];
    assert!(
        load_with(&with_upstream(""), &env, flags.clone())
            .unwrap()
            .is_open()
    );
    let env = [
        ("PATCHWRIGHT__CLIENT__0__NAME", "a"),
        ("PATCHWRIGHT__CLIENT__0__NETWORKS", "['10.0.0.0/8']"),
    ];
    assert!(
        !load_with(&with_upstream(""), &env, flags)
            .unwrap()
            .is_open()
    );
}

/// Whoever runs the image has to say who may use it.
#[test]
fn the_containers_file_starts_only_with_a_client_or_leave_to_serve_anyone() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/deploy/container.toml");
    let loaded = |more: &[(&str, &str)]| {
        let url = ("PATCHWRIGHT__UPSTREAM__0__URL", URL);
        let env = [&[url][..], more].concat();
        load_file(Some(&path), &env, Overrides::default())
    };
    let fault = loaded(&[]).unwrap_err().to_string();
    assert!(fault.contains("listen.allow_anyone = true"), "{fault}");
    loaded(&[("PATCHWRIGHT__LISTEN__ALLOW_ANYONE", "true")]).unwrap();
    loaded(&[
        ("PATCHWRIGHT__CLIENT__0__NAME", "app"),
        ("PATCHWRIGHT__CLIENT__0__NETWORKS", "[\"10.0.0.0/8\"]"),
    ])
    .unwrap();
}

#[test]
fn a_faulty_client_is_not_told_to_be_missing() {
    let text = "listen.address = '0.0.0.0:1'\n[[client]]\nname = 'a b'\nnetworks = ['::/0']\n";
    let fault = fault_of(&with_upstream(text));
    assert!(fault.starts_with(":5: client[0].name: "), "{fault}");
}

#[test]
fn a_credential_comes_from_the_file_files_beside_it_or_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    let rest = "[[credential]]\nname = 'a'\nupstream = 'api'\nclient_id_file = 'id'\n";
    std::fs::write(&path, with_upstream(rest)).unwrap();
    std::fs::write(folder.path().join("id"), "the-id\n").unwrap();
    let env = [("PATCHWRIGHT__CREDENTIAL__0__CLIENT_SECRET", "the-secret")];
    let config = load_file(Some(&path), &env, Overrides::default()).unwrap();
    let credential = &config.access.credentials[0];
    assert_eq!(credential.client_id.expose_secret(), "the-id");
    assert_eq!(credential.client_secret.expose_secret(), "the-secret");
    assert_eq!(credential.path, "/oauth/token");
    let shown = config.to_toml() + &shown(&config);
    assert!(shown.contains("client_secret = \"***\""), "{shown}");
    assert!(
        !shown.contains("the-secret") && !shown.contains("the-id"),
        "{shown}"
    );
}

#[test]
fn what_is_wrong_with_a_credential_is_said_and_its_secret_is_not() {
    for (keys, fault) in [
        (
            "client_secret_file = 'nowhere'",
            ":8: credential \"a\".client_secret_file: ",
        ),
        (
            "path = 'oauth'",
            ":8: credential \"a\".path: expected a path such as \"/oauth/token\", found \"oauth\"",
        ),
        ("path = '/a?b'", ":8: credential \"a\".path: "),
        (
            "paths = '/a'",
            ":8: credential \"a\".paths: unknown key; did you mean \"path\"?",
        ),
    ] {
        let text = format!(
            "[[credential]]\nname = 'a'\nclient_id = 'i'\nclient_secret = 's'\nupstream = 'api'\n{keys}"
        );
        let found = faults_of(&with_upstream(&text));
        assert!(
            found.iter().any(|found| found.starts_with(fault)),
            "{found:#?}\n{fault}"
        );
    }
    let missing = faults_of(&with_upstream("[[credential]]\n"));
    let missing = missing.join("\n");
    for key in ["name", "upstream", "client_id", "client_secret"] {
        assert!(
            missing.contains(&format!("credential[0].{key}: is missing")),
            "{missing}"
        );
    }
    for secret in ["\"hunter2\\n\"", "7", "''"] {
        let text = format!(
            "[[credential]]\nname = 'a'\nclient_id = 'i'\nclient_secret = {secret}\nupstream = 'api'\n"
        );
        let fault = fault_of(&with_upstream(&text));
        assert!(
            fault.starts_with(":6: credential \"a\".client_secret: "),
            "{fault}"
        );
        assert!(!fault.contains("hunter2"), "{fault}");
    }
}
