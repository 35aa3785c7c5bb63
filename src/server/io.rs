//! A socket that notes what happens on it, refuses a head that comes too slowly or can't be read, and
//! closes so that the last answer arrives.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::activity::Activity;
use super::connection::Place;
use super::refusal;
use crate::answer::{Answer, RequestId};
use crate::interim::Interims;
use crate::metrics::Metrics;

/// How long, and for how many bytes, a closed connection still listens to a caller that has not read the
/// answer yet.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1 << 20;

#[derive(Debug)]
enum Closing {
    Open,
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
    interims: Interims,
    closing: Closing,
    /// What was read already, to find out what it is.
    first: Bytes,
    /// What we say ourselves, as far as it is not written yet. Nothing of hyper's goes out before it.
    words: Bytes,
    /// Whether a request was refused here, and not by a service.
    refused: bool,
    /// How many requests had come when everything that hyper had to say was last written. As long as it
    /// is that many, and none is in flight, what hyper says is a refusal of its own.
    flushed: Option<u64>,
    metrics: Option<Metrics>,
    /// Whether bytes of an answer wait for the caller to read.
    blocked: bool,
    /// Whether the caller has kept us waiting and has not made up for it yet.
    late: bool,
    /// The place among the open connections. It is held here and not by the connection's task, so that
    /// an upgraded connection counts for as long as it is tunnelled.
    _place: Place,
}

impl<T> Io<T> {
    pub(super) fn new(
        inner: T,
        activity: Arc<Activity>,
        interims: Interims,
        metrics: Option<Metrics>,
        place: Place,
    ) -> Self {
        Self {
            inner,
            activity,
            interims,
            closing: Closing::Open,
            first: Bytes::new(),
            words: Bytes::new(),
            refused: false,
            flushed: Some(0),
            metrics,
            blocked: false,
            late: false,
            _place: place,
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Io<T> {
    /// Has these bytes read once more, together with what is behind them.
    pub(super) fn unread(&mut self, bytes: &[u8]) {
        self.first = Bytes::copy_from_slice(bytes);
    }

    /// Writes the 408 and fails. hyper can't do that: it has no request yet that it could answer.
    fn poll_refuse(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        // In the middle of an earlier answer a 408 would be taken for a part of it.
        if !self.refused && !self.blocked {
            self.refuse(&refusal::timeout());
        }
        self.refused = true;
        // Whether it arrives or not, this is the end.
        let _ = ready!(self.poll_words(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }

    fn refuse(&mut self, answer: &Answer) {
        self.refused = true;
        let id = RequestId::next();
        tracing::debug!(%id, code = answer.code(), "refused what is no request");
        self.words = answer.on_the_wire(id);
        if let Some(metrics) = &self.metrics {
            metrics.own_answer(answer.code());
        }
    }

    fn poll_words(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.words.is_empty() {
            let written = Pin::new(&mut self.inner).poll_write(cx, &self.words);
            match ready!(self.note_write(written))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.words.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Says it in our words when hyper refuses what it can't parse: it has a status for it and no reason
    /// that an SDK could read. Whether it did.
    fn rephrase(&mut self, head: &[u8]) -> bool {
        let alone = self.flushed.is_some() && self.flushed == self.activity.unasked();
        let Some(answer) = refusal::of(head).filter(|_| alone) else {
            return false;
        };
        self.refuse(&answer);
        true
    }

    fn note_write(&mut self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &result {
            Poll::Pending if !self.blocked => {
                self.blocked = true;
                self.late = true;
                self.activity.write_blocked();
            }
            // Writes are many and hardly ever blocked: where none was there is nothing to note.
            Poll::Ready(written) if self.late => {
                self.blocked = false;
                let written = written.as_ref().copied().unwrap_or_default();
                self.late = !self.activity.write_moved(written);
            }
            _ => {}
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

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Io<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.activity.is_refused() {
            return self.poll_refuse(cx).map(Err);
        }
        let again = self.first.len().min(buffer.remaining());
        if again > 0 {
            buffer.put_slice(&self.first.split_to(again));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if again > 0 && read.is_pending() {
            return Poll::Ready(Ok(()));
        }
        ready!(read)?;
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
        ready!(self.poll_words(cx))?;
        if self.rephrase(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let result = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.note_write(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_words(cx))?;
        // A head is in one piece.
        if slices.first().is_some_and(|head| self.rephrase(head)) {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.note_write(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes its socket only when it has nothing left to write to it: what it said ends here.
        ready!(self.poll_words(cx))?;
        self.words = self.interims.take();
        ready!(self.poll_words(cx))?;
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        self.flushed = self.activity.unasked();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Closing::Open = self.closing {
            ready!(self.poll_words(cx))?;
            ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
            if self.refused || self.activity.had_body() {
                self.closing = Closing::Lingering {
                    until: Box::pin(sleep(LINGER)),
                    left: LINGER_BYTES,
                };
            }
        }
        self.poll_linger(cx).map(Ok)
    }
}

#[cfg(test)]
mod tests;
