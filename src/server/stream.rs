//! The answers on an HTTP/2 connection, each given up when the caller does not take it.
//!
//! On HTTP/1.1 a caller that stops reading stops the connection. On HTTP/2 it closes the window of one
//! stream, and nothing shows on the socket: hyper just no longer asks for more of that answer, which
//! would hold its place and its upstream connection for as long as the caller likes (CVE-2019-9511,
//! CVE-2019-9517).

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::pace::Pace;

/// Most of an answer that is handed over at once. hyper asks for more when the caller's window has room
/// for what it has, so this is also what a slow caller has to take in `timeouts.idle`. More would not fit
/// into a frame anyway (RFC 9113 section 4.2).
pub(super) const PIECE: usize = 16 << 10;

tokio::task_local! {
    static TAKING: Cell<Pace>;
}

/// From now on hyper has what there is, until it asks for more.
pub(super) fn handed_over() {
    let _ = TAKING.try_with(|taking| {
        let mut pace = taking.get();
        pace.waits(Instant::now());
        taking.set(pace);
    });
}

/// hyper asks for more: the caller takes so many bytes that it had.
pub(super) fn taken(bytes: usize) {
    let _ = TAKING.try_with(|taking| {
        let mut pace = taking.get();
        pace.moved(Instant::now(), bytes);
        taking.set(pace);
    });
}

/// Cuts off what is handed over now; the rest stays for later. On HTTP/1.1 that is everything.
pub(super) fn piece(bytes: &mut Bytes) -> Bytes {
    let length = bytes.len();
    let length = TAKING.try_with(|_| length.min(PIECE)).unwrap_or(length);
    bytes.split_to(length)
}

/// Runs what hyper runs apart from a connection: the streams of HTTP/2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streams {
    /// How long the caller of an answer may take nothing of it.
    pub(super) idle: Duration,
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let given = Given {
            stream,
            idle: self.idle,
            alarm: None,
        };
        tokio::spawn(TAKING.scope(Cell::default(), given));
    }
}

pin_project! {
    /// Ends with the stream, or when the caller has kept it waiting for too long: dropping the stream
    /// resets it and gives everything back.
    struct Given<F> {
        #[pin]
        stream: F,
        idle: Duration,
        alarm: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future<Output = ()>> Future for Given<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.stream.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let deadline = TAKING.try_with(|taking| taking.get().deadline(*this.idle));
        let Ok(Some(deadline)) = deadline else {
            return Poll::Pending;
        };
        let alarm = this
            .alarm
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        alarm.as_mut().poll(cx).map(|()| {
            tracing::debug!("a caller didn't take its answer");
        })
    }
}

#[cfg(test)]
mod tests {
    use hyper::rt::Executor as _;
    use tokio::sync::oneshot;

    use super::*;

    const STREAMS: Streams = Streams {
        idle: Duration::from_secs(55),
    };

    /// For how many seconds a stream lasts whose caller takes so many bytes every ten seconds, of
    /// which the upstream produces the next ten seconds later.
    async fn lasts(bytes: usize) -> u64 {
        let (gone, dropped) = oneshot::channel::<()>();
        let started = Instant::now();
        STREAMS.execute(async move {
            let _gone = gone;
            for _ in 0..1000 {
                handed_over();
                tokio::time::sleep(Duration::from_secs(10)).await;
                taken(bytes);
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
        });
        let _ = dropped.await;
        started.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_takes_hardly_anything_is_given_up() {
        assert_eq!(lasts(0).await, 105);
        assert_eq!(lasts(1).await, 105);
        assert_eq!(lasts(16 << 10).await, 20_000);
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_the_upstream_is_not_the_callers() {
        let (gone, dropped) = oneshot::channel::<()>();
        let started = Instant::now();
        STREAMS.execute(async move {
            let _gone = gone;
            tokio::time::sleep(Duration::from_secs(3600)).await;
        });
        let _ = dropped.await;
        assert_eq!(started.elapsed().as_secs(), 3600);
    }

    #[tokio::test]
    async fn only_a_stream_is_cut_into_pieces() {
        let all = Bytes::from(vec![0; PIECE + 1]);
        assert_eq!(piece(&mut all.clone()).len(), PIECE + 1);
        let mut rest = all;
        let first = TAKING.scope(Cell::default(), async { piece(&mut rest).len() });
        assert_eq!(first.await, PIECE);
        assert_eq!(rest.len(), 1);
        // Nothing is noted, and nothing fails, outside of a stream.
        handed_over();
        taken(1);
    }
}
