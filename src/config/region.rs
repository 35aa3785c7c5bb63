//! `region`: a region of the API stands for its two hosts, the API's and the login's.

use http::Uri;
use http::uri::{PathAndQuery, Scheme};

use crate::document::{Node, nearest};

/// Regions by name and domain, as the API's own SDKs list them.
const REGIONS: [(&str, &str); 18] = [
    ("us_east_1", "mypurecloud.com"),
    ("eu_west_1", "mypurecloud.ie"),
    ("ap_southeast_2", "mypurecloud.com.au"),
    ("ap_northeast_1", "mypurecloud.jp"),
    ("eu_central_1", "mypurecloud.de"),
    ("us_west_2", "usw2.pure.cloud"),
    ("ca_central_1", "cac1.pure.cloud"),
    ("ap_northeast_2", "apne2.pure.cloud"),
    ("eu_west_2", "euw2.pure.cloud"),
    ("ap_south_1", "aps1.pure.cloud"),
    ("us_east_2", "use2.us-gov-pure.cloud"),
    ("sa_east_1", "sae1.pure.cloud"),
    ("me_central_1", "mec1.pure.cloud"),
    ("ap_northeast_3", "apne3.pure.cloud"),
    ("eu_central_2", "euc2.pure.cloud"),
    ("mx_central_1", "mxc1.pure.cloud"),
    ("ap_southeast_1", "apse1.pure.cloud"),
    ("eusc_de_east_1", "edee1.eusc-pure.cloud"),
];

/// One of [`REGIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    domain: &'static str,
}

impl Region {
    /// A region by its domain or by its name, in any case and with hyphens for underscores.
    pub(super) fn read(node: &Node) -> Result<Self, String> {
        const EXPECTED: &str = "a region such as \"mypurecloud.jp\" or \"ap_northeast_1\"";
        // A URL may stand here by mistake, and hold a password.
        let text = node.as_str().ok_or_else(|| node.not_shown(EXPECTED))?;
        let wanted = text.to_ascii_lowercase();
        let name = wanted.replace('-', "_");
        let known = |(known, domain): &&(&str, &str)| *known == name || *domain == wanted;
        if let Some((_, domain)) = REGIONS.iter().find(known) {
            return Ok(Self { domain });
        }
        // Of a URL or a host what could be the domain.
        let host = wanted.rsplit(['/', '@']).find(|part| !part.is_empty());
        let host = host.unwrap_or_default();
        let labels = ["api.", "login.", "apps."];
        let domain = labels.iter().find_map(|label| host.strip_prefix(label));
        let domain = domain.unwrap_or(host);
        let spelled = if domain.contains('.') { domain } else { &name };
        let names = REGIONS.iter().flat_map(|(name, domain)| [*name, *domain]);
        Err(format!(
            "expected {EXPECTED}, found another{}; for a host of one's own write url = \"https://…\" instead, and one more [[upstream]] for its login",
            nearest(spelled, names)
        ))
    }

    /// Where the API is.
    pub(super) fn api(self) -> Option<Uri> {
        self.url("api")
    }

    /// Where tokens are granted.
    pub(super) fn login(self) -> Option<Uri> {
        self.url("login")
    }

    /// `None` only for what is no host, and a test builds each.
    fn url(self, label: &str) -> Option<Uri> {
        let built = Uri::builder()
            .scheme(Scheme::HTTPS)
            .authority(format!("{label}.{}", self.domain))
            .path_and_query(PathAndQuery::from_static("/"));
        built.build().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Place;

    fn read(text: &str) -> Result<Region, String> {
        Region::read(&Node::text(text, Place::CommandLine))
    }

    #[test]
    fn a_region_is_known_by_its_domain_and_by_its_name_however_written() {
        for (name, domain) in REGIONS {
            for text in [
                name.to_owned(),
                name.to_uppercase(),
                name.replace('_', "-"),
                domain.to_owned(),
                domain.to_uppercase(),
            ] {
                let region = read(&text).unwrap();
                assert_eq!(region.domain, domain, "{text}");
                let (api, login) = (region.api().unwrap(), region.login().unwrap());
                assert_eq!(api.to_string(), format!("https://api.{domain}/"));
                assert_eq!(login.to_string(), format!("https://login.{domain}/"));
            }
        }
    }

    #[test]
    fn no_two_regions_share_a_name_or_a_domain() {
        let mut all: Vec<_> = REGIONS.iter().flat_map(|(a, b)| [*a, *b]).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 36);
    }

    #[test]
    fn swapped_letters_lead_to_the_region_that_was_meant() {
        for meant in REGIONS.iter().flat_map(|(name, domain)| [*name, *domain]) {
            for at in 0..meant.len() - 1 {
                let mut letters: Vec<char> = meant.chars().collect();
                letters.swap(at, at + 1);
                let typed: String = letters.into_iter().collect();
                if read(&typed).is_ok() {
                    continue;
                }
                let problem = read(&typed).unwrap_err();
                let hint = format!("did you mean {meant:?}?");
                assert!(problem.contains(&hint), "{typed}: {problem}");
            }
        }
    }

    #[test]
    fn what_is_no_region_is_told_how_to_name_a_host() {
        for (text, hint) in [
            (
                "https://api.mypurecloud.jp",
                "did you mean \"mypurecloud.jp\"?",
            ),
            ("login.usw2.pure.cloud", "did you mean \"usw2.pure.cloud\"?"),
            ("mypurecloud.con", "did you mean \"mypurecloud.com\"?"),
            ("example.org", "url = \"https://…\""),
            ("", "url = \"https://…\""),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.contains(hint), "{text}: {problem}");
        }
        let problem = read("https://user:hunter2@api.mypurecloud.jp").unwrap_err();
        assert!(!problem.contains("hunter2"), "{problem}");
        assert!(!read("example.org").unwrap_err().contains("did you mean"));
    }
}
