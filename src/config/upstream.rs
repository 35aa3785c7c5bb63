//! `[[upstream]]`: where requests go.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use http::uri::Scheme;

use super::address::{self, URL};
use super::region::Region;
use super::{Upstream, defaults, tls};
use crate::document::{Node, Place, Table};

/// What the login of a region is called: the name of its upstream and this.
const LOGIN: &str = "-login";
/// Where tokens are granted on the login's host, when nothing else leads there.
const OAUTH: &str = "/oauth";

/// The upstreams, each checked by itself and all of them against each other and against `own`, the
/// addresses of the listeners.
pub(super) fn upstreams(
    root: &mut Table<'_>,
    folder: Option<&Path>,
    own: [(&str, SocketAddr); 2],
) -> Vec<Upstream> {
    let region = root.read("region", Region::read);
    let tables = root.tables("upstream");
    if root.has("region") {
        if tables.is_empty() {
            let api = template(defaults::UPSTREAM_NAME, defaults::PREFIX);
            return region.map_or_else(Vec::new, |region| pair(region, api, None));
        }
        let problem = "there is an [[upstream]], too: write the region there, in the place of url";
        root.fault("region", problem);
    }
    // Anything but a list is a fault already.
    if tables.is_empty()
        && root
            .node("upstream")
            .is_none_or(|node| node.as_list().is_some())
    {
        root.fault(
            "upstream",
            format!(
                "is missing: give --region mypurecloud.com or --upstream {URL}, or set PATCHWRIGHT__UPSTREAM__0__URL, or write [[upstream]] and url = \"{URL}\" into the file of --config"
            ),
        );
    }
    let several = tables.len() > 1;
    let mut good: Vec<Upstream> = Vec::new();
    for mut table in tables {
        if several {
            table.require("name", "name = \"api\"");
        }
        // Of a region there are two, and they must not meet each other either.
        for upstream in upstream(&mut table, folder) {
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

/// The upstream of one table, or the two of a region.
fn upstream(table: &mut Table<'_>, folder: Option<&Path>) -> Vec<Upstream> {
    let name = table.name("name", "\"api\"");
    let url = table.read("url", address::url);
    let region = table.read("region", Region::read);
    let prefix = table.read("prefix", address::prefix);
    let prefix = prefix.as_deref().unwrap_or(defaults::PREFIX);
    let login_prefix = table.read("login_prefix", address::prefix);
    let strip_prefix = table.read("strip_prefix", |node| address::stripped(node, prefix));
    let upstream = Upstream {
        hosts: address::hosts(table),
        strip_prefix: strip_prefix.unwrap_or_default(),
        ca: tls::authorities(table, "ca", folder),
        identity: tls::client(table, folder),
        http2: table.bool("http2").unwrap_or(false),
        ..template(name.as_deref().unwrap_or(defaults::UPSTREAM_NAME), prefix)
    };
    if table.has("region") {
        refuse_beside_region(table, &upstream.name);
        return region.map_or_else(Vec::new, |region| pair(region, upstream, login_prefix));
    }
    table.require("url", &format!("url = \"{URL}\""));
    if table.has("login_prefix") {
        let problem = "is for region only: the login has an [[upstream]] and prefix of its own";
        table.fault("login_prefix", problem);
    }
    let Some(url) = url else { return Vec::new() };
    if url.scheme() == Some(&Scheme::HTTP) {
        tls::refuse_without_tls(table);
    }
    vec![Upstream { url, ..upstream }]
}

/// What an upstream is when its table says nothing.
fn template(name: &str, prefix: &str) -> Upstream {
    Upstream {
        name: name.to_owned(),
        url: http::Uri::default(),
        hosts: Vec::new(),
        prefix: prefix.to_owned(),
        strip_prefix: None,
        ca: None,
        identity: None,
        http2: false,
    }
}

/// Notes the keys that mean nothing, or two things, where a region is given.
fn refuse_beside_region(table: &Table<'_>, name: &str) {
    for (key, problem) in [
        (
            "url",
            "give either this or region, which stands for two URLs",
        ),
        (
            "strip_prefix",
            "the prefixes of a region are always cut off: remove this",
        ),
    ] {
        if table.has(key) {
            table.fault(key, problem);
        }
    }
    // As long as names may be.
    if name.len() + LOGIN.len() > 64 {
        table.fault(
            "name",
            format!("leaves no room for {LOGIN}, the name of the login"),
        );
    }
}

/// The API and the login of a region. `api` has what both have in common, and the API's name and prefix.
fn pair(region: Region, api: Upstream, login_prefix: Option<String>) -> Vec<Upstream> {
    let (Some(url), Some(login_url)) = (region.api(), region.login()) else {
        return Vec::new();
    };
    let whole = |prefix: &str| (prefix != "/").then(|| prefix.to_owned());
    let strip_prefix = whole(&api.prefix);
    let (prefix, strip) = match login_prefix {
        Some(prefix) => (prefix.clone(), whole(&prefix)),
        // As the SDKs have it whose login goes where their API does.
        None => (
            strip_prefix.clone().unwrap_or_default() + OAUTH,
            strip_prefix.clone(),
        ),
    };
    let login = Upstream {
        name: format!("{}{LOGIN}", api.name),
        url: login_url,
        prefix,
        strip_prefix: strip,
        ..api.clone()
    };
    vec![
        Upstream {
            url,
            strip_prefix,
            ..api
        },
        login,
    ]
}

/// Two upstreams of one name, or of one prefix for the same host, could not be told apart.
fn apart(table: &Table<'_>, upstream: &Upstream, others: &[Upstream]) {
    if let Some(other) = others.iter().find(|other| other.name == upstream.name)
        && table.has("name")
    {
        table.fault(
            "name",
            format!("another upstream is called {:?}", other.name),
        );
    }
    let meets = |other: &&Upstream| other.prefix == upstream.prefix && other.shares_host(upstream);
    if let Some(other) = others.iter().find(meets) {
        let key = if table.has("login_prefix") {
            "login_prefix"
        } else {
            "prefix"
        };
        let problem = format!(
            "{:?} leads to upstream {:?} already",
            upstream.prefix, other.name
        );
        table.fault(key, problem);
    }
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
    /// Whether there is a host whose requests may go to either.
    fn shares_host(&self, other: &Self) -> bool {
        let both_unnamed = self.hosts.is_empty() && other.hosts.is_empty();
        both_unnamed || self.hosts.iter().any(|host| other.hosts.contains(host))
    }

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
