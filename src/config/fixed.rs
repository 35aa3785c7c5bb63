//! What can't be changed while the process runs.

use std::net::SocketAddr;

use super::Config;
use crate::document::{FaultSink, Table};

/// Notes a fault of each setting that is another than in `running` and would only count after a restart.
///
/// That is where the sockets are bound, and how many threads serve. A listener that moved would be one that
/// whoever watches the old address sees as dead, and when the new one can't be bound there would be none. A
/// thread that is to go has connections.
pub(super) fn refuse(root: &mut Table<'_>, config: &Config, running: &Config, faults: &FaultSink) {
    let addresses = [
        ("listen", running.listen, config.listen),
        ("admin", running.admin, config.admin),
    ];
    for (section, running, wanted) in addresses {
        // One that is wrong has been replaced by the default, which nobody asked for.
        let wrong = faults.has(section) || faults.has(&format!("{section}.address"));
        if wanted != running && !wrong {
            root.table(section)
                .fault("address", problem(running, wanted));
        }
    }
    let (running, wanted) = (running.limits.workers, config.limits.workers);
    if wanted != running && !faults.has("limits") && !faults.has("limits.workers") {
        let said = |workers: Option<usize>| {
            workers.map_or("one for each core".to_owned(), |it| it.to_string())
        };
        let problem = format!(
            "{} needs a restart: this process runs with {}",
            said(wanted),
            said(running)
        );
        root.table("limits").fault("workers", problem);
    }
}

fn problem(running: SocketAddr, wanted: SocketAddr) -> String {
    format!(
        "{wanted} needs a restart: this process listens on {running}, and that can't be changed while it runs"
    )
}
