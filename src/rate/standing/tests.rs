use proptest::prelude::*;

use super::*;

const HALF: f64 = 0.5;

fn said(allowed: u32, left: u32, reset: u64) -> Said {
    let reset = Duration::from_secs(reset);
    Said {
        allowed,
        left,
        reset,
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn share(share: f64) -> Share {
    Share::new(share).unwrap()
}

/// How many lookups in a row are let through, one each moment, none of them answered.
fn run(standing: &mut Standing, now: Instant) -> u32 {
    let mut lookups = 0;
    while standing.look_up(share(HALF), now).is_ok() {
        standing.sent();
        lookups += 1;
    }
    lookups
}

#[test]
fn a_share_is_more_than_nothing_and_at_most_all() {
    for good in [f64::MIN_POSITIVE, 0.5, 1.0] {
        assert_eq!(Share::new(good).unwrap().get().to_bits(), good.to_bits());
    }
    for bad in [0.0, -0.5, 1.01, f64::NAN, f64::INFINITY] {
        assert_eq!(Share::new(bad), None);
    }
}

#[test]
fn of_what_is_not_known_lookups_may_use_all() {
    let (mut standing, now) = (Standing::default(), Instant::now());
    for _ in 0..1000 {
        assert_eq!(standing.look_up(share(HALF), now), Ok(()));
        standing.sent();
    }
    assert_eq!(standing.wait(now), None);
}

#[test]
fn half_of_what_is_left_is_for_lookups_and_the_others_get_the_rest_of_the_window() {
    let (mut standing, start) = (Standing::default(), Instant::now());
    standing.heard(said(60, 59, 60), start);
    assert_eq!(run(&mut standing, start), 30);
    let later = start + seconds(20);
    assert_eq!(standing.look_up(share(HALF), later), Err(seconds(40)));
    assert_eq!(standing.look_up(share(1.0), later), Ok(()));
}

#[test]
fn what_others_spend_is_not_there_for_lookups() {
    let (mut standing, now) = (Standing::default(), Instant::now());
    standing.heard(said(60, 59, 60), now);
    standing.heard(said(60, 11, 60), now);
    assert_eq!(run(&mut standing, now), 6);
    standing.heard(said(60, 0, 60), now);
    assert_eq!(run(&mut standing, now), 0);
}

#[test]
fn an_answer_that_was_overtaken_takes_nothing_back() {
    let (mut standing, start) = (Standing::default(), Instant::now());
    standing.heard(said(60, 2, 60), start);
    // The end is told in whole seconds, so that it seems to move.
    standing.heard(said(60, 50, 60), start + Duration::from_millis(900));
    assert_eq!(run(&mut standing, start), 1);
}

#[test]
fn a_window_that_has_ended_is_followed_by_one_like_it_until_an_answer_tells() {
    let (mut standing, start) = (Standing::default(), Instant::now());
    standing.heard(said(60, 0, 10), start);
    assert_eq!(standing.look_up(share(HALF), start), Err(seconds(10)));
    assert_eq!(standing.wait(start), Some(seconds(10)));
    let next = start + seconds(10);
    assert_eq!(standing.wait(next), None);
    assert_eq!(run(&mut standing, next), 30);
    // What was sent counts in the window that is told of, and its answers are there.
    (0..30).for_each(|_| standing.answered());
    standing.heard(said(60, 30, 59), next + seconds(1));
    assert_eq!(run(&mut standing, next + seconds(1)), 0);
}

#[test]
fn one_that_begins_with_its_first_request_counts_that_request() {
    let (mut standing, start) = (Standing::default(), Instant::now());
    standing.heard(said(60, 0, 10), start);
    let late = start + seconds(30);
    assert_eq!(run(&mut standing, late), 30);
    (0..30).for_each(|_| standing.answered());
    standing.heard(said(60, 30, 60), late);
    assert_eq!(standing.look_up(share(HALF), late), Err(seconds(60)));
}

#[test]
fn a_window_that_begins_early_is_noticed() {
    let (mut standing, start) = (Standing::default(), Instant::now());
    standing.heard(said(60, 0, 10), start);
    standing.heard(said(60, 59, 60), start + seconds(1));
    assert_eq!(run(&mut standing, start + seconds(1)), 30);
}

#[test]
fn one_that_ends_sooner_than_was_said_is_no_new_one() {
    let (mut standing, now) = (Standing::default(), Instant::now());
    standing.heard(said(60, 59, 60), now);
    assert_eq!(run(&mut standing, now), 30);
    (0..30).for_each(|_| standing.answered());
    standing.heard(said(60, 29, 30), now);
    assert_eq!(standing.look_up(share(HALF), now), Err(seconds(30)));
}

#[test]
fn when_answers_fall_silent_there_is_no_limit_any_more() {
    let (mut standing, start) = (Standing::default(), Instant::now());
    standing.heard(said(2, 0, 10), start);
    assert_eq!(run(&mut standing, start + seconds(11)), 1);
    assert_eq!(standing.wait(start + seconds(69)), None);
    let silent = start + seconds(70);
    assert_eq!(standing.look_up(share(HALF), silent), Ok(()));
    assert!(standing.window.is_none());

    let mut quiet = Standing::default();
    quiet.heard(said(2, 0, 10), start);
    assert_eq!(quiet.look_up(share(HALF), silent), Ok(()));
    assert!(quiet.window.is_none(), "the one after it is over, too");
}

#[test]
fn requests_on_their_way_are_spent_until_they_are_answered() {
    let (mut standing, now) = (Standing::default(), Instant::now());
    standing.heard(said(60, 1, 30), now);
    assert_eq!(standing.wait(now), None);
    standing.sent();
    assert_eq!(standing.wait(now), Some(seconds(30)));
    assert_eq!(standing.look_up(share(1.0), now), Err(seconds(30)));
    standing.answered();
    assert_eq!(standing.wait(now), None, "it was none that is counted");
}

#[test]
fn a_429_asks_for_a_wait_that_ends() {
    let (mut standing, start) = (Standing::default(), Instant::now());
    standing.throttled(seconds(5), start);
    assert_eq!(standing.parked(start + seconds(2)), Some(seconds(3)));
    assert_eq!(standing.wait(start + seconds(2)), Some(seconds(3)));
    assert_eq!(
        standing.look_up(share(HALF), start),
        Ok(()),
        "not its business"
    );
    standing.heard(said(60, 0, 30), start);
    assert_eq!(
        standing.wait(start),
        Some(seconds(30)),
        "the longer of the two"
    );
    let mut longer = Standing::default();
    longer.heard(said(60, 0, 30), start);
    longer.throttled(seconds(50), start);
    assert_eq!(longer.wait(start), Some(seconds(50)));
    assert_eq!(standing.parked(start + seconds(5)), None);
    assert_eq!(standing.parked(start), None, "once over it is forgotten");
}

/// What happens between an upstream that counts truly and a proxy in front of it.
#[derive(Clone, Debug)]
enum Event {
    /// A lookup that somebody wants.
    LookUp,
    /// A request that passes.
    Pass,
    /// A request that goes to the upstream another way, with the same token.
    Elsewhere,
    /// The upstream counts one that is on its way.
    Counts,
    /// An answer arrives: of those on their way the n-th.
    Answers(prop::sample::Index),
    /// Time passes, in milliseconds.
    Time(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::LookUp),
        2 => Just(Event::Pass),
        1 => Just(Event::Elsewhere),
        4 => Just(Event::Counts),
        4 => any::<prop::sample::Index>().prop_map(Event::Answers),
        1 => (0_u64..100).prop_map(Event::Time),
    ]
}

fn take<T>(from: &mut Vec<T>, index: prop::sample::Index) -> Option<T> {
    (!from.is_empty()).then(|| from.swap_remove(index.index(from.len())))
}

proptest! {
    /// Within a window, from when it is known: whatever overtakes what.
    #[test]
    fn lookups_never_use_more_than_their_share(
        allowed in 1_u32..80,
        part in 0.01_f64..=1.0,
        used in 0_u32..80,
        events in prop::collection::vec(event(), 0..400),
    ) {
        let (mut standing, start) = (Standing::default(), Instant::now());
        let (mut count, mut lookups, mut passed) = (used, 0_u32, 0_u32);
        let left = allowed.saturating_sub(used);
        let mut now = start;
        let reset = |now: Instant| (start + seconds(60) - now).as_secs() + 1;
        standing.heard(said(allowed, left, reset(now)), now);
        let (mut under_way, mut answers) = (0_u32, Vec::new());
        for event in events {
            match event {
                Event::LookUp => {
                    if standing.look_up(share(part), now).is_ok() {
                        standing.sent();
                        under_way += 1;
                        lookups += 1;
                    }
                }
                Event::Pass => {
                    standing.sent();
                    under_way += 1;
                    passed += 1;
                }
                Event::Elsewhere => count += 1,
                Event::Counts if under_way > 0 => {
                    under_way -= 1;
                    count += 1;
                    answers.push(allowed.saturating_sub(count));
                }
                Event::Counts => {}
                Event::Answers(index) => {
                    if let Some(left) = take(&mut answers, index) {
                        standing.heard(said(allowed, left, reset(now)), now);
                        standing.answered();
                    }
                }
                Event::Time(millis) => now += Duration::from_millis(millis),
            }
        }
        let most = (part * f64::from(left)).ceil();
        prop_assert!(f64::from(lookups) <= most, "{lookups} of {left}, {passed} passed");
    }

    /// What stands in the way of a request is over when it was told to be.
    #[test]
    fn no_wait_is_longer_than_what_answers_said(
        heard in prop::collection::vec((1_u32..9, 0_u32..9, 0_u64..60, prop::option::of(0_u64..60), 0_u64..30_000), 1..20),
        later in 0_u64..90_000,
    ) {
        let (mut standing, mut now) = (Standing::default(), Instant::now());
        let mut latest = now;
        for (allowed, used, reset, retry, millis) in heard {
            standing.heard(said(allowed, allowed.saturating_sub(used), reset), now);
            latest = latest.max(now + seconds(reset));
            if let Some(retry) = retry {
                standing.throttled(seconds(retry), now);
                latest = latest.max(now + seconds(retry));
            }
            now += Duration::from_millis(millis);
        }
        now += Duration::from_millis(later);
        let wait = standing.wait(now).unwrap_or_default();
        prop_assert!(wait.is_zero() || now + wait <= latest);
    }
}
