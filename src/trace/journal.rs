//! What is recorded of one request: its spans.
//!
//! Names are OpenTelemetry's where it has one. Of what it asks for, `url.path`, `url.query` and `url.full` are
//! left out: ids of conversations and participants, and whatever else callers put there, belong in no trace.
//! Nor do methods that no standard knows, which are a caller's text as well.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use http::{Method, StatusCode, Version};

use super::{Context, ids};
use crate::layer::record::{Observer, Origin, Reason, Record};

/// Most spans of one request. It has as many as it makes requests and lookups, which are a few; a bound all the same.
const MOST: usize = 32;

/// Takes what was recorded, once per request.
///
/// It runs on the request path: it must not block.
pub trait Sink: Send + Sync + std::fmt::Debug {
    /// The spans of one request, all of them ended.
    fn take(&self, trace: Recorded);
}

/// A request as it was recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The trace, its flags, and the request's own span.
    pub context: Context,
    /// The request's span is the last.
    pub spans: Vec<Span>,
}

/// A part of what a request took.
#[derive(Clone, Debug)]
pub struct Span {
    /// What it is.
    pub name: Cow<'static, str>,
    /// Which side of an exchange it is, if any.
    pub kind: Kind,
    /// Its own.
    pub id: NonZeroU64,
    /// What it is a part of.
    pub parent: Option<NonZeroU64>,
    /// When it began.
    pub began: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// What is said of it.
    pub facts: Vec<(&'static str, Fact)>,
    /// Whether it counts as failed.
    pub failed: bool,
}

/// Which side of an exchange a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It answers a caller.
    Server,
    /// It asks an upstream.
    Client,
    /// Neither.
    Internal,
}

/// What is said of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A word.
    Text(Cow<'static, str>),
    /// A number.
    Number(i64),
}

impl From<&'static str> for Fact {
    fn from(word: &'static str) -> Self {
        Self::Text(word.into())
    }
}

impl From<String> for Fact {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<u16> for Fact {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

/// A request that is being recorded. Found in its extensions, in an [`Arc`].
#[derive(Debug)]
pub struct Journal {
    context: Context,
    parent: Option<NonZeroU64>,
    began: (SystemTime, Instant),
    /// The request's own span, and those that have ended.
    book: Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    name: Cow<'static, str>,
    facts: Vec<(&'static str, Fact)>,
    answered: bool,
    failed: bool,
    spans: Vec<Span>,
}

/// The `error.type` of what was given up: the caller has gone, or something took too long.
const GIVEN_UP: &str = "cancelled";

impl Journal {
    /// Of a request that is at `context`, whose span before is `parent`.
    pub fn new(
        context: Context,
        parent: Option<NonZeroU64>,
        method: &Method,
        version: Version,
    ) -> Self {
        let method = known(method);
        let mut facts = vec![("http.request.method", Fact::from(method))];
        let version = match version {
            Version::HTTP_10 => Some("1.0"),
            Version::HTTP_11 => Some("1.1"),
            Version::HTTP_2 => Some("2"),
            _ => None,
        };
        facts.extend(version.map(|version| ("network.protocol.version", version.into())));
        Self {
            context,
            parent,
            began: (SystemTime::now(), Instant::now()),
            book: Mutex::new(Book {
                name: name(method).into(),
                facts,
                answered: false,
                failed: false,
                spans: Vec::new(),
            }),
        }
    }

    /// The request's own place in its trace.
    pub fn context(&self) -> Context {
        self.context
    }

    /// Begins a part of the request that is over when the result is dropped.
    pub fn begin(&self, name: &'static str) -> Part<'_> {
        self.part(name, Kind::Internal, false)
    }

    /// Begins a part of the request whose end is waited for.
    pub fn wait(&self, name: &'static str) -> Part<'_> {
        self.part(name, Kind::Internal, true)
    }

    fn part(&self, name: &'static str, kind: Kind, waits: bool) -> Part<'_> {
        Part {
            journal: self,
            began: Instant::now(),
            waits,
            span: Some(Span {
                name: name.into(),
                kind,
                id: ids::span(),
                parent: Some(self.context.span),
                began: SystemTime::UNIX_EPOCH,
                took: Duration::ZERO,
                facts: Vec::new(),
                failed: false,
            }),
        }
    }

    /// Begins a request to an upstream with this method.
    pub fn ask(&self, method: &Method) -> Part<'_> {
        let method = known(method);
        let mut part = self.part(name(method), Kind::Client, true);
        part.say("http.request.method", method);
        part
    }

    /// Says something of the request.
    pub fn say(&self, key: &'static str, fact: impl Into<Fact>) {
        self.book().facts.push((key, fact.into()));
    }

    /// Says what the caller is answered.
    pub fn answered(&self, status: StatusCode) {
        let mut book = self.book();
        book.answered = true;
        book.facts
            .push(("http.response.status_code", status.as_u16().into()));
        // What is the caller's fault is none of a server's (as OpenTelemetry has it).
        if status.is_server_error() {
            book.failed = true;
            book.facts
                .push(("error.type", status.as_str().to_owned().into()));
        }
    }

    /// All that was recorded, with the request ending now. What comes later is lost.
    fn end(&self) -> Recorded {
        let mut book = self.book();
        if !book.answered {
            book.failed = true;
            book.facts.push(("error.type", GIVEN_UP.into()));
        }
        let root = Span {
            name: std::mem::take(&mut book.name),
            kind: Kind::Server,
            id: self.context.span,
            parent: self.parent,
            began: self.began.0,
            took: self.began.1.elapsed(),
            facts: std::mem::take(&mut book.facts),
            failed: book.failed,
        };
        let mut spans = std::mem::take(&mut book.spans);
        spans.push(root);
        Recorded {
            context: self.context,
            spans,
        }
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says what became of the request.
impl Observer for Journal {
    fn observe(&self, record: &Record<'_>) {
        let mut book = self.book();
        // OpenTelemetry: `{method} {route}`, and the method alone where no route is known.
        book.name = format!("{} {}", book.name, record.template).into();
        let facts = [
            ("http.route", Some(record.template.to_owned().into())),
            ("patchwright.rule", Some(record.rule.to_owned().into())),
            ("patchwright.outcome", Some(record.outcome.as_str().into())),
            (
                "patchwright.reason",
                record.reason.map(Reason::as_str).map(Fact::from),
            ),
            (
                "patchwright.snapshot",
                record.snapshot.map(Origin::as_str).map(Fact::from),
            ),
        ];
        let facts = facts.into_iter();
        book.facts
            .extend(facts.filter_map(|(key, fact)| Some((key, fact?))));
    }
}

/// A part of a request, while it lasts.
#[derive(Debug)]
pub struct Part<'j> {
    journal: &'j Journal,
    began: Instant,
    /// It was not said yet how it went, and something is to be said.
    waits: bool,
    span: Option<Span>,
}

impl Part<'_> {
    /// The place in the trace of what this part makes others do.
    pub fn context(&self) -> Context {
        let id = self.span.as_ref().map(|span| span.id);
        let own = self.journal.context;
        id.map_or(own, |id| own.with_span(id))
    }

    /// Says something of it.
    pub fn say(&mut self, key: &'static str, fact: impl Into<Fact>) {
        if let Some(span) = &mut self.span {
            span.facts.push((key, fact.into()));
        }
    }

    /// It went well.
    pub fn done(mut self) {
        self.waits = false;
    }

    /// Says that it failed, and by which stable word.
    pub fn fail(&mut self, error: &'static str) {
        self.waits = false;
        if let Some(span) = &mut self.span {
            span.failed = true;
            span.facts.push(("error.type", error.into()));
        }
    }

    /// Says what was answered. To whoever asked any 4xx or 5xx is an error.
    pub fn answered(&mut self, status: StatusCode) {
        self.waits = false;
        self.say("http.response.status_code", status.as_u16());
        if let Some(span) = &mut self.span
            && (status.is_client_error() || status.is_server_error())
        {
            span.failed = true;
            let error = status.as_str().to_owned();
            span.facts.push(("error.type", error.into()));
        }
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        if self.waits {
            self.fail(GIVEN_UP);
        }
        let Some(mut span) = self.span.take() else {
            return;
        };
        let (wall, start) = self.journal.began;
        // One clock for the whole trace, whatever is done to the wall's meanwhile.
        let after = self.began.saturating_duration_since(start);
        span.began = wall.checked_add(after).unwrap_or(wall);
        span.took = self.began.elapsed();
        let mut book = self.journal.book();
        if book.spans.len() < MOST {
            book.spans.push(span);
        }
    }
}

/// Hands what was recorded of a request to a sink when it is dropped: when the request is over.
#[derive(Debug)]
pub struct Recording {
    journal: Arc<Journal>,
    sink: Arc<dyn Sink>,
}

impl Recording {
    /// Of this request, for this sink.
    pub fn new(journal: Arc<Journal>, sink: Arc<dyn Sink>) -> Self {
        Self { journal, sink }
    }

    /// What is written down.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.sink.take(self.journal.end());
    }
}

/// A method, where a standard knows it.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "TRACE" => "TRACE",
        "CONNECT" => "CONNECT",
        _ => "_OTHER",
    }
}

/// What a span with such a method is called.
fn name(method: &'static str) -> &'static str {
    if method == "_OTHER" { "HTTP" } else { method }
}
