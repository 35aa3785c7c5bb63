//! Answers that patchwright makes itself, in the API's own error format so that its SDKs parse them.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use crate::hex;

/// Names one request in answers (`contextId`) and logs. Put one into the request's extensions to have
/// the layer's answers carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(u64);

impl RequestId {
    /// The next id of this process.
    pub fn next() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        Self(COUNT.fetch_add(1, Ordering::Relaxed))
    }
}

impl RequestId {
    /// Tells `then` the text in its parts, in ASCII: it is written with every line of the log.
    pub(crate) fn spell<T>(self, then: impl FnOnce([&[u8]; 3]) -> T) -> T {
        // The start time tells the processes of one machine and their restarts apart in a shared log.
        static BOOT: OnceLock<u64> = OnceLock::new();
        let boot = BOOT.get_or_init(|| {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let process = u64::from(std::process::id()).rotate_left(40);
            now.as_secs().rotate_left(20) ^ u64::from(now.subsec_micros()) ^ process
        });
        let (boot, count) = (hex::digits(*boot), hex::digits(self.0));
        // Six digits for the count, or as many as it takes.
        let spare = (self.0.leading_zeros() as usize / 4).min(count.len() - 6);
        let count = count.get(spare..).unwrap_or(&count);
        then([&boot, b"-", count])
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spell(|parts| {
            parts
                .iter()
                .try_for_each(|part| f.write_str(hex::text(part)))
        })
    }
}

/// Marks a response that patchwright made, by its stable code. Whoever counts answers finds it in the
/// response's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnAnswer(pub &'static str);

/// An answer made here: status, stable code, one sentence, and when to come back.
#[derive(Clone, Debug)]
pub struct Answer {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<Duration>,
}

impl Answer {
    /// `code` is dotted lower case, as the API's own codes are. `message` is read by callers: it must
    /// hold nothing of a token, a body or a looked-up value.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after: None,
        }
    }

    /// Adds `Retry-After`, in whole seconds rounded up and at least 1: the Java SDK parses it as an
    /// integer, and 0 would mean "hammer".
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The stable code, for logs and metrics.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer's JSON body, in the form of the API's `ErrorBody`.
    pub fn body(&self, id: RequestId) -> Bytes {
        let body = serde_json::json!({
            "message": self.message,
            "code": self.code,
            // An integer: the Go SDK refuses a string here.
            "status": self.status.as_u16(),
            "contextId": id.to_string(),
            "details": [],
            "errors": [],
        });
        Bytes::from(body.to_string())
    }

    /// The bytes of the whole response on HTTP/1.1, for where there is no request that it could answer.
    /// The connection has to be closed after it.
    pub fn on_the_wire(&self, id: RequestId) -> Bytes {
        let body = self.body(id);
        let retry_after = self
            .retry_seconds()
            .map_or_else(String::new, |seconds| format!("retry-after: {seconds}\r\n"));
        let mut bytes = format!(
            "HTTP/1.1 {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{retry_after}\
             connection: close\r\ndate: {}\r\n\r\n",
            self.status,
            body.len(),
            httpdate::fmt_http_date(SystemTime::now()),
        )
        .into_bytes();
        bytes.extend_from_slice(&body);
        bytes.into()
    }

    fn retry_seconds(&self) -> Option<u64> {
        let wait = self.retry_after?;
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Some(seconds.max(1))
    }

    /// The whole response, for the request that `id` names.
    pub fn into_response(self, id: RequestId) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body(id)));
        *response.status_mut() = self.status;
        response.extensions_mut().insert(OwnAnswer(self.code));
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if let Some(seconds) = self.retry_seconds() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_whole_seconds_rounded_up_and_never_zero() {
        for (wait, header) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (59_000, "59")] {
            let answer = Answer::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "patchwright.overloaded",
                "busy",
            )
            .retry_after(Duration::from_millis(wait))
            .into_response(RequestId::next());
            assert_eq!(answer.headers()[header::RETRY_AFTER], header, "{wait} ms");
        }
    }

    #[test]
    fn the_body_is_the_apis_error_body() {
        let id = RequestId::next();
        let answer = Answer::new(
            StatusCode::NOT_FOUND,
            "patchwright.route.unknown",
            "no \"route\"",
        );
        let body: serde_json::Value = serde_json::from_slice(&answer.body(id)).unwrap();
        assert_eq!(body["status"], 404);
        assert_eq!(body["message"], "no \"route\"");
        assert_eq!(body["contextId"], id.to_string());
        assert_eq!(body["details"], serde_json::json!([]));
    }
}
