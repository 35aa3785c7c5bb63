//! `[trace]`: what becomes of the trace that a request belongs to, and where ours are sent.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::uri::Scheme;
use http::{HeaderName, HeaderValue, Uri};
use secrecy::{ExposeSecret as _, SecretString};

use super::secret::secret;
use super::tls;
use super::units::duration;
use crate::document::{Node, Table};
use crate::trace::Share;

const URL: &str = "http://127.0.0.1:4318";
/// Where OTLP over HTTP takes traces, below the URL.
const TRACES: &str = "/v1/traces";

pub(super) const TRACEPARENTS: [(&str, Traceparent); 2] = [
    ("continue", Traceparent::Continue),
    ("pass", Traceparent::Pass),
];

/// Whatever the collector does, memory is not held for longer.
const INTERVALS: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(60);

/// `[trace]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// What becomes of a caller's `traceparent`.
    pub traceparent: Traceparent,
    /// The share of traces begun here that are sampled, from 0 to 1.
    pub sample: f64,
    /// Where sampled traces are sent (`[trace.otlp]`).
    pub otlp: Option<Otlp>,
}

impl Trace {
    /// The share of traces begun here that are sampled.
    pub fn share(&self) -> Share {
        Share::new(self.sample)
    }
}

/// What becomes of a caller's `traceparent`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Traceparent {
    /// A valid one goes on with a span of our own; where there is none, a trace begins.
    #[default]
    Continue,
    /// It is left as it came, and none begins.
    Pass,
}

/// `[trace.otlp]`.
#[derive(Clone, Debug)]
pub struct Otlp {
    /// Where the collector is: scheme, authority and what stands before `/v1/traces`.
    pub url: Uri,
    /// Header fields that it wants, one to a line.
    pub headers: Option<SecretString>,
    /// The file that they were read from, if they were.
    pub headers_file: Option<PathBuf>,
    /// PEM file with roots trusted besides the platform's.
    pub ca: Option<PathBuf>,
    /// Most requests whose spans wait to be sent.
    pub queue: usize,
    /// Most requests whose spans are sent at once.
    pub batch: usize,
    /// Longest time that a request's spans wait for others.
    pub interval: Duration,
    /// Longest time that sending them may take.
    pub timeout: Duration,
}

impl PartialEq for Otlp {
    fn eq(&self, other: &Self) -> bool {
        let said = |of: &Self| {
            let bounds = (of.queue, of.batch, of.interval, of.timeout);
            (of.url.clone(), of.ca.clone(), bounds)
        };
        said(self) == said(other) && self.header_text() == other.header_text()
    }
}

impl Otlp {
    /// Where traces are sent.
    pub fn traces(&self) -> Uri {
        let base = self.url.to_string();
        let whole = format!("{}{TRACES}", base.trim_end_matches('/'));
        // What was a URL without a query is one with a longer path.
        whole.parse().unwrap_or_else(|_| self.url.clone())
    }

    /// The header fields that the collector wants, marked as sensitive.
    pub fn header_fields(&self) -> Vec<(HeaderName, HeaderValue)> {
        fields(self.header_text()).unwrap_or_default()
    }

    fn header_text(&self) -> &str {
        self.headers
            .as_ref()
            .map_or("", |text| text.expose_secret())
    }
}

pub(super) fn trace(root: &mut Table<'_>, folder: Option<&Path>) -> Trace {
    let mut table = root.table("trace");
    let traceparent = table.word("traceparent", &TRACEPARENTS).unwrap_or_default();
    let sample = table.read("sample", share);
    let otlp = otlp(&mut table, folder, traceparent);
    table.finish();
    // Whoever sends sampled traces somewhere wants to see some, and a flag that says that a trace is
    // recorded, when nobody does, would be a lie.
    let usual = if otlp.is_some() { 1.0 } else { 0.0 };
    Trace {
        traceparent,
        sample: sample.unwrap_or(usual),
        otlp,
    }
}

fn share(node: &Node) -> Result<f64, String> {
    let share = node.as_float().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| node.not("a share from 0 to 1 such as 0.01"))
}

fn otlp(trace: &mut Table<'_>, folder: Option<&Path>, traceparent: Traceparent) -> Option<Otlp> {
    trace.node("otlp")?;
    if !cfg!(feature = "otel") {
        trace.fault(
            "otlp",
            "this patchwright was built without it: build with --features otel, or remove the section",
        );
    }
    if traceparent == Traceparent::Pass {
        let problem = "is of no use with traceparent = \"pass\": traces that are not gone on with are not recorded";
        trace.fault("otlp", problem);
    }
    let mut table = trace.table("otlp");
    table.require("url", &format!("url = \"{URL}\""));
    let url = table.read("url", url);
    let keys = ("headers", "headers_file");
    let (headers, headers_file) = secret(&mut table, keys, folder, |text| {
        let expected = "expected lines such as \"Authorization: Bearer …\" (not shown)";
        fields(text).map(|_| ()).ok_or_else(|| expected.to_owned())
    });
    let ca = tls::authorities(&mut table, "ca", folder);
    let is_secure = |url: &Uri| url.scheme() == Some(&Scheme::HTTPS);
    if table.has("ca") && url.as_ref().is_some_and(|url| !is_secure(url)) {
        table.fault("ca", "is for https:// only: change the url, or remove this");
    }
    // Enough for a second of what a proxy does at its busiest, and some MiB.
    let queue = table.integer("queue", 1, 1_000_000).unwrap_or(2048);
    // What collectors take without asking for more time.
    let batch = table.integer("batch", 1, 100_000).unwrap_or(256);
    if batch > queue {
        table.fault(
            "batch",
            format!("is more than queue ({queue}): no batch would ever be full"),
        );
    }
    // The SDKs' own.
    let interval = duration(&mut table, "interval", &INTERVALS);
    let interval = interval.unwrap_or(Duration::from_secs(5));
    // The same, and within what orchestrators leave for an end.
    let timeout = duration(&mut table, "timeout", &INTERVALS);
    let timeout = timeout.unwrap_or(Duration::from_secs(10));
    table.finish();
    let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
    Some(Otlp {
        url: url?,
        headers,
        headers_file,
        ca,
        queue: count(queue),
        batch: count(batch),
        interval,
        timeout,
    })
}

/// A URL may hold a password, so none is shown in a fault.
fn url(node: &Node) -> Result<Uri, String> {
    let expected = format!("a URL such as \"{URL}\"");
    let text = node.as_str().ok_or_else(|| node.not_shown(&expected))?;
    let invalid = || format!("expected {expected}, found something else");
    let uri: Uri = text.parse().map_err(|_| invalid())?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority().filter(|_| is_http).ok_or_else(invalid)?;
    if authority.as_str().contains('@') {
        return Err(format!(
            "expected {expected}, without a user name or password: write them as headers_file, where nobody shows them"
        ));
    }
    if uri.query().is_some() || text.contains('#') || authority.host().is_empty() {
        return Err(format!("expected {expected}, without a query or fragment"));
    }
    if uri.path().trim_end_matches('/').ends_with(TRACES) {
        return Err(format!("expected {expected}: {TRACES} is added to it"));
    }
    Ok(uri)
}

/// Header fields, one to a line. `None` where one of them is none.
fn fields(text: &str) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim().parse().ok()?;
        let mut value: HeaderValue = value.trim().parse().ok()?;
        value.set_sensitive(true);
        Some((name, value))
    };
    lines.map(field).collect()
}
