//! Instructions of the process itself, which valgrind counts: the system's are not among them.

use std::fs;

use crate::Cost;
use crate::callers::{Kind, send};
use crate::proxies::Process;

/// Requests of the shorter run; the longer one has twice as many.
const REQUESTS: usize = 1000;

pub(crate) fn count() -> Vec<(Kind, Cost)> {
    let upstream = Process::upstream();
    let cost = |kind| Cost {
        off: per_request(&upstream, kind, false),
        on: per_request(&upstream, kind, true),
    };
    Kind::ALL.map(|kind| (kind, cost(kind))).into()
}

/// What the start costs, and the first requests, is in both runs.
fn per_request(upstream: &Process, kind: Kind, watched: bool) -> f64 {
    let [short, long] =
        [REQUESTS, 2 * REQUESTS].map(|requests| run(upstream, kind, watched, requests));
    (long - short) / f64::from(u32::try_from(REQUESTS).unwrap())
}

/// Instructions of a process that answers so many requests, one after the other.
fn run(upstream: &Process, kind: Kind, watched: bool, requests: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("counts");
    let out = format!("--callgrind-out-file={}", file.display());
    let log = tempfile::tempfile().unwrap();
    let valgrind = ["valgrind", "--quiet", "--tool=callgrind", &out];
    let mut proxy = Process::proxy(&valgrind, watched, upstream, &log);
    send(&[*proxy.addresses.first().unwrap()], kind, requests, 1);
    proxy.end();
    if let Some(kept) = std::env::var_os("KEEP") {
        let name = format!("{kind:?}-{watched}-{requests}");
        fs::copy(&file, std::path::Path::new(&kept).join(name)).unwrap();
    }
    let counts = fs::read_to_string(&file).unwrap();
    let totals = counts
        .lines()
        .find_map(|line| line.strip_prefix("totals: "));
    totals.unwrap().trim().parse().unwrap()
}
