//! `[access]` and `[[client]]`: who may use the proxy.

mod client;

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use http::Method;
use http::header::{self, HeaderName};
use ipnet::IpNet;

use super::credential::{Credential, credentials};
use super::{Upstream, defaults};
use crate::certificates::Name;
use crate::document::{Node, Table};

/// Who may use the proxy, and with which credentials.
#[derive(Clone, Debug)]
pub struct Access {
    /// Where callers present their keys. It is never forwarded.
    pub api_key_header: HeaderName,
    /// Whether anyone may use a listener that can be reached from other machines, while there is no
    /// client (`listen.allow_anyone`).
    pub allow_anyone: bool,
    /// Who is known, in the order in which they are tried. Without any, everyone is welcome.
    pub clients: Vec<Client>,
    /// What clients may be given.
    pub credentials: Vec<Credential>,
}

/// A `[[client]]`: whom it describes, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its name in logs and metrics, unique.
    pub name: String,
    /// One of these keys is presented; empty when none is asked for.
    pub api_keys: Vec<KeyDigest>,
    /// One of these is named by the certificate; empty when none is asked for.
    pub subjects: Vec<Name>,
    /// One of these has the address; empty when it may be any.
    pub networks: Vec<IpNet>,
    /// The upstreams that it may use; all when `None`.
    pub upstreams: Option<Vec<String>>,
    /// The methods that it may use; all when `None`.
    pub methods: Option<Vec<Method>>,
    /// Its requests in flight; more are answered 429.
    pub concurrency: Option<usize>,
    /// Its requests in a time; more are answered 429.
    pub rate: Option<Rate>,
    /// The credential that its requests are given.
    pub credential: Option<String>,
    /// Whether the credential takes the place of its own, too.
    pub overwrite_authorization: bool,
}

/// The SHA-256 of a key. Shown nowhere: a key that a person chose can be guessed from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyDigest(pub [u8; 32]);

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(…)")
    }
}

/// So many requests in such a time, of which all may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub requests: NonZeroU32,
    /// The time in which as many become free again, evenly.
    pub per: Duration,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            api_key_header: HeaderName::from_static(defaults::API_KEY_HEADER),
            allow_anyone: false,
            clients: Vec::new(),
            credentials: Vec::new(),
        }
    }
}

/// `listen` says whether callers are asked for certificates, and whether any caller will do.
pub(super) fn access(
    root: &mut Table<'_>,
    folder: Option<&Path>,
    (certificates, allow_anyone): (bool, bool),
    upstreams: &[Upstream],
) -> Access {
    let mut table = root.table("access");
    let api_key_header = table.read("api_key_header", key_header);
    table.finish();
    let upstreams: Vec<_> = upstreams.iter().map(|one| one.name.as_str()).collect();
    let (credentials, names) = credentials(root, folder, &upstreams);
    let clients = client::clients(root, certificates, &upstreams, &names);
    let default = Access::default();
    Access {
        api_key_header: api_key_header.unwrap_or(default.api_key_header),
        allow_anyone,
        clients,
        credentials,
    }
}

/// `listen.allow_anyone`. An open proxy is one that somebody asked for: it would lend its place in the
/// network, and its credentials, to whoever finds it.
pub(super) fn allow_anyone(table: &mut Table<'_>, address: SocketAddr, no_client: bool) -> bool {
    let allowed = table.bool("allow_anyone").unwrap_or(false);
    if no_client && !allowed && !address.ip().to_canonical().is_loopback() {
        let problem = format!(
            "{address} can be reached from other machines, and no [[client]] says who may use it: add one, listen on 127.0.0.1:{}, or set listen.allow_anyone = true",
            address.port()
        );
        table.fault("address", problem);
    }
    allowed
}

/// A header of its own: it is taken off every request.
fn key_header(node: &Node) -> Result<HeaderName, String> {
    let expected = "the name of a header such as \"x-patchwright-key\"";
    let text = node.as_str().unwrap_or_default();
    let name = HeaderName::try_from(text).map_err(|_| node.not(expected))?;
    // What HTTP or the API has a use for must arrive.
    let taken = [
        header::ACCEPT,
        header::ACCEPT_ENCODING,
        header::AUTHORIZATION,
        header::CACHE_CONTROL,
        header::CONNECTION,
        header::CONTENT_ENCODING,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::COOKIE,
        header::EXPECT,
        header::HOST,
        header::IF_MATCH,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::USER_AGENT,
        header::VIA,
    ];
    if taken.contains(&name) {
        return Err(format!(
            "expected {expected}, found one that has another use: {text:?} would be taken off every request"
        ));
    }
    Ok(name)
}
