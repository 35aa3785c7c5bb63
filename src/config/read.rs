//! The tree → [`Config`], section by section. Where a value is at fault the default stands in, so that
//! the rest is still checked; the faults keep the result from being used.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::access::{access, allow_anyone};
use super::budget;
use super::secret::secret;
use super::units::{TIMES, duration, duration_text, memory, size, size_text};
use super::upstream::upstreams;
use super::{Cache, Config, Limits, ListenTls, Pack, Timeouts, defaults, redis, tls, trace};
use crate::directory::breaker;
use crate::document::{Node, Table};
use crate::layer::budget::Budget;
use crate::layer::options::{Options, TooLarge};
use crate::rule::Rules;
use crate::rule::pack::{self, Specs};

pub(super) const TOO_LARGE: [(&str, TooLarge); 2] =
    [("forward", TooLarge::Forward), ("reject", TooLarge::Reject)];

/// The proxy's address and TLS and the admin's address; then whether callers are asked for certificates, and
/// whether any will do.
type Listeners = (SocketAddr, Option<ListenTls>, SocketAddr, (bool, bool));

/// An old state may undo a newer one; beyond this it is sure to.
const AGES: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(5 * 60);

pub(super) fn config(root: &mut Table<'_>, folder: Option<&Path>) -> Config {
    let pack = root.word("rules", &Pack::NAMES).unwrap_or_default();
    let (listen, listen_tls, admin, callers) = listeners(root, folder);
    let upstreams = upstreams(root, folder, [("listen", listen), ("admin", admin)]);
    let access = access(root, folder, callers, &upstreams);
    let mut repair = repair(root);
    let cache = cache(root, folder);
    let breaker = breaker(root);
    let budget = budget::read(root);
    let trace = trace::trace(root, folder);
    let limits = limits(root, &mut repair);
    let timeouts = timeouts(root, &mut repair);
    let specs = specs(root, pack);
    let compiled = compile(root, &specs);
    let (sources, rules, diagnoses) = specs.into_parts();
    Config {
        pack,
        listen,
        listen_tls,
        admin,
        upstreams,
        access,
        repair,
        cache,
        breaker,
        budget,
        trace,
        limits,
        timeouts,
        sources,
        rules,
        diagnoses,
        compiled: Arc::new(compiled),
    }
}

fn listeners(root: &mut Table<'_>, folder: Option<&Path>) -> Listeners {
    let clients = root.node("client").map(Node::as_list);
    // Anything but a list is a fault already.
    let no_client = clients.is_none_or(|list| list.is_some_and(<[_]>::is_empty));
    let mut table = root.table("listen");
    let listen = table.read("address", address).unwrap_or(defaults::LISTEN);
    let (tls, certificates) = tls::listen(&mut table, folder);
    let anyone = allow_anyone(&mut table, listen, no_client);
    table.finish();
    let mut table = root.table("admin");
    let admin = table.read("address", address).unwrap_or(defaults::ADMIN);
    if overlap(listen, admin) {
        let problem =
            format!("{admin} is taken by listen.address, {listen}: admin is never proxied");
        table.fault("address", problem);
    }
    table.finish();
    (listen, tls, admin, (certificates, anyone))
}

fn address(node: &Node) -> Result<SocketAddr, String> {
    let parsed = node.as_str().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| node.not("an IP address and port such as \"127.0.0.1:8080\""))
}

/// Whether two listeners could not both be bound. Port 0 is a different one each time.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let any = a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port() && a.port() != 0 && (any || a.ip() == b.ip())
}

fn repair(root: &mut Table<'_>) -> Options {
    let mut table = root.table("repair");
    let mut options = Options::default();
    let mode = table.word("mode", &pack::MODES);
    let enforce_share = pack::enforce_share(&mut table);
    let on_lookup_failure = table.word("on_lookup_failure", &pack::LOOKUP_FAILURES);
    let on_too_large = table.word("on_too_large", &TOO_LARGE);
    let resend_on = table.statuses("resend_on", pack::definite_rejection);
    let report = table.bool("report");
    table.finish();
    options.mode = mode.unwrap_or(options.mode);
    options.enforce_share = enforce_share.unwrap_or(options.enforce_share);
    options.on_lookup_failure = on_lookup_failure.unwrap_or(options.on_lookup_failure);
    options.on_too_large = on_too_large.unwrap_or(options.on_too_large);
    options.resend_on = resend_on.unwrap_or(options.resend_on);
    options.report = report.unwrap_or(options.report);
    options
}

fn cache(root: &mut Table<'_>, folder: Option<&Path>) -> Cache {
    let mut table = root.table("cache");
    let default = Cache::default();
    let is_keyed = table.has("partition_key") || table.has("partition_key_file");
    let (partition_key, partition_key_file) = partition_key(&mut table, folder);
    let cache = Cache {
        max_age: duration(&mut table, "max_age", &AGES).unwrap_or(default.max_age),
        capacity: table
            .integer("capacity", 1, 100_000_000)
            .unwrap_or(default.capacity),
        max_bytes: size(&mut table, "max_bytes", &(64 << 10..=1 << 40))
            .unwrap_or(default.max_bytes),
        learn: table.bool("learn").unwrap_or(default.learn),
        partition_key,
        partition_key_file,
        redis: redis::redis(&mut table, folder, is_keyed),
    };
    table.finish();
    cache
}

/// The key of the credential digest, random per process when there is none, and the file that it is in.
fn partition_key(
    table: &mut Table<'_>,
    folder: Option<&Path>,
) -> (Option<SecretString>, Option<PathBuf>) {
    const SHORTEST: usize = 16;
    let keys = ("partition_key", "partition_key_file");
    secret(table, keys, folder, |text| {
        if text.len() >= SHORTEST {
            return Ok(());
        }
        let hint = "write for example what `openssl rand -hex 32` prints";
        Err(format!(
            "expected at least {SHORTEST} characters (not shown); {hint}"
        ))
    })
}

fn breaker(root: &mut Table<'_>) -> breaker::Settings {
    let mut table = root.table("breaker");
    let default = breaker::Settings::default();
    let failures = table.integer("failures", 0, 1000);
    let failures = failures.and_then(|failures| u32::try_from(failures).ok());
    let open = duration(&mut table, "open", &TIMES);
    let max_open = duration(&mut table, "max_open", &TIMES);
    let breaker = breaker::Settings {
        failures: failures.unwrap_or(default.failures),
        open: open.unwrap_or(default.open),
        max_open: max_open.unwrap_or(default.max_open),
    };
    if breaker.max_open < breaker.open {
        let (key, other) = if max_open.is_some() {
            ("max_open", "open")
        } else {
            ("open", "max_open")
        };
        let (open, max_open) = (duration_text(breaker.open), duration_text(breaker.max_open));
        let problem = format!(
            "max_open ({max_open}) is shorter than open ({open}): change this or breaker.{other}"
        );
        table.fault(key, problem);
    }
    table.finish();
    breaker
}

fn limits(root: &mut Table<'_>, repair: &mut Options) -> Limits {
    let mut table = root.table("limits");
    let default = Limits::default();
    let count = |table: &mut Table<'_>, key, default| {
        let number = table.integer(key, 1, 1_000_000);
        number.map_or(default, |number| usize::try_from(number).unwrap_or(default))
    };
    repair.body_limit = memory(&mut table, "body", &(1..=1 << 30)).unwrap_or(repair.body_limit);
    repair.buffered = buffered(&mut table, repair.body_limit);
    let limits = Limits {
        concurrency: count(&mut table, "concurrency", default.concurrency),
        connections: count(&mut table, "connections", default.connections),
        // hyper takes no buffer below 8 KiB.
        header_bytes: memory(&mut table, "header_bytes", &(8 << 10..=16 << 20))
            .unwrap_or(default.header_bytes),
        lookups: count(&mut table, "lookups", default.lookups),
        lookup_bytes: memory(&mut table, "lookup_bytes", &(1 << 10..=1 << 30))
            .unwrap_or(default.lookup_bytes),
        http2_connections: count(&mut table, "http2_connections", default.http2_connections),
        workers: table
            .integer("workers", 1, 1024)
            .and_then(|number| usize::try_from(number).ok()),
    };
    table.finish();
    limits
}

/// A body may be held coded once and three times decoded, and one must not take all.
const BODIES: usize = 8;

fn buffered(table: &mut Table<'_>, body: usize) -> Budget {
    let least = body.saturating_mul(BODIES);
    let Some(bytes) = memory(table, "buffered", &(64 << 10..=1 << 40)) else {
        // Whoever raises limits.body alone means that such bodies are repaired.
        return Budget::new(Budget::DEFAULT.max(least));
    };
    if bytes < least {
        let problem = format!(
            "{} is less than {BODIES} times limits.body ({}): raise it to at least {}, or lower limits.body",
            size_text(bytes as u64),
            size_text(body as u64),
            size_text(least as u64),
        );
        table.fault("buffered", problem);
    }
    Budget::new(bytes)
}

fn timeouts(root: &mut Table<'_>, repair: &mut Options) -> Timeouts {
    let mut table = root.table("timeouts");
    let default = Timeouts::default();
    let time =
        |table: &mut Table<'_>, key, default| duration(table, key, &TIMES).unwrap_or(default);
    repair.body_timeout = time(&mut table, "body", repair.body_timeout);
    let timeouts = Timeouts {
        connect: time(&mut table, "connect", default.connect),
        lookup: time(&mut table, "lookup", default.lookup),
        request: time(&mut table, "request", default.request),
        header_read: time(&mut table, "header_read", default.header_read),
        idle: time(&mut table, "idle", default.idle),
        upstream_idle: time(&mut table, "upstream_idle", default.upstream_idle),
        drain: time(&mut table, "drain", default.drain),
    };
    table.finish();
    timeouts
}

/// What can only be seen once sources and rules are put together.
fn compile(root: &Table<'_>, specs: &Specs) -> Rules {
    if !specs.is_complete() {
        return Rules::default();
    }
    Rules::compile(specs.sources(), specs.rules(), specs.diagnoses()).unwrap_or_else(|faults| {
        for fault in &faults {
            root.add(specs.locate(fault));
        }
        Rules::default()
    })
}

/// The pack's sources and rules with the file's over them.
fn specs(root: &mut Table<'_>, pack: Pack) -> Specs {
    let own = Specs::read(root);
    match Specs::built_in(pack) {
        Ok(mut specs) => {
            specs.merge(own);
            specs
        }
        Err(faults) => {
            faults
                .as_slice()
                .iter()
                .for_each(|fault| root.add(fault.clone()));
            own
        }
    }
}
