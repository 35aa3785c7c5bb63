//! Readers of URLs, path prefixes and hosts.

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::document::{Node, Table};

/// What stands for a URL in faults.
pub(super) const URL: &str = "https://api.mypurecloud.com";

/// A URL may hold a password or a token, so none is shown in a fault.
pub(super) fn url(node: &Node) -> Result<Uri, String> {
    let expected = format!("a URL such as \"{URL}\"");
    let text = node.as_str().ok_or_else(|| node.not_shown(&expected))?;
    let invalid = || format!("expected {expected}, found something else");
    if text.contains('#') {
        return Err(format!("expected {expected}, without a fragment (`#`)"));
    }
    let uri: Uri = text.parse().map_err(|_| invalid())?;
    if !uri
        .scheme()
        .is_some_and(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme))
    {
        return Err(format!(
            "expected {expected}, beginning with http:// or https://"
        ));
    }
    let authority = uri.authority().ok_or_else(invalid)?;
    if authority.as_str().contains('@') {
        let why = "callers' own credentials are passed on";
        return Err(format!(
            "expected {expected}, without a user name or password: {why}"
        ));
    }
    if uri.query().is_some() {
        return Err(format!("expected {expected}, without a query (`?`)"));
    }
    // What stands behind a colon and is no port is not part of the host either.
    let port = authority
        .port_u16()
        .map_or(String::new(), |port| format!(":{port}"));
    if uri.host().is_none_or(str::is_empty)
        || authority.as_str() != format!("{}{port}", authority.host())
        || port == ":0"
    {
        return Err(invalid());
    }
    let path = path(uri.path()).ok_or_else(|| {
        format!("expected {expected}, whose path is plain: no empty, `.`, `..` or escaped segments")
    })?;
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).map_err(|_| invalid())?);
    Uri::from_parts(parts).map_err(|_| invalid())
}

pub(super) fn prefix(node: &Node) -> Result<String, String> {
    let text = node.as_str().unwrap_or_default();
    path(text).ok_or_else(|| {
        node.not(
            "a path such as \"/\" or \"/genesys\", without empty, `.`, `..` or escaped segments",
        )
    })
}

/// A path of plain segments, without a `/` at its end unless it is one.
fn path(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    let good = |segment: &str| !["", ".", ".."].contains(&segment) && segment.bytes().all(plain);
    if text == "/" {
        return Some(text.to_owned());
    }
    let whole = text.strip_suffix('/').unwrap_or(text);
    let inner = whole.strip_prefix('/')?;
    inner.split('/').all(good).then(|| whole.to_owned())
}

/// `strip_prefix`: whether `prefix` is cut off, or how much of it. `None` is nothing.
pub(super) fn stripped(node: &Node, prefix: &str) -> Result<Option<String>, String> {
    let part = match (node.as_bool(), node.as_str()) {
        (Some(false), _) => return Ok(None),
        (Some(true), _) => Some(prefix.to_owned()),
        (None, Some(text)) => path(text),
        (None, None) => None,
    };
    let begins = |part: &String| {
        let rest = prefix.strip_prefix(part.as_str());
        part == "/" || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let part = part.filter(begins).ok_or_else(|| {
        node.not(&format!(
            "true, false or the beginning of the prefix, {prefix:?}, that is cut off"
        ))
    })?;
    Ok((part != "/").then_some(part))
}

/// `host`: one or several, in lower case.
pub(super) fn hosts(table: &mut Table<'_>) -> Vec<String> {
    const EXPECTED: &str = "a host or a list of hosts such as \"tokyo.gateway.example\"";
    let single = table.node("host").filter(|node| node.as_list().is_none());
    let mut hosts = match single {
        Some(_) => table.read("host", host).map(|host| vec![host]),
        None => table.list("host", EXPECTED, host),
    }
    .unwrap_or_default();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

/// A name or an address without a port. What a wildcard would cover, nobody could tell from the file.
fn host(node: &Node) -> Result<String, String> {
    let text = node.as_str().unwrap_or_default().to_ascii_lowercase();
    let text = text.strip_suffix('.').unwrap_or(&text);
    let plain = |text: &&str| {
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte);
        text.bytes().all(safe)
            && Authority::try_from(*text).is_ok_and(|authority| authority.host() == *text)
    };
    Some(text)
        .filter(|text| !text.is_empty())
        .filter(plain)
        .map(str::to_owned)
        .ok_or_else(|| {
            node.not("a host such as \"tokyo.gateway.example\", without port, path and wildcards")
        })
}
