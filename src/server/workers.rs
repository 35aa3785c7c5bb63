//! Threads that serve connections, each with a runtime of its own.
//!
//! A connection stays on the thread that it was given to, with all that its requests wait for: timers, and
//! the connections to the upstream that they take. What one task there tells another wakes no other thread,
//! and tasks take turns in the order in which they became ready: what is done for one request is done for the
//! next one right after, while its code is in the cache. In a runtime that shares its tasks between threads
//! each goes the whole way by itself, and a request takes up to 1.4 times the CPU time for it.
//!
//! What must not wait behind requests is on the thread that accepts: signals, operators, files that change.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// What is heard of at a time. Were it more, all of those would be read before the first is answered: with a thousand
/// connections that are answered at once each holds 20 KiB more then, and what is done for one is out of the cache
/// before its next step (of 128, a request takes 6 % more).
const EVENTS: usize = 32;
/// Tasks that take their turn before the system is asked what else there is: enough for all that those bring with
/// them, as the runtime's own 61 are not. At some 10 µs each that is in time for the rest.
const TURNS: u32 = 256;

/// Who serves the connections of a server: threads that end with the last clone of this and the last connection.
#[derive(Clone, Debug)]
pub struct Workers(Arc<[Arc<Worker>]>);

#[derive(Debug)]
struct Worker {
    runtime: Handle,
    thread: JoinHandle<()>,
    connections: AtomicUsize,
    /// Its end is the thread's.
    _over: oneshot::Sender<()>,
}

/// A connection of a worker, while it lasts.
struct Seat(Arc<Worker>);

impl Workers {
    /// No threads: connections are served by the runtime that the server itself is run on.
    pub fn none() -> Self {
        Self(Arc::default())
    }

    /// So many threads. An error is the system's, which has none to give.
    pub fn start(count: usize) -> io::Result<Self> {
        let each = (0..count).map(|_| Worker::start());
        each.collect::<io::Result<_>>().map(Self)
    }

    /// Has a connection served, by the thread that has the fewest. One that broke down would have the fewest for
    /// ever: there are others, and this runtime.
    pub(super) fn serve<F>(
        &self,
        stream: TcpStream,
        serve: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let connections = |worker: &&Arc<Worker>| worker.connections.load(Ordering::Relaxed);
        let running = self.0.iter().filter(|worker| !worker.thread.is_finished());
        let Some(worker) = running.min_by_key(connections) else {
            tokio::spawn(serve(stream));
            return;
        };
        let seat = Seat::take(worker);
        // A runtime hears of the streams that it has made itself.
        let stream = stream.into_std();
        worker.runtime.spawn(async move {
            match stream.and_then(TcpStream::from_std) {
                Ok(stream) => serve(stream).await,
                Err(error) => {
                    tracing::warn!(%error, "a connection was lost on its way to a worker");
                }
            }
            drop(seat);
        });
    }
}

impl Worker {
    fn start() -> io::Result<Arc<Self>> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_io_events_per_tick(EVENTS)
            .event_interval(TURNS)
            .build()?;
        let handle = runtime.handle().clone();
        let (over, ended) = oneshot::channel();
        let thread = thread::Builder::new().name("worker".to_owned());
        let thread = thread.spawn(move || {
            let _ = runtime.block_on(ended);
            // Not waiting for what blocks, such as a name that is being resolved.
            runtime.shutdown_background();
        })?;
        Ok(Arc::new(Self {
            runtime: handle,
            thread,
            connections: AtomicUsize::new(0),
            _over: over,
        }))
    }
}

impl Seat {
    fn take(worker: &Arc<Worker>) -> Self {
        worker.connections.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(worker))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
