use std::time::SystemTime;

use proptest::prelude::*;

use super::*;

fn record(outcome: Outcome, snapshot: Option<Origin>, age: Option<Duration>) -> Record<'static> {
    Record {
        snapshot,
        age,
        ..Record::new("r", &http::Method::PATCH, "/a/{b}", outcome)
    }
}

#[derive(Clone, Debug)]
enum Event {
    Observed(usize, Option<usize>, Option<u64>),
    Answered(u64),
    LookedUp(u64),
    /// A reading, when the clock says so many seconds.
    Read(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let origin = prop::option::of(0..Origin::ALL.len());
    let micros = || 0_u64..100_000_000;
    prop_oneof![
        (0..Outcome::ALL.len(), origin, prop::option::of(micros()))
            .prop_map(|(outcome, origin, age)| Event::Observed(outcome, origin, age)),
        micros().prop_map(Event::Answered),
        micros().prop_map(Event::LookedUp),
        (0_u64..4_000_000_000).prop_map(Event::Read),
    ]
}

proptest! {
    /// Whatever the clock does: forwards, backwards, not at all.
    #[test]
    fn the_points_and_what_is_under_way_add_up_to_what_was_counted(
        before in prop::collection::vec(event(), 0..5),
        after in prop::collection::vec(event(), 0..150),
    ) {
        let tally = Tally::default();
        let tell = |event: &Event| match event {
            Event::Observed(outcome, origin, age) => tally.observe(&record(
                Outcome::ALL[*outcome],
                origin.map(|origin| Origin::ALL[origin]),
                age.map(Duration::from_micros),
            )),
            Event::Answered(micros) => tally.answered(Duration::from_micros(*micros)),
            Event::LookedUp(micros) => tally.looked_up(Duration::from_micros(*micros)),
            Event::Read(_) => {}
        };
        before.iter().for_each(tell);
        let begun = tally.totals();
        let mut series = Series::new(begun.clone());
        for event in &after {
            tell(event);
            if let Event::Read(seconds) = event {
                series.read(SystemTime::UNIX_EPOCH + Duration::from_secs(*seconds), tally.totals());
            }
        }
        let totals = tally.totals();
        let last = series.under_way(SystemTime::UNIX_EPOCH, &totals);
        let all: Vec<_> = series.points().chain([&last]).collect();
        let counted = totals.since(&begun);
        for place in 0..Outcome::ALL.len() {
            let sum: u64 = all.iter().map(|point| point.outcomes[place]).sum();
            prop_assert_eq!(sum, counted.outcomes[place]);
        }
        for place in 0..Origin::ALL.len() {
            let sum: u64 = all.iter().map(|point| point.snapshots[place]).sum();
            prop_assert_eq!(sum, counted.snapshots[place]);
        }
        let sum = |of: fn(&Point) -> Spread| all.iter().map(|point| of(point).count).sum::<u64>();
        prop_assert_eq!(sum(|point| point.age), counted.age.count());
        prop_assert_eq!(sum(|point| point.upstream), counted.upstream.count());
        prop_assert_eq!(sum(|point| point.lookup), counted.lookup.count());
    }
}

#[test]
fn a_quarter_of_an_hour_is_kept_and_no_more() {
    let tally = Tally::default();
    let mut series = Series::new(tally.totals());
    let step = |number: usize| SystemTime::UNIX_EPOCH + STEP * u32::try_from(number).unwrap();
    for number in 0..KEPT + 3 {
        tally.observe(&record(Outcome::Repaired, None, None));
        series.read(step(number), tally.totals());
    }
    let times: Vec<_> = series.points().map(|point| point.time).collect();
    assert_eq!(times, (3..KEPT + 3).map(step).collect::<Vec<_>>());
    assert_eq!(
        STEP * u32::try_from(KEPT).unwrap(),
        Duration::from_secs(15 * 60)
    );
    assert!(
        series
            .points()
            .all(|point| point.outcomes.iter().sum::<u64>() == 1)
    );
}

#[test]
fn each_is_counted_in_its_own_place() {
    let tally = Tally::default();
    for (times, outcome) in Outcome::ALL.iter().enumerate() {
        for _ in 0..=times {
            tally.observe(&record(*outcome, Some(Origin::Refetched), None));
        }
    }
    tally.entered();
    tally.entered();
    tally.left();
    let totals = tally.totals();
    assert_eq!(totals.outcomes, [1, 2, 3, 4, 5]);
    assert_eq!(totals.snapshots, [0, 0, 0, 15]);
    assert_eq!(totals.in_flight, 1);
}
