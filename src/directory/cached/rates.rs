#[cfg(feature = "proxy")]
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::time::Instant;

use super::Key;
use crate::rate::{Said, Share, Standing, retry_after};

/// Credentials whose rate is known. Of more, those that were quiet for longest are forgotten: they are told
/// again with their next answer.
const CREDENTIALS: u64 = 10_000;

/// What is known of the rate of each credential, and which of them must wait. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Rates {
    accounts: Cache<Key, Account>,
    /// Whether anything was ever heard.
    told: Arc<AtomicBool>,
}

/// The rate of one credential at one upstream.
#[derive(Clone, Debug)]
pub(crate) struct Account(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Where it counts. Only the program shows it.
    #[cfg_attr(
        not(feature = "proxy"),
        expect(dead_code, reason = "shown by the program's metrics")
    )]
    upstream: Arc<str>,
    standing: Mutex<Standing>,
}

/// A request on its way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Sent(Account);

impl Rates {
    pub(super) fn new() -> Self {
        let accounts = Cache::builder()
            .max_capacity(CREDENTIALS)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self {
            accounts,
            told: Arc::default(),
        }
    }

    /// Whether there may be an account of anybody: not all upstreams tell of rates.
    #[cfg(feature = "proxy")]
    pub(crate) fn knows_any(&self) -> bool {
        self.told.load(Ordering::SeqCst)
    }

    /// The account of a credential of which something was heard.
    pub(crate) fn account(&self, payer: Key) -> Option<Account> {
        self.accounts.get(&payer)
    }

    /// Takes in what an upstream's answer says. Those that say nothing cost nothing, not even to find out who
    /// paid for them.
    pub(crate) fn heard(
        &self,
        payer: impl FnOnce() -> Key,
        upstream: &Arc<str>,
        status: StatusCode,
        headers: &HeaderMap,
    ) {
        let (said, wait) = (Said::read(headers), retry_after(status, headers));
        if said.is_none() && wait.is_none() {
            return;
        }
        self.told.store(true, Ordering::SeqCst);
        let payer = payer();
        let account = self.account(payer);
        let new = || Account::new(upstream);
        let account = account.unwrap_or_else(|| self.accounts.get_with(payer, new));
        let (mut standing, now) = (account.lock(), Instant::now());
        if let Some(said) = said {
            standing.heard(said, now);
        }
        if let Some(wait) = wait {
            standing.throttled(wait, now);
        }
    }

    /// How long a credential must let lookups be.
    pub(super) fn parked(&self, payer: Key) -> Option<Duration> {
        self.account(payer)?.lock().parked(Instant::now())
    }

    /// Counts a lookup within `share`, or says how long there is to be none. Of what is not known nothing
    /// is counted.
    pub(super) fn look_up(&self, payer: Key, share: Share) -> Result<Option<Sent>, Duration> {
        let Some(account) = self.account(payer) else {
            return Ok(None);
        };
        account.lock().look_up(share, Instant::now())?;
        Ok(Some(account.sent()))
    }

    /// For each upstream, what it leaves and what it allows the credential that has the least left, of those
    /// whose window has not ended.
    #[cfg(feature = "proxy")]
    pub(super) fn lowest(&self) -> HashMap<Arc<str>, (u32, u32)> {
        let now = Instant::now();
        let mut lowest = HashMap::new();
        for (_, account) in &self.accounts {
            let Some(told) = account.lock().told(now) else {
                continue;
            };
            let known = lowest
                .entry(Arc::clone(&account.0.upstream))
                .or_insert(told);
            *known = told.min(*known);
        }
        lowest
    }

    /// Number of credentials.
    #[cfg(test)]
    pub(super) fn count(&self) -> u64 {
        self.accounts.run_pending_tasks();
        self.accounts.entry_count()
    }
}

impl Account {
    fn new(upstream: &Arc<str>) -> Self {
        Self(Arc::new(Shared {
            upstream: Arc::clone(upstream),
            standing: Mutex::default(),
        }))
    }

    /// Counts a request as on its way until the result is dropped.
    pub(crate) fn sent(self) -> Sent {
        self.lock().sent();
        Sent(self)
    }

    /// How long it is until a request would not be sent into a 429.
    #[cfg(any(feature = "proxy", test))]
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.lock().wait(Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        // Nothing under the lock can panic half-way.
        self.0
            .standing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.0.lock().answered();
    }
}
