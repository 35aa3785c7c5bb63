//! What the process means to do. Reading (file, environment, flags) produces it, checked; after that
//! nothing about it can fail.
//!
//! Later ones win: built-in defaults, the file, `PATCHWRIGHT__SECTION__KEY` variables, flags. All of them
//! are laid into one tree (`overlay`), which is then read once (`read`), so that every fault is found at
//! once and knows its file and line, variable or flag.

mod access;
mod address;
mod budget;
mod credential;
mod defaults;
mod fixed;
mod load;
mod overlay;
mod read;
mod redis;
mod region;
mod secret;
mod sections;
#[cfg(test)]
mod tests;
mod tls;
mod trace;
mod units;
mod upstream;
mod write;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use secrecy::{ExposeSecret, SecretString};

use crate::directory::breaker;
use crate::directory::cached::{self, PartitionKey};
use crate::directory::fetch::FetchLimits;
use crate::layer::options::Options;
use crate::rate;
use crate::rule::Rules;
use crate::rule::spec::{RejectionSpec, RuleSpec, SourceSpec};

pub use crate::rule::pack::Pack;
pub use access::{Access, Client, KeyDigest, Rate};
pub use credential::Credential;
pub(crate) use defaults::ADMIN;
pub use load::Overrides;
pub use redis::{Redis, RedisAddress};
pub use sections::Sections;
pub use trace::{Otlp, Trace, Traceparent};

/// Everything that the process was told.
#[derive(Clone, Debug)]
pub struct Config {
    /// The pack that the rules start from.
    pub pack: Pack,
    /// Where callers connect.
    pub listen: SocketAddr,
    /// What they are greeted with: TLS, if any.
    pub listen_tls: Option<ListenTls>,
    /// Where operators connect.
    pub admin: SocketAddr,
    /// Where requests go, at least one.
    pub upstreams: Vec<Upstream>,
    /// Who may send them (`[access]`, `[[client]]`, `[[credential]]`, `listen.allow_anyone`).
    pub access: Access,
    /// What the layer may do (`[repair]`, `limits.body`, `limits.buffered`, `timeouts.body`).
    pub repair: Options,
    /// The directory's bounds.
    pub cache: Cache,
    /// When lookups are suspended (`[breaker]`).
    pub breaker: breaker::Settings,
    /// What lookups may use of their credential's rate, and how long requests are held back for it.
    pub budget: rate::Settings,
    /// What becomes of the traces that requests belong to.
    pub trace: Trace,
    /// Bounds in number and size.
    pub limits: Limits,
    /// Bounds in time.
    pub timeouts: Timeouts,
    /// The pack's sources with the file's merged in (same name = replace).
    pub sources: Vec<SourceSpec>,
    /// The pack's rules with the file's merged in (same name = replace).
    pub rules: Vec<RuleSpec>,
    /// The pack's diagnoses with the file's merged in (same name = replace).
    pub diagnoses: Vec<RejectionSpec>,
    /// The rules and sources, compiled.
    pub compiled: Arc<Rules>,
}

impl Config {
    /// Bounds of what is remembered.
    pub fn directory(&self) -> cached::Settings {
        let key = self.cache.partition_key.as_ref();
        let key = key.map(|key| PartitionKey::from_secret(key.expose_secret()));
        cached::Settings {
            max_age: self.cache.max_age,
            capacity: self.cache.capacity,
            max_bytes: self.cache.max_bytes,
            learn: self.cache.learn,
            lookups: self.limits.lookups,
            breaker: self.breaker,
            partition_key: key.unwrap_or_else(PartitionKey::random),
        }
    }

    /// The files that values were read from. Those of certificates are not among them: they are looked after
    /// by whoever uses them.
    pub fn files(&self) -> Vec<PathBuf> {
        let credentials = self.access.credentials.iter();
        let credentials = credentials.flat_map(|credential| &credential.files);
        let redis = self.cache.redis.iter();
        let redis = redis.flat_map(|redis| &redis.password_file);
        let otlp = self.trace.otlp.iter();
        let otlp = otlp.flat_map(|otlp| &otlp.headers_file);
        let files = self.cache.partition_key_file.iter().chain(redis);
        let files = files.chain(credentials).chain(otlp);
        files.cloned().collect()
    }

    /// Goes on with what a process has one of, also when its size is another: what is held in memory under
    /// `before` counts here.
    pub fn follow(&mut self, before: &Self) {
        let bytes = self.repair.buffered.bytes();
        self.repair.buffered = before.repair.buffered.sized(bytes);
    }

    /// Whether whoever reaches the listener from another machine may use the proxy.
    pub fn is_open(&self) -> bool {
        self.access.clients.is_empty() && !self.listen.ip().to_canonical().is_loopback()
    }

    /// Bounds of one lookup.
    pub fn fetch_limits(&self) -> FetchLimits {
        FetchLimits {
            timeout: self.timeouts.lookup,
            bytes: self.limits.lookup_bytes,
            buffered: self.repair.buffered.clone(),
        }
    }
}

/// An `[[upstream]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Its name in logs and metrics, unique.
    pub name: String,
    /// Scheme, authority and an optional base path that is put before every path (`/` when there is none,
    /// else without a `/` at its end).
    pub url: Uri,
    /// The hosts, in lower case and without ports, whose requests may go here: theirs go nowhere else.
    /// Without any, those of every host that no upstream names.
    pub hosts: Vec<String>,
    /// Path prefix, by whole segments, that leads here; of those for the request's host the longest wins.
    /// Starts with `/` and, but for `/` itself, does not end with one.
    pub prefix: String,
    /// The beginning of the prefix that is cut off before forwarding, most often all of it.
    pub strip_prefix: Option<String>,
    /// PEM file with roots trusted besides the platform's.
    pub ca: Option<PathBuf>,
    /// What is presented to an upstream that asks for a certificate.
    pub identity: Option<IdentityFiles>,
    /// Whether to speak HTTP/2 to it (over TLS by ALPN, else with prior knowledge).
    pub http2: bool,
}

/// `[listen.tls]`. The files were there and right when this was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenTls {
    /// PEM file with our certificate and the ones that vouch for it.
    pub certificate: PathBuf,
    /// PEM file with its key.
    pub private_key: PathBuf,
    /// PEM file with the CAs one of which must have signed a caller's certificate. Without one, callers
    /// are asked for none.
    pub client_ca: Option<PathBuf>,
}

/// `certificate` and `private_key` of an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityFiles {
    /// PEM file with our certificate and the ones that vouch for it.
    pub certificate: PathBuf,
    /// PEM file with its key.
    pub private_key: PathBuf,
}

/// `[cache]`.
#[derive(Clone, Debug)]
pub struct Cache {
    /// Oldest snapshot that may fill.
    pub max_age: Duration,
    /// Most conversations kept.
    pub capacity: u64,
    /// Most bytes kept.
    pub max_bytes: u64,
    /// Whether passing GETs fill the cache.
    pub learn: bool,
    /// Key of the credential digest; random per process when absent.
    pub partition_key: Option<SecretString>,
    /// Where that was read from, if it was a file.
    pub partition_key_file: Option<PathBuf>,
    /// Where replicas share what they remember, if they do (`[cache.redis]`).
    pub redis: Option<Redis>,
}

/// `[limits]` (`limits.body` is [`Options::body_limit`], `limits.buffered` is [`Options::buffered`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests in flight; more are answered 503.
    pub concurrency: usize,
    /// Open connections. One more closes the longest idle one; while none is idle it waits.
    pub connections: usize,
    /// Bytes of a request head; more is 431.
    pub header_bytes: usize,
    /// Lookups in flight; more wait for a place within `timeouts.lookup`.
    pub lookups: usize,
    /// Bytes of a looked-up answer that are read.
    pub lookup_bytes: usize,
    /// Connections to an upstream that is spoken to with HTTP/2; requests wait for a free stream beyond.
    pub http2_connections: usize,
    /// Threads that serve requests. `None` is one for each core.
    pub workers: Option<usize>,
}

/// `[timeouts]` (`timeouts.body` is [`Options::body_timeout`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP and TLS to the upstream; with HTTP/2 also the wait for a free stream.
    pub connect: Duration,
    /// A lookup, as a whole.
    pub lookup: Duration,
    /// Until the upstream's answer head.
    pub request: Duration,
    /// A whole request head, from accept or from its first byte.
    pub header_read: Duration,
    /// A connection without a request, or a body without progress (of a caller: with less than 4 KiB).
    pub idle: Duration,
    /// A pooled upstream connection without a request.
    pub upstream_idle: Duration,
    /// Finishing what is in flight after SIGTERM.
    pub drain: Duration,
}
