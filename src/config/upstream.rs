//! `[[upstream]]`: where requests go.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use http::Uri;
use http::uri::{PathAndQuery, Scheme};

use super::{Upstream, defaults, tls};
use crate::document::{Node, Place, Table};

const URL: &str = "https://api.mypurecloud.com";

/// The upstreams, each checked by itself and all of them against each other and against `own`, the
/// addresses of the listeners.
pub(super) fn upstreams(
    root: &mut Table<'_>,
    folder: Option<&Path>,
    own: [(&str, SocketAddr); 2],
) -> Vec<Upstream> {
    let tables = root.tables("upstream");
    // Anything but a list is a fault already.
    if tables.is_empty()
        && root
            .node("upstream")
            .is_none_or(|node| node.as_list().is_some())
    {
        root.fault(
            "upstream",
            format!(
                "is missing: give --upstream {URL}, or set PATCHWRIGHT__UPSTREAM__0__URL, or write [[upstream]] and url = \"{URL}\" into the file of --config"
            ),
        );
    }
    let several = tables.len() > 1;
    let mut good: Vec<Upstream> = Vec::new();
    for mut table in tables {
        if several {
            table.require("name", "name = \"api\"");
        }
        if let Some(upstream) = upstream(&mut table, folder) {
            apart(&table, &upstream, &good);
            for (name, address) in own {
                if upstream.leads_to(address) {
                    let problem = format!("leads back to {name}.address, {address}: a loop");
                    table.fault("url", problem);
                }
            }
            good.push(upstream);
        }
        table.finish();
    }
    good
}

fn upstream(table: &mut Table<'_>, folder: Option<&Path>) -> Option<Upstream> {
    table.require("url", &format!("url = \"{URL}\""));
    let name = table.name("name", "\"api\"");
    let url = table.read("url", url);
    let prefix = table.read("prefix", prefix);
    let strip_prefix = table.bool("strip_prefix");
    let ca = tls::authorities(table, "ca", folder);
    let identity = tls::client(table, folder);
    let http2 = table.bool("http2");
    let plain = |url: &Uri| url.scheme() == Some(&Scheme::HTTP);
    if url.as_ref().is_some_and(plain) {
        tls::refuse_without_tls(table);
    }
    Some(Upstream {
        name: name.unwrap_or_else(|| defaults::UPSTREAM_NAME.to_owned()),
        url: url?,
        prefix: prefix.unwrap_or_else(|| defaults::PREFIX.to_owned()),
        strip_prefix: strip_prefix.unwrap_or(false),
        ca,
        identity,
        http2: http2.unwrap_or(false),
    })
}

/// Two upstreams of one name or prefix could not be told apart.
fn apart(table: &Table<'_>, upstream: &Upstream, others: &[Upstream]) {
    if others.iter().any(|other| other.name == upstream.name) && table.has("name") {
        table.fault(
            "name",
            format!("another upstream is called {:?}", upstream.name),
        );
    }
    if let Some(other) = others.iter().find(|other| other.prefix == upstream.prefix) {
        let problem = format!(
            "{:?} leads to upstream {:?} already",
            upstream.prefix, other.name
        );
        table.fault("prefix", problem);
    }
}

/// A URL may hold a password or a token, so none is shown in a fault.
fn url(node: &Node) -> Result<Uri, String> {
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

fn prefix(node: &Node) -> Result<String, String> {
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

/// The absolute path that is written in `node`. In a file it is relative to that file's folder, so that
/// both can be moved together.
pub(super) fn located(node: &Node, folder: Option<&Path>) -> Result<PathBuf, String> {
    let text = node.as_str().filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| node.not("a file name"))?;
    let path = match (&node.place, folder) {
        (Place::Line { .. }, Some(folder)) => folder.join(text),
        _ => PathBuf::from(text),
    };
    std::path::absolute(path).map_err(|error| error.to_string())
}

impl Upstream {
    /// Whether it is sure to reach a listener at `address`. Names are not resolved: that is the resolver's
    /// to change later.
    pub(crate) fn leads_to(&self, address: SocketAddr) -> bool {
        let url = &self.url;
        let default = if url.scheme() == Some(&Scheme::HTTPS) {
            443
        } else {
            80
        };
        if url.port_u16().unwrap_or(default) != address.port() {
            return false;
        }
        let host = url.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let local = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
        match host.parse::<IpAddr>() {
            Ok(ip) => ip == address.ip() || (local(ip) && address.ip().is_unspecified()),
            Err(_) => host.eq_ignore_ascii_case("localhost") && local(address.ip()),
        }
    }
}
