//! What arrived, to the byte.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use http::{HeaderMap, Method, Uri, header};
use serde_json::{Value, json};

/// Requests that are kept; older ones are only counted.
const KEPT: usize = 1_000;

/// Bytes of bodies that are kept.
const KEPT_BYTES: usize = 32 << 20;

/// Headers that are secrets.
const HIDDEN: [header::HeaderName; 3] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
];

/// A request as the simulator received it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Received {
    /// Counts from 1, also past those that are kept.
    pub seq: u64,
    /// Its method.
    pub method: Method,
    /// Its target, query included.
    pub target: String,
    /// The endpoint's path with names in the place of ids; `other` when there is no such endpoint.
    pub template: String,
    /// A short digest of the bearer token: the same for the same token. The token is not kept.
    pub token: Option<String>,
    /// Its headers, those without secrets.
    pub headers: HeaderMap,
    /// Its body, byte for byte; empty for the token endpoint.
    pub body: Bytes,
    /// The answer's status; `None` while there is none, and for good when the connection was dropped.
    pub status: Option<u16>,
}

#[derive(Debug, Default)]
pub(super) struct Journal {
    requests: VecDeque<Received>,
    bytes: usize,
    total: u64,
    counts: BTreeMap<(String, String), u64>,
}

impl Received {
    pub(super) fn new(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let mut headers = headers.clone();
        for name in HIDDEN {
            headers.remove(name);
        }
        let target = uri
            .path_and_query()
            .map_or_else(|| uri.path(), |target| target.as_str());
        // OAuth 2 allows a token here; the journal does not.
        let target = if target.contains("access_token=") {
            uri.path()
        } else {
            target
        };
        Self {
            seq: 0,
            method: method.clone(),
            target: target.to_owned(),
            template: "other".to_owned(),
            token: None,
            headers,
            body: Bytes::new(),
            status: None,
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let headers = self.headers.iter();
        let headers = headers
            .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]));
        let text = std::str::from_utf8(&self.body).ok();
        json!({
            "seq": self.seq,
            "method": self.method.as_str(),
            "target": self.target,
            "template": self.template,
            "token": self.token,
            "headers": headers.collect::<Vec<_>>(),
            "body": text,
            "bodyBytes": text.is_none().then(|| self.body.to_vec()),
            "status": self.status,
        })
    }
}

impl Journal {
    /// Keeps it and returns its number.
    pub(super) fn record(&mut self, mut request: Received) -> u64 {
        self.total += 1;
        request.seq = self.total;
        // Anyone may invent methods; they must not make the counters grow.
        let known = ["GET", "PATCH", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"];
        let method = known
            .into_iter()
            .find(|known| *known == request.method.as_str());
        let key = (
            method.unwrap_or("other").to_owned(),
            request.template.clone(),
        );
        *self.counts.entry(key).or_default() += 1;
        self.bytes += request.body.len();
        self.requests.push_back(request);
        while self.requests.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.requests.pop_front() else {
                break;
            };
            self.bytes -= oldest.body.len();
        }
        self.total
    }

    pub(super) fn answered(&mut self, seq: u64, status: u16) {
        if let Some(request) = self
            .requests
            .iter_mut()
            .rev()
            .find(|request| request.seq == seq)
        {
            request.status = Some(status);
        }
    }

    /// Forgets the requests and the counters. Numbers go on, so that an answer on its way finds nothing.
    pub(super) fn clear(&mut self) {
        self.requests.clear();
        self.counts.clear();
        self.bytes = 0;
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = &Received> {
        self.requests.iter()
    }

    /// Requests by method and template.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        let counts = self.counts.iter();
        counts.map(|((method, template), count)| (method.as_str(), template.as_str(), *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(body: Bytes) -> Received {
        let uri = Uri::from_static("/x?access_token=secret");
        Received {
            body,
            ..Received::new(&Method::PATCH, &uri, &HeaderMap::new())
        }
    }

    #[test]
    fn old_requests_make_room_but_stay_counted() {
        let mut journal = Journal::default();
        for _ in 0..=KEPT {
            journal.record(received(Bytes::from_static(b"{}")));
        }
        assert_eq!(journal.requests().count(), KEPT);
        assert_eq!(journal.requests().next().unwrap().seq, 2);
        assert_eq!(
            journal.counts().collect::<Vec<_>>(),
            [("PATCH", "other", 1001)]
        );
    }

    #[test]
    fn large_bodies_make_room_for_each_other() {
        let mut journal = Journal::default();
        for _ in 0..3 {
            journal.record(received(Bytes::from(vec![b' '; KEPT_BYTES / 2])));
        }
        assert_eq!(
            journal
                .requests()
                .map(|request| request.seq)
                .collect::<Vec<_>>(),
            [2, 3]
        );
    }

    #[test]
    fn a_token_in_the_query_is_not_kept() {
        assert_eq!(received(Bytes::new()).target, "/x");
    }
}
