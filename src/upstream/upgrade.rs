//! `Upgrade`: agreed between caller and upstream, tunnelled by us.
//!
//! Nothing that follows the caller's head is sent on before the upstream has said 101: whoever tunnels
//! earlier lets the caller write requests of its own onto a connection that the upstream still reads as
//! HTTP (RUSTSEC-2026-0033).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, Response, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};

use super::hop;
use crate::progress::Progress;

/// A caller that wants another protocol.
#[derive(Debug)]
pub(super) struct Wanted {
    caller: OnUpgrade,
    protocols: HeaderValue,
}

impl Wanted {
    /// What the caller asks for, if we can forward it.
    ///
    /// A request with a body is sent on without: what is the end of the body and what the start of the
    /// tunnel is where intermediaries have been fooled. So is `h2c`, whose tunnel would carry requests
    /// past everything here. Servers may ignore an `Upgrade` (RFC 9110 section 7.8), so may we.
    pub(super) fn take<B: Body>(request: &mut Request<B>) -> Option<Self> {
        let headers = request.headers();
        let mut protocols = headers.get_all(header::UPGRADE).iter();
        let protocols = match (protocols.next(), protocols.next()) {
            (Some(protocols), None) => protocols.clone(),
            _ => return None,
        };
        let forwardable = request.version() == Version::HTTP_11
            && hop::has_connection_option(headers, "upgrade")
            && request.body().is_end_stream()
            && !names(&protocols).any(|name| name.eq_ignore_ascii_case(b"h2c"));
        let caller = request.extensions_mut().remove::<OnUpgrade>()?;
        forwardable.then_some(Self { caller, protocols })
    }

    pub(super) fn protocols(&self) -> &HeaderValue {
        &self.protocols
    }

    /// Joins both sides once each has switched. `None` when the upstream switched to something that
    /// nobody asked for.
    pub(super) fn join(self, response: &mut Response<Incoming>, idle: Duration) -> Option<()> {
        let chosen = response.headers().get(header::UPGRADE)?.clone();
        let asked = |name: &[u8]| names(&self.protocols).any(|one| one.eq_ignore_ascii_case(name));
        if !names(&chosen).all(asked) {
            return None;
        }
        let upstream = hyper::upgrade::on(&mut *response);
        switch(response.headers_mut(), chosen);
        let caller = self.caller;
        tokio::spawn(async move {
            // The caller's side is over to us once hyper has written the 101.
            let joined = tokio::time::timeout(idle, async { tokio::try_join!(caller, upstream) });
            match joined.await {
                Ok(Ok((caller, upstream))) => tunnel(caller, upstream, idle).await,
                Ok(Err(error)) => tracing::debug!(%error, "the upgrade came to nothing"),
                Err(_) => tracing::debug!("the upgrade took too long"),
            }
        });
        Some(())
    }
}

fn switch(headers: &mut HeaderMap, protocol: HeaderValue) {
    hop::remove_hop_by_hop(headers);
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, protocol);
}

fn names(protocols: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    protocols
        .as_bytes()
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
}

/// Copies both ways until both have ended, one has failed, or neither has said anything for `idle`.
async fn tunnel(caller: Upgraded, upstream: Upgraded, idle: Duration) {
    let progress = Progress::new();
    let mut caller = Watched::new(caller, &progress);
    let mut upstream = Watched::new(upstream, &progress);
    tokio::select! {
        copied = copy_bidirectional(&mut caller, &mut upstream) => {
            if let Err(error) = copied {
                tracing::debug!(%error, "the tunnel broke");
            }
        }
        () = progress.stalled(idle) => tracing::debug!("the tunnel was idle for too long"),
    }
}

/// Notes every byte that moves.
struct Watched<'p> {
    inner: TokioIo<Upgraded>,
    progress: &'p Progress,
}

impl<'p> Watched<'p> {
    fn new(inner: Upgraded, progress: &'p Progress) -> Self {
        Self {
            inner: TokioIo::new(inner),
            progress,
        }
    }

    fn note<T>(&self, polled: Poll<T>) -> Poll<T> {
        if polled.is_ready() {
            self.progress.touch();
        }
        polled
    }
}

impl AsyncRead for Watched<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_read(cx, buffer);
        self.note(polled)
    }
}

impl AsyncWrite for Watched<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.note(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
