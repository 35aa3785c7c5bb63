//! Requests with bodies that the load does not send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::Result;

const NOTE: &str = r#"called about the invoice; wants \"details\" by e-mail,\nand no call. "#;
/// Bytes of the notes in one body.
const SIZES: [usize; 4] = [1 << 10, 16 << 10, 64 << 10, 256 << 10];
/// How often each is sent.
const TIMES: u32 = 25;

pub(crate) fn send(port: u16) -> Result<()> {
    for bytes in SIZES {
        let note = NOTE.repeat(bytes / NOTE.len());
        let gap =
            format!(r#"{{"attributes":{{"note":"{note}","shown":true,"count":[1,2.5e3,null]}}}}"#);
        let whole = format!(
            r#"{{"state":"connected","routing":{{"queue":{{"id":"9e0e0000-0000-4000-8000-000000000001"}}}},"wrapup":{{"notes":"{note}"}}}}"#
        );
        let packed = {
            let mut packing = GzEncoder::new(Vec::new(), Compression::default());
            packing.write_all(gap.as_bytes())?;
            packing.finish()?
        };
        for _ in 0..TIMES {
            exchange(port, "", gap.as_bytes())?;
            exchange(port, "", whole.as_bytes())?;
            exchange(port, "Content-Encoding: gzip\r\n", &packed)?;
        }
    }
    Ok(())
}

/// One request on a connection of its own, whose answer is read to the end and not looked at.
fn exchange(port: u16, fields: &str, body: &[u8]) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let head = format!(
        "PATCH /api/v2/conversations/c0000000-0000-4000-8000-000000000001/participants/b3000000-0000-4000-8000-000000000001 HTTP/1.1\r\n\
         Host: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer training\r\nContent-Type: application/json\r\n\
         {fields}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    match answer.get(..12) {
        Some(b"HTTP/1.1 204" | b"HTTP/1.1 400") => Ok(()),
        other => Err(format!("it was answered {:?}", other.map(String::from_utf8_lossy)).into()),
    }
}
