//! Who may ask: not a web page that has its name resolved to our address.
//!
//! A browser sends the name that it was given as `Host`. DNS rebinding needs a name of the attacker's,
//! so requests are answered only under an IP address, under `localhost`, or without any dots at all: the
//! short names by which containers and machines of one network call each other, and which no public name
//! is. Whoever wants to reach the admin listener under a full name puts a reverse proxy in front of it.
//!
//! Nor a page that asks under our own name but comes from elsewhere. A browser asks first, with OPTIONS, before
//! it sends a DELETE or a PUT for such a page, and is not told yes; and it says with every request but reading
//! ones where the page is from.

use http::header;
use http::uri::Authority;
use http::{HeaderMap, Uri};

/// Whether the request names this listener in a way that no foreign page can.
pub(super) fn is_trusted(uri: &Uri, headers: &HeaderMap) -> bool {
    let Some(named) = named(uri, headers) else {
        return false;
    };
    let host = named.host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>().is_ok();
    let local = host.to_ascii_lowercase().ends_with(".localhost");
    !host.is_empty() && (address || local || !host.contains('.'))
}

/// Whether the request is of no page, or of one that this listener has served.
pub(super) fn is_own_page(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = match (origins.next(), origins.next()) {
        (None, _) => return true,
        (Some(origin), None) => origin.to_str().unwrap_or_default(),
        _ => return false,
    };
    // Behind a proxy that speaks TLS the scheme is another one.
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let named = named(uri, headers);
    authority
        .zip(named)
        .is_some_and(|(origin, named)| named.as_str().eq_ignore_ascii_case(origin))
}

/// Who is asked: the one name that the request gives.
fn named(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (uri.authority(), hosts.next(), hosts.next()) {
        (Some(authority), _, None) => Some(authority.clone()),
        (None, Some(host), None) => Authority::try_from(host.as_bytes()).ok(),
        _ => None,
    }
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

    #[test]
    fn a_page_from_elsewhere_is_none_of_ours() {
        for (origins, own) in [
            (&[][..], true),
            (&["http://localhost:9901"], true),
            (&["HTTP://LocalHost:9901"], true),
            // Behind a proxy that speaks TLS.
            (&["https://localhost:9901"], true),
            (&["http://localhost:8080"], false),
            (&["http://localhost"], false),
            (&["http://evil.example"], false),
            (&["null"], false),
            (&[""], false),
            (&["localhost:9901"], false),
            (&["http://localhost:9901", "http://localhost:9901"], false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("localhost:9901"));
            for origin in origins {
                headers.append(header::ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(
                is_own_page(&Uri::from_static("/"), &headers),
                own,
                "{origins:?}"
            );
        }
    }
}
