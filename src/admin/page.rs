//! The page for people at `/`, and what it is made of. Everything is in the binary, and nothing of it is
//! built: the files in `page/` are what the browser runs.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};

use super::accept::prefers_html;
use super::reply::{Reply, TEXT, ok};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// What answers programs, and people without a browser.
const INDEX: &str = "\
patchwright admin

GET    /         this list; a page for people where Accept prefers text/html
GET    /healthz  the process is up
GET    /readyz   it takes requests (503 while draining)
GET    /metrics  counters, in Prometheus' text format
GET    /config   the configuration in effect, secrets hidden
GET    /repairs  the last requests that a rule matched, as JSON
GET    /figures  the last 15 minutes in figures, as JSON
GET    /events   both as they happen, as server-sent events
GET    /report   who still sends which broken calls, and what observing has shown, as JSON
DELETE /cache    forget everything that was looked up
GET    /log      which lines are logged
PUT    /log      log others: the body is a level, or a filter such as info,patchwright::directory=debug
DELETE /log      log what the process was started with
";

const PAGE: &str = include_str!("page/index.html");

/// Path, type and content of each file that the page needs.
pub(super) const FILES: [(&str, &str, &str); 12] = [
    ("/page/style.css", CSS, include_str!("page/style.css")),
    ("/page/icon.svg", SVG, include_str!("page/icon.svg")),
    ("/page/main.js", SCRIPT, include_str!("page/main.js")),
    ("/page/stream.js", SCRIPT, include_str!("page/stream.js")),
    ("/page/header.js", SCRIPT, include_str!("page/header.js")),
    ("/page/figures.js", SCRIPT, include_str!("page/figures.js")),
    ("/page/picture.js", SCRIPT, include_str!("page/picture.js")),
    ("/page/repairs.js", SCRIPT, include_str!("page/repairs.js")),
    ("/page/shape.js", SCRIPT, include_str!("page/shape.js")),
    ("/page/report.js", SCRIPT, include_str!("page/report.js")),
    ("/page/words.js", SCRIPT, include_str!("page/words.js")),
    ("/page/dom.js", SCRIPT, include_str!("page/dom.js")),
];

/// What is at `/`.
pub(super) fn index(headers: &HeaderMap) -> Reply {
    let mut response = if prefers_html(headers) {
        ok(HTML, PAGE)
    } else {
        ok(TEXT, INDEX)
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// A file of the page.
pub(super) fn file(path: &str) -> Option<Reply> {
    let (_, content_type, text) = FILES.iter().find(|(name, ..)| *name == path)?;
    Some(ok(content_type, Bytes::from_static(text.as_bytes())))
}
