//! The tables.

use std::fmt::Write as _;

use crate::run::{Figures, run};
use crate::setup::{Balancer, Partition, Redis, Setup};
use crate::traffic::{MS, SECOND, Time, World, events};

/// What the API lets a token ask for in a minute.
const BUDGET: u64 = 300;

const AGES: [Time; 8] = [
    250 * MS,
    500 * MS,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    30 * SECOND,
    60 * SECOND,
];
const REPLICAS: [usize; 4] = [1, 2, 4, 8];
const BALANCERS: [Balancer; 3] = [Balancer::Random, Balancer::Token, Balancer::Conversation];
const REDIS: [Redis; 3] = [Redis::Off, Redis::Push, Redis::Confirm];

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Text,
    Markdown,
}

/// Every combination, one to a line.
pub(crate) fn sweep(world: &World, style: Style) -> String {
    let head = [
        "max_age",
        "processes",
        "balancer",
        "partition",
        "Redis",
        "lookups/PATCH",
        "stale fills",
        "untold",
        "Redis/s",
        "budget",
    ];
    let events = events(world);
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for setup in combinations() {
        let figures = run(world, &setup, &events);
        rows.push(vec![
            age(setup.max_age),
            setup.replicas.to_string(),
            balancer(&setup),
            setup.partition.to_string(),
            setup.redis.to_string(),
            lookups(&figures),
            stale(&figures),
            untold(&figures),
            redis(world, &figures),
            budget(world, &figures),
        ]);
    }
    table(&rows, style)
}

/// One process needs no balancer and shares with nobody.
fn combinations() -> Vec<Setup> {
    let mut all = Vec::new();
    for max_age in AGES {
        for replicas in REPLICAS {
            let several = replicas > 1;
            let balancers = if several {
                &BALANCERS[..]
            } else {
                &BALANCERS[..1]
            };
            let shares = if several { &REDIS[..] } else { &REDIS[..1] };
            for &balancer in balancers {
                for partition in [Partition::Token, Partition::Nobody] {
                    all.extend(shares.iter().map(|&redis| Setup {
                        replicas,
                        balancer,
                        partition,
                        redis,
                        max_age,
                    }));
                }
            }
        }
    }
    all
}

/// The combinations that a decision is about, by `max_age`.
pub(crate) fn brief(world: &World, style: Style) -> String {
    let ages = [500 * MS, 2 * SECOND, 10 * SECOND, 60 * SECOND];
    let choices = [
        (1, Balancer::Random, Redis::Off),
        (2, Balancer::Random, Redis::Off),
        (8, Balancer::Random, Redis::Off),
        (8, Balancer::Token, Redis::Off),
        (8, Balancer::Conversation, Redis::Off),
        (8, Balancer::Random, Redis::Push),
        (8, Balancer::Random, Redis::Confirm),
    ];
    let events = events(world);
    let mut head = ["processes", "balancer", "Redis"]
        .map(str::to_owned)
        .to_vec();
    head.extend(ages.map(|max_age| format!("`{}`", age(max_age))));
    head.extend(["untold", "budget", "Redis/s"].map(str::to_owned));
    let mut rows = vec![head];
    for (replicas, by, redis_use) in choices {
        let [first, usual, third, last] = ages.map(|max_age| {
            let setup = Setup {
                replicas,
                balancer: by,
                partition: Partition::Token,
                redis: redis_use,
                max_age,
            };
            (setup, run(world, &setup, &events))
        });
        let mut row = vec![
            replicas.to_string(),
            balancer(&usual.0),
            redis_use.to_string(),
        ];
        for (_, figures) in [&first, &usual, &third, &last] {
            row.push(format!("{} · {}", lookups(figures), stale(figures)));
        }
        let usual = usual.1;
        row.extend([untold(&usual), budget(world, &usual), redis(world, &usual)]);
        rows.push(row);
    }
    table(&rows, style)
}

// === Cells

fn age(time: Time) -> String {
    if time < SECOND {
        format!("{}ms", time / MS)
    } else {
        format!("{}s", time / SECOND)
    }
}

fn balancer(setup: &Setup) -> String {
    if setup.replicas == 1 {
        return "–".to_owned();
    }
    setup.balancer.to_string()
}

fn lookups(figures: &Figures) -> String {
    let lookups: u64 = figures.lookups.iter().sum();
    decimal(lookups, figures.updates, 2)
}

fn stale(figures: &Figures) -> String {
    format!("{} %", decimal(100 * figures.stale, figures.fills, 1))
}

/// Of 10 000 fills.
fn untold(figures: &Figures) -> String {
    decimal(10_000 * figures.untold, figures.fills, 1)
}

fn redis(world: &World, figures: &Figures) -> String {
    decimal(figures.redis * SECOND, world.length, 0)
}

/// Of the token whose conversations cost most.
fn budget(world: &World, figures: &Figures) -> String {
    let busiest = figures.lookups.iter().max().copied().unwrap_or_default();
    let allowed = BUDGET * world.length;
    format!("{} %", decimal(100 * 60 * SECOND * busiest, allowed, 0))
}

/// A quotient to so many places, rounded half up: whole numbers, so that it is the same everywhere.
fn decimal(dividend: u64, divisor: u64, places: u32) -> String {
    let unit = 10_u64.pow(places);
    let divisor = divisor.max(1);
    let rounded = (dividend * unit + divisor / 2) / divisor;
    let (whole, part) = (rounded / unit, rounded % unit);
    if places == 0 {
        return whole.to_string();
    }
    format!("{whole}.{part:0width$}", width = places as usize)
}

fn table(rows: &[Vec<String>], style: Style) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        match style {
            Style::Markdown => {
                let _ = writeln!(text, "| {} |", row.join(" | "));
                if index == 0 {
                    let _ = writeln!(text, "|{}", "---|".repeat(columns));
                }
            }
            Style::Text => {
                let cells = row.iter().zip(&widths);
                let cells: Vec<_> = cells
                    .map(|(cell, width)| format!("{cell:>width$}"))
                    .collect();
                let _ = writeln!(text, "{}", cells.join("  "));
            }
        }
    }
    text
}
