//! The store in memory, the upstream behind it, and the lines to both.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use tokio::time::{Duration, Instant, sleep};

use super::super::{Answer, Events, Mark, Remote, Session, Sight, Trouble};
use crate::directory::cached::partition::Partitions;
use crate::directory::cached::{Key, PartitionKey};
use crate::rule::ConversationId;

#[derive(Clone)]
pub(super) struct Fake(Arc<Mutex<World>>);

pub(super) struct World {
    data: Data,
    saved: Data,
    /// Counts the restarts.
    pub(super) run: u64,
    pub(super) lines: [LineState; 2],
    sessions: Vec<(usize, Events)>,
    started: Instant,
    /// Of each conversation, at the upstream.
    versions: HashMap<u64, u64>,
    /// The version that the store has been told of, whatever becomes of the store.
    pub(super) published: HashMap<(usize, u64), u64>,
    pub(super) lookups: usize,
    /// Whether answers of the upstream wait, and how many do.
    holds: bool,
    held: usize,
    /// Everything that was asked of the store, by replica.
    pub(super) asked: Vec<(usize, &'static str)>,
    chance: u64,
}

/// What is lost in a restart, or comes back.
#[derive(Clone, Default)]
struct Data {
    epoch: Option<Bytes>,
    generations: HashMap<Key, Bytes>,
    snapshots: HashMap<Key, (Bytes, u64)>,
}

#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each goes with each other")]
pub(super) struct LineState {
    /// Every question fails.
    pub(super) cut: bool,
    /// No question is answered, whether or not it was carried out.
    pub(super) hangs: bool,
    /// No pushes come.
    pub(super) deaf: bool,
    /// The next bump does not arrive.
    pub(super) loses_bump: bool,
    /// So many ms more.
    pub(super) slow: u64,
    /// Connections have ended when they begin, and answer all the same.
    pub(super) ends_at_once: bool,
    /// Bumps take their time.
    pub(super) holds_bumps: bool,
}

impl Fake {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(World {
            data: Data::default(),
            saved: Data::default(),
            run: 1,
            lines: Default::default(),
            sessions: Vec::new(),
            started: Instant::now(),
            versions: HashMap::new(),
            published: HashMap::new(),
            lookups: 0,
            holds: false,
            held: 0,
            asked: Vec::new(),
            chance: 1,
        })))
    }

    pub(super) fn line(&self, number: usize) -> Line {
        Line {
            fake: self.clone(),
            number,
        }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// From 0 to 3 ms, never the same twice in a row.
    async fn travel(&self) {
        let chance = {
            let mut world = self.world();
            world.chance = world
                .chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            world.chance >> 62
        };
        sleep(Duration::from_millis(chance)).await;
    }

    /// The upstream's answer to a lookup.
    pub(super) async fn upstream(&self, path: &str) -> String {
        self.world().lookups += 1;
        self.travel().await;
        let c = path.rsplit('/').next().unwrap().parse().unwrap();
        let version = self.version(c);
        self.world().held += 1;
        while self.world().holds {
            sleep(Duration::from_millis(1)).await;
        }
        self.world().held -= 1;
        self.travel().await;
        format!(r#"{{"participants":[{{"id":"p","state":"{version}"}}]}}"#)
    }

    /// Answers of the upstream wait from now on, when they are made.
    pub(super) fn hold(&self) {
        self.world().holds = true;
    }

    pub(super) fn release(&self) {
        self.world().holds = false;
    }

    /// Waits until so many answers do.
    pub(super) async fn held(&self, count: usize) {
        while self.world().held < count {
            sleep(Duration::from_millis(1)).await;
        }
    }

    pub(super) fn version(&self, c: u64) -> u64 {
        self.world().versions.get(&c).copied().unwrap_or_default()
    }

    /// Changes a conversation.
    pub(super) async fn change(&self, c: u64) -> u64 {
        self.travel().await;
        let version = {
            let mut world = self.world();
            let version = world.versions.entry(c).or_default();
            *version += 1;
            *version
        };
        self.travel().await;
        version
    }

    /// The server ends, and another one goes on with what was saved, or with nothing.
    pub(super) fn restart(&self, with_what_was_saved: bool) {
        let ended = {
            let mut world = self.world();
            world.run += 1;
            let saved = std::mem::take(&mut world.saved);
            world.data = if with_what_was_saved {
                saved
            } else {
                Data::default()
            };
            std::mem::take(&mut world.sessions)
        };
        for (_, events) in &ended {
            events.ended();
        }
    }

    pub(super) fn save(&self) {
        let mut world = self.world();
        world.saved = world.data.clone();
    }

    /// Makes room.
    pub(super) fn evict(&self) {
        let mut world = self.world();
        world.data.generations.clear();
    }

    /// How much longer the oldest value is kept.
    pub(super) fn kept_for(&self) -> Duration {
        let world = self.world();
        let ends = world.data.snapshots.values().map(|(_, until)| *until);
        Duration::from_millis(ends.min().unwrap().saturating_sub(world.now()))
    }

    /// Everything in the store, as text.
    pub(super) fn dump(&self) -> String {
        let world = self.world();
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        let snapshots = world.data.snapshots.values().map(|(value, _)| text(value));
        let others = world.data.generations.values().map(text);
        snapshots.chain(others).collect()
    }
}

impl World {
    fn now(&self) -> u64 {
        // Not from zero: what is read is aged by it.
        1_000_000 + u64::try_from(self.started.elapsed().as_millis()).unwrap()
    }

    fn note_published(&mut self, number: usize, key: Option<Key>) {
        let partitions = Partitions::new(&PartitionKey::from_secret("what both replicas have"));
        for (&c, &version) in &self.versions {
            if key.is_none_or(|key| key == partitions.conversation(ConversationId(c))) {
                self.published.insert((number, c), version);
            }
        }
    }

    fn set_generation(&mut self, conversation: Key, token: &Bytes) {
        self.data.generations.insert(conversation, token.clone());
    }

    /// Those who hear of a change by replica `number`.
    fn listeners(&self, number: usize) -> Vec<Events> {
        let hears = |(other, _): &&(usize, Events)| *other != number && !self.lines[*other].deaf;
        let sessions = self.sessions.iter().filter(hears);
        sessions.map(|(_, events)| events.clone()).collect()
    }
}

/// One replica's way to the store.
pub(super) struct Line {
    fake: Fake,
    number: usize,
}

struct Over {
    fake: Fake,
    number: usize,
    run: u64,
}

impl Remote for Line {
    fn connect(&self, events: Events) -> Answer<'_, Arc<dyn Session>> {
        Box::pin(async move {
            self.fake.travel().await;
            let mut world = self.fake.world();
            if world.lines[self.number].cut {
                return Err(unreachable());
            }
            world.asked.push((self.number, "connect"));
            if world.lines[self.number].ends_at_once {
                events.ended();
            }
            world.sessions.retain(|(number, _)| *number != self.number);
            world.sessions.push((self.number, events));
            let session = Over {
                fake: self.fake.clone(),
                number: self.number,
                run: world.run,
            };
            drop(world);
            Ok(Arc::new(session) as Arc<dyn Session>)
        })
    }
}

fn unreachable() -> Trouble {
    Trouble::Unreachable("cut".into())
}

impl Over {
    /// Carries a question there and its answer back.
    fn ask<'a, T: Send + 'a>(
        &'a self,
        what: &'static str,
        answer: impl FnOnce(&mut World) -> T + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            self.fake.travel().await;
            let slow = self.fake.world().lines[self.number].slow;
            sleep(Duration::from_millis(slow)).await;
            let answer = {
                let mut world = self.fake.world();
                let line = world.lines[self.number];
                world.asked.push((self.number, what));
                if line.cut || world.run != self.run {
                    return Err(unreachable());
                }
                (!line.hangs).then(|| answer(&mut world))
            };
            self.fake.travel().await;
            let hangs = self.fake.world().lines[self.number].hangs;
            match answer {
                Some(answer) if !hangs => Ok(answer),
                _ => pending().await,
            }
        })
    }

    fn is_current(&self, epoch: Option<&Bytes>) -> bool {
        let begin = format!("{}:", self.run);
        epoch.is_some_and(|epoch| epoch.starts_with(begin.as_bytes()))
    }

    fn epoch(&self, token: &Bytes) -> Bytes {
        [format!("{}:", self.run).as_bytes(), token].concat().into()
    }
}

impl Session for Over {
    fn is_of_this_run(&self) -> Answer<'_, bool> {
        self.ask("ping", |world| self.is_current(world.data.epoch.as_ref()))
    }

    fn renew(&self, token: Bytes) -> Answer<'_, ()> {
        self.ask("renew", move |world| {
            world.data.epoch = Some(self.epoch(&token));
            world.note_published(self.number, None);
        })
    }

    fn mark(&self, conversation: Key) -> Answer<'_, Option<Mark>> {
        self.ask("confirm", move |world| {
            Some(Mark {
                epoch: world.data.epoch.clone()?,
                generation: world.data.generations.get(&conversation)?.clone(),
            })
        })
    }

    fn look(&self, conversation: Key, value: Option<Key>, token: Bytes) -> Answer<'_, Sight> {
        self.ask("look", move |world| {
            let epoch = self.epoch(&token);
            let now = world.now();
            let data = &mut world.data;
            data.snapshots.retain(|_, (_, until)| *until > now);
            Sight {
                mark: Mark {
                    epoch: data.epoch.get_or_insert(epoch).clone(),
                    generation: data
                        .generations
                        .entry(conversation)
                        .or_insert(token)
                        .clone(),
                },
                now,
                value: value.and_then(|key| Some(data.snapshots.get(&key)?.0.clone())),
            }
        })
    }

    fn bump(&self, conversations: Vec<Key>, token: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            let lost = std::mem::take(&mut self.fake.world().lines[self.number].loses_bump);
            if lost {
                return pending().await;
            }
            while self.fake.world().lines[self.number].holds_bumps {
                sleep(Duration::from_millis(1)).await;
            }
            let told = self.ask("bump", move |world| {
                let listeners = world.listeners(self.number);
                for conversation in conversations {
                    world.set_generation(conversation, &token);
                    world.note_published(self.number, Some(conversation));
                    for events in &listeners {
                        events.pushed(Some(conversation));
                    }
                }
            });
            told.await
        })
    }

    fn keep(&self, key: Key, value: Bytes, until: u64) -> Answer<'_, ()> {
        self.ask("keep", move |world| {
            world.data.snapshots.insert(key, (value, until));
        })
    }
}
