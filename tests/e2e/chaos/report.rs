//! The table at the end, and whether the run has passed.

use std::time::Duration;

use crate::process::Held;
use crate::relay::NAMES;
use crate::shared::Shared;

/// What the proxy may hold more at the end than in the middle, both after the same quiet load. The
/// allocator gives memory back late; in a minute, three hundred bytes leaked per request are more.
const RSS_KIB: u64 = 16 << 10;
const DESCRIPTORS: usize = 8;

/// Kinds that must have happened besides the relay's, however short the run was.
const OTHERS: [&str; 4] = [
    "refused for a moment",
    "all traffic paused",
    "state changed behind its back",
    "proxy replaced",
];
/// What the simulator is told to do.
const STRUCK: [&str; 8] = [
    "400",
    "409",
    "429",
    "500",
    "503",
    "drop-after",
    "drop-before",
    "slow=300",
];

pub(crate) struct Figures {
    pub(crate) warm: Held,
    pub(crate) end: Held,
    pub(crate) took: Duration,
    pub(crate) struck: Vec<(String, u64)>,
}

pub(crate) fn report(shared: &Shared, figures: &Figures, wanted: u64) -> bool {
    let ledger = &shared.ledger;
    let settled = ledger.settle();
    table("requests by kind of caller", ledger.kinds());
    table("requests by what the caller saw", ledger.told());
    let faults = shared.faults.counts();
    table("faults of the network", faults.clone());
    table(
        "faults of the upstream",
        figures.struck.iter().map(|(kind, count)| (kind, *count)),
    );
    for kind in NAMES
        .iter()
        .chain(&OTHERS)
        .filter(|kind| !faults.contains_key(**kind))
    {
        ledger.violate(&format!("the fault \"{kind}\" never happened"));
    }
    for kind in STRUCK
        .iter()
        .filter(|kind| !figures.struck.iter().any(|(name, _)| name == *kind))
    {
        ledger.violate(&format!("the upstream's fault {kind} never happened"));
    }
    flat(shared, figures);

    let requests = ledger.requests();
    if requests < wanted {
        ledger.violate(&format!("only {requests} requests of {wanted} were made"));
    }
    let rate = u128::from(requests) * 1_000 / figures.took.as_millis().max(1);
    println!(
        "requests            {requests} in {:.0?}, {rate} a second",
        figures.took
    );
    println!(
        "marked and done     {} told so, {} in doubt",
        settled.one, settled.unknown_done
    );
    println!(
        "marked and not done {} told so, {} in doubt",
        settled.zero, settled.unknown_undone
    );
    println!("effects             {}", settled.effects);
    let (half, most) = (ledger.percentile(0.5), ledger.percentile(0.99));
    println!("answered within     {half:.1?} (half), {most:.1?} (99 %)");
    println!("violations          {}", ledger.violations());
    ledger.violations() == 0
}

fn flat(shared: &Shared, Figures { warm, end, .. }: &Figures) {
    println!(
        "memory              {} KiB in the middle, {} KiB at the end",
        warm.rss_kib, end.rss_kib
    );
    println!(
        "descriptors         {} in the middle, {} at the end",
        warm.descriptors, end.descriptors
    );
    println!(
        "threads             {} in the middle, {} at the end",
        warm.threads, end.threads
    );
    if end.rss_kib > warm.rss_kib + RSS_KIB {
        shared.ledger.violate("memory grows");
    }
    if end.descriptors > warm.descriptors + DESCRIPTORS {
        shared.ledger.violate("descriptors leak");
    }
    if end.threads > warm.threads {
        shared.ledger.violate("threads grow");
    }
}

fn table<N: AsRef<str>>(title: &str, rows: impl IntoIterator<Item = (N, u64)>) {
    println!("{title}");
    for (name, count) in rows {
        println!("  {count:>8}  {}", name.as_ref());
    }
}
