//! The store as it is seen from here. Nothing in it knows of Redis.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use thiserror::Error;

use super::link::Inner;
use crate::directory::cached::Key;

/// What the store will have said.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Trouble>> + Send + 'a>>;

/// Why it said nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// It took longer than it may.
    #[error("it does not answer in time")]
    Late,
    /// There is no connection.
    #[error("{0}")]
    Unreachable(String),
    /// It does not do what it is asked.
    #[error("{0}")]
    Refused(String),
}

/// A place that replicas share.
pub trait Remote: Send + Sync + 'static {
    /// Connects. From then on `events` hears of every generation that somebody else changes, until it hears of
    /// the end of the connection.
    fn connect(&self, events: Events) -> Answer<'_, Arc<dyn Session>>;
}

/// One connection to it. What is asked one after the other is answered in that order.
pub trait Session: Send + Sync + 'static {
    /// Whether the epoch there began in the present run of the server.
    fn is_of_this_run(&self) -> Answer<'_, bool>;

    /// Begins a new epoch, in the present run. `token` was never used before.
    fn renew(&self, token: Bytes) -> Answer<'_, ()>;

    /// The mark of a conversation, as far as there is one.
    fn mark(&self, conversation: Key) -> Answer<'_, Option<Mark>>;

    /// The mark of a conversation, made of `token` as far as there is none, and the value kept under a key, if
    /// one is asked for. The mark is no newer than the value, and the value no newer than the time.
    fn look(&self, conversation: Key, value: Option<Key>, token: Bytes) -> Answer<'_, Sight>;

    /// Gives conversations another generation.
    fn bump(&self, conversations: Vec<Key>, token: Bytes) -> Answer<'_, ()>;

    /// Keeps a value until a moment on the store's clock.
    fn keep(&self, key: Key, value: Bytes, until: u64) -> Answer<'_, ()>;
}

/// The epoch of a store.
pub type Epoch = Bytes;

/// What a snapshot must have been read under to be as good as one that is read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Of the store.
    pub epoch: Epoch,
    /// Of the conversation.
    pub generation: Bytes,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Sight {
    /// The conversation's mark.
    pub mark: Mark,
    /// The time, in ms, on the store's own clock. No clocks of two machines are ever compared.
    pub now: u64,
    /// The value, where one was asked for and is there.
    pub value: Option<Bytes>,
}

/// Hears what a connection tells by itself. It does not block.
#[derive(Clone, Debug)]
pub struct Events {
    inner: Weak<Inner>,
    serial: u64,
    over: Arc<AtomicBool>,
}

impl Events {
    pub(super) fn new(inner: Weak<Inner>, serial: u64) -> Self {
        Self {
            inner,
            serial,
            over: Arc::default(),
        }
    }

    /// Somebody else has changed the generation of this conversation, or of all.
    pub fn pushed(&self, conversation: Option<Key>) {
        if let Some(inner) = self.inner.upgrade() {
            inner.pushed(conversation);
        }
    }

    /// The connection is at its end: what others change from now on is not heard of.
    pub fn ended(&self) {
        // First: whoever is about to use the connection looks at it.
        self.over.store(true, Ordering::SeqCst);
        if let Some(inner) = self.inner.upgrade() {
            let trouble = Trouble::Unreachable("the connection has ended".to_owned());
            inner.lost(self.serial, &trouble);
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    pub(super) fn serial(&self) -> u64 {
        self.serial
    }
}
