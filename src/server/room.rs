//! Room for a new connection when every place is taken: the one that has been idle longest makes it.
//!
//! That is how nginx does it, too. A caller with a request at hand is worth more than one that only might
//! have another, and it would be easy to lock everybody out with connections that ask for nothing.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

use super::activity::Activity;

/// A connection that has been idle for less may be about to ask: a new caller sends its first bytes, one
/// in a loop its next request.
const GRACE: Duration = Duration::from_secs(1);
/// Until the next one is asked. The one before may have got a request, or may take its time to close.
const ASK_AGAIN: Duration = Duration::from_millis(20);
/// Between two lines of the log that say the same.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// The places for connections, and the queue of those that could give theirs up.
#[derive(Debug)]
pub(super) struct Room {
    places: Arc<Semaphore>,
    /// How many there are, or will be when those that are to go have been given back.
    size: Mutex<u32>,
    /// `Notify` wakes the one that has waited longest: connections wait from when they become idle.
    idle: Notify,
    /// Whether a place is needed. Whoever makes it takes this back.
    wanted: AtomicBool,
}

impl Room {
    pub(super) fn new(places: usize) -> Arc<Self> {
        let size = in_range(places);
        Arc::new(Self {
            places: Arc::new(Semaphore::new(size as usize)),
            size: Mutex::new(size),
            idle: Notify::new(),
            wanted: AtomicBool::new(false),
        })
    }

    /// Ends when every place is free: every connection has ended.
    pub(super) async fn is_empty(&self) {
        let all = *self.size();
        // The semaphore is never closed.
        drop(self.places.acquire_many(all).await);
    }

    /// Makes it so many places from now on. Those that are too many go as they become free, before anyone
    /// gets one that waits for it.
    pub(super) fn resize(&self, places: usize) {
        let new = in_range(places);
        let mut size = self.size();
        let (more, less) = (new.saturating_sub(*size), size.saturating_sub(new));
        self.places.add_permits(more as usize);
        if less > 0 {
            let places = Arc::clone(&self.places);
            tokio::spawn(async move {
                if let Ok(free) = places.acquire_many_owned(less).await {
                    free.forget();
                }
            });
        }
        *size = new;
    }

    fn size(&self) -> MutexGuard<'_, u32> {
        // A number can't be left half changed.
        self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, as soon as there is one. `said` is when the shortage was logged last.
    pub(super) async fn place(&self, said: &mut Option<Instant>) -> OwnedSemaphorePermit {
        let mut place = pin!(self.free_place());
        // Only looks whether there is one: nobody is asked to go for nothing.
        if let Some(place) = at_once(place.as_mut()).await {
            return place;
        }
        if said.is_none_or(|said| said.elapsed() >= SAY_AGAIN) {
            *said = Some(Instant::now());
            tracing::warn!(
                "all connections that limits.connections allows are open: the longest idle ones are \
                 closed for new ones, and new ones wait while none is idle"
            );
        }
        let wanted = Wanted(&self.wanted);
        loop {
            wanted.0.store(true, Ordering::Relaxed);
            self.idle.notify_one();
            tokio::select! {
                biased;
                place = place.as_mut() => return place,
                () = sleep(ASK_AGAIN) => {}
            }
        }
    }

    /// A place, if there is one.
    pub(super) fn try_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    async fn free_place(&self) -> OwnedSemaphorePermit {
        match Arc::clone(&self.places).acquire_owned().await {
            Ok(place) => place,
            // The semaphore is never closed.
            Err(_) => std::future::pending().await,
        }
    }

    /// Ends when the connection with this activity is the one to make room.
    pub(super) async fn asked(&self, activity: &Activity) {
        let mut turn = pin!(None);
        let mut grace: Option<Pin<Box<Sleep>>> = None;
        poll_fn(|cx| {
            loop {
                let Some(since) = activity.idle_since() else {
                    // If it was asked already, `Notify` asks the next one.
                    turn.set(None);
                    grace = None;
                    return Poll::Pending;
                };
                if let Some(grace) = &mut grace {
                    ready!(grace.as_mut().poll(cx));
                } else {
                    if turn.is_none() {
                        turn.set(Some(self.idle.notified()));
                    }
                    if let Some(turn) = turn.as_mut().as_pin_mut() {
                        ready!(turn.poll(cx));
                    }
                    turn.set(None);
                }
                let left = GRACE.saturating_sub(since.elapsed());
                grace = (!left.is_zero()).then(|| Box::pin(sleep(left)));
                // One of those that were asked goes, and the others stay.
                if left.is_zero() && self.wanted.swap(false, Ordering::Relaxed) {
                    return Poll::Ready(());
                }
            }
        })
        .await;
    }
}

/// As many as the semaphore takes at once.
fn in_range(places: usize) -> u32 {
    let most = Semaphore::MAX_PERMITS.min(u32::MAX as usize);
    u32::try_from(places.clamp(1, most)).unwrap_or(u32::MAX)
}

async fn at_once<F: Future + Unpin>(future: F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = std::future::ready(()) => None,
    }
}

/// Nobody needs a place any more when this is dropped, also when the one who waits for it is.
struct Wanted<'a>(&'a AtomicBool);

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinHandle;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A connection that holds a place until it is asked for it.
    async fn connect(room: &Arc<Room>) -> (Arc<Activity>, JoinHandle<()>) {
        let place = room.place(&mut None).await;
        let activity = Activity::new();
        let (shared, room) = (Arc::clone(&activity), Arc::clone(room));
        let task = tokio::spawn(async move {
            room.asked(&shared).await;
            drop(place);
        });
        // It is idle from here on.
        tokio::task::yield_now().await;
        (activity, task)
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_idle_connection_makes_room_and_no_other() {
        let room = Room::new(3);
        let (_one, first) = connect(&room).await;
        let (two, second) = connect(&room).await;
        let (_three, third) = connect(&room).await;
        tokio::time::sleep(SECOND * 2).await;
        assert!(!first.is_finished(), "nobody needed a place");
        let _fourth = room.place(&mut None).await;
        tokio::time::sleep(SECOND * 2).await;
        assert!(first.is_finished());
        assert!(!second.is_finished() && !third.is_finished());
        // The next longest has a request now.
        two.received(b"G");
        let _fifth = room.place(&mut None).await;
        tokio::time::sleep(SECOND).await;
        assert!(!second.is_finished() && third.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_has_a_second_to_ask_before_it_makes_room() {
        let room = Room::new(1);
        let (_one, first) = connect(&room).await;
        let started = Instant::now();
        let _second = room.place(&mut None).await;
        assert!(started.elapsed() >= GRACE, "{:?}", started.elapsed());
        assert!(first.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn of_several_that_were_asked_one_goes() {
        let room = Room::new(3);
        let (_one, first) = connect(&room).await;
        let (_two, second) = connect(&room).await;
        let (_three, third) = connect(&room).await;
        // All are asked in turn, and have the rest of their second.
        let _fourth = room.place(&mut None).await;
        tokio::time::sleep(SECOND * 5).await;
        assert!(first.is_finished());
        assert!(!second.is_finished() && !third.is_finished());
    }

    #[tokio::test]
    async fn there_can_be_more_or_fewer_places() {
        let room = Room::new(2);
        let mut taken = vec![room.try_place().unwrap(), room.try_place().unwrap()];
        assert!(room.try_place().is_none());
        room.resize(3);
        taken.push(room.try_place().unwrap());
        assert!(room.try_place().is_none());
        room.resize(1);
        tokio::task::yield_now().await;
        for _ in 0..2 {
            taken.pop();
            tokio::task::yield_now().await;
            assert!(room.try_place().is_none(), "{} left", taken.len());
        }
        // All that there are, not all that there were.
        let mut empty = pin!(room.is_empty());
        assert!(at_once(empty.as_mut()).await.is_none());
        taken.pop();
        empty.await;
        assert!(room.try_place().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn while_none_is_idle_a_new_one_waits() {
        let room = Room::new(1);
        let (one, first) = connect(&room).await;
        one.received(b"G");
        let waited = tokio::time::timeout(SECOND * 5, room.place(&mut None)).await;
        assert!(waited.is_err());
        // Nobody waits any more: becoming idle costs it nothing.
        drop(one.request(false));
        tokio::time::sleep(SECOND * 5).await;
        assert!(!first.is_finished());
    }
}
