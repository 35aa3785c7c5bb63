//! Which fields a head has, of those that somebody here asks for.
//!
//! Most heads have hardly any of them, and to ask a map for each takes the hash of its name. All names are looked at
//! once instead.

use std::ops::BitOr;

use http::HeaderMap;

/// A set of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fields(u16);

impl Fields {
    /// What is meant for one hop: RFC 9110 section 7.6.1, and `http2-settings`, which RFC 9113 section 3.1 leaves to
    /// hops as well. [`Self::TRANSFER_ENCODING`] is among it.
    ///
    /// `Proxy-Authenticate` and `Proxy-Authorization` are not among them since RFC 9110, and to its callers
    /// this proxy is the server itself: they pass.
    pub(crate) const HOP_BY_HOP: Self = Self(1);
    pub(crate) const TRANSFER_ENCODING: Self = Self(1 << 1);
    pub(crate) const CONTENT_LENGTH: Self = Self(1 << 2);
    pub(crate) const COOKIE: Self = Self(1 << 3);
    pub(crate) const EXPECT: Self = Self(1 << 4);
    pub(crate) const VIA: Self = Self(1 << 5);
    /// `traceparent` and `tracestate`.
    pub(crate) const TRACE: Self = Self(1 << 6);
    pub(crate) const SIGNATURE_INPUT: Self = Self(1 << 7);
    const NONE: Self = Self(0);

    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let each = headers.keys().map(|name| Self::named(name.as_str()));
        each.fold(Self::NONE, BitOr::bitor)
    }

    /// Whether there is any of these.
    pub(crate) fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    /// By the text, which the compiler looks up by its length: most names are none of these.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "connection" | "keep-alive" | "proxy-connection" | "te" | "upgrade"
            | "http2-settings" => Self::HOP_BY_HOP,
            "transfer-encoding" => Self::HOP_BY_HOP | Self::TRANSFER_ENCODING,
            "content-length" => Self::CONTENT_LENGTH,
            "cookie" => Self::COOKIE,
            "expect" => Self::EXPECT,
            "via" => Self::VIA,
            "traceparent" | "tracestate" => Self::TRACE,
            "signature-input" => Self::SIGNATURE_INPUT,
            _ => Self::NONE,
        }
    }
}

impl BitOr for Fields {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_head_has_what_stands_in_it_and_nothing_else() {
        let kinds = [
            (Fields::HOP_BY_HOP, "te"),
            (Fields::TRANSFER_ENCODING, "transfer-encoding"),
            (Fields::CONTENT_LENGTH, "content-length"),
            (Fields::COOKIE, "cookie"),
            (Fields::EXPECT, "expect"),
            (Fields::VIA, "via"),
            (Fields::TRACE, "tracestate"),
            (Fields::SIGNATURE_INPUT, "signature-input"),
        ];
        for (_, name) in kinds {
            let mut headers = HeaderMap::new();
            for name in ["accept", name, "x-other"] {
                headers.insert(name, HeaderValue::from_static("1"));
            }
            let fields = Fields::of(&headers);
            for (kind, of) in kinds {
                let hop = name == "transfer-encoding";
                let expected = of == name || hop && kind == Fields::HOP_BY_HOP;
                assert_eq!(fields.has(kind), expected, "{kind:?} in {name}");
            }
        }
        assert_eq!(Fields::of(&HeaderMap::new()), Fields::NONE);
    }
}
