//! Looks after the connection: makes it, pays what is owed over it, sees whether it is still there, and waits
//! before it makes another one.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::debts::Debts;
use super::link::Inner;
use super::standing::Connected;
use super::{Events, Operation, Outcome, Remote, Session, Trouble};

/// Longest time to connect, in the background. A lost SYN is sent again after 1 s and may then still succeed.
const CONNECT: Duration = Duration::from_secs(2);

/// Between two signs of life that are asked for. Pushes do not come over a connection that is dead and does not
/// know it.
const PULSE: Duration = Duration::from_secs(1);

/// The first pause before it is tried again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Connects again and again, for ever.
pub(super) async fn keep(inner: Arc<Inner>, remote: impl Remote) {
    let mut failures = 0;
    loop {
        let started = Instant::now();
        match inner.open(&remote).await {
            Ok(session) => inner.attend(&session).await,
            Err(trouble) => inner.watch.down(&trouble),
        }
        // One that was good for a while does not fail because of what failed before it.
        if started.elapsed() > PAUSES.1 {
            failures = 0;
        }
        sleep(pause(failures)).await;
        failures += 1;
    }
}

/// Doubles each time. Up to a quarter less by chance, so that replicas come apart.
fn pause(failures: u32) -> Duration {
    let (first, longest) = PAUSES;
    let doubled = 2_u32
        .checked_pow(failures)
        .and_then(|factor| first.checked_mul(factor));
    let pause = doubled.map_or(longest, |pause| pause.min(longest));
    let mut chance = [0];
    // Without randomness replicas may try at the same time, which is no harm.
    let _ = getrandom::fill(&mut chance);
    pause.saturating_sub(pause / 4 * u32::from(chance[0]) / u32::from(u8::MAX))
}

/// A session, and what was heard of its end.
struct Open {
    connected: Connected,
    events: Events,
}

impl Inner {
    async fn open(self: &Arc<Self>, remote: &impl Remote) -> Result<Open, Trouble> {
        let serial = self.serial();
        let events = Events::new(Arc::downgrade(self), serial);
        let started = Instant::now();
        let session = timeout(CONNECT, remote.connect(events.clone())).await;
        let session = session.unwrap_or(Err(Trouble::Late));
        let outcome = session.as_ref().map_or_else(Outcome::from, |_| Outcome::Ok);
        self.watch
            .operation(Operation::Connect, outcome, started.elapsed());
        let session = session?;
        // Before anything is written: what is there may be of another time.
        self.settle(&*session).await?;
        let debts = self.lock().connect(Arc::clone(&session), serial);
        let open = Open {
            connected: Connected {
                session,
                serial,
                is_paid_up: false,
            },
            events,
        };
        match self.pay(&open, debts).await {
            Ok(()) => Ok(open),
            Err(trouble) => {
                let next = self.serial();
                self.lock().leave(serial, next);
                Err(trouble)
            }
        }
    }

    /// Until the session is given up.
    async fn attend(&self, open: &Open) {
        let Open { connected, .. } = open;
        loop {
            tokio::select! {
                () = self.wake.notified() => {}
                () = sleep(PULSE) => {
                    let answer = connected.session.is_of_this_run();
                    let mut patience = self.patience();
                    let answer = self.ask(connected, Operation::Ping, &mut patience, answer);
                    if answer.await == Some(false) {
                        self.fall_out();
                    }
                }
            }
            let debts = {
                let mut standing = self.lock();
                let ours = standing.connected.as_ref();
                match ours.filter(|ours| ours.serial == connected.serial) {
                    None => return,
                    Some(ours) if ours.is_paid_up => continue,
                    Some(_) => std::mem::take(&mut standing.debts),
                }
            };
            if let Err(trouble) = self.pay(open, debts).await {
                self.lost(connected.serial, &trouble);
                return;
            }
        }
    }

    /// Makes sure that the epoch is one of the present run of the server.
    async fn settle(&self, session: &dyn Session) -> Result<(), Trouble> {
        let mut patience = self.patience();
        let answer = session.is_of_this_run();
        if self
            .ask_calmly(Operation::Ping, &mut patience, answer)
            .await?
        {
            return Ok(());
        }
        self.begin_epoch(session).await
    }

    async fn begin_epoch(&self, session: &dyn Session) -> Result<(), Trouble> {
        let answer = session.renew(self.tokens.next());
        self.ask_calmly(Operation::Renew, &mut self.patience(), answer)
            .await
    }

    /// Pays debts until there are none; then what is shared counts.
    async fn pay(&self, open: &Open, mut debts: Debts) -> Result<(), Trouble> {
        let Open { connected, events } = open;
        loop {
            let session = &*connected.session;
            let paid = match &debts {
                Debts::None => Ok(()),
                Debts::All => self.begin_epoch(session).await,
                Debts::Some(conversations) => {
                    let all = conversations.iter().copied().collect();
                    let answer = session.bump(all, self.tokens.next());
                    self.ask_calmly(Operation::Bump, &mut self.patience(), answer)
                        .await
                }
            };
            let mut standing = self.lock();
            if let Err(trouble) = paid {
                standing.debts.merge(debts);
                return Err(trouble);
            }
            if standing.join(events) {
                drop(standing);
                self.watch.up();
                return Ok(());
            }
            // Somebody wanted a new epoch meanwhile, or the session is over.
            let ours = standing.connected.as_ref();
            if events.is_over() || ours.is_none_or(|ours| ours.serial != connected.serial) {
                return Err(Trouble::Unreachable("the connection has ended".to_owned()));
            }
            debts = std::mem::take(&mut standing.debts);
        }
    }
}
