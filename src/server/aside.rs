//! What a task waits for beside what it is about.
//!
//! Whatever wakes a task has everything in it polled. Of a connection that is each read, each write and each
//! answer, and to ask each time whether a deadline has passed or the server is to stop costs as much as some of
//! those themselves.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use pin_project_lite::pin_project;

pin_project! {
    /// A future that is polled when it was woken itself, and passed over when something else was.
    pub(super) struct Aside<F> {
        #[pin]
        inner: F,
        bell: Arc<Bell>,
        waker: Waker,
    }
}

/// Wakes the task, and notes for whom.
struct Bell {
    rung: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl<F> Aside<F> {
    pub(super) fn new(inner: F) -> Self {
        // So that it is polled for the first time.
        let bell = Arc::new(Bell {
            rung: AtomicBool::new(true),
            task: Mutex::default(),
        });
        Self {
            inner,
            waker: Arc::clone(&bell).into(),
            bell,
        }
    }
}

impl<F: Future> Future for Aside<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Before the look: who rings in between wakes the task for one look too many.
        this.bell.note(cx.waker());
        if !this.bell.rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        this.inner.poll(&mut Context::from_waker(this.waker))
    }
}

impl Bell {
    fn note(&self, waker: &Waker) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !task.as_ref().is_some_and(|task| task.will_wake(waker)) {
            *task = Some(waker.clone());
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = &*task {
            task.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::pin::pin;
    use std::time::Duration;

    use tokio::sync::Notify;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_polled_when_it_was_woken_and_not_for_others() {
        let (polls, bell) = (Cell::new(0), Notify::new());
        let mut rung = pin!(bell.notified());
        let counted = poll_fn(|cx| {
            polls.set(polls.get() + 1);
            rung.as_mut().poll(cx)
        });
        let mut aside = pin!(Aside::new(counted));
        for _ in 0..3 {
            tokio::select! {
                biased;
                () = aside.as_mut() => panic!("nobody rang"),
                () = sleep(Duration::from_millis(1)) => {}
            }
        }
        assert_eq!(polls.get(), 1);
        bell.notify_one();
        aside.await;
        assert_eq!(polls.get(), 2);
    }

    #[tokio::test]
    async fn it_wakes_whoever_polled_it_last() {
        let bell = Arc::new(Notify::new());
        let ringing = Arc::clone(&bell);
        let mut aside = Box::pin(Aside::new(async move { ringing.notified().await }));
        let first = poll_fn(|cx| Poll::Ready(aside.as_mut().poll(cx).is_pending()));
        assert!(first.await);
        let elsewhere = tokio::spawn(aside);
        tokio::task::yield_now().await;
        bell.notify_one();
        elsewhere.await.unwrap();
    }
}
