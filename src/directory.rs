//! The directory: what conversations look like now, as the upstream tells each credential.

#[cfg(feature = "cache")]
use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderValue;
use thiserror::Error;
use tokio::time::Instant;

use crate::layer::record::Origin;
use crate::repair::coding::Codings;
use crate::rule::{ConversationId, Source};
use crate::snapshot::Conversation;

mod address;
#[cfg(feature = "cache")]
pub mod breaker;
#[cfg(feature = "cache")]
pub mod cached;
pub mod fetch;
// Not a part of the API: public so that the laws in tests/fuzz can be stated of it.
#[doc(hidden)]
pub mod retry_after;
mod uncached;

pub use self::address::Address;
pub(crate) use self::address::sibling;
pub use self::uncached::Uncached;

/// Where current state is looked up. [`Uncached`] asks each time; `cached::Cached` (feature `cache`)
/// remembers.
pub trait Directory: Clone + Send + Sync + 'static {
    /// The present, on the directory's own clock: later than everything that was read so far.
    fn now(&self) -> Tick;

    /// Reads a conversation.
    fn read(&self, ask: &Ask) -> impl Future<Output = Result<Reading, LookupError>> + Send;

    /// Says that a write on the conversation is about to be forwarded, or was answered: what was read
    /// before must not fill any more. Where others have to be told, too, the answer goes to the caller when
    /// they were; they are told whether or not that is waited for.
    fn wrote(&self, _conversation: ConversationId) -> Option<Told> {
        None
    }

    /// Offers a passing GET of a source, before it is forwarded. The lesson takes the answer's body.
    fn learn(&self, _ask: Ask) -> Option<Learning> {
        None
    }
}

/// Ends when others know of a write, or when they took too long.
pub type Told = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes the answer to a passing GET that was answered 200.
pub type Lesson = Box<dyn FnOnce(Passing<'_>) + Send>;

/// The body of an answer that passed, as it came.
#[derive(Clone, Copy)]
pub struct Passing<'a> {
    /// Its bytes.
    pub body: &'a [u8],
    /// What they are coded in.
    pub codings: Codings,
    /// Most bytes of the text.
    pub limit: usize,
}

#[cfg(feature = "cache")]
impl Passing<'_> {
    /// What a source takes from it, if it can be read.
    pub(crate) fn extract(&self, source: &Source) -> Option<Conversation> {
        let text = if self.codings.is_identity() {
            Cow::Borrowed(self.body)
        } else {
            Cow::Owned(self.codings.decode(self.body, self.limit).ok()?)
        };
        source.extract(&text).ok()
    }
}

/// A text that is not coded.
impl<'a> From<&'a [u8]> for Passing<'a> {
    fn from(body: &'a [u8]) -> Self {
        Self {
            body,
            codings: Codings::default(),
            limit: body.len(),
        }
    }
}

impl std::fmt::Debug for Passing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It is somebody's conversation.
        f.debug_struct("Passing")
            .field("length", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// When a passing GET can be learned from.
pub enum Learning {
    /// When it is forwarded now.
    Now(Lesson),
    /// When it is forwarded after this.
    Later(Pin<Box<dyn Future<Output = Lesson> + Send>>),
}

impl std::fmt::Debug for Learning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Now(_) => "Now",
            Self::Later(_) => "Later",
        })
    }
}

/// A moment on a directory's clock, which counts events. Unlike time it never stands still between two
/// of them, so "read after" is always decidable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(pub(crate) u64);

/// Makes [`Tick`]s.
#[derive(Debug, Default)]
pub(crate) struct Clock(AtomicU64);

impl Clock {
    pub(crate) fn tick(&self) -> Tick {
        Tick(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

/// What is asked of a directory.
#[derive(Clone, Debug)]
pub struct Ask {
    /// How to understand the answer.
    pub source: Arc<Source>,
    /// Where the GET goes.
    pub address: Address,
    /// The conversation that it reads.
    pub conversation: ConversationId,
    /// The caller's own `Authorization`.
    pub credential: HeaderValue,
    /// Only what was read after this moment will do.
    pub newer_than: Option<Tick>,
}

/// A conversation as it was read once. Clones share it.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Its participants.
    pub conversation: Conversation,
    /// The moment before the GET was sent.
    pub tick: Tick,
    /// The same moment on the clock.
    pub read_at: Instant,
}

/// A snapshot, and how it came about.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What was read.
    pub snapshot: Snapshot,
    /// How it came about.
    pub origin: Origin,
}

impl Reading {
    /// How old it is now. It counts from before the GET was sent: the answer may be as old as that.
    pub fn age(&self) -> Duration {
        self.snapshot.read_at.elapsed()
    }
}

/// Why there is no snapshot. Callers of one shared lookup all get the same.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupError {
    /// 404.
    #[error("the upstream knows no such conversation")]
    Unknown,
    /// 401 or 403.
    #[error("the upstream denied the lookup to this credential")]
    Denied,
    /// 429, now or until lately, or what is left of the credential's rate is not for lookups; the rest of
    /// the time to wait.
    #[error("the upstream throttles this credential")]
    Throttled(Duration),
    /// No answer in time.
    #[error("the lookup took too long")]
    Timeout,
    /// No connection, or it broke, be it within the answer.
    #[error("the upstream could not be reached")]
    Unreachable,
    /// A status that says nothing about the conversation, and `Retry-After` where the answer had one.
    #[error("the upstream answered the lookup with {0}")]
    Status(u16, Option<Duration>),
    /// All answers and bodies together hold as much as they may.
    #[error("too much is being read at once")]
    Overloaded,
    /// Not tried: too many failed lately. The rest of the time to wait.
    #[error("lookups are suspended, since too many failed")]
    Suspended(Duration),
    /// A 200 that is no conversation, or over the limit.
    #[error("the upstream's answer to the lookup was no conversation")]
    NoConversation,
}
