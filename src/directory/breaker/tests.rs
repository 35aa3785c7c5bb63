use proptest::prelude::*;

use super::*;

const SETTINGS: Settings = Settings {
    failures: 4,
    open: Duration::from_secs(1),
    max_open: Duration::from_secs(15),
};

/// A breaker and the time.
struct World {
    breaker: Breaker,
    now: Instant,
}

impl World {
    fn new(settings: Settings) -> Self {
        Self {
            breaker: Breaker::new(settings),
            now: Instant::now(),
        }
    }

    fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    fn admit(&mut self) -> Result<Pass, Duration> {
        self.breaker.admit(self.now).map(|(pass, _)| pass)
    }

    fn settle(&mut self, pass: Pass, conversation: u64, verdict: Verdict) -> Option<Change> {
        let conversation = ConversationId(conversation);
        self.breaker
            .settle(pass, conversation, verdict, self.now, 0)
    }

    fn look_up(&mut self, conversation: u64, verdict: Verdict) -> Option<Change> {
        let pass = self.admit().unwrap();
        self.settle(pass, conversation, verdict)
    }

    /// Opens it, for the first time.
    fn opened(mut self) -> Self {
        for conversation in 0..3 {
            assert_eq!(self.look_up(conversation, Verdict::Dead), None);
        }
        let opened = Some(Change::Opened(SETTINGS.open));
        assert_eq!(self.look_up(3, Verdict::Dead), opened);
        self
    }

    fn state(&self) -> State {
        self.breaker.state(self.now)
    }
}

#[test]
fn so_many_failures_open_it_and_then_nothing_goes_for_a_while() {
    let mut world = World::new(SETTINGS).opened();
    assert_eq!(world.state(), State::Open);
    assert_eq!(world.admit().unwrap_err(), Duration::from_secs(1));
    world.wait(400);
    assert_eq!(world.admit().unwrap_err(), Duration::from_millis(600));
    world.wait(600);
    assert_eq!(world.state(), State::HalfOpen);
    assert!(world.admit().is_ok());
}

#[test]
fn one_conversation_alone_can_open_it_too() {
    let mut world = World::new(SETTINGS);
    for _ in 0..3 {
        assert_eq!(world.look_up(1, Verdict::Dead), None);
    }
    assert!(world.look_up(1, Verdict::Dead).is_some());
}

#[test]
fn one_conversation_does_not_open_it_for_others_that_are_answered() {
    let mut world = World::new(SETTINGS);
    for conversation in [2, 3] {
        world.look_up(conversation, Verdict::Alive);
    }
    for _ in 0..100 {
        assert_eq!(world.look_up(1, Verdict::Dead), None);
    }
}

#[test]
fn half_of_the_lookups_failing_opens_it() {
    let mut world = World::new(SETTINGS);
    let opened = (0..40).any(|conversation| {
        let verdict = if conversation % 2 == 0 {
            Verdict::Alive
        } else {
            Verdict::Dead
        };
        world.look_up(conversation, verdict).is_some()
    });
    assert!(opened);
}

#[test]
fn a_tenth_of_the_lookups_failing_does_not() {
    let mut world = World::new(SETTINGS);
    for conversation in 0..1000 {
        let verdict = if conversation % 10 == 0 {
            Verdict::Dead
        } else {
            Verdict::Alive
        };
        assert_eq!(world.look_up(conversation, verdict), None);
        assert!(world.breaker.recent.len() <= 8, "it remembers no more");
    }
}

#[test]
fn failures_of_an_hour_ago_do_not_count() {
    let mut world = World::new(SETTINGS);
    for conversation in 0..100 {
        assert_eq!(world.look_up(conversation, Verdict::Dead), None);
        world.wait(29_000);
    }
}

#[test]
fn what_says_nothing_changes_nothing() {
    let mut world = World::new(SETTINGS);
    for conversation in 0..100 {
        assert_eq!(world.look_up(conversation, Verdict::Unknown), None);
    }
    assert_eq!(world.state(), State::Closed);
}

#[test]
fn none_opens_it_where_it_is_switched_off() {
    let mut world = World::new(Settings {
        failures: 0,
        ..SETTINGS
    });
    for conversation in 0..100 {
        assert_eq!(world.look_up(conversation, Verdict::Dead), None);
    }
}

#[test]
fn one_probe_goes_and_its_answer_closes_it() {
    let mut world = World::new(SETTINGS).opened();
    world.wait(1000);
    let probe = world.admit().unwrap();
    assert_eq!(world.admit().unwrap_err(), SETTINGS.open);
    assert_eq!(world.settle(probe, 9, Verdict::Alive), Some(Change::Closed));
    assert_eq!(world.state(), State::Closed);
    assert!(world.admit().is_ok() && world.admit().is_ok());
}

#[test]
fn each_failed_probe_doubles_the_time_up_to_the_longest() {
    let mut world = World::new(SETTINGS).opened();
    world.wait(1000);
    for seconds in [2, 4, 8, 15, 15] {
        let time = Duration::from_secs(seconds);
        let change = world.look_up(9, Verdict::Dead);
        assert_eq!(change, Some(Change::StaysOpen(time)));
        assert_eq!(world.admit().unwrap_err(), time);
        world.now += time;
    }
}

#[test]
fn no_setting_is_too_long() {
    let open = Duration::MAX;
    let mut world = World::new(Settings {
        failures: 1,
        open,
        max_open: open,
    });
    world.look_up(1, Verdict::Dead);
    world.now += DAY;
    let change = world.look_up(1, Verdict::Dead);
    assert_eq!(change, Some(Change::StaysOpen(DAY)));
}

#[test]
fn a_path_that_fails_again_before_it_proved_itself_stays_open_longer() {
    let mut world = World::new(SETTINGS).opened();
    world.wait(1000);
    world.look_up(9, Verdict::Alive);
    // One fewer than prove it.
    for conversation in 10..13 {
        world.look_up(conversation, Verdict::Alive);
    }
    let again = |world: &mut World| (0..4).find_map(|n| world.look_up(n, Verdict::Dead));
    let longer = Some(Change::Opened(SETTINGS.open * 2));
    assert_eq!(again(&mut world), longer);
    world.wait(2000);
    world.look_up(9, Verdict::Alive);
    for conversation in 10..14 {
        world.look_up(conversation, Verdict::Alive);
    }
    let first = (0..40).find_map(|n| world.look_up(100 + n, Verdict::Dead));
    assert_eq!(first, Some(Change::Opened(SETTINGS.open)));
}

#[test]
fn a_probe_that_came_to_nothing_makes_room_at_once() {
    let mut world = World::new(SETTINGS).opened();
    world.wait(1000);
    let probe = world.admit().unwrap();
    assert_eq!(world.settle(probe, 9, Verdict::Unknown), None);
    assert!(world.admit().is_ok());
}

#[test]
fn a_probe_that_never_comes_back_does_not_hold_up_the_next_for_ever() {
    let mut world = World::new(SETTINGS).opened();
    world.wait(1000);
    let lost = world.admit().unwrap();
    world.now += SETTINGS.max_open;
    let next = world.admit().unwrap();
    // Should it come back after all, it is no news.
    assert_eq!(world.settle(lost, 9, Verdict::Dead), None);
    assert_eq!(world.settle(next, 9, Verdict::Alive), Some(Change::Closed));
}

#[test]
fn what_started_before_it_opened_neither_closes_nor_opens_it() {
    let mut world = World::new(SETTINGS);
    let early: Vec<_> = (0..20).map(|_| world.admit().unwrap()).collect();
    let mut world = world.opened();
    let mut early = early.into_iter();
    let answered = early.next().unwrap();
    assert_eq!(world.settle(answered, 9, Verdict::Alive), None);
    assert_eq!(world.state(), State::Open);
    world.wait(1000);
    world.look_up(9, Verdict::Alive);
    for (conversation, late) in (0..).zip(early) {
        assert_eq!(world.settle(late, conversation, Verdict::Dead), None);
    }
    assert_eq!(world.state(), State::Closed);
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Start,
    End(usize, Verdict, u64, u8),
}

fn step() -> impl Strategy<Value = Step> {
    let verdict = prop_oneof![
        1 => Just(Verdict::Alive),
        3 => Just(Verdict::Dead),
        1 => Just(Verdict::Unknown),
    ];
    prop_oneof![
        1 => (0..5_000_u64).prop_map(Step::Wait),
        3 => Just(Step::Start),
        3 => (any::<usize>(), verdict, 0..6_u64, any::<u8>())
            .prop_map(|(which, verdict, id, chance)| Step::End(which, verdict, id, chance)),
    ]
}

proptest! {
    /// Whatever happens: at most one probe at a time, never open for longer than the longest, and once the
    /// path works again it is closed within one such time.
    #[test]
    fn laws(steps in prop::collection::vec(step(), 0..200)) {
        let mut world = World::new(SETTINGS);
        let mut out: Vec<(Pass, bool)> = Vec::new();
        let mut probe_until = world.now;
        for step in steps {
            match step {
                Step::Wait(millis) => world.wait(millis),
                Step::Start => match world.breaker.admit(world.now) {
                    Ok((pass, change)) => {
                        let probes = change == Some(Change::Probes);
                        if probes {
                            let still_out = out.iter().any(|(_, probes)| *probes);
                            prop_assert!(!still_out || world.now >= probe_until, "two probes");
                            out = out.into_iter().map(|(pass, _)| (pass, false)).collect();
                            probe_until = world.now + SETTINGS.max_open;
                        }
                        out.push((pass, probes));
                    }
                    Err(wait) => prop_assert!(!wait.is_zero() && wait <= SETTINGS.max_open),
                },
                Step::End(which, verdict, id, chance) if !out.is_empty() => {
                    let (pass, _) = out.swap_remove(which % out.len());
                    let id = ConversationId(id);
                    match world.breaker.settle(pass, id, verdict, world.now, chance) {
                        Some(Change::Opened(time) | Change::StaysOpen(time)) => {
                            prop_assert!(time <= SETTINGS.max_open);
                            prop_assert!(time >= SETTINGS.open * 3 / 4);
                        }
                        Some(Change::Closed) => prop_assert_eq!(world.state(), State::Closed),
                        Some(Change::Probes) | None => {}
                    }
                }
                Step::End(..) => {}
            }
            prop_assert!(world.breaker.recent.len() <= 2 * SETTINGS.failures as usize);
        }
        // Whatever is out now is lost, and from now on the path works.
        let healed = world.now;
        while world.state() != State::Closed {
            if let Ok(pass) = world.admit() {
                world.settle(pass, 1, Verdict::Alive);
            } else {
                world.wait(100);
            }
            prop_assert!(world.now <= healed + SETTINGS.max_open + Duration::from_millis(100));
        }
    }
}
