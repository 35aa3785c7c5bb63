use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::debts::Debts;
use super::keeper;
use super::seal::{Seal, Sealed};
use super::standing::{Bond, Connected, Standing};
use super::tokens::Tokens;
use super::{Answer, Finding, Mark, Operation, Outcome, Remote, Settings, Trouble, Watch};
use crate::directory::cached::Key;
use crate::directory::cached::generation::Generations;
use crate::directory::{Tick, Told};
use crate::snapshot::Conversation;

/// No timer is that late in a process that runs when it wants to.
const HELD_UP: Duration = Duration::from_millis(10);

/// What connects a replica's memory with the store. It ends when it is dropped.
#[derive(Debug)]
pub(in crate::directory::cached) struct Link {
    inner: Arc<Inner>,
    keeper: AbortHandle,
}

/// What the tasks of a link share.
pub(super) struct Inner {
    pub(super) settings: Settings,
    pub(super) standing: Mutex<Standing>,
    pub(super) tokens: Tokens,
    pub(super) watch: Box<dyn Watch>,
    /// Wakes whoever looks after the connection.
    pub(super) wake: Notify,
    serials: AtomicU64,
    pushes: Generations,
    seal: Seal,
    max_age: Duration,
    runtime: Handle,
}

/// What one request may still wait for the store.
#[derive(Debug, Default)]
pub(in crate::directory::cached) struct Patience(Duration);

/// What is known before a lookup.
#[derive(Debug, Default)]
pub(in crate::directory::cached) struct Found {
    /// Under what is read from now on.
    pub(in crate::directory::cached) bond: Bond,
    /// The store's time, where the store was asked.
    pub(in crate::directory::cached) now: Option<u64>,
    /// What another replica has read, and how old it was when the store was asked.
    pub(in crate::directory::cached) read: Option<(Conversation, Duration)>,
}

impl Patience {
    /// For a lookup that the request begins: it waits for that and for nothing else meanwhile.
    pub(in crate::directory::cached) fn rest(&self) -> Self {
        Self(self.0)
    }
}

impl Link {
    /// Keeps up a connection with `remote` from now on. `pushes` counts on the clock of the replica's memory.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub(in crate::directory::cached) fn start(
        settings: Settings,
        max_age: Duration,
        seal: Seal,
        pushes: Generations,
        remote: impl Remote,
        watch: impl Watch,
    ) -> Self {
        let inner = Arc::new(Inner {
            settings,
            standing: Mutex::new(Standing {
                alone_since: 0,
                connected: None,
                debts: Debts::default(),
            }),
            tokens: Tokens::new(),
            watch: Box::new(watch),
            wake: Notify::new(),
            serials: AtomicU64::new(0),
            pushes,
            seal,
            max_age,
            runtime: Handle::current(),
        });
        let keeper = tokio::spawn(keeper::keep(Arc::clone(&inner), remote)).abort_handle();
        Self { inner, keeper }
    }

    pub(in crate::directory::cached) fn patience(&self) -> Patience {
        self.inner.patience()
    }

    /// When a conversation was last written to as far as the store knows and has told.
    pub(in crate::directory::cached) fn last_push(&self, conversation: Key) -> Tick {
        self.inner.pushes.last_write(conversation.number())
    }

    /// Whether what was read under `bond` is as good as what would be read now.
    pub(in crate::directory::cached) async fn holds(
        &self,
        bond: &Bond,
        conversation: Key,
        patience: &mut Patience,
    ) -> bool {
        let inner = &*self.inner;
        let connected = inner.shared();
        match (bond, connected) {
            (Bond::Alone(since), Err(alone_since)) => *since == alone_since,
            (Bond::Shared(_, serial), Ok(connected)) if !inner.settings.confirm => {
                *serial == connected.serial
            }
            (Bond::Shared(mark, _), Ok(connected)) => {
                let answer = connected.session.mark(conversation);
                let found = inner.ask(&connected, Operation::Confirm, patience, answer);
                found.await.flatten().as_ref() == Some(mark)
            }
            _ => false,
        }
    }

    /// Looks what there is before a lookup begins: the mark in any case, and under `value` what another
    /// replica has read, a conversation whose participants have `fields` fields.
    pub(in crate::directory::cached) async fn look(
        &self,
        conversation: Key,
        value: Option<Key>,
        fields: usize,
        patience: &mut Patience,
    ) -> Found {
        let inner = &*self.inner;
        let alone = |since| Found {
            bond: Bond::Alone(since),
            now: None,
            read: None,
        };
        let connected = match inner.shared() {
            Ok(connected) => connected,
            Err(since) => {
                inner.note_alone(Operation::Look);
                return alone(since);
            }
        };
        let token = inner.tokens.next();
        let answer = connected.session.look(conversation, value, token);
        let sight = inner.ask(&connected, Operation::Look, patience, answer);
        let Some(sight) = sight.await else {
            return alone(inner.lock().alone_since);
        };
        let read = value.and_then(|key| {
            let (read, finding) = inner.unseal(key, &sight.mark, sight.now, sight.value, fields);
            inner.watch.found(finding);
            read
        });
        Found {
            bond: Bond::Shared(sight.mark, connected.serial),
            now: Some(sight.now),
            read,
        }
    }

    /// Keeps for others what was read under a bond, at a time on the store's clock.
    pub(in crate::directory::cached) async fn keep(
        &self,
        key: Key,
        conversation: &Conversation,
        bond: &Bond,
        at: Option<u64>,
    ) {
        let inner = &*self.inner;
        // What was read alone has no mark, and is never kept.
        let (Bond::Shared(mark, _), Some(at), Ok(connected)) = (bond, at, inner.shared()) else {
            return;
        };
        let sealed = Sealed {
            at,
            mark: mark.clone(),
        };
        let Some(value) = inner.seal.close(key, &sealed, conversation) else {
            return;
        };
        // On the store's clock, so that a value that takes its time on the way lives no longer for it.
        let until = at.saturating_add(millis(inner.max_age));
        let answer = connected.session.keep(key, value, until);
        let mut patience = inner.patience();
        inner
            .ask(&connected, Operation::Keep, &mut patience, answer)
            .await;
    }

    /// Gives a conversation another generation, whether or not what is returned is waited for.
    pub(in crate::directory::cached) fn wrote(&self, conversation: Key) -> Option<Told> {
        let inner = &self.inner;
        let connected = inner.connected_or_owe(conversation)?;
        let bump = Arc::clone(inner).bump(connected, conversation);
        let bump = inner.runtime.spawn(bump);
        let limit = inner.settings.timeout;
        Some(Box::pin(async move {
            // What takes longer goes on by itself.
            let _ = timeout(limit, bump).await;
        }))
    }

    /// The session over which it shares, if it does.
    #[cfg(test)]
    pub(super) fn session(&self) -> Option<u64> {
        let connected = self.inner.shared().ok();
        connected.map(|connected| connected.serial)
    }

    /// Makes everything that is shared unusable, everywhere.
    pub(in crate::directory::cached) fn renew(&self) {
        let inner = &*self.inner;
        inner.fall_out();
        inner.wake.notify_one();
    }
}

impl Inner {
    pub(super) fn patience(&self) -> Patience {
        Patience(self.settings.timeout)
    }

    pub(super) fn serial(&self) -> u64 {
        self.serials.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Asks, and gives the session up when there is no answer in time.
    pub(super) async fn ask<T>(
        &self,
        connected: &Connected,
        operation: Operation,
        patience: &mut Patience,
        answer: Answer<'_, T>,
    ) -> Option<T> {
        let answered = self.ask_calmly(operation, patience, answer).await;
        answered
            .inspect_err(|trouble| self.lost(connected.serial, trouble))
            .ok()
    }

    pub(super) async fn ask_calmly<T>(
        &self,
        operation: Operation,
        patience: &mut Patience,
        answer: Answer<'_, T>,
    ) -> Result<T, Trouble> {
        let started = Instant::now();
        let deadline = started + patience.0;
        let mut answer = answer;
        let mut answered = timeout_at(deadline, &mut answer).await;
        // A process that was itself held up hears of the end of its patience too late, and of an answer that
        // has been there for long not at all: it gives the store its time once more.
        if answered.is_err() && deadline.elapsed() > HELD_UP {
            answered = timeout(patience.0, answer).await;
        }
        let answered = answered.unwrap_or(Err(Trouble::Late));
        let took = started.elapsed();
        patience.0 = patience.0.saturating_sub(took);
        let outcome = answered
            .as_ref()
            .map_or_else(Outcome::from, |_| Outcome::Ok);
        self.watch.operation(operation, outcome, took);
        answered
    }

    /// The session, where what is shared counts, or since when it does not.
    fn shared(&self) -> Result<Connected, u64> {
        let standing = self.lock();
        standing.shared().cloned().ok_or(standing.alone_since)
    }

    /// A session to bump over, or the conversation is noted among the debts.
    fn connected_or_owe(&self, conversation: Key) -> Option<Connected> {
        let mut standing = self.lock();
        if let Some(connected) = &standing.connected {
            return Some(connected.clone());
        }
        standing.debts.add(conversation);
        drop(standing);
        self.note_alone(Operation::Bump);
        None
    }

    /// Ends when the store has it or it is a debt. Another round takes another session.
    async fn bump(self: Arc<Self>, connected: Connected, conversation: Key) {
        let mut next = Some(connected);
        while let Some(connected) = next {
            let answer = connected
                .session
                .bump(vec![conversation], self.tokens.next());
            let mut patience = self.patience();
            let done = self.ask(&connected, Operation::Bump, &mut patience, answer);
            if done.await.is_some() {
                // Until now a look may have found what another replica had read before the write. Nobody
                // pushes our own writes to us.
                self.pushes.wrote(conversation.number());
                return;
            }
            next = self.connected_or_owe(conversation);
        }
    }

    /// What is shared does not count until there is a new epoch.
    pub(super) fn fall_out(&self) {
        let next = self.serial();
        let mut standing = self.lock();
        standing.debts = Debts::All;
        standing.alone_since = next;
        if let Some(connected) = &mut standing.connected {
            connected.is_paid_up = false;
        }
    }

    pub(super) fn lost(&self, serial: u64, trouble: &Trouble) {
        let next = self.serial();
        if self.lock().leave(serial, next) {
            self.watch.down(trouble);
            self.wake.notify_one();
        }
    }

    pub(super) fn pushed(&self, conversation: Option<Key>) {
        self.watch.pushed();
        match conversation {
            Some(conversation) => self.pushes.wrote(conversation.number()),
            None => self.pushes.wrote_all(),
        }
    }

    fn unseal(
        &self,
        key: Key,
        mark: &Mark,
        now: u64,
        value: Option<Bytes>,
        fields: usize,
    ) -> (Option<(Conversation, Duration)>, Finding) {
        let Some(value) = value else {
            return (None, Finding::Absent);
        };
        let Some((sealed, conversation)) = self.seal.open(key, &value, fields) else {
            return (None, Finding::Broken);
        };
        // From the future it is when the store's clock was set back: nobody knows how old it is.
        let age = now.checked_sub(sealed.at).map(Duration::from_millis);
        match age {
            Some(age) if sealed.mark == *mark && age <= self.max_age => {
                (Some((conversation, age)), Finding::Found)
            }
            _ => (None, Finding::Outdated),
        }
    }

    fn note_alone(&self, operation: Operation) {
        self.watch
            .operation(operation, Outcome::Alone, Duration::ZERO);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Standing> {
        // Nothing under the lock can panic half-way.
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("settings", &self.settings)
            .field("standing", &self.standing)
            .finish_non_exhaustive()
    }
}
