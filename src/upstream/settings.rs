use std::path::PathBuf;
use std::time::Duration;

use http::Uri;

use crate::config::{self, IdentityFiles, Limits, Timeouts};

/// All that an upstream is made of, and nothing else: two with equal settings are as good as one, and may
/// share their connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Its name in logs and metrics.
    pub name: String,
    /// Scheme, authority and base path.
    pub url: Uri,
    /// PEM file with roots trusted besides the platform's.
    pub ca: Option<PathBuf>,
    /// What is presented to an upstream that asks for a certificate.
    pub identity: Option<IdentityFiles>,
    /// Whether to speak HTTP/2 to it.
    pub http2: bool,
    /// Most connections where HTTP/2 is spoken, else 0.
    pub http2_connections: usize,
    /// Bytes of the head of an answer where HTTP/2 is spoken, else 0.
    pub header_bytes: usize,
    /// TCP and TLS; with HTTP/2 also the wait for a free stream.
    pub connect: Duration,
    /// Until the head of an answer, from the end of the request.
    pub request: Duration,
    /// A body or a tunnel without progress.
    pub idle: Duration,
    /// A pooled connection without a request.
    pub upstream_idle: Duration,
}

impl Settings {
    /// What the configuration says. By which requests it is found is not its own affair.
    pub fn new(upstream: &config::Upstream, limits: &Limits, timeouts: &Timeouts) -> Self {
        // Nobody's connections are given up for what says nothing of them.
        let of_http2 = |bound: usize| if upstream.http2 { bound } else { 0 };
        Self {
            name: upstream.name.clone(),
            url: upstream.url.clone(),
            ca: upstream.ca.clone(),
            identity: upstream.identity.clone(),
            http2: upstream.http2,
            http2_connections: of_http2(limits.http2_connections),
            header_bytes: of_http2(limits.header_bytes),
            connect: timeouts.connect,
            request: timeouts.request,
            idle: timeouts.idle,
            upstream_idle: timeouts.upstream_idle,
        }
    }
}
