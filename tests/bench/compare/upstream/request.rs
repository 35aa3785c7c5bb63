//! As much of HTTP/1.1 as proxies send.

/// A request, whole.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a [u8],
    pub(crate) path: &'a str,
    pub(crate) authorized: bool,
    pub(crate) is_json: bool,
    pub(crate) body: Vec<u8>,
    /// Bytes that it takes.
    pub(crate) length: usize,
}

/// The request at the start of `bytes`, once all of it is there.
pub(crate) fn parse(bytes: &[u8]) -> Option<Request<'_>> {
    let (head, rest) = split(bytes, b"\r\n\r\n")?;
    let mut lines = head.split(|&byte| byte == b'\n');
    let mut first = lines.next()?.split(|&byte| byte == b' ');
    let (method, path) = (first.next()?, std::str::from_utf8(first.next()?).ok()?);
    let (mut length, mut chunked, mut authorized, mut is_json) = (0, false, false, false);
    for line in lines {
        let (name, value) = split(line, b":")?;
        let value = value.trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            length = std::str::from_utf8(value).ok()?.parse().ok()?;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            chunked = true;
        } else if name.eq_ignore_ascii_case(b"authorization") {
            authorized = true;
        } else if name.eq_ignore_ascii_case(b"content-type") {
            is_json = value.starts_with(b"application/json");
        }
    }
    let (body, after) = if chunked {
        join(rest)?
    } else {
        let (body, after) = rest.split_at_checked(length)?;
        (body.to_vec(), after)
    };
    Some(Request {
        method,
        path,
        authorized,
        is_json,
        body,
        length: bytes.len() - after.len(),
    })
}

/// The content of a chunked body, and what comes behind it.
fn join(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut body = Vec::new();
    loop {
        let (size, after) = split(rest, b"\r\n")?;
        let size = std::str::from_utf8(size).ok()?.split(';').next()?.trim();
        let (chunk, after) = after.split_at_checked(usize::from_str_radix(size, 16).ok()?)?;
        body.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n")?;
        if chunk.is_empty() {
            return Some((body, rest));
        }
    }
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let found = bytes.windows(at.len()).position(|window| window == at)?;
    let (before, rest) = bytes.split_at(found);
    Some((before, rest.strip_prefix(at)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_when_it_is_whole_and_says_how_long_it_is() {
        let bytes = b"PATCH /p HTTP/1.1\r\nAuthorization: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}GET";
        for part in 0..bytes.len() - 3 {
            assert!(parse(&bytes[..part]).is_none());
        }
        let request = parse(bytes).unwrap();
        assert_eq!((request.method, request.path), (&b"PATCH"[..], "/p"));
        assert!(request.authorized && request.is_json);
        assert_eq!(
            (request.body, request.length),
            (b"{}".to_vec(), bytes.len() - 3)
        );
    }

    #[test]
    fn chunks_are_joined() {
        let head = "PATCH /p HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        let bytes = format!("{head}2;x=y\r\nab\r\n1\r\nc\r\n0\r\n\r\nGET");
        let request = parse(bytes.as_bytes()).unwrap();
        assert_eq!(
            (request.body, request.length),
            (b"abc".to_vec(), bytes.len() - 3)
        );
    }
}
