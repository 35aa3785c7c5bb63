//! As much of HTTP/1.1 as proxies answer.

/// An answer, whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Whether the connection ends with it.
    pub(crate) last: bool,
}

/// The answer in `bytes`, once all of it is there. Nothing comes behind it: the next request is sent when it
/// was read.
pub(crate) fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, body) = bytes.split_at_checked(end + 4)?;
    let mut lines = head.split(|&byte| byte == b'\n');
    let status = lines.next()?.split(|&byte| byte == b' ').nth(1)?;
    let status = std::str::from_utf8(status).ok()?.parse().ok()?;
    let (mut length, mut chunked, mut last) = (0, false, false);
    for line in lines {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            continue;
        };
        let (name, value) = line.split_at_checked(colon)?;
        let value = value.get(1..)?.trim_ascii();
        // By length first, since it is done for every field of every answer.
        match name.len() {
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                length = std::str::from_utf8(value).ok()?.parse().ok()?;
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => chunked = true,
            10 if name.eq_ignore_ascii_case(b"connection") => {
                last = value.eq_ignore_ascii_case(b"close");
            }
            _ => {}
        }
    }
    let whole = match (status, chunked) {
        (204 | 304, _) => true,
        (_, true) => body.ends_with(b"0\r\n\r\n"),
        (_, false) => body.len() >= length,
    };
    whole.then_some(Answer { status, last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_when_it_is_whole() {
        let head = "HTTP/1.1 200 OK\r\nServer: x\r\ncontent-LENGTH:  5\r\n\r\n";
        for part in 0..head.len() + 5 {
            let bytes = format!("{head}12345");
            assert_eq!(parse(&bytes.as_bytes()[..part]), None);
        }
        let whole = format!("{head}12345");
        let expected = Answer {
            status: 200,
            last: false,
        };
        assert_eq!(parse(whole.as_bytes()), Some(expected));
    }

    #[test]
    fn chunks_end_with_the_last_and_204_with_its_head() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(parse(format!("{head}2\r\nab\r\n").as_bytes()), None);
        assert!(parse(format!("{head}2\r\nab\r\n0\r\n\r\n").as_bytes()).is_some());
        let empty = parse(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
        assert_eq!((empty.status, empty.last), (204, true));
    }
}
