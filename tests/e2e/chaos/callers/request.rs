//! Requests as bytes.

use crate::rng::Rng;
use crate::world::{self, Place, World};

/// How a request is written. The default is what a well-behaved script sends.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) version: &'static str,
    pub(super) chunked: bool,
    /// Header lines, each with its end.
    pub(super) extra: String,
    pub(super) state: Option<&'static str>,
    /// Bytes that are added to the body, beside the attributes.
    pub(super) padding: usize,
    /// Members before the attributes.
    pub(super) members: &'static str,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            version: "1.1",
            chunked: false,
            extra: String::new(),
            state: None,
            padding: 0,
            members: "",
        }
    }
}

/// A request in two parts, since some callers stop in between.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) head: Vec<u8>,
    pub(super) body: Vec<u8>,
}

impl Written {
    pub(super) fn whole(&self) -> Vec<u8> {
        [self.head.as_slice(), &self.body].concat()
    }
}

/// The n-th request, a PATCH of attributes.
pub(super) fn patch(
    n: u64,
    world: &World,
    place: &Place,
    token: &str,
    shape: &Shape,
    rng: &mut Rng,
) -> Written {
    let content_type = if place.attributes_endpoint {
        "application/json"
    } else {
        *rng.pick(&[
            "application/json",
            "application/json",
            "text/plain",
            "application/x-www-form-urlencoded",
            "",
        ])
    };
    let content_type = if content_type.is_empty() {
        String::new()
    } else {
        format!("Content-Type: {content_type}\r\n")
    };
    let body = body(n, place, shape, rng);
    let extra = format!("{content_type}{}", shape.extra);
    write(
        "PATCH",
        &world.path(place),
        token,
        shape.version,
        &extra,
        shape.chunked,
        body.into_bytes(),
    )
}

pub(super) fn body(n: u64, place: &Place, shape: &Shape, rng: &mut Rng) -> String {
    let name = if place.attributes_endpoint || rng.chance(50) {
        "attributes"
    } else {
        "customAttributes"
    };
    let attributes = world::spelled(n);
    let state = match shape.state {
        Some(state) => format!("\"state\": \"{state}\", "),
        // What serialisers write for a member that was never set.
        None if !place.attributes_endpoint && shape.members.is_empty() && rng.chance(10) => {
            "\"state\":null,".to_owned()
        }
        None => String::new(),
    };
    let padding = match shape.padding {
        0 => String::new(),
        bytes => format!(",\"padding\":\"{}\"", "x".repeat(bytes)),
    };
    format!(
        "{{{state}{}\"{name}\": {attributes}{padding}}}",
        shape.members
    )
}

pub(super) fn write(
    method: &str,
    path: &str,
    token: &str,
    version: &str,
    extra: &str,
    chunked: bool,
    body: Vec<u8>,
) -> Written {
    let framing = if chunked {
        "Transfer-Encoding: chunked\r\n".to_owned()
    } else if body.is_empty() && method == "GET" {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    let head = format!(
        "{method} {path} HTTP/{version}\r\nHost: api.example\r\nAuthorization: Bearer {token}\r\n{extra}{framing}\r\n"
    );
    let body = if chunked { in_chunks(&body) } else { body };
    Written {
        head: head.into_bytes(),
        body,
    }
}

fn in_chunks(body: &[u8]) -> Vec<u8> {
    let mut framed = Vec::new();
    let size = (body.len() / 3).max(1);
    for chunk in body.chunks(size) {
        framed.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        framed.extend_from_slice(chunk);
        framed.extend_from_slice(b"\r\n");
    }
    framed.extend_from_slice(b"0\r\n\r\n");
    framed
}
