use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{Kept, Key};
use crate::directory::{LookupError, Tick};

type Outcome = Result<Kept, LookupError>;

/// The lookups that are under way, at most one to join per key.
#[derive(Debug, Default)]
pub(super) struct Flights {
    /// Bounded by the requests in flight: each starts one lookup at a time.
    airborne: Mutex<HashMap<Key, Airborne>>,
}

#[derive(Debug)]
struct Airborne {
    tick: Tick,
    asks_upstream: bool,
    outcome: watch::Receiver<Option<Outcome>>,
}

/// How a request takes part in a lookup.
pub(super) enum Seat {
    /// Another request's lookup is fresh enough.
    Joined(Ticket),
    /// The request has to run the lookup that the pilot lands.
    Pilot(Pilot, Ticket),
}

/// Waits for a lookup.
pub(super) struct Ticket(watch::Receiver<Option<Outcome>>);

/// Lands a lookup. Dropped before that, every waiting request gets an error.
pub(super) struct Pilot {
    tick: Tick,
    outcome: watch::Sender<Option<Outcome>>,
}

impl Flights {
    /// Joins the lookup of `key` if it started after `floor` and, where `asks_upstream`, is sure to ask the
    /// upstream itself. Else begins one at `tick()`.
    pub(super) fn board(
        &self,
        key: Key,
        floor: Tick,
        asks_upstream: bool,
        tick: impl FnOnce() -> Tick,
    ) -> Seat {
        let mut airborne = self.lock();
        if let Some(flight) = airborne.get(&key) {
            // A lookup whose pilot was dropped is none to wait for.
            let lost = flight.outcome.has_changed().is_err();
            let suits = flight.asks_upstream || !asks_upstream;
            if flight.tick > floor && suits && !lost {
                return Seat::Joined(Ticket(flight.outcome.clone()));
            }
        }
        let (sender, receiver) = watch::channel(None);
        let pilot = Pilot {
            tick: tick(),
            outcome: sender,
        };
        airborne.insert(
            key,
            Airborne {
                tick: pilot.tick,
                asks_upstream,
                outcome: receiver.clone(),
            },
        );
        Seat::Pilot(pilot, Ticket(receiver))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Airborne>> {
        // Nothing under the lock can panic half-way.
        self.airborne.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    pub(super) async fn outcome(mut self) -> Outcome {
        let outcome = self.0.wait_for(Option::is_some).await;
        // The pilot's task ended without landing: the runtime shuts down.
        outcome
            .ok()
            .and_then(|outcome| outcome.clone())
            .unwrap_or(Err(LookupError::Unreachable))
    }
}

impl Pilot {
    pub(super) fn tick(&self) -> Tick {
        self.tick
    }

    pub(super) fn land(self, flights: &Flights, key: Key, outcome: Outcome) {
        let mut airborne = flights.lock();
        // A newer lookup may have taken the place.
        if airborne
            .get(&key)
            .is_some_and(|flight| flight.tick == self.tick)
        {
            airborne.remove(&key);
        }
        drop(airborne);
        self.outcome.send_replace(Some(outcome));
    }
}
