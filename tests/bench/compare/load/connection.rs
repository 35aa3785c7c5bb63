//! One connection of a caller.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::event::epoll::{self, EventData, EventFlags};

use super::answer::{Answer, parse};

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
    /// What is under way.
    pub(crate) task: Option<Task>,
}

/// A request, or two that count as one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task {
    pub(crate) conversation: u64,
    /// From when its time counts.
    pub(crate) since: Instant,
    /// Which of its requests was sent last.
    pub(crate) step: usize,
}

impl Connection {
    pub(crate) fn open(epoll: &OwnedFd, address: SocketAddr, place: usize) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let data = EventData::new_u64(place as u64);
        epoll::add(epoll, &stream, data, EventFlags::IN)?;
        Ok(Self {
            stream,
            read: Vec::with_capacity(16 << 10),
            task: None,
        })
    }

    pub(crate) fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.read.clear();
        if self.stream.write(request)? == request.len() {
            Ok(())
        } else {
            Err(io::ErrorKind::WriteZero.into())
        }
    }

    /// Reads what there is.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<Answer>> {
        let count = match self.stream.read(buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        };
        self.read
            .extend_from_slice(buffer.get(..count).unwrap_or_default());
        Ok(parse(&self.read))
    }
}
