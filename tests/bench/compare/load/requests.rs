//! What is sent: written once, with places for the conversation's digits.

use std::net::SocketAddr;
use std::str::FromStr;

const DIGITS: &str = "############";

const GAP: &str = r#"{"attributes":{"supervisorNote":"call back after 3 pm"}}"#;
const WHOLE: &str = r#"{"attributes":{"supervisorNote":"call back after 3 pm"},"state":"connected","routing":{"queue":{"id":"9e0e0000-0000-4000-8000-000000000001"}}}"#;

/// What callers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Whole,
    Gap,
    Fetch,
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "read" => Ok(Self::Read),
            "whole" => Ok(Self::Whole),
            "gap" => Ok(Self::Gap),
            "fetch" => Ok(Self::Fetch),
            _ => Err(()),
        }
    }
}

/// One request with holes.
#[derive(Debug)]
pub(crate) struct Template {
    bytes: Vec<u8>,
    holes: Vec<usize>,
}

impl Template {
    fn new(text: String) -> Self {
        let holes = text.match_indices(DIGITS).map(|(at, _)| at).collect();
        Self {
            bytes: text.into_bytes(),
            holes,
        }
    }

    /// The request for the conversation with this number.
    pub(crate) fn of(&mut self, number: u64) -> &[u8] {
        let digits = format!("{number:012}");
        for &hole in &self.holes {
            if let Some(place) = self.bytes.get_mut(hole..hole + DIGITS.len()) {
                place.copy_from_slice(digits.as_bytes());
            }
        }
        &self.bytes
    }
}

/// The one or two requests that a caller sends in turn.
pub(crate) fn steps(kind: Kind, address: SocketAddr) -> Vec<Template> {
    match kind {
        Kind::Read => vec![read(address)],
        Kind::Whole => vec![patch(address, WHOLE)],
        Kind::Gap => vec![patch(address, GAP)],
        Kind::Fetch => vec![read(address), patch(address, WHOLE)],
    }
}

/// What browsers and their SDKs send along.
fn fields(address: SocketAddr) -> String {
    format!(
        "Host: {address}\r\n\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\r\n\
         Accept: application/json\r\n\
         Accept-Language: en-GB,en;q=0.8,de;q=0.5\r\n\
         Authorization: Bearer kq3V8x1d0ZsYb7Lr5uTn2GmXcWfPaJhE9oIv6RtDyK4lMwQzSgBiNpUeHjCxAqOs3kVf8dZy1TbLr7uG\r\n\
         Origin: https://desk.example.com\r\n\
         Referer: https://desk.example.com/interactions\r\n"
    )
}

fn read(address: SocketAddr) -> Template {
    let fields = fields(address);
    Template::new(format!(
        "GET /api/v2/conversations/c0000000-0000-4000-8000-{DIGITS} HTTP/1.1\r\n{fields}\r\n"
    ))
}

fn patch(address: SocketAddr, body: &str) -> Template {
    let (fields, length) = (fields(address), body.len());
    Template::new(format!(
        "PATCH /api/v2/conversations/c0000000-0000-4000-8000-{DIGITS}/participants/b3000000-0000-4000-8000-{DIGITS} HTTP/1.1\r\n\
         {fields}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
}
