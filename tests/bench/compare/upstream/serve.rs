//! The loop: connections that are readable, and answers whose time has come.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::thread::set_current_timer_slack;

use super::answers::{Answers, write_empty};
use super::request::{Request, parse};

/// Names the listener where others name a connection.
const LISTENER: u64 = u64::MAX;

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    /// The beginning of a request.
    pending: Vec<u8>,
    /// Tells it from those that had its place before.
    serial: u64,
}

/// An answer that waits.
#[derive(Debug)]
struct Late {
    due: Instant,
    place: usize,
    serial: u64,
    bytes: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Upstream {
    epoll: OwnedFd,
    listener: TcpListener,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    answers: Answers,
    delay: Duration,
    late: VecDeque<Late>,
    out: Vec<u8>,
}

impl Upstream {
    pub(crate) fn new(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        // The kernel otherwise adds up to 50 µs to every wait.
        set_current_timer_slack(std::num::NonZeroU64::new(1))?;
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(
            &epoll,
            &listener,
            EventData::new_u64(LISTENER),
            EventFlags::IN,
        )?;
        Ok(Self {
            epoll,
            listener,
            connections: Vec::new(),
            free: Vec::new(),
            answers: Answers::new(),
            delay: Duration::ZERO,
            late: VecDeque::new(),
            out: Vec::new(),
        })
    }

    pub(crate) fn serve(mut self) -> io::Result<()> {
        let mut events: Vec<Event> = Vec::with_capacity(256);
        let mut read = vec![0; 64 << 10];
        loop {
            let wait = self.late.front().map(|late| {
                let left = late.due.saturating_duration_since(Instant::now());
                Timespec::try_from(left).unwrap_or_default()
            });
            match epoll::wait(&self.epoll, spare_capacity(&mut events), wait.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            self.send_late();
            for event in events.drain(..) {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    place => {
                        let place = usize::try_from(place).unwrap_or_default();
                        if self.readable(place, &mut read).is_err() {
                            self.close(place);
                        }
                    }
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        while let Ok((stream, _)) = self.listener.accept() {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            self.answers.counts.connections += 1;
            let place = self.free.pop().unwrap_or_else(|| {
                self.connections.push(None);
                self.connections.len() - 1
            });
            let data = EventData::new_u64(u64::try_from(place).unwrap_or_default());
            epoll::add(&self.epoll, &stream, data, EventFlags::IN)?;
            if let Some(slot) = self.connections.get_mut(place) {
                *slot = Some(Connection {
                    stream,
                    pending: Vec::new(),
                    serial: self.answers.counts.connections,
                });
            }
        }
        Ok(())
    }

    fn readable(&mut self, place: usize, buffer: &mut [u8]) -> io::Result<()> {
        let Some(Some(connection)) = self.connections.get_mut(place) else {
            return Ok(());
        };
        let count = match connection.stream.read(buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        connection
            .pending
            .extend_from_slice(buffer.get(..count).unwrap_or_default());
        self.out.clear();
        let (mut done, mut at_once) = (0, false);
        while let Some(request) = connection.pending.get(done..).and_then(parse) {
            done += request.length;
            match control(&request) {
                Some(Control::Counts) => {
                    at_once = true;
                    self.answers.counts(&mut self.out);
                }
                Some(Control::Delay(delay)) => {
                    at_once = true;
                    self.delay = delay;
                    write_empty(&mut self.out, "204 No Content");
                }
                None => self.answers.answer(&request, &mut self.out),
            }
        }
        connection.pending.drain(..done);
        if self.out.is_empty() {
            return Ok(());
        }
        if at_once || self.delay.is_zero() {
            return send(&mut connection.stream, &self.out);
        }
        self.late.push_back(Late {
            due: Instant::now() + self.delay,
            place,
            serial: connection.serial,
            bytes: self.out.clone(),
        });
        Ok(())
    }

    fn send_late(&mut self) {
        while self
            .late
            .front()
            .is_some_and(|late| late.due <= Instant::now())
        {
            let Some(late) = self.late.pop_front() else {
                return;
            };
            let connection = self
                .connections
                .get_mut(late.place)
                .and_then(Option::as_mut);
            let Some(connection) = connection.filter(|found| found.serial == late.serial) else {
                continue;
            };
            if send(&mut connection.stream, &late.bytes).is_err() {
                self.close(late.place);
            }
        }
    }

    fn close(&mut self, place: usize) {
        if self
            .connections
            .get_mut(place)
            .and_then(Option::take)
            .is_some()
        {
            self.free.push(place);
        }
    }
}

/// All at once: an answer is smaller than what a socket takes.
fn send(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    if stream.write(bytes)? == bytes.len() {
        Ok(())
    } else {
        Err(io::ErrorKind::WriteZero.into())
    }
}

enum Control {
    Counts,
    Delay(Duration),
}

fn control(request: &Request<'_>) -> Option<Control> {
    match (request.method, request.path.strip_prefix("/__")?) {
        (b"GET", "counts") => Some(Control::Counts),
        (b"PUT", path) => {
            let delay = path.strip_prefix("delay/")?.parse().ok()?;
            Some(Control::Delay(Duration::from_millis(delay)))
        }
        _ => None,
    }
}
