//! What holds where nothing is said, and why. `config/patchwright.toml` states the same; a test compares.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::{Cache, Limits, Timeouts};

/// Loopback: nobody else's requests until someone asks for them.
pub(super) const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Loopback: the admin pages have no login.
pub(crate) const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9901);

/// The name of an upstream that has none, in logs and metrics.
pub(super) const UPSTREAM_NAME: &str = "api";

/// Everything goes to the only upstream.
pub(super) const PREFIX: &str = "/";

/// Of its own: `Authorization` is the API's, and what carries a key is not forwarded.
pub(super) const API_KEY_HEADER: &str = "x-patchwright-key";

/// Where the API's login hosts hand out tokens.
pub(super) const TOKEN_PATH: &str = "/oauth/token";

/// Redis' own.
pub(super) const REDIS_PORT: u16 = 6379;

/// Nobody else's, in a database that others may use, too.
pub(super) const REDIS_PREFIX: &str = "patchwright:";

impl Default for Cache {
    fn default() -> Self {
        Self {
            // Covers a burst of updates to one call; an older state may undo a newer one.
            max_age: Duration::from_secs(2),
            // More conversations than a site has in two seconds.
            capacity: 10_000,
            // A participant is about 1 KiB, so the count is the bound that usually counts.
            max_bytes: 64 << 20,
            // A caller that reads before it writes has paid for the lookup already.
            learn: true,
            // One process needs no shared key, and an unknown one cannot leak.
            partition_key: None,
            partition_key_file: None,
            // Neither does it need anybody to share with.
            redis: None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Ten times what one credential may send in a second, for a hundred credentials.
            concurrency: 1024,
            // Callers keep idle connections; each costs a descriptor and some KiB.
            connections: 4096,
            // Tokens and cookies fit several times over.
            header_bytes: 64 << 10,
            // Far below `concurrency`: a slow upstream must not be met with a storm of lookups.
            lookups: 256,
            // A conversation with a thousand participants fits.
            lookup_bytes: 8 << 20,
            // `concurrency` and `lookups` together, where the upstream allows 20 streams on each; most
            // allow 100 and more.
            http2_connections: 64,
            // Each has a core to itself, and what a container may use of them counts.
            workers: None,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            // A lost SYN is sent again after 1 s and may then still succeed.
            connect: Duration::from_secs(2),
            // With the PATCH after it this stays below the 16 s after which the API's own SDKs give up.
            lookup: Duration::from_secs(3),
            // Longer than callers wait: it is theirs to give up, and only then ours.
            request: Duration::from_secs(30),
            // A head is one packet or two; whoever takes longer holds a connection for nothing.
            header_read: Duration::from_secs(10),
            // What load balancers in front commonly use, too.
            idle: Duration::from_secs(60),
            // Shorter than the 60 s after which the upstream's balancers close: a request that is sent on
            // a connection about to close has an unknown fate.
            upstream_idle: Duration::from_secs(30),
            // As long as the longest request, and what orchestrators wait before they kill.
            drain: Duration::from_secs(30),
        }
    }
}
