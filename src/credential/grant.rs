//! Asking a login host for a token (RFC 6749 section 4.4).
//!
//! The `oauth2` crate would do it, and bring `chrono`, `url` and `rand` for the grants that are not used
//! here. What is left of it is one request.

#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, Limited};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tower_service::Service;

use crate::BoxError;
use crate::config;
use crate::directory::retry_after;
use crate::layer::record::NoAnswer;

/// Longest answer that is read: a token has some hundred bytes, with all its claims a few thousand.
const MOST: usize = 64 << 10;
/// The life of a token whose answer does not say it: the shortest that the API hands out.
const UNSAID: Duration = Duration::from_secs(5 * 60);
/// Longest life that is believed: the API's last for two days.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Longest wait that a login host may ask for. Nobody gets through meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

/// What errors a login host tells by name (RFC 6749 section 5.2); other words are not repeated.
const ERRORS: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// A token as it came.
#[derive(Debug)]
pub struct Fresh {
    /// `Bearer …`, marked as sensitive.
    pub header: HeaderValue,
    /// How long it is good for.
    pub life: Duration,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The login host said no.
    #[error("the login host answered {status}{}", .error.map(|error| format!(" {error}")).unwrap_or_default())]
    Refused {
        /// With this status.
        status: u16,
        /// And this word of RFC 6749.
        error: Option<&'static str>,
        /// And asks to wait.
        wait: Duration,
    },
    /// What it answered holds no token that could be sent.
    #[error("the login host's answer holds no bearer token")]
    Unusable,
    /// It could not be reached, or broke off.
    #[error("the login host gave no answer")]
    Unreachable,
    /// It took too long.
    #[error("the login host did not answer within timeouts.lookup")]
    Timeout,
}

impl Problem {
    /// How long to leave the login host alone.
    pub(super) fn wait(&self) -> Duration {
        match self {
            Self::Refused { wait, .. } => *wait,
            _ => Duration::ZERO,
        }
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Refused {
                error: Some("invalid_client"),
                ..
            }
            | Self::Refused { status: 401, .. } => Some("check client_id and client_secret"),
            Self::Refused { status: 404, .. } => {
                Some("check the credential's upstream, which must be a login host, and its path")
            }
            Self::Unusable => Some("check that the credential's upstream is a login host"),
            _ => None,
        }
    }
}

/// What is asked for.
#[derive(Debug)]
pub struct Grant {
    authorization: HeaderValue,
    uri: Uri,
    timeout: Duration,
}

impl Grant {
    /// With the credential's id and secret. `None` where its path is none, which the configuration rules
    /// out. `timeout` is for all of it.
    pub fn new(credential: &config::Credential, timeout: Duration) -> Option<Self> {
        Some(Self {
            authorization: basic(&credential.client_id, &credential.client_secret)?,
            uri: credential.path.parse().ok()?,
            timeout,
        })
    }

    /// Fetches a token through `transport`.
    pub async fn fetch<T, R>(&self, transport: T) -> Result<Fresh, Problem>
    where
        T: Service<Request<Full<Bytes>>, Response = Response<R>>,
        R: Body<Data = Bytes, Error: Into<BoxError>>,
    {
        tokio::time::timeout(self.timeout, self.ask(transport))
            .await
            .unwrap_or(Err(Problem::Timeout))
    }

    async fn ask<T, R>(&self, mut transport: T) -> Result<Fresh, Problem>
    where
        T: Service<Request<Full<Bytes>>, Response = Response<R>>,
        R: Body<Data = Bytes, Error: Into<BoxError>>,
    {
        let unreachable = |_| Problem::Unreachable;
        poll_fn(|cx| transport.poll_ready(cx))
            .await
            .map_err(unreachable)?;
        let answer = transport.call(self.request()).await.map_err(unreachable)?;
        let (head, body) = answer.into_parts();
        if head.extensions.get::<NoAnswer>().is_some() {
            return Err(Problem::Unreachable);
        }
        let body = Limited::new(body, MOST).collect().await;
        let body = body.map(http_body_util::Collected::to_bytes);
        if head.status != StatusCode::OK {
            let wait = retry_after::read(&head.headers, SystemTime::now());
            return Err(Problem::Refused {
                status: head.status.as_u16(),
                error: body.ok().and_then(|body| error(&body)),
                wait: wait.unwrap_or_default().min(PATIENCE),
            });
        }
        let body = body.map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                Problem::Unusable
            } else {
                Problem::Unreachable
            }
        })?;
        token(&body).ok_or(Problem::Unusable)
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let body = Bytes::from_static(b"grant_type=client_credentials");
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        request.uri_mut().clone_from(&self.uri);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        request
    }
}

/// RFC 6749 section 2.3.1: both are form-encoded before they are joined.
fn basic(id: &SecretString, secret: &SecretString) -> Option<HeaderValue> {
    let encoded = |text: &SecretString| -> String {
        form_urlencoded::byte_serialize(text.expose_secret().as_bytes()).collect()
    };
    let both = SecretString::from(format!("{}:{}", encoded(id), encoded(secret)));
    let value = SecretString::from(format!(
        "Basic {}",
        BASE64_STANDARD.encode(both.expose_secret())
    ));
    sensitive(value.expose_secret())
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// RFC 6749 section 5.1.
fn token(body: &[u8]) -> Option<Fresh> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let kind = answer.get("token_type")?.as_str()?;
    let token = answer.get("access_token")?.as_str()?;
    // RFC 6750 section 2.1.
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if !kind.eq_ignore_ascii_case("bearer") || token.is_empty() || !token.bytes().all(allowed) {
        return None;
    }
    let life = match answer.get("expires_in") {
        None | Some(Value::Null) => UNSAID,
        // Some login hosts write it as a string.
        Some(Value::String(seconds)) => Duration::from_secs(seconds.parse().ok()?),
        Some(seconds) => Duration::try_from_secs_f64(seconds.as_f64()?).ok()?,
    };
    let header = SecretString::from(format!("Bearer {token}"));
    Some(Fresh {
        header: sensitive(header.expose_secret())?,
        life: life.min(LONGEST),
    })
    .filter(|fresh| !fresh.life.is_zero())
}

fn error(body: &[u8]) -> Option<&'static str> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let said = answer.get("error")?.as_str()?;
    ERRORS.into_iter().find(|known| *known == said)
}
