//! CPU time, in rounds that take turns: what else the machine does falls on both alike.

use crate::callers::{Kind, send};
use crate::proxies::Process;
use crate::{Cost, Plan, page};

pub(crate) fn measure(plan: Plan) -> Vec<(Kind, Cost)> {
    let log = tempfile::tempfile().unwrap();
    let upstream = Process::upstream();
    let mut off = Process::proxy(&[], false, &upstream, &log);
    let mut on = Process::proxy(&[], true, &upstream, &log);
    page::open(*on.addresses.last().unwrap());
    let costs = Kind::ALL.map(|kind| {
        let round = |proxy: &mut Process| {
            let (before, address) = (proxy.cpu(), *proxy.addresses.first().unwrap());
            send(address, kind, plan.requests, plan.connections);
            (proxy.cpu() - before) / f64::from(u32::try_from(plan.requests).unwrap())
        };
        // Connections, snapshots, and what is made when it is needed first.
        round(&mut off);
        round(&mut on);
        let (mut offs, mut ons) = (Vec::new(), Vec::new());
        for number in 0..plan.rounds {
            // Whoever comes second finds the caches as the first one left them.
            if number % 2 == 0 {
                offs.push(round(&mut off));
                ons.push(round(&mut on));
            } else {
                ons.push(round(&mut on));
                offs.push(round(&mut off));
            }
        }
        let cost = Cost {
            off: median(offs),
            on: median(ons),
        };
        (kind, cost)
    });
    let lines = log.metadata().unwrap().len();
    assert!(lines > 0, "nothing was logged");
    costs.into()
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    *numbers.get(numbers.len() / 2).unwrap()
}
