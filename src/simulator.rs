//! The API, as each rule pack says it is: something to send requests to without a Genesys Cloud
//! organisation.
//!
//! The strict one serves `GET` of conversations and `PATCH` of their participants on the general, the
//! media and the web-instance paths; the official one every published `PATCH` with a participant in its
//! path, and what such a `PATCH` must not be mistaken for. Both hand out tokens. [`Simulator`] is a
//! `tower` service; [`serve`] puts it on a socket. Tests steer it through its methods, other programs
//! through `/__control/…`.

mod control;
mod data;
mod effect;
mod error;
mod exchange;
mod faults;
mod journal;
mod json;
mod limit;
mod listen;
mod model;
mod official;
mod path;
mod render;
mod reply;
mod script;
pub mod seed;
mod store;
mod strict;
mod token;
mod transition;

use std::error::Error;
use std::fmt;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use tokio::sync::watch;

use crate::rule::pack::Pack;

pub use self::data::{Data, DataError};
pub use self::effect::Effect;
pub use self::faults::{Fault, FaultError, FaultKind};
pub use self::journal::Received;
pub use self::listen::serve;
pub use self::model::{Communication, Conversation, Media, Participant, Queue};
pub use self::script::{After, StateChange};

/// How a simulator behaves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which upstream to be.
    pub rules: Pack,
    /// Added to every answer.
    pub latency: Duration,
    /// Requests per minute and token; none when absent.
    pub rate_limit: Option<NonZeroU32>,
    /// Generated conversations besides the others, see [`seed::generated`].
    pub generate: u32,
    /// Conversations, faults and changes.
    pub data: Data,
}

/// The simulated API. Clones share everything.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

/// The connection is dropped on purpose: a server that gets this error closes it without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the simulator drops this connection")]
pub struct Dropped;

struct Shared {
    rules: Pack,
    latency: Duration,
    store: Mutex<store::Store>,
    faults: Mutex<faults::Faults>,
    script: Mutex<script::Script>,
    limiter: Mutex<limit::Limiter>,
    journal: Mutex<journal::Journal>,
    /// Tells that a request has arrived.
    arrived: watch::Sender<u64>,
    /// Tells held requests to go on.
    released: watch::Sender<u64>,
}

// === impl Simulator ===

impl Simulator {
    /// A simulator with the built-in conversations, or those of the data, and the generated ones.
    pub fn new(options: Options) -> Self {
        let Data {
            conversations,
            faults,
            after,
        } = options.data;
        let mut store = store::Store::default();
        let given = conversations.unwrap_or_else(seed::conversations);
        for conversation in given
            .into_iter()
            .chain((1..=options.generate).map(seed::generate))
        {
            store.insert(conversation);
        }
        let shared = Shared {
            rules: options.rules,
            latency: options.latency,
            store: Mutex::new(store),
            faults: Mutex::new(faults.into_iter().collect()),
            script: Mutex::new(after.into_iter().collect()),
            limiter: Mutex::new(limit::Limiter::new(options.rate_limit)),
            journal: Mutex::default(),
            arrived: watch::Sender::new(0),
            released: watch::Sender::new(0),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Adds a conversation, or replaces the one with its id.
    pub fn insert(&self, conversation: Conversation) {
        lock(&self.shared.store).insert(conversation);
    }

    /// Changes a participant from outside. False when there is nothing to change.
    #[must_use]
    pub fn set(&self, change: &StateChange) -> bool {
        lock(&self.shared.store).set(change)
    }

    /// Gives the participant's communication that counts another state. False when there is none.
    #[must_use]
    pub fn set_state(&self, conversation: &str, participant: &str, state: &str) -> bool {
        self.set(&StateChange {
            conversation: conversation.to_owned(),
            participant: participant.to_owned(),
            state: Some(state.to_owned()),
            queue: None,
        })
    }

    /// Has a change come after so many requests.
    pub fn after(&self, after: After) {
        lock(&self.shared.script).add(after);
    }

    /// Has a fault meet requests from now on.
    pub fn fault(&self, fault: Fault) -> Result<(), FaultError> {
        lock(&self.shared.faults).add(fault)
    }

    /// Ends all faults. Held requests stay held.
    pub fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Lets all held requests go on.
    pub fn release(&self) {
        self.shared.release();
    }

    /// How many requests with this method arrived, those to `/__control/` aside.
    pub fn count(&self, method: &Method) -> u64 {
        let journal = lock(&self.shared.journal);
        let counts = journal
            .counts()
            .filter(|(other, ..)| *other == method.as_str());
        counts.map(|(.., count)| count).sum()
    }

    /// Waits until so many requests with this method have arrived (not: are answered).
    pub async fn arrived(&self, method: &Method, count: u64) {
        let mut arrived = self.shared.arrived.subscribe();
        while self.count(method) < count {
            // The sender lives as long as `self`.
            if arrived.changed().await.is_err() {
                return;
            }
        }
    }

    /// The last thousand requests, oldest first.
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.shared.journal).requests().cloned().collect()
    }

    /// The last ten thousand accepted writes, oldest first.
    pub fn effects(&self) -> Vec<Effect> {
        lock(&self.shared.store).effects().1.cloned().collect()
    }

    /// How many writes were accepted, also those no longer kept.
    pub fn effects_total(&self) -> u64 {
        lock(&self.shared.store).effects().0
    }

    /// Forgets requests, counts and effects; the conversations stay as they are.
    pub fn forget(&self) {
        self.shared.forget();
    }
}

impl<B> tower_service::Service<Request<B>> for Simulator
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Dropped;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Dropped>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Dropped>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { exchange::handle(&shared, request).await })
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the content: it holds tokens and attribute values.
        f.debug_struct("Simulator").finish_non_exhaustive()
    }
}

// === impl Shared ===

impl Shared {
    fn receive(&self, request: Received) -> u64 {
        let seq = lock(&self.journal).record(request);
        self.arrived.send_replace(seq);
        seq
    }

    fn release(&self) {
        self.released.send_modify(|count| *count += 1);
    }

    fn forget(&self) {
        lock(&self.journal).clear();
        lock(&self.store).forget_effects();
    }
}

/// A panic elsewhere must not turn every later answer into one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
