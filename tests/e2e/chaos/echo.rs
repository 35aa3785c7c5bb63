//! A second upstream, for what streams through: it tells what it received, and sends what was asked for.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

use crate::ledger::Ledger;
use crate::rng::{content, digest};

/// Serves for ever.
pub(crate) async fn serve(listener: TcpListener, ledger: Arc<Ledger>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let ledger = Arc::clone(&ledger);
        let service = service_fn(move |request| answer(Arc::clone(&ledger), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// `GET /echo/bytes/N/SIZE` is answered with content N; anything else at `/echo/N` with what came.
async fn answer(
    ledger: Arc<Ledger>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let numbers: Vec<u64> = path
        .split('/')
        .filter_map(|part| part.parse().ok())
        .collect();
    let (n, body) = match (request.method(), numbers.as_slice()) {
        (&Method::GET, &[n, size]) => (n, content(n, usize::try_from(size).unwrap())),
        (_, &[n]) => {
            // One that breaks off was not received.
            let body = request.into_body().collect().await?.to_bytes();
            ledger.done(n, n);
            (
                n,
                json!({ "length": body.len(), "digest": digest(&body).to_string() })
                    .to_string()
                    .into_bytes(),
            )
        }
        _ => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    let context = format!("51a00000-0000-4000-8000-{n:012x}");
    response
        .headers_mut()
        .insert("inin-correlation-id", context.parse().unwrap());
    Ok(response)
}
