//! What requests to an upstream travel on.

use std::error;
use std::sync::Arc;
use std::time::Duration;

use http::uri::Uri;
use http::{Request, Response, header};
use hyper::body::Incoming;

use super::body::RequestBody;
use super::connector::{Connector, TlsError};
use super::http1::{self, Line};
use super::pool::{self, Lease, Pool, Sent};
use super::rewrite::Origin;
use super::settings::Settings;
use crate::watch::Reload;

/// Signs of life are not asked for more often than this.
const MIN_PING: Duration = Duration::from_millis(100);

/// Connections to one upstream.
#[derive(Debug)]
pub(super) struct Transport {
    http1: http1::Pool,
    http2: Option<Pool>,
    reload: Option<Arc<dyn Reload>>,
}

/// What an answer came on, to be kept for as long as its body.
#[derive(Debug)]
pub(super) enum Carrier {
    /// A connection of HTTP/1.1.
    Line(Line),
    /// One stream of several on a connection.
    Stream { _lease: Arc<Lease> },
}

impl Carrier {
    /// Sends nothing on it any more. A stream is of no more use anyway.
    pub(super) fn give_up(&mut self) {
        if let Self::Line(line) = self {
            line.give_up();
        }
    }
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
        // With HTTP/2 wanted this is for an upstream that did not choose it.
        let http1 = http1::Pool::new(
            settings.url.clone(),
            connector.without_http2(),
            settings.upstream_idle,
        );
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

    /// Whether requests need a `Host` of their own. Where HTTP/2 is wanted they get one when it is not spoken.
    pub(super) fn wants_host(&self) -> bool {
        self.http2.is_none()
    }

    /// Sends a request in origin form. It is taken from where it is when it is sent.
    pub(super) async fn request(
        &self,
        request: &mut Option<Request<RequestBody>>,
        origin: &Origin,
    ) -> Result<(Response<Incoming>, Carrier), Error> {
        if let Some(pool) = &self.http2 {
            // In a box: it takes more room than all else that HTTP/1.1 needs here.
            let sent = Box::pin(by_http2(pool, request, origin)).await?;
            if let Some((response, lease)) = sent {
                return Ok((response, Carrier::Stream { _lease: lease }));
            }
        }
        let (response, line) = self.http1.request(request).await?;
        Ok((response, Carrier::Line(line)))
    }
}

/// Nothing where the upstream wants HTTP/1.1: then the request is back where it was.
async fn by_http2(
    pool: &Pool,
    slot: &mut Option<Request<RequestBody>>,
    origin: &Origin,
) -> Result<Option<(Response<Incoming>, Arc<Lease>)>, Error> {
    let Some(mut request) = slot.take() else {
        return Ok(None);
    };
    // The path of a request that was parsed always makes a URI; were it not so, nothing would have been
    // delivered.
    let uri = origin.absolute(request.uri());
    *request.uri_mut() = uri.map_err(|error| Error::Unreachable(error.into()))?;
    match pool.request(request).await? {
        Sent::Answered(response, lease) => Ok(Some((response, lease))),
        Sent::Http1(mut request) => {
            *request.uri_mut() = origin_form(request.uri());
            let headers = request.headers_mut();
            headers.insert(header::HOST, origin.host.clone());
            *slot = Some(*request);
            Ok(None)
        }
    }
}

/// Without scheme and authority.
pub(super) fn origin_form(uri: &Uri) -> Uri {
    uri.path_and_query()
        .cloned()
        .map_or_else(Uri::default, Uri::from)
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

impl From<http1::Error> for Error {
    fn from(error: http1::Error) -> Self {
        match error {
            http1::Error::Connect(_) | http1::Error::Nothing => Self::Unreachable(error.into()),
            http1::Error::Broken(_) => Self::Broken(error.into()),
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
