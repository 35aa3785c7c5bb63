//! Bearer tokens: reading them, and handing them out to SDKs that insist on logging in.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::reply::{self, Reply};

/// One day less a second, as the API says it.
const LIFETIME_SECONDS: u32 = 86_399;

/// What the tokens of clients begin with; what follows is the client's id.
const CLIENT: &str = "simulated.";

/// Whether the token came from [`grant`], so that no user is behind it.
pub(super) fn is_of_client(token: &str) -> bool {
    token.starts_with(CLIENT)
}

/// The bearer token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    credentials(headers, "bearer")
}

/// What the journal shows in the place of a token.
pub(super) fn digest(token: &str) -> String {
    let mut hex = blake3::hash(token.as_bytes()).to_hex().to_string();
    hex.truncate(12);
    hex
}

/// Answers `POST /oauth/token`. Any client id and secret will do; the token follows from the id alone, so
/// that it sees the same conversations tomorrow and can be named in a data file.
pub(super) fn grant(headers: &HeaderMap, body: &[u8]) -> Reply {
    let mut fields = form_urlencoded::parse(body);
    let grant = fields
        .find(|(name, _)| name == "grant_type")
        .map(|(_, value)| value);
    if grant.as_deref() != Some("client_credentials") {
        return refuse(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "only client_credentials is supported",
        );
    }
    let Some(id) = client_id(headers, body).filter(|id| is_token(id)) else {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "client not found",
        );
    };
    let body = json!({
        "access_token": format!("{CLIENT}{id}"),
        "token_type": "bearer",
        "expires_in": LIFETIME_SECONDS,
    });
    let mut reply = reply::json(StatusCode::OK, &body);
    let no_store = header::HeaderValue::from_static("no-store");
    // RFC 6749 section 5.1.
    reply.headers_mut().insert(header::CACHE_CONTROL, no_store);
    reply
}

fn refuse(status: StatusCode, error: &str, description: &str) -> Reply {
    // Not the API's ErrorBody: the login hosts speak RFC 6749.
    let body =
        json!({ "error": error, "description": description, "error_description": description });
    reply::json(status, &body)
}

/// From Basic credentials (RFC 6749 section 2.3.1) or from the form.
fn client_id(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    if let Some(encoded) = credentials(headers, "basic") {
        let decoded = BASE64_STANDARD.decode(encoded).ok()?;
        let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        return (!secret.is_empty()).then(|| id.to_owned());
    }
    let field = |wanted: &str| {
        let found = form_urlencoded::parse(body).find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.into_owned())
    };
    field("client_secret").filter(|secret| !secret.is_empty())?;
    field("client_id")
}

fn credentials<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    let credentials = credentials.trim();
    let found = scheme.eq_ignore_ascii_case(wanted) && !credentials.is_empty();
    found.then_some(credentials)
}

/// Whether it may stand in an `Authorization` header (RFC 6750 section 2.1).
fn is_token(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    (1..=128).contains(&id.len()) && id.bytes().all(allowed)
}
