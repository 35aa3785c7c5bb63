//! Sends, waits and counts.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event};
use rustix::io::Errno;
use rustix::thread::set_current_timer_slack;

use super::connection::{Connection, Task};
use super::order::Order;
use super::report::Report;
use super::requests::{Kind, Template, steps};

/// How long answers are waited for when nothing more is sent.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) kind: Kind,
    pub(crate) connections: usize,
    pub(crate) seconds: f64,
    pub(crate) requests: u64,
    /// A second; else each connection sends when it is answered.
    pub(crate) rate: Option<f64>,
    pub(crate) order: Order,
}

pub(crate) fn run(load: &Load) -> io::Result<Report> {
    // The kernel otherwise adds up to 50 µs to every wait.
    set_current_timer_slack(NonZeroU64::new(1))?;
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    let open = |place| Connection::open(&epoll, load.address, place);
    let connections = (0..load.connections).map(open).collect::<io::Result<_>>()?;
    let start = Instant::now();
    let runner = Runner {
        load,
        steps: steps(load.kind, load.address),
        connections,
        idle: (0..load.connections).rev().collect(),
        due: VecDeque::new(),
        scheduled: 0,
        taken: 0,
        start,
        end: start + Duration::from_secs_f64(load.seconds),
        report: Report::default(),
        epoll: &epoll,
    };
    runner.run()
}

struct Runner<'a> {
    load: &'a Load,
    steps: Vec<Template>,
    connections: Vec<Connection>,
    idle: Vec<usize>,
    /// When requests should have been sent that wait for a connection.
    due: VecDeque<Instant>,
    scheduled: u64,
    /// Of the order.
    taken: u64,
    start: Instant,
    end: Instant,
    report: Report,
    epoll: &'a OwnedFd,
}

impl Runner<'_> {
    fn run(mut self) -> io::Result<Report> {
        let mut events: Vec<Event> = Vec::with_capacity(256);
        let mut buffer = vec![0; 64 << 10];
        let mut last = self.start;
        loop {
            let now = Instant::now();
            self.schedule(now);
            self.send_due(now)?;
            let busy = self.load.connections - self.idle.len();
            if busy == 0 && self.due.is_empty() && !self.goes_on(now) {
                break;
            }
            if now > self.end + PATIENCE {
                self.report.errors += (busy + self.due.len()) as u64;
                break;
            }
            let wait = self.wait(now);
            match epoll::wait(self.epoll, spare_capacity(&mut events), Some(&wait)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in events.drain(..) {
                let place = usize::try_from(event.data.u64()).unwrap_or_default();
                if self.readable(place, &mut buffer)? {
                    last = Instant::now();
                }
            }
        }
        self.report.took = last - self.start;
        self.report.times.sort_unstable();
        Ok(self.report)
    }

    /// Whether more requests are to come.
    fn goes_on(&self, now: Instant) -> bool {
        now < self.end && self.scheduled < self.load.requests
    }

    fn gap(&self) -> Option<Duration> {
        self.load
            .rate
            .map(|rate| Duration::from_secs_f64(1.0 / rate))
    }

    /// When the next request of a fixed rate is due.
    fn next_due(&self, gap: Duration) -> Instant {
        self.start + gap.mul_f64(f64::from(u32::try_from(self.scheduled).unwrap_or(u32::MAX)))
    }

    fn schedule(&mut self, now: Instant) {
        match self.gap() {
            Some(gap) => {
                while self.scheduled < self.load.requests {
                    let due = self.next_due(gap);
                    if due > now || due >= self.end {
                        return;
                    }
                    self.due.push_back(due);
                    self.scheduled += 1;
                }
            }
            None => {
                while self.due.len() < self.idle.len() && self.goes_on(now) {
                    self.due.push_back(now);
                    self.scheduled += 1;
                }
            }
        }
    }

    fn send_due(&mut self, now: Instant) -> io::Result<()> {
        while let (Some(&place), true) = (self.idle.last(), !self.due.is_empty()) {
            self.idle.pop();
            let since = self.due.pop_front().unwrap_or(now);
            let conversation = self.load.order.at(self.taken);
            self.taken += 1;
            self.send(
                place,
                Task {
                    conversation,
                    since,
                    step: 0,
                },
            )?;
        }
        Ok(())
    }

    fn send(&mut self, place: usize, task: Task) -> io::Result<()> {
        let (Some(connection), Some(template)) = (
            self.connections.get_mut(place),
            self.steps.get_mut(task.step),
        ) else {
            return Ok(());
        };
        connection.task = Some(task);
        match connection.send(template.of(task.conversation)) {
            Ok(()) => Ok(()),
            Err(_) => self.reopen(place),
        }
    }

    /// Until the next request is due, and not for ever.
    fn wait(&self, now: Instant) -> Timespec {
        let longest = Duration::from_millis(200);
        let next = self.gap().map(|gap| self.next_due(gap));
        let wait = match next {
            Some(next) if next < self.end => next.saturating_duration_since(now).min(longest),
            _ => longest,
        };
        Timespec::try_from(wait).unwrap_or_default()
    }

    /// Whether a task was finished.
    fn readable(&mut self, place: usize, buffer: &mut [u8]) -> io::Result<bool> {
        let Some(connection) = self.connections.get_mut(place) else {
            return Ok(false);
        };
        let answer = match connection.receive(buffer) {
            Ok(Some(answer)) => answer,
            Ok(None) => return Ok(false),
            Err(_) => return self.reopen(place).map(|()| false),
        };
        let Some(task) = connection.task.take() else {
            return Ok(false);
        };
        *self.report.statuses.entry(answer.status).or_default() += 1;
        if task.step + 1 < self.steps.len() {
            let step = task.step + 1;
            return self.send(place, Task { step, ..task }).map(|()| false);
        }
        self.report.times.push(task.since.elapsed());
        if answer.last {
            self.replace(place)?;
        }
        self.idle.push(place);
        Ok(true)
    }

    /// A connection that broke; what was under way on it is lost.
    fn reopen(&mut self, place: usize) -> io::Result<()> {
        let connection = self.connections.get_mut(place);
        if connection.is_some_and(|connection| connection.task.take().is_some()) {
            self.report.errors += 1;
            self.idle.push(place);
        }
        self.replace(place)
    }

    fn replace(&mut self, place: usize) -> io::Result<()> {
        if let Some(connection) = self.connections.get_mut(place) {
            *connection = Connection::open(self.epoll, self.load.address, place)?;
        }
        Ok(())
    }
}
