//! Whom a certificate names, for comparing with whom somebody means.

use std::fmt;
use std::str::FromStr;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

use super::Subject;

/// Everybody whom one certificate names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The whole subject. `None` where a part of it is no text.
    pub subject: Option<Subject>,
    /// The alternative names that are names of hosts.
    pub dns: Vec<String>,
    /// The alternative names that are URIs.
    pub uri: Vec<String>,
}

/// One name, as a configuration has it: `CN=billing,O=Example`, `dns:billing.internal` or
/// `uri:spiffe://example/billing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// The whole subject, as RFC 4514 writes it.
    Subject(Subject),
    /// An alternative name that is the name of a host, wildcards included: they stand for themselves.
    Dns(String),
    /// An alternative name that is a URI.
    Uri(String),
}

impl Names {
    /// Reads them; nobody is named by what is no certificate.
    pub fn of(der: &[u8]) -> Self {
        let Ok((_, certificate)) = X509Certificate::from_der(der) else {
            return Self::default();
        };
        let mut names = Self {
            subject: Subject::of(certificate.subject()),
            ..Self::default()
        };
        // Two lists would be an error: RFC 5280 section 4.2 wants each extension at most once.
        let alternative = certificate.subject_alternative_name().ok().flatten();
        for name in alternative.map_or(&[][..], |names| &names.value.general_names) {
            match name {
                GeneralName::DNSName(name) => names.dns.push((*name).to_owned()),
                GeneralName::URI(name) => names.uri.push((*name).to_owned()),
                _ => {}
            }
        }
        names
    }

    /// Whether `name` is among them.
    pub fn have(&self, name: &Name) -> bool {
        match name {
            Name::Subject(subject) => self.subject.as_ref() == Some(subject),
            Name::Dns(name) => self.dns.iter().any(|own| own.eq_ignore_ascii_case(name)),
            Name::Uri(name) => self.uri.contains(name),
        }
    }
}

/// Why a text is no [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no name")]
pub struct NoName;

impl FromStr for Name {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        let filled = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
        let name = match text.split_once(':') {
            Some(("dns", name)) => filled(name).map(Self::Dns),
            Some(("uri", name)) => filled(name).map(Self::Uri),
            _ => Subject::parse(text).map(Self::Subject),
        };
        name.ok_or(NoName)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject(subject) => subject.fmt(f),
            Self::Dns(name) => write!(f, "dns:{name}"),
            Self::Uri(name) => write!(f, "uri:{name}"),
        }
    }
}

/// Every name, as a [`Name`] would be written.
impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(subject) = &self.subject {
            subject.fmt(f)?;
        }
        self.dns
            .iter()
            .try_for_each(|name| write!(f, " dns:{name}"))?;
        self.uri
            .iter()
            .try_for_each(|name| write!(f, " uri:{name}"))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    fn names(change: impl FnOnce(&mut CertificateParams)) -> Names {
        let mut params = CertificateParams::new(vec!["Billing.internal".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Names::of(params.self_signed(&key).unwrap().der())
    }

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn the_whole_subject_counts_and_not_a_part_of_it() {
        // As `openssl req -subj "/O=Example, Inc./CN=billing"` would have it: the broadest part first.
        let names = names(|params| {
            let subject = &mut params.distinguished_name;
            subject.push(DnType::OrganizationName, "Example, Inc.");
            subject.push(DnType::CommonName, "billing");
        });
        assert!(names.have(&name(r"CN=billing,O=Example\, Inc.")));
        assert!(names.have(&name(r"cn = billing, 2.5.4.10=Example\2C Inc.")));
        for other in [
            "CN=billing",
            r"O=Example\, Inc.,CN=billing",
            r"CN=Billing,O=Example\, Inc.",
            r"CN=billing,O=Example\, Inc.,C=DE",
            "dns:billing",
        ] {
            assert!(!names.have(&name(other)), "{other}");
        }
        assert_eq!(
            names.to_string(),
            r"CN=billing,O=Example\, Inc. dns:Billing.internal"
        );
    }

    #[test]
    fn alternative_names_count_each_by_its_kind() {
        let names = names(|params| {
            let uri = "spiffe://example/billing".try_into().unwrap();
            params.subject_alt_names.push(SanType::URI(uri));
        });
        for own in ["dns:billing.INTERNAL", "uri:spiffe://example/billing"] {
            assert!(names.have(&name(own)), "{own}");
        }
        for other in [
            "uri:spiffe://example/Billing",
            "uri:billing.internal",
            "dns:spiffe://example/billing",
            "dns:sub.billing.internal",
            "CN=billing.internal",
        ] {
            assert!(!names.have(&name(other)), "{other}");
        }
    }

    #[test]
    fn what_is_no_certificate_names_nobody() {
        assert_eq!(Names::of(b"nonsense"), Names::default());
        assert!(!Names::default().have(&name("dns:a")));
    }

    #[test]
    fn what_is_no_name_is_told() {
        for text in ["", "dns:", "uri:", "billing", "email:a@b", "CN", "=x"] {
            assert_eq!(text.parse::<Name>(), Err(NoName), "{text}");
        }
    }
}
