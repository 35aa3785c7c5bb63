use std::fs;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use super::*;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![format!("{name}.test")]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn authority(name: &str) -> Authority {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key, in PEM.
fn pair(name: &str, by: &Authority) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = params(name).signed_by(&key, by).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// As it is found by who reads while another writes.
fn half_of(text: &str) -> String {
    text.chars().take(text.len() / 2).collect()
}

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// What is said of a pair, without the folder.
    fn said(&self, certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> String {
        let (certificate, key) = (self.with("c.pem", certificate), self.with("k.pem", key));
        self.short(&Identity::load(&certificate, &key).unwrap_err())
    }

    fn said_of_authorities(&self, text: impl AsRef<[u8]>) -> String {
        self.short(&Authorities::load(&self.with("ca.pem", text)).unwrap_err())
    }

    fn short(&self, fault: &Fault) -> String {
        let folder = format!("{}/", self.0.path().display());
        fault.to_string().replace(&folder, "")
    }
}

#[test]
fn a_pair_that_matches_says_whose_it_is_and_until_when() {
    let (files, ca) = (Files::new(), authority("root"));
    let (certificate, key) = pair("gateway", &ca);
    let both = files.with("both.pem", format!("{key}{certificate}{}", ca.pem()));
    let identity = Identity::load(&both, &both).unwrap();
    assert_eq!(identity.key.cert.len(), 2);
    assert!(identity.facts.subject.contains("CN=gateway"));
    assert!(identity.facts.issuer.contains("CN=root"));
    assert!(!identity.facts.is_expired(std::time::SystemTime::now()));
    let shown = identity.facts.to_string();
    assert!(
        shown.ends_with("valid until 4096-01-01T00:00:00Z"),
        "{shown}"
    );
}

#[test]
fn each_way_in_which_a_certificate_file_can_be_wrong_is_told_apart() {
    let (files, ca) = (Files::new(), authority("root"));
    let (certificate, key) = pair("gateway", &ca);
    let half = half_of(&certificate);
    for (text, said) in [
        (String::new(), "c.pem is empty"),
        ("\n \n".to_owned(), "c.pem is empty"),
        ("0\u{1}binary".to_owned(), "c.pem is not PEM"),
        (key.clone(), "c.pem holds no certificate"),
        (half, "it breaks off before -----END"),
        (certificate.replace("MII", "!!!"), "is not base64"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
            "c.pem holds something that is no X.509 certificate",
        ),
    ] {
        let found = files.said(&text, &key);
        assert!(found.contains(said), "{found}\n{said}");
    }
    let gone = Path::new("/nowhere/c.pem");
    let found = Identity::load(gone, gone).unwrap_err().to_string();
    assert_eq!(
        found,
        "/nowhere/c.pem cannot be read: No such file or directory (os error 2)"
    );
    let large = files.with("large", " ".repeat((1 << 20) + 1));
    let found = Identity::load(&large, &large).unwrap_err().to_string();
    assert!(found.contains("larger than 1MiB"), "{found}");
}

#[test]
fn each_way_in_which_a_key_file_can_be_wrong_is_told_apart_without_showing_it() {
    let (files, ca) = (Files::new(), authority("root"));
    let (certificate, key) = pair("gateway", &ca);
    let (_, other) = pair("other", &ca);
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let legacy = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let unknown = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (text, said) in [
        ("", "k.pem is empty"),
        ("0\u{1}binary", "k.pem is not PEM"),
        (&certificate, "k.pem holds no private key"),
        (&encrypted, "the private key in k.pem is encrypted"),
        (legacy, "the private key in k.pem is encrypted"),
        (unknown, "the private key in k.pem cannot be used"),
        (&half_of(&key), "it breaks off before -----END"),
        (
            &other,
            "the private key in k.pem does not belong to the certificate in c.pem",
        ),
    ] {
        let found = files.said(&certificate, text);
        assert!(found.contains(said), "{found}\n{said}");
        let secret: String = key.lines().nth(1).unwrap().chars().take(8).collect();
        assert!(!found.contains(&secret), "{found}");
    }
}

#[test]
fn a_chain_in_the_wrong_order_is_told_so() {
    let (files, ca) = (Files::new(), authority("root"));
    let (certificate, key) = pair("gateway", &ca);
    let found = files.said(format!("{}{certificate}", ca.pem()), key);
    assert_eq!(
        found,
        "the private key in k.pem belongs to certificate number 2 in c.pem: put that one first, and \
         behind it the ones that vouch for it"
    );
}

#[test]
fn an_authority_is_a_ca_or_vouches_for_itself() {
    let (files, ca) = (Files::new(), authority("root"));
    let (certificate, key) = pair("gateway", &ca);
    let itself = params("itself").self_signed(&KeyPair::generate().unwrap());
    for good in [ca.pem(), itself.unwrap().pem()] {
        Authorities::load(&files.with("ca.pem", good)).unwrap();
    }
    let found = files.said_of_authorities(certificate);
    assert!(
        found.contains("ca.pem holds a certificate that is no CA's"),
        "{found}"
    );
    assert!(
        found.contains("CN=gateway") && found.contains("CN=root"),
        "{found}"
    );
    let found = files.said_of_authorities(key);
    assert!(found.contains("ca.pem holds no certificate"), "{found}");
}

#[test]
fn what_has_expired_is_known() {
    let (files, ca) = (Files::new(), authority("root"));
    let key = KeyPair::generate().unwrap();
    let mut params = params("old");
    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let certificate = params.signed_by(&key, &ca).unwrap().pem();
    let both = files.with("both.pem", certificate + &key.serialize_pem());
    let facts = Identity::load(&both, &both).unwrap().facts;
    assert!(facts.is_expired(std::time::SystemTime::now()));
}

#[test]
fn names_cannot_break_a_log_line() {
    let (files, ca) = (Files::new(), authority("root"));
    let (certificate, key) = pair("evil\nINFO all is well\u{1b}[2J", &ca);
    let both = files.with("both.pem", certificate + &key);
    let shown = Identity::load(&both, &both).unwrap().facts.to_string();
    assert!(!shown.contains(char::is_control), "{shown:?}");
}
