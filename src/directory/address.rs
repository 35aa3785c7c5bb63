//! Where a conversation is read.

use bytes::Bytes;
use http::Uri;
use http::uri::{Authority, PathAndQuery};

/// The address of a GET. Taken apart only when it is sent: most that are asked for are remembered.
#[derive(Clone, Debug)]
pub struct Address {
    base: Uri,
    /// In place of the base's path and query.
    path: Option<String>,
}

impl Address {
    /// A path of the same origin as `base`.
    pub fn beside(base: Uri, path: String) -> Self {
        let path = Some(path);
        Self { base, path }
    }

    /// Empty where the address is a path alone, as an upstream takes it.
    pub fn scheme(&self) -> &str {
        self.base.scheme_str().unwrap_or_default()
    }

    /// The same of host and port.
    pub fn authority(&self) -> &str {
        self.base.authority().map_or("", Authority::as_str)
    }

    /// Without the query, which a source has none of.
    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or(self.base.path())
    }

    /// `None` where there can't be such a path.
    pub fn uri(&self) -> Option<Uri> {
        match &self.path {
            Some(path) => sibling(&self.base, path),
            None => Some(self.base.clone()),
        }
    }
}

impl From<Uri> for Address {
    fn from(base: Uri) -> Self {
        Self { base, path: None }
    }
}

/// The address of `path` at the same origin as `uri`.
pub(crate) fn sibling(uri: &Uri, path: &str) -> Option<Uri> {
    let path = PathAndQuery::from_maybe_shared(Bytes::copy_from_slice(path.as_bytes())).ok()?;
    if uri.authority().is_none() {
        return Some(path.into());
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_path_keeps_the_origin_and_nothing_else() {
        for (base, expected) in [
            ("/a/b?c", "/d"),
            ("http://api.example:8/a?c", "http://api.example:8/d"),
        ] {
            let base: Uri = base.parse().unwrap();
            let address = Address::beside(base.clone(), "/d".to_owned());
            assert_eq!(address.path(), "/d");
            assert_eq!(address.uri().unwrap(), expected);
            let own = Address::from(base.clone());
            assert_eq!(
                (own.scheme(), own.authority()),
                (address.scheme(), address.authority())
            );
            assert_eq!(own.path(), base.path());
            assert_eq!(own.uri(), Some(base));
        }
        let nowhere = Address::beside(Uri::from_static("/"), "/a b".to_owned());
        assert_eq!(nowhere.uri(), None);
    }
}
