//! Who may ask: not a web page that has its name resolved to our address.
//!
//! A browser sends the name that it was given as `Host`. DNS rebinding needs a name of the attacker's,
//! so requests are answered only under an IP address, under `localhost`, or without any dots at all: the
//! short names by which containers and machines of one network call each other, and which no public name
//! is. Whoever wants to reach the admin listener under a full name puts a reverse proxy in front of it.

use http::header;
use http::uri::Authority;
use http::{HeaderMap, Uri};

/// Whether the request names this listener in a way that no foreign page can.
pub(super) fn is_trusted(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let named = match (uri.authority(), hosts.next(), hosts.next()) {
        (Some(authority), _, None) => authority.clone(),
        (None, Some(host), None) => match Authority::try_from(host.as_bytes()) {
            Ok(authority) => authority,
            Err(_) => return false,
        },
        _ => return false,
    };
    let host = named.host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>().is_ok();
    let local = host.to_ascii_lowercase().ends_with(".localhost");
    !host.is_empty() && (address || local || !host.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn addresses_and_short_names_may_ask_and_public_names_may_not() {
        for (host, trusted) in [
            ("127.0.0.1:9901", true),
            ("[::1]:9901", true),
            ("localhost:9901", true),
            ("LOCALHOST", true),
            ("patchwright", true),
            ("evil.example:9901", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.", false),
            ("", false),
            ("a b", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            assert_eq!(
                is_trusted(&Uri::from_static("/"), &headers),
                trusted,
                "{host}"
            );
        }
        assert!(!is_trusted(&Uri::from_static("/"), &HeaderMap::new()));
        let absolute = Uri::from_static("http://evil.example/");
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("localhost"));
        assert!(!is_trusted(&absolute, &headers));
    }
}
