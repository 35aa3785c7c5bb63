//! A socket that notes what happens on it, refuses a head that comes too slowly, and closes so that the
//! last answer arrives.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};

use super::activity::Activity;
use crate::answer::{Answer, RequestId};

/// How long, and for how many bytes, a closed connection still listens to a caller that has not read the
/// answer yet.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1 << 20;

#[derive(Debug)]
enum Closing {
    Open,
    /// The 408 that is being written.
    Refusing(Bytes),
    /// Our side is closed; the caller may still be sending.
    Lingering {
        until: Pin<Box<Sleep>>,
        left: usize,
    },
}

/// The server's side of a connection.
#[derive(Debug)]
pub(super) struct Io<T> {
    inner: T,
    activity: Arc<Activity>,
    closing: Closing,
    /// Whether bytes of an answer wait for the caller to read.
    blocked: bool,
    /// The place among the open connections. It is held here and not by the connection's task, so that
    /// an upgraded connection counts for as long as it is tunnelled.
    _place: OwnedSemaphorePermit,
}

impl<T> Io<T> {
    pub(super) fn new(inner: T, activity: Arc<Activity>, place: OwnedSemaphorePermit) -> Self {
        Self {
            inner,
            activity,
            closing: Closing::Open,
            blocked: false,
            _place: place,
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Io<T> {
    /// Writes the 408 and fails. hyper can't do that: it has no request yet that it could answer.
    fn poll_refuse(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if let Closing::Open = self.closing {
            // In the middle of an earlier answer a 408 would be taken for a part of it.
            let refusal = if self.blocked {
                Bytes::new()
            } else {
                refusal()
            };
            self.closing = Closing::Refusing(refusal);
        }
        while let Closing::Refusing(refusal) = &mut self.closing {
            if refusal.is_empty() {
                break;
            }
            match ready!(Pin::new(&mut self.inner).poll_write(cx, refusal)) {
                Ok(0) | Err(_) => break,
                Ok(written) => refusal.advance(written),
            }
        }
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }

    fn note_write<R>(&mut self, result: Poll<R>) -> Poll<R> {
        // Only changes are noted: writes are many and hardly ever blocked.
        if result.is_pending() != self.blocked {
            self.blocked = result.is_pending();
            if self.blocked {
                self.activity.write_blocked();
            } else {
                self.activity.write_moved();
            }
        }
        result
    }

    /// Reads what the caller still sends and throws it away.
    ///
    /// Closing a socket with unread bytes resets the connection, and a reset overtakes the answer: a
    /// caller whose body we did not want would see a broken connection in place of our reason.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Closing::Lingering { until, left } = &mut self.closing else {
            return Poll::Ready(());
        };
        let mut space = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut space);
            match Pin::new(&mut self.inner).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    *left = left.saturating_sub(buffer.filled().len());
                    if *left == 0 {
                        return Poll::Ready(());
                    }
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return until.as_mut().poll(cx),
            }
        }
    }
}

fn refusal() -> Bytes {
    let answer = Answer::new(
        StatusCode::REQUEST_TIMEOUT,
        "patchwright.request.timeout",
        "the request head took too long",
    );
    answer.on_the_wire(RequestId::next())
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Io<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.activity.is_refused() {
            return self.poll_refuse(cx).map(Err);
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        self.activity
            .received(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Io<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.note_write(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.note_write(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Closing::Open = self.closing {
            ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
            if self.activity.had_body() {
                self.closing = Closing::Lingering {
                    until: Box::pin(sleep(LINGER)),
                    left: LINGER_BYTES,
                };
            }
        }
        self.poll_linger(cx).map(Ok)
    }
}
