//! What must come out whatever the chances are.

use crate::replica::{Replica, Snapshot};
use crate::run::{Figures, run};
use crate::setup::{Balancer, Partition, Redis, Setup};
use crate::traffic::{MS, SECOND, What, World, events};

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
fn a_confirmation_does_not_depend_on_pushes_or_on_how_slow_redis_and_upstream_are() {
    let slow_pushes = World {
        push_delay: 5 * SECOND,
        ..world(8)
    };
    let slow_redis = World {
        redis_trip: 200 * MS,
        ..slow_pushes.clone()
    };
    // Then writes begin and are answered while a lookup is under way; seldom enough that none is overtaken
    // until it is no longer repeated.
    let slow_answers = World {
        delay: 400 * MS,
        between_changes: 30 * SECOND,
        ..slow_pushes.clone()
    };
    for world in [slow_pushes, slow_redis, slow_answers] {
        let events = events(&world);
        let untold = |redis| run(&world, &eight(Balancer::Random, redis), &events).untold;
        assert_eq!(untold(Redis::Confirm), 0, "{world:?}");
        assert!(untold(Redis::Push) > 0, "{world:?}");
    }
}

#[test]
fn by_token_is_as_good_as_one_process_where_a_conversation_has_one_token() {
    let world = World {
        tokens_each: 1,
        ..world(9)
    };
    let events = events(&world);
    let one = run(&world, &ONE, &events);
    assert_eq!(
        run(&world, &eight(Balancer::Token, Redis::Off), &events),
        one
    );
    assert_ne!(
        run(&world, &eight(Balancer::Random, Redis::Off), &events),
        one
    );
}

#[test]
fn redis_is_asked_once_for_each_fill_and_lookup_and_twice_for_each_write() {
    let world = world(7);
    let events = events(&world);
    let figures = |redis| run(&world, &eight(Balancer::Random, redis), &events);
    let writes = events
        .iter()
        .filter(|event| matches!(event.what, What::Write { .. }));
    let writes = writes.count() as u64;
    let confirm = figures(Redis::Confirm);
    assert_eq!(
        confirm.redis,
        confirm.fills + lookups(&confirm) + 2 * writes
    );
    // Without it what is here fills at once.
    assert!(figures(Redis::Push).redis < confirm.redis);
    assert_eq!(figures(Redis::Off).redis, 0);
}

const fn read(tick: u64) -> Snapshot {
    Snapshot {
        tick,
        read_at: 0,
        version: tick,
    }
}

#[test]
fn a_lookup_that_began_before_a_write_is_not_joined_after_it() {
    let mut replica = Replica::new(1, 1);
    replica.take_off(0, 1, 0);
    assert_eq!(replica.join(0, replica.floor(0, 0)), Some(0));
    replica.wrote(0, 2);
    assert_eq!(replica.join(0, replica.floor(0, 0)), None);
}

#[test]
fn an_answer_that_comes_late_displaces_nothing_newer() {
    let mut replica = Replica::new(1, 1);
    replica.take_off(0, 1, 0);
    replica.take_off(0, 2, 1);
    replica.land(0, 1, read(2));
    replica.land(0, 0, read(1));
    let kept = replica.hit(0, 0, 0, 0).unwrap();
    assert_eq!(kept.tick, 2);
}
