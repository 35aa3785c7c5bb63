//! File descriptors: as many as the system gives, and bounds that fit into them.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::admin;
use crate::config::Limits;

/// The listeners, the runtime's own, the log, files that are read, and what nobody thought of.
const OWN: usize = 24;
/// Below this the proxy still starts, and serves a few callers at a time.
const LEAST: usize = 8;

/// Raises this process's limit as far as it may, and returns it.
///
/// The low default (1024 almost everywhere) is for programs that use `select`, which can't count further;
/// others are meant to raise it themselves.
pub(super) fn raise() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = rustix::process::Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit = raised,
            Err(error) => tracing::info!(%error, "can't raise the limit of open files"),
        }
    }
    let current = limit.current.unwrap_or(u64::MAX);
    usize::try_from(current).unwrap_or(usize::MAX)
}

/// Lowers what is configured to what `allowed` descriptors suffice for, and says so.
///
/// To run out of descriptors is survived, but then it is chance who gets the next one that is free: a new
/// caller, a request that needs an upstream connection, or the health check.
pub(super) fn fit(limits: &mut Limits, allowed: usize) {
    let needed = needed(limits);
    if needed <= allowed {
        tracing::debug!(needed, allowed, "open files");
        return;
    }
    let shares = allowed.saturating_sub(OWN + admin::CONNECTIONS).max(LEAST);
    let lower = |limit: &mut usize, share: usize| *limit = (*limit).min(share.max(1));
    // A request takes its caller's connection and one upstream; some have a lookup first.
    lower(&mut limits.connections, shares / 2);
    lower(&mut limits.concurrency, shares * 3 / 8);
    lower(&mut limits.lookups, shares / 8);
    tracing::warn!(
        needed,
        allowed,
        connections = limits.connections,
        concurrency = limits.concurrency,
        lookups = limits.lookups,
        "the system allows too few open files for the configured limits, which are lowered: raise it \
         (ulimit -Hn, LimitNOFILE= in systemd, --ulimit nofile= for a container), or lower \
         limits.connections and limits.concurrency"
    );
}

/// Descriptors in use when everything is in use. Upstream connections are as many as requests and lookups
/// in flight; those that are idle were one of them.
fn needed(limits: &Limits) -> usize {
    [
        limits.connections,
        limits.concurrency,
        limits.lookups,
        admin::CONNECTIONS,
        OWN,
    ]
    .into_iter()
    .fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(allowed: usize) -> Limits {
        let mut limits = Limits::default();
        fit(&mut limits, allowed);
        limits
    }

    #[test]
    fn limits_that_fit_are_kept() {
        let enough = needed(&Limits::default());
        assert_eq!(fitted(enough), Limits::default());
        assert_ne!(fitted(enough - 1), Limits::default());
    }

    #[test]
    fn limits_that_do_not_fit_are_lowered_until_they_do() {
        for allowed in [100, 256, 1024, 4096, 5000] {
            let limits = fitted(allowed);
            assert!(needed(&limits) <= allowed, "{allowed}: {limits:?}");
        }
    }

    #[test]
    fn however_few_there_are_somebody_is_served() {
        for allowed in [0, 10, 64] {
            let limits = fitted(allowed);
            assert!(
                limits.connections >= 4 && limits.concurrency >= 3,
                "{limits:?}"
            );
            assert_eq!(limits.lookups, 1);
        }
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        let allowed = raise();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert_eq!(
            u64::try_from(allowed).ok(),
            limit.current.or(Some(u64::MAX))
        );
    }
}
