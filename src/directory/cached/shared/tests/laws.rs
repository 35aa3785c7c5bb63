//! The law, over everything that two replicas and their store may go through at once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use proptest::prelude::*;
use tokio::task::JoinSet;

use super::*;

const MAX_AGE: Duration = Duration::from_millis(300);

#[derive(Clone, Copy, Debug)]
enum Step {
    Read(usize, u64),
    Write(usize, u64),
    Learn(usize, u64),
    Wait(u64),
    Cut(usize),
    Hang(usize),
    Deafen(usize),
    LoseBump(usize),
    Mend(usize),
    Save,
    Restart(bool),
    Evict,
    Clear(usize),
}

fn steps(is_deaf: bool) -> impl Strategy<Value = Vec<Step>> {
    let of = |make: fn(usize) -> Step| (0..2_usize).prop_map(make);
    let on =
        |make: fn(usize, u64) -> Step| (0..2_usize, 1..3_u64).prop_map(move |(r, c)| make(r, c));
    let deafen = move |number| {
        if is_deaf {
            Step::Deafen(number)
        } else {
            Step::Mend(number)
        }
    };
    let step = prop_oneof![
        40 => on(Step::Read),
        20 => on(Step::Write),
        3 => on(Step::Learn),
        20 => (0..8_u64).prop_map(Step::Wait),
        4 => (8..400_u64).prop_map(Step::Wait),
        2 => of(Step::Cut),
        2 => of(Step::Hang),
        2 => (0..2_usize).prop_map(deafen),
        2 => of(Step::LoseBump),
        8 => of(Step::Mend),
        2 => Just(Step::Save),
        2 => any::<bool>().prop_map(Step::Restart),
        1 => Just(Step::Evict),
        1 => of(Step::Clear),
    ];
    proptest::collection::vec(step, 1..120)
}

/// What each conversation must be seen to be by whoever begins to read now.
#[derive(Default)]
struct Known {
    /// Answered, through the replica itself.
    own: HashMap<(usize, u64), u64>,
    /// Answered, through either, and within the reach of a replica.
    all: HashMap<(usize, u64), u64>,
    /// All versions, with the time when the next was there.
    history: HashMap<u64, Vec<Instant>>,
}

#[derive(Clone)]
struct Notes {
    known: Arc<Mutex<Known>>,
    /// Whether replicas ask before they fill. One that does not is told of what others publish, and of nothing that it
    /// published itself.
    confirm: bool,
}

impl Notes {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap()
    }

    fn answered(&self, replica: &Replica, c: u64, version: u64) {
        let published = replica.fake.world().published.clone();
        let mut known = self.lock();
        let own = known.own.entry((replica.number, c)).or_default();
        *own = version.max(*own);
        for reader in 0..2 {
            let reaches = |by: &usize| self.confirm || *by != reader;
            let mut known_to = (0..2).filter(reaches).map(|by| published.get(&(by, c)));
            if known_to.any(|published| published.is_some_and(|published| *published >= version)) {
                let all = known.all.entry((reader, c)).or_default();
                *all = version.max(*all);
            }
        }
    }

    fn least(&self, replica: &Replica, c: u64) -> (u64, u64) {
        let known = self.lock();
        let own = known.own.get(&(replica.number, c)).copied();
        let all = known.all.get(&(replica.number, c)).copied();
        (own.unwrap_or_default(), all.unwrap_or_default())
    }

    /// The version that was out of date no longer than snapshots may be.
    fn oldest(&self, c: u64, now: Instant) -> u64 {
        let known = self.lock();
        let changes = known.history.get(&c).map(Vec::as_slice).unwrap_or_default();
        let is_over = |at: &&Instant| **at + MAX_AGE < now;
        changes.iter().filter(is_over).count() as u64
    }
}

async fn read(replica: Replica, notes: Notes, c: u64) {
    let began = Instant::now();
    let (own, all) = notes.least(&replica, c);
    let session = replica.session();
    let reading = replica.ask(&ask(c)).await.unwrap();
    let (seen, origin) = (version(&reading), reading.origin);
    let who = format!("replica {} read {c} as {seen}, a {origin}", replica.number);
    assert!(seen >= own, "{who}, and had changed it to {own} itself");
    // Alone for a moment, it cannot know.
    if session.is_some() && replica.session() == session {
        assert!(seen >= all, "{who}, and the other had changed it to {all}");
    }
    let oldest = notes.oldest(c, began);
    assert!(seen >= oldest, "{who}, and for long it was {oldest}");
}

async fn write(replica: Replica, notes: Notes, c: u64) {
    let directory = replica.directory();
    drop(directory.wrote(ConversationId(c)));
    let version = replica.fake.change(c).await;
    let at = Instant::now();
    {
        let mut known = notes.lock();
        let history = known.history.entry(c).or_default();
        history.push(at);
    }
    let started = Instant::now();
    if let Some(told) = directory.wrote(ConversationId(c)) {
        told.await;
    }
    assert!(started.elapsed() <= TIMEOUT + Duration::from_millis(1));
    notes.answered(&replica, c, version);
}

/// A GET that passes through. What it saw, it saw at some time between its beginning and its end.
async fn learn(replica: Replica, c: u64) {
    let Some(learning) = replica.directory().learn(ask(c)) else {
        return;
    };
    let lesson = match learning {
        Learning::Now(lesson) => lesson,
        Learning::Later(later) => later.await,
    };
    let answer = replica.fake.upstream(&format!("/c/{c}")).await;
    lesson(answer.as_bytes().into());
}

async fn play(steps: Vec<Step>, confirm: bool) {
    let fake = Fake::new();
    let settings = Settings {
        timeout: TIMEOUT,
        confirm,
    };
    let replicas = [0, 1].map(|number| Replica::with(&fake, number, settings, MAX_AGE));
    for replica in &replicas {
        replica.together().await;
    }
    let notes = Notes {
        known: Arc::default(),
        confirm,
    };
    let mut tasks = JoinSet::new();
    for step in steps {
        let line = |number: usize, change: fn(&mut fake::LineState)| {
            change(&mut fake.world().lines[number]);
        };
        match step {
            Step::Read(r, c) => drop(tasks.spawn(read(replicas[r].clone(), notes.clone(), c))),
            Step::Write(r, c) => drop(tasks.spawn(write(replicas[r].clone(), notes.clone(), c))),
            Step::Learn(r, c) => drop(tasks.spawn(learn(replicas[r].clone(), c))),
            Step::Wait(millis) => sleep(Duration::from_millis(millis)).await,
            Step::Cut(r) => line(r, |line| line.cut = true),
            Step::Hang(r) => line(r, |line| line.hangs = true),
            Step::Deafen(r) => line(r, |line| line.deaf = true),
            Step::LoseBump(r) => line(r, |line| line.loses_bump = true),
            Step::Mend(r) => line(r, |line| *line = fake::LineState::default()),
            Step::Save => fake.save(),
            Step::Restart(with_what_was_saved) => fake.restart(with_what_was_saved),
            Step::Evict => fake.evict(),
            Step::Clear(r) => replicas[r].store.clear(),
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    // It heals by itself, when what is on its way is over.
    fake.world().lines = Default::default();
    sleep(TIMEOUT * 2).await;
    for replica in &replicas {
        replica.together().await;
    }
    for (writer, reader) in [(0, 1), (1, 0)] {
        replicas[reader].read(1).await;
        let version = replicas[writer].write(1).await;
        // The bump from before the write may be late.
        sleep(Duration::from_millis(10)).await;
        assert_eq!(replicas[reader].read(1).await.0, version);
        let lookups = fake.world().lookups;
        sleep(Duration::from_millis(10)).await;
        assert_eq!(replicas[writer].read(1).await, (version, Origin::Hit));
        assert_eq!(fake.world().lookups, lookups);
    }
}

fn run(steps: Vec<Step>, confirm: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(play(steps, confirm));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_confirm_nothing_older_than_what_was_answered_fills(steps in steps(true)) {
        run(steps, true);
    }

    /// As long as pushes come; here they take no time.
    #[test]
    fn without_confirm_pushes_see_to_it(steps in steps(false)) {
        run(steps, false);
    }
}

/// What one publishes after the other's change tells itself nothing of that change, whose own word was lost.
#[test]
fn nobody_is_told_of_what_it_publishes_itself() {
    let steps = [
        Step::Read(1, 2),
        Step::Read(1, 1),
        Step::Wait(0),
        Step::Learn(1, 1),
        Step::Wait(5),
        Step::Read(0, 1),
        Step::Wait(4),
        Step::Read(0, 2),
        Step::Write(0, 2),
        Step::Wait(1),
        Step::Write(0, 1),
        Step::Learn(0, 1),
        Step::Write(0, 1),
        Step::Write(0, 1),
        Step::Learn(0, 1),
        Step::Write(0, 1),
        Step::Wait(7),
        Step::Read(1, 1),
        Step::Read(0, 1),
        Step::Write(0, 1),
        Step::Write(0, 2),
        Step::Wait(4),
        Step::Read(0, 1),
        Step::Read(0, 2),
        Step::Wait(1),
        Step::Read(0, 1),
        Step::Write(1, 2),
        Step::Write(1, 1),
        Step::Read(0, 2),
        Step::Cut(1),
        Step::Wait(3),
        Step::Read(0, 2),
        Step::Read(0, 1),
    ];
    run(steps.into(), false);
}
