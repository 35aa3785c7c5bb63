//! `/log`: what is logged, and switching it while the process runs.
//!
//! Whatever an operator writes there, lines hold nothing of what they must not (see
//! [`telemetry`](crate::telemetry)).

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Limited};
use tokio::time::timeout;

use super::reply::{Reply, TEXT, not_allowed, ok, refusal, unknown};
use crate::BoxError;
use crate::telemetry::Switch;

/// Longest filter. One that names every part of the program is shorter.
const MOST: usize = 1 << 10;
/// It is one packet.
const PATIENCE: Duration = Duration::from_secs(5);

/// Says which filter is in force, after whatever was asked for.
pub(super) async fn answer<B>(switch: Option<Switch>, request: Request<B>) -> Reply
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let Some(switch) = switch else {
        return unknown();
    };
    let switched = match *request.method() {
        Method::GET | Method::HEAD => Ok(()),
        Method::DELETE => switch.reset(),
        Method::PUT => {
            let body = Limited::new(request.into_body(), MOST).collect();
            let Ok(Ok(body)) = timeout(PATIENCE, body).await else {
                let message = "the body is to be a filter such as debug, of at most 1 KiB";
                return refusal(StatusCode::BAD_REQUEST, "patchwright.admin.log", message);
            };
            // Whatever is no text is no filter either.
            switch.set(&String::from_utf8_lossy(&body.to_bytes()))
        }
        _ => return not_allowed("GET, HEAD, PUT, DELETE"),
    };
    match switched {
        Ok(()) => ok(TEXT, switch.in_force() + "\n"),
        Err(error) => {
            let message = error.to_string();
            refusal(StatusCode::BAD_REQUEST, "patchwright.admin.log", &message)
        }
    }
}
