use tokio::time::{Instant, timeout_at};

use super::{Cached, Key};
use crate::directory::breaker::Verdict;
use crate::directory::fetch::{Transport, fetch};
use crate::directory::{Ask, LookupError};
use crate::snapshot::Conversation;

impl<T: Transport> Cached<T> {
    /// Waits for a place and looks up, all within the time of one lookup.
    pub(super) async fn look_up(
        &self,
        payer: Key,
        ask: &Ask,
        asked: Instant,
    ) -> Result<Conversation, LookupError> {
        let deadline = asked + self.limits.timeout;
        let mut admitted = self.gate.admit(ask.conversation)?;
        let mut _place = None;
        // A probe is one and waits for nobody: the lookups that hold the places may be those that failed.
        if !admitted.is_probe() {
            let place = timeout_at(deadline, self.gate.place(&self.store.places)).await;
            _place = Some(place.unwrap_or(Err(LookupError::Timeout))?);
            // Once more: lookups may have been suspended while this one was waiting.
            admitted = self.gate.admit(ask.conversation)?;
        }
        // Last, so that no lookup is counted that is not sent. To wait is to no purpose: what is left only
        // grows when the window ends.
        let _sent = self
            .store
            .rates
            .look_up(payer, self.share)
            .map_err(|wait| self.gate.over_budget(wait))?;
        let sent_at = Instant::now();
        let had_time = asked.elapsed() <= self.limits.timeout / 2;
        let fetched = timeout_at(
            deadline,
            fetch(self.transport.clone(), ask, self.limits.clone(), |answer| {
                self.store
                    .rates
                    .heard(|| payer, &self.upstream, answer.status, &answer.headers);
            }),
        )
        .await;
        self.gate.looked_up(sent_at.elapsed());
        let fetched = fetched.unwrap_or(Err(LookupError::Timeout));
        admitted.settle(verdict(fetched.as_ref().err(), had_time));
        fetched
    }
}

/// What a lookup says of the path to the upstream. Any answer but a 5xx says that there is one, also a
/// denial: those belong to the credential or the conversation. A lookup that spent most of its time
/// waiting for a place and then ran out of it says nothing.
fn verdict(error: Option<&LookupError>, had_time: bool) -> Verdict {
    match error {
        Some(LookupError::Timeout) if !had_time => Verdict::Unknown,
        Some(LookupError::Timeout | LookupError::Unreachable) => Verdict::Dead,
        Some(LookupError::Status(status, _)) if *status >= 500 => Verdict::Dead,
        Some(LookupError::Suspended(_) | LookupError::Overloaded) => Verdict::Unknown,
        _ => Verdict::Alive,
    }
}
