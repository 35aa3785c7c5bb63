//! The requests of the demo, and how they are sent.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::layer::PATCHWRIGHT;
use crate::simulator::seed;

/// A request that the API is known to refuse.
pub(super) struct Known {
    pub(super) title: &'static str,
    pub(super) path: String,
    pub(super) body: &'static str,
}

pub(super) fn known() -> [Known; 2] {
    let agent = |conversation| seed::participant(conversation, 3);
    [
        Known {
            title: "Attributes for a participant on a call",
            path: format!(
                "/api/v2/conversations/{}/participants/{}",
                seed::CALL,
                agent(seed::CALL)
            ),
            body: r#"{"customAttributes":{"crmId":"123"}}"#,
        },
        Known {
            title: "Attributes for a participant in a web message",
            path: format!(
                "/api/v2/conversations/web/instances/{}/participants/{}",
                seed::MESSAGE,
                agent(seed::MESSAGE)
            ),
            body: r#"{"attributes":{"supervisorNote":"test"}}"#,
        },
    ]
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The upstream's words, where it had any.
    pub(super) message: String,
    pub(super) report: String,
}

/// Sends a request on a connection of its own.
pub(super) async fn send(known: &Known, to: SocketAddr) -> io::Result<Answer> {
    let stream = TcpStream::connect(to).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let driver = tokio::spawn(connection);
    let mut request = Request::new(Full::new(Bytes::from_static(known.body.as_bytes())));
    *request.method_mut() = Method::PATCH;
    *request.uri_mut() = known.path.parse().map_err(io::Error::other)?;
    let headers = request.headers_mut();
    headers.insert(
        HOST,
        HeaderValue::try_from(to.to_string()).map_err(io::Error::other)?,
    );
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer demo"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let response = sender
        .send_request(request)
        .await
        .map_err(io::Error::other)?;
    let status = response.status();
    let report = response
        .headers()
        .get(PATCHWRIGHT)
        .and_then(|report| report.to_str().ok());
    let report = report.unwrap_or_default().to_owned();
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(io::Error::other)?
        .to_bytes();
    let message = serde_json::from_slice::<serde_json::Value>(&body).unwrap_or_default();
    driver.abort();
    Ok(Answer {
        status,
        message: message
            .get("message")
            .and_then(|message| message.as_str())
            .unwrap_or_default()
            .to_owned(),
        report,
    })
}
