//! One end of an HTTP/2 connection, frame by frame.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(super) use super::frames::*;
use crate::support::{Listening, within};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// One end of a connection.
pub(super) struct Wire {
    pub(super) stream: TcpStream,
}

impl Wire {
    /// A caller that has said that it speaks HTTP/2.
    pub(super) async fn caller(address: SocketAddr, options: &[(u16, u32)]) -> Self {
        let stream = within("connect", TcpStream::connect(address)).await;
        let mut wire = Self {
            stream: stream.unwrap(),
        };
        wire.send(PREFACE).await;
        wire.send(settings(options)).await;
        wire
    }

    /// An upstream that has been told so, and has said nothing yet.
    pub(super) async fn silent(listening: &Listening) -> Self {
        let mut stream = listening.accept().await.stream;
        let mut preface = [0; PREFACE.len()];
        within("the preface", stream.read_exact(&mut preface))
            .await
            .unwrap();
        assert_eq!(preface, PREFACE);
        Self { stream }
    }

    /// An upstream that has answered with its SETTINGS.
    pub(super) async fn upstream(listening: &Listening, options: &[(u16, u32)]) -> Self {
        let mut wire = Self::silent(listening).await;
        wire.send(settings(options)).await;
        wire
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends unless the connection is over; whether it is not.
    pub(super) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let sent = within("a write", self.stream.write_all(bytes.as_ref())).await;
        sent.is_ok()
    }

    /// The next frame; `None` at the end of the connection.
    pub(super) async fn frame(&mut self) -> Option<Frame> {
        within("a frame", self.read_frame()).await
    }

    pub(super) async fn read_frame(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        // A reset ends a connection as an end does.
        self.stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some(Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            payload,
        })
    }

    /// The next frame of a kind; others are acknowledged where they want to be.
    pub(super) async fn next(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.frame().await;
            let frame = frame.unwrap_or_else(|| panic!("ended before a frame of type {kind}"));
            if frame.kind == kind && !(kind == SETTINGS && frame.flags & ACK != 0) {
                return frame;
            }
            self.acknowledge(&frame).await;
        }
    }

    pub(super) async fn acknowledge(&mut self, received: &Frame) {
        if matches!(received.kind, SETTINGS | PING) && received.flags & ACK == 0 {
            let payload = match received.kind {
                PING => &received.payload[..],
                _ => &[],
            };
            // It may just have ended.
            let _ = self
                .stream
                .write_all(&frame(received.kind, ACK, 0, payload))
                .await;
        }
    }

    /// The next request: its stream, and its body.
    pub(super) async fn request(&mut self) -> (u32, String) {
        let head = self.next(HEADERS).await;
        let (stream, mut body) = (head.stream, Vec::new());
        let mut ended = head.ends_stream();
        while !ended {
            let data = self.next(DATA).await;
            assert_eq!(data.stream, stream);
            body.extend(&data.payload);
            ended = data.ends_stream();
        }
        (stream, String::from_utf8(body).unwrap())
    }

    /// The answer on a stream: its status and its body.
    pub(super) async fn answer(&mut self) -> (u16, String) {
        let head = self.next(HEADERS).await;
        let (status, mut body) = (head.status(), Vec::new());
        let mut ended = head.ends_stream();
        while !ended {
            let data = self.next(DATA).await;
            body.extend(&data.payload);
            ended = data.ends_stream();
        }
        (status, String::from_utf8(body).unwrap())
    }

    /// Everything up to the end of the connection.
    pub(super) async fn rest(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.frame().await {
            frames.push(frame);
        }
        frames
    }

    /// Reads to the end of the connection, which must come with this error.
    pub(super) async fn ends_with(&mut self, error: u32) {
        let frames = self.rest().await;
        let said: Vec<_> = frames.iter().filter(|frame| frame.kind == GOAWAY).collect();
        assert!(
            said.iter().any(|frame| frame.error() == error),
            "GOAWAY with {error} expected: {said:?}"
        );
    }

    /// Whether it still answers.
    pub(super) async fn is_alive(&mut self) -> bool {
        if !self.try_send(frame(PING, 0, 0, b"are you?")).await {
            return false;
        }
        while let Some(frame) = self.frame().await {
            if frame.kind == PING && frame.flags & ACK != 0 && frame.payload == b"are you?" {
                return true;
            }
        }
        false
    }
}
