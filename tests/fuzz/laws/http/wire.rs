//! A reader of requests that takes exactly what RFC 9112 asks senders to write.

use super::super::json;

/// A request as it stood on the wire.
#[derive(Debug)]
pub struct Request {
    pub method: String,
    target: String,
    body: Vec<u8>,
}

/// What the bytes so far are.
pub enum Part {
    /// A request, and how many bytes it took.
    Whole(Request, usize),
    More,
}

type Fields = Vec<(String, Vec<u8>)>;

impl Request {
    /// Whether it may be one of the proxy's own.
    pub fn is_lookup(&self) -> bool {
        self.method == "GET" && self.target.contains("/conversations/")
    }

    /// What of it a caller has to have sent.
    pub fn size(&self) -> usize {
        self.method.len() + self.body.len()
    }

    /// All requests that a caller's bytes are, if they are nothing else.
    pub fn all(mut bytes: &[u8]) -> Option<Vec<Self>> {
        let mut requests = Vec::new();
        while !bytes.is_empty() {
            let Ok(Part::Whole(request, length)) = Self::read(bytes, None) else {
                return None;
            };
            requests.push(request);
            bytes = &bytes[length..];
        }
        Some(requests)
    }

    /// Whether this is what `came`, or its repair.
    pub fn is(&self, came: &Self) -> bool {
        let mark = "\u{feff}".len();
        let is_repair = || {
            let grown = self.body.len() + mark >= came.body.len();
            grown && came.method == "PATCH" && json::text(&self.body).is_some()
        };
        let same_head = self.method == came.method && self.target == came.target;
        same_head && (self.body == came.body || is_repair())
    }

    /// Reads a request, to `authority` if that is known.
    pub fn read(bytes: &[u8], authority: Option<&str>) -> Result<Part, String> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(Part::More);
        };
        let mut lines = lines(&bytes[..end])?.into_iter();
        let line = lines.next().and_then(|line| str::from_utf8(line).ok());
        let parts: Vec<_> = line
            .ok_or("the request line is no text")?
            .split(' ')
            .collect();
        let [method, target, "HTTP/1.1"] = parts[..] else {
            return Err(format!("a request line {line:?}"));
        };
        // RFC 9112 section 3.2: a target has no fragment. hyper takes one and drops it before anybody sees
        // it, so what came with one is read in two ways.
        let is_target = target.starts_with('/') && !target.contains('#');
        if method.is_empty() || !method.bytes().all(is_token) || !is_target {
            return Err(format!("a request line {line:?}"));
        }
        let fields = lines.map(field).collect::<Result<Fields, _>>()?;
        if let Some(authority) = authority {
            addressing(&fields, authority)?;
        }
        let start = end + 4;
        let body = match framing(&fields)? {
            Framing::Length(length) => bytes
                .get(start..start + length)
                .map(|body| (body.to_vec(), length)),
            Framing::Chunked => chunks(&bytes[start..])?,
        };
        Ok(body.map_or(Part::More, |(body, length)| {
            let (method, target) = (method.to_owned(), target.to_owned());
            Part::Whole(
                Self {
                    method,
                    target,
                    body,
                },
                start + length,
            )
        }))
    }
}

/// Lines that end in CR LF, neither of which stands anywhere else.
fn lines(head: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut lines = Vec::new();
    let mut rest = head;
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n");
        let line = &rest[..end.unwrap_or(rest.len())];
        if line.iter().any(|byte| b"\r\n\0".contains(byte)) {
            return Err("a stray CR, LF or NUL".to_owned());
        }
        lines.push(line);
        match end {
            Some(end) => rest = &rest[end + 2..],
            None => return Ok(lines),
        }
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn field(line: &[u8]) -> Result<(String, Vec<u8>), String> {
    let malformed = || format!("a field line {}", line.escape_ascii());
    let colon = line
        .iter()
        .position(|byte| *byte == b':')
        .ok_or_else(malformed)?;
    let name = &line[..colon];
    let value = line[colon + 1..].trim_ascii();
    let visible = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    if name.is_empty() || !name.iter().copied().all(is_token) || !value.iter().all(visible) {
        return Err(malformed());
    }
    Ok((
        String::from_utf8_lossy(name).to_ascii_lowercase(),
        value.to_vec(),
    ))
}

fn all<'f>(fields: &'f Fields, name: &str) -> Vec<&'f [u8]> {
    let named = fields.iter().filter(|(own, _)| own == name);
    named.map(|(_, value)| &value[..]).collect()
}

/// One `Host`, and it is this upstream; nothing of the hop before.
fn addressing(fields: &Fields, authority: &str) -> Result<(), String> {
    if all(fields, "host") != [authority.as_bytes()] {
        return Err("another Host".to_owned());
    }
    let connection = all(fields, "connection");
    let te = all(fields, "te");
    let trailers = te == [b"trailers"] && connection == [b"te"];
    let upgrade = !all(fields, "upgrade").is_empty();
    if !(te.is_empty() && connection.is_empty() || trailers || upgrade) {
        return Err("Connection or TE of another hop".to_owned());
    }
    for name in ["keep-alive", "proxy-connection", "expect", "http2-settings"] {
        if !all(fields, name).is_empty() {
            return Err(format!("{name} of another hop"));
        }
    }
    Ok(())
}

enum Framing {
    Length(usize),
    Chunked,
}

/// RFC 9112 section 6.2: never both, and each at most once.
fn framing(fields: &Fields) -> Result<Framing, String> {
    let (lengths, codings) = (
        all(fields, "content-length"),
        all(fields, "transfer-encoding"),
    );
    match (&lengths[..], &codings[..]) {
        ([], []) => Ok(Framing::Length(0)),
        ([], [b"chunked"]) => Ok(Framing::Chunked),
        ([length], []) if !length.is_empty() && length.iter().all(u8::is_ascii_digit) => {
            let length = str::from_utf8(length)
                .ok()
                .and_then(|text| text.parse().ok());
            length
                .map(Framing::Length)
                .ok_or_else(|| "a Content-Length beyond all".to_owned())
        }
        _ => Err(format!("framed by {lengths:?} and {codings:?}")),
    }
}

/// The data of all chunks and the bytes that they took, trailers included.
fn chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, String> {
    let (mut data, mut at) = (Vec::new(), 0);
    loop {
        let Some(end) = bytes[at..].windows(2).position(|pair| pair == b"\r\n") else {
            return Ok(None);
        };
        let line = &bytes[at..at + end];
        let size = str::from_utf8(line)
            .ok()
            .filter(|line| !line.starts_with('+'));
        let size = size.and_then(|line| usize::from_str_radix(line, 16).ok());
        let size = size.ok_or_else(|| format!("a chunk line {}", line.escape_ascii()))?;
        at += end + 2;
        if size == 0 {
            break;
        }
        let Some(chunk) = bytes.get(at..at + size + 2) else {
            return Ok(None);
        };
        let Some(chunk) = chunk.strip_suffix(b"\r\n") else {
            return Err("a chunk that is longer than it says".to_owned());
        };
        data.extend_from_slice(chunk);
        at += size + 2;
    }
    loop {
        let Some(end) = bytes[at..].windows(2).position(|pair| pair == b"\r\n") else {
            return Ok(None);
        };
        let line = &bytes[at..at + end];
        at += end + 2;
        if line.is_empty() {
            return Ok(Some((data, at)));
        }
        field(line)?;
    }
}
