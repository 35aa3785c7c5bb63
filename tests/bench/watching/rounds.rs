//! CPU time, of processes that are started anew for each round: two of the same program differ by a percent or two for
//! as long as they run, by where things lie in memory.

use crate::callers::{Kind, send};
use crate::proxies::Process;
use crate::{Cost, Plan, page};

pub(crate) fn measure(plan: Plan) -> Vec<(Kind, Cost)> {
    let log = tempfile::tempfile().unwrap();
    let mut rounds: Vec<_> = Kind::ALL.map(|kind| (kind, Vec::new())).into();
    for _ in 0..plan.rounds {
        let upstream = Process::upstream();
        let mut proxies =
            [false, true].map(|watched| Process::proxy(&[], watched, &upstream, &log));
        let addresses = proxies
            .each_ref()
            .map(|one| *one.addresses.first().unwrap());
        page::open(*proxies.last().unwrap().addresses.last().unwrap());
        for (kind, costs) in &mut rounds {
            // Connections, snapshots, and what is made when it is needed first.
            send(&addresses, *kind, plan.requests / 4, plan.connections);
            let [off, on] = proxies.each_mut().map(Process::cpu);
            send(&addresses, *kind, plan.requests, plan.connections);
            let [off_then, on_then] = proxies.each_mut().map(Process::cpu);
            let requests = f64::from(u32::try_from(plan.requests).unwrap());
            costs.push(((off_then - off) / requests, (on_then - on) / requests));
        }
    }
    let lines = log.metadata().unwrap().len();
    assert!(lines > 0, "nothing was logged");
    let cost = |costs: Vec<(f64, f64)>| {
        let off = median(costs.iter().map(|(off, _)| *off));
        // Of each pair, as what the machine was like is the same for both of them.
        let on = off * median(costs.iter().map(|(off, on)| on / off));
        Cost { off, on }
    };
    let costs = rounds.into_iter().map(|(kind, costs)| (kind, cost(costs)));
    costs.collect()
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    *numbers.get(numbers.len() / 2).unwrap()
}
