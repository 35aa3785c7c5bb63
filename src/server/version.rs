//! A connection in the version of HTTP that its first bytes show.
//!
//! hyper-util tells them apart, too, and then hands hyper those bytes by themselves, before anything that came with
//! them: hyper doubles its buffer for what is missing, and each connection keeps 16 KiB where 8 are enough.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, Service};
use hyper_util::rt::TokioIo;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::{Activity, PREFACE};
use super::io::Io;
use super::stream::Streams;
use crate::BoxError;

/// How either version is served.
#[derive(Clone, Debug)]
pub(super) struct Builders {
    pub(super) http1: http1::Builder,
    pub(super) http2: http2::Builder<Streams>,
}

pin_project! {
    /// Ends when the connection does.
    #[project = ConnectionProjection]
    pub(super) enum Connection<T, S>
    where
        S: HttpService<Incoming>,
    {
        // None once nobody waits for its first bytes any more.
        Beginning { beginning: Option<Beginning<T, S>> },
        Http1 {
            #[pin]
            connection: http1::UpgradeableConnection<TokioIo<Io<T>>, S>,
        },
        // In a box: hyper's state of HTTP/2 is a multiple of that of HTTP/1.1.
        Http2 {
            connection: Pin<Box<http2::Connection<TokioIo<Io<T>>, S, Streams>>>,
        },
    }
}

/// Nothing is known yet.
pub(super) struct Beginning<T, S> {
    io: Io<T>,
    service: S,
    activity: Arc<Activity>,
    builders: Arc<Builders>,
    first: [u8; PREFACE.len()],
    filled: usize,
}

impl<T, S, B> Connection<T, S>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<http::Request<Incoming>, Response = http::Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    pub(super) fn new(
        io: Io<T>,
        service: S,
        activity: Arc<Activity>,
        builders: Arc<Builders>,
    ) -> Self {
        Self::Beginning {
            beginning: Some(Beginning {
                io,
                service,
                activity,
                builders,
                first: [0; PREFACE.len()],
                filled: 0,
            }),
        }
    }

    fn begun(mut beginning: Beginning<T, S>) -> Self {
        let first = beginning.first.get(..beginning.filled);
        beginning.io.unread(first.unwrap_or_default());
        let io = TokioIo::new(beginning.io);
        let (builders, service) = (beginning.builders, beginning.service);
        if beginning.activity.is_http2() {
            let connection = Box::pin(builders.http2.serve_connection(io, service));
            return Self::Http2 { connection };
        }
        let connection = builders.http1.serve_connection(io, service);
        Self::Http1 {
            connection: connection.with_upgrades(),
        }
    }

    /// Ends with what is in flight, at once where nothing has come yet.
    pub(super) fn graceful_shutdown(self: Pin<&mut Self>) {
        match self.project() {
            ConnectionProjection::Beginning { beginning } => *beginning = None,
            ConnectionProjection::Http1 { connection } => connection.graceful_shutdown(),
            ConnectionProjection::Http2 { connection } => connection.as_mut().graceful_shutdown(),
        }
    }
}

impl<T, S, B> Future for Connection<T, S>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<http::Request<Incoming>, Response = http::Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<(), BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match self.as_mut().project() {
                ConnectionProjection::Http1 { connection } => {
                    return connection.poll(cx).map_err(Into::into);
                }
                ConnectionProjection::Http2 { connection } => {
                    return connection.as_mut().poll(cx).map_err(Into::into);
                }
                ConnectionProjection::Beginning { beginning } => {
                    if let Some(beginning) = beginning {
                        ready!(beginning.poll_version(cx))?;
                    }
                    let Some(beginning) = beginning.take() else {
                        return Poll::Ready(Ok(()));
                    };
                    self.set(Self::begun(beginning));
                }
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin, S> Beginning<T, S> {
    /// Reads until what came can be nothing but one of them, or comes to its end.
    fn poll_version(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        while self.activity.is_undecided() {
            let mut space = ReadBuf::new(self.first.get_mut(self.filled..).unwrap_or_default());
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut space))?;
            match space.filled().len() {
                0 => break,
                came => self.filled += came,
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
