//! What requests to an upstream travel on.

use std::error;
use std::sync::Arc;
use std::time::Duration;

use http::uri::Uri;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::body::RequestBody;
use super::connector::{Connector, TlsError};
use super::pool::{self, Lease, Pool, Sent};
use super::settings::Settings;
use crate::watch::Reload;

/// Idle HTTP/1.1 connections kept. More than that is no help: a busy proxy has its connections in use.
const MAX_IDLE: usize = 64;
/// What is read from an upstream in advance, on HTTP/1.1: while a caller takes its time this much of its
/// answer waits in memory. It bounds the head of an answer, too. hyper's own bound is 400 KiB, and with
/// every place taken by a caller that reads slowly that would be most of a gigabyte.
const READ_AHEAD: usize = 64 << 10;
/// Signs of life are not asked for more often than this.
const MIN_PING: Duration = Duration::from_millis(100);

/// Connections to one upstream.
#[derive(Debug)]
pub(super) struct Transport {
    http1: Client<Connector, RequestBody>,
    http2: Option<Pool>,
    reload: Option<Arc<dyn Reload>>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Nothing was delivered.
    #[error(transparent)]
    Unreachable(Box<dyn error::Error + Send + Sync>),
    /// Nothing was carried out.
    #[error(transparent)]
    Busy(pool::Error),
    /// Nobody knows.
    #[error(transparent)]
    Broken(Box<dyn error::Error + Send + Sync>),
}

impl Transport {
    /// Connects to nothing yet.
    pub(super) fn new(settings: &Settings) -> Result<Self, TlsError> {
        let connector = Connector::new(settings)?;
        let http1 = Client::builder(TokioExecutor::new())
            .http1_max_buf_size(READ_AHEAD)
            .pool_idle_timeout(settings.upstream_idle)
            .pool_max_idle_per_host(MAX_IDLE)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            // RFC 9112 section 5.1: a proxy removes that space from an answer.
            .http1_allow_spaces_after_header_name_in_responses(true)
            // With HTTP/2 wanted this is for an upstream that did not choose it. It isn't asked again here:
            // this client would put everything on one HTTP/2 connection.
            .build(connector.without_http2());
        let reload = connector.reload();
        let http2 = settings.http2.then(|| pool(settings, connector));
        Ok(Self {
            http1,
            http2,
            reload,
        })
    }

    /// What is read again when its files change.
    pub(super) fn reload(&self) -> Option<Arc<dyn Reload>> {
        self.reload.clone()
    }

    /// Sends a request. The lease is to be kept for as long as the answer's body.
    pub(super) async fn request(
        &self,
        request: Request<RequestBody>,
    ) -> Result<(Response<Incoming>, Option<Arc<Lease>>), Error> {
        let request = match &self.http2 {
            None => request,
            Some(pool) => match pool.request(request).await? {
                Sent::Answered(response, lease) => return Ok((response, Some(lease))),
                Sent::Http1(request) => *request,
            },
        };
        let response = self.http1.request(request).await?;
        Ok((response, None))
    }
}

fn pool(settings: &Settings, connector: Connector) -> Pool {
    let bounds = pool::Settings {
        connections: settings.http2_connections,
        connect: settings.connect,
        idle: settings.upstream_idle,
        // Twice this is what a dead connection takes to be found, and then there is time left to say that
        // it broke before requests on it are too late.
        ping: (settings.request / 3).max(MIN_PING),
        header_bytes: settings.header_bytes,
    };
    // Of the URL only scheme and authority are dialled.
    let uri: Uri = settings.url.clone();
    Pool::new(uri, connector, bounds)
}

impl From<legacy::Error> for Error {
    fn from(error: legacy::Error) -> Self {
        if error.is_connect() {
            Self::Unreachable(error.into())
        } else {
            Self::Broken(error.into())
        }
    }
}

impl From<pool::Error> for Error {
    fn from(error: pool::Error) -> Self {
        match error {
            pool::Error::Connect(_) => Self::Unreachable(error.into()),
            pool::Error::Busy(_) => Self::Busy(error),
            pool::Error::Broken(_) => Self::Broken(error.into()),
        }
    }
}
