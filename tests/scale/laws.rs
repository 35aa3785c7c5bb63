//! What must come out whatever the chances are.

use crate::run::{Figures, run};
use crate::setup::{Balancer, Partition, Redis, Setup};
use crate::traffic::{MS, SECOND, World, events};

const ONE: Setup = Setup {
    replicas: 1,
    balancer: Balancer::Random,
    partition: Partition::Token,
    redis: Redis::Off,
    max_age: 10 * SECOND,
};

fn eight(balancer: Balancer, redis: Redis) -> Setup {
    Setup {
        replicas: 8,
        balancer,
        redis,
        ..ONE
    }
}

/// A few minutes in which many changes go through the gateway.
fn world(seed: u64) -> World {
    World {
        seed,
        length: 4 * 60 * SECOND,
        conversations: 60,
        between_changes: 10 * SECOND,
        through: 60,
        ..World::usual()
    }
}

fn figures(seed: u64, setup: &Setup) -> Figures {
    let world = world(seed);
    run(&world, setup, &events(&world))
}

fn lookups(figures: &Figures) -> u64 {
    figures.lookups.iter().sum()
}

#[test]
fn the_same_seed_gives_the_same_figures_and_another_others() {
    assert_eq!(figures(1, &ONE), figures(1, &ONE));
    assert_ne!(figures(1, &ONE), figures(2, &ONE));
}

#[test]
fn every_update_reaches_the_upstream_once_and_once_more_where_it_was_refused() {
    for redis in [Redis::Off, Redis::Push, Redis::Confirm] {
        let found = figures(3, &eight(Balancer::Random, redis));
        assert!(found.updates > 1000 && found.resent > 0, "{found:?}");
        assert_eq!(found.fills, found.updates + found.resent);
        assert!(found.resent <= found.stale);
    }
}

#[test]
fn no_answered_write_is_missed_where_one_process_sees_it_or_redis_confirms() {
    for seed in 0..4 {
        for setup in [
            ONE,
            eight(Balancer::Conversation, Redis::Off),
            eight(Balancer::Random, Redis::Confirm),
        ] {
            assert_eq!(figures(seed, &setup).untold, 0, "{setup:?}");
        }
        for balancer in [Balancer::Random, Balancer::Token] {
            let setup = eight(balancer, Redis::Off);
            assert!(figures(seed, &setup).untold > 0, "{setup:?}");
        }
    }
}

#[test]
fn a_push_is_nearly_as_good_as_a_confirmation() {
    let none = figures(0, &eight(Balancer::Random, Redis::Off)).untold;
    let push = figures(0, &eight(Balancer::Random, Redis::Push)).untold;
    assert!(push * 20 < none, "{push} {none}");
}

#[test]
fn what_is_shared_is_not_looked_up_again() {
    let looked_up = |balancer, redis| lookups(&figures(4, &eight(balancer, redis)));
    let alone = looked_up(Balancer::Random, Redis::Off);
    for redis in [Redis::Push, Redis::Confirm] {
        assert!(2 * looked_up(Balancer::Random, redis) < alone);
    }
    assert!(2 * looked_up(Balancer::Conversation, Redis::Off) < alone);
    // Sharding by conversation is as if there were one process.
    assert_eq!(
        looked_up(Balancer::Conversation, Redis::Off),
        lookups(&figures(4, &ONE))
    );
}

#[test]
fn an_older_bound_costs_lookups_and_a_younger_one_stale_fills() {
    let at = |max_age| figures(5, &Setup { max_age, ..ONE });
    let (young, old) = (at(250 * MS), at(60 * SECOND));
    assert!(lookups(&young) > 2 * lookups(&old));
    assert!(young.stale * old.fills < old.stale * young.fills);
}

#[test]
fn partitions_cost_lookups() {
    let shared = Setup {
        partition: Partition::Nobody,
        ..ONE
    };
    assert!(lookups(&figures(6, &shared)) < lookups(&figures(6, &ONE)));
}

#[test]
fn redis_is_asked_once_where_it_confirms_a_hit_and_not_at_all_without_it() {
    assert_eq!(figures(7, &eight(Balancer::Random, Redis::Off)).redis, 0);
    let confirm = figures(7, &eight(Balancer::Random, Redis::Confirm));
    assert!(confirm.redis >= confirm.updates + lookups(&confirm));
    let push = figures(7, &eight(Balancer::Random, Redis::Push));
    assert!(push.redis < confirm.redis);
}
