//! `[listen.tls]` and the TLS keys of an upstream.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use super::*;

/// A folder with a CA (`ca.pem`), a pair signed by it (`c.pem`, `k.pem`) and other files for mistakes.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let named = |name: &str| {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let mut params = named("root");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = named("gateway").signed_by(&key, &ca).unwrap();
    put("ca.pem", &ca.pem());
    put("c.pem", &certificate.pem());
    put("k.pem", &key.serialize_pem());
    put("other.pem", &KeyPair::generate().unwrap().serialize_pem());
    put("empty.pem", "");
    folder
}

fn load_in(folder: &TempDir, text: &str) -> Result<Config, Faults> {
    let path = folder.path().join("a.toml");
    std::fs::write(&path, text).unwrap();
    load_file(Some(&path), &[], Overrides::default())
}

#[track_caller]
fn faults_in(folder: &TempDir, text: &str) -> Vec<String> {
    let faults = load_in(folder, text).unwrap_err().to_string();
    let root = format!("{}/", folder.path().display());
    let lines = faults.lines();
    lines.map(|line| line.replace(&root, "")).collect()
}

#[track_caller]
fn assert_faults(folder: &TempDir, text: &str, expected: &[&str]) {
    let faults = faults_in(folder, text);
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault}\n{expected}");
    }
}

#[test]
fn files_are_found_beside_the_configuration_and_survive_being_written_out() {
    let folder = folder();
    let text = "\
[listen.tls]
certificate = \"c.pem\"
private_key = \"k.pem\"
client_ca = \"ca.pem\"
[[upstream]]
url = \"https://h\"
ca = \"ca.pem\"
certificate = \"c.pem\"
private_key = \"k.pem\"
";
    let config = load_in(&folder, text).unwrap();
    let tls = config.listen_tls.as_ref().unwrap();
    assert_eq!(tls.certificate, folder.path().join("c.pem"));
    assert_eq!(tls.client_ca, Some(folder.path().join("ca.pem")));
    let identity = config.upstreams[0].identity.as_ref().unwrap();
    assert_eq!(identity.private_key, folder.path().join("k.pem"));
    let again = load(&config.to_toml()).unwrap();
    assert_eq!(shown(&again), shown(&config));
}

#[test]
fn the_listeners_tls_can_be_set_by_the_environment() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (certificate, key) = (path("c.pem"), path("k.pem"));
    let env = [
        ("PATCHWRIGHT__LISTEN__TLS__CERTIFICATE", &*certificate),
        ("PATCHWRIGHT__LISTEN__TLS__PRIVATE_KEY", &*key),
    ];
    let config = load_with(&with_upstream(""), &env, Overrides::default()).unwrap();
    assert!(config.listen_tls.is_some());
}

#[test]
fn without_the_section_there_is_no_tls() {
    assert!(load(&with_upstream("")).unwrap().listen_tls.is_none());
}

#[test]
fn each_mistake_of_the_listeners_tls_has_its_line_key_and_way_out() {
    let folder = folder();
    let with = |rest: &str| with_upstream(&format!("[listen.tls]\n{rest}\n"));
    for (rest, expected) in [
        (
            "certificat = 'c.pem'",
            &[
                "a.toml:3: listen.tls.certificate: is missing; write for example: certificate = \"chain.pem\"",
                "a.toml:3: listen.tls.private_key: is missing; write for example: private_key = \"key.pem\"",
                "a.toml:4: listen.tls.certificat: unknown key; did you mean \"certificate\"?",
            ][..],
        ),
        (
            "certificate = 'gone.pem'\nprivate_key = 'k.pem'",
            &["a.toml:4: listen.tls.certificate: gone.pem cannot be read: No such file"],
        ),
        (
            "certificate = 'c.pem'\nprivate_key = 'gone.pem'",
            &["a.toml:5: listen.tls.private_key: gone.pem cannot be read: No such file"],
        ),
        (
            "certificate = 'c.pem'\nprivate_key = 'other.pem'",
            &[
                "a.toml:5: listen.tls.private_key: the private key in other.pem does not belong to the certificate in c.pem",
            ],
        ),
        (
            "certificate = 'k.pem'\nprivate_key = 'k.pem'",
            &["a.toml:4: listen.tls.certificate: k.pem holds no certificate"],
        ),
        (
            "certificate = 7\nprivate_key = ''",
            &[
                "a.toml:4: listen.tls.certificate: expected a file name, found 7",
                "a.toml:5: listen.tls.private_key: expected a file name, found \"\"",
            ],
        ),
        (
            "certificate = 'c.pem'\nprivate_key = 'k.pem'\nclient_ca = 'c.pem'",
            &["a.toml:6: listen.tls.client_ca: c.pem holds a certificate that is no CA's"],
        ),
        (
            "certificate = 'c.pem'\nprivate_key = 'k.pem'\nclient_ca = 'empty.pem'",
            &["a.toml:6: listen.tls.client_ca: empty.pem is empty"],
        ),
    ] {
        assert_faults(&folder, &with(rest), expected);
    }
    assert_faults(
        &folder,
        &with_upstream("listen.tls = true"),
        &[
            "a.toml:3: listen.tls: expected a table, found a boolean",
            "a.toml:3: listen.tls.certificate: is missing",
            "a.toml:3: listen.tls.private_key: is missing",
        ],
    );
}

#[test]
fn each_mistake_of_an_upstreams_tls_has_its_line_key_and_way_out() {
    let folder = folder();
    let with = |scheme: &str, rest: &str| format!("[[upstream]]\nurl = '{scheme}://h'\n{rest}\n");
    for (scheme, rest, expected) in [
        (
            "https",
            "ca = 'c.pem'",
            &["a.toml:3: upstream[0].ca: c.pem holds a certificate that is no CA's"][..],
        ),
        (
            "https",
            "ca = 'gone.pem'",
            &["a.toml:3: upstream[0].ca: gone.pem cannot be read"],
        ),
        (
            "https",
            "certificate = 'c.pem'",
            &["a.toml:3: upstream[0].certificate: is of no use without private_key"],
        ),
        (
            "https",
            "private_key = 'k.pem'",
            &["a.toml:3: upstream[0].private_key: is of no use without certificate"],
        ),
        (
            "https",
            "certificate = 'c.pem'\nprivate_key = 'other.pem'",
            &["a.toml:4: upstream[0].private_key: the private key in other.pem does not belong"],
        ),
        (
            "http",
            "ca = 'ca.pem'\ncertificate = 'c.pem'\nprivate_key = 'k.pem'",
            &[
                "a.toml:3: upstream[0].ca: is for https:// only",
                "a.toml:4: upstream[0].certificate: is for https:// only",
                "a.toml:5: upstream[0].private_key: is for https:// only",
            ],
        ),
    ] {
        assert_faults(&folder, &with(scheme, rest), expected);
    }
}
