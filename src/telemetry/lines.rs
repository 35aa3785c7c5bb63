//! Lines on their way to stderr, gathered for a moment.
//!
//! A line for each repaired request, written by a system call of its own, costs as much as much of the repair. So
//! lines wait for each other: for [`GATHER`], or until there are [`MOST`] bytes of them. Warnings and errors
//! wait for nothing and take along what is in front of them, and so does everything where a person looks on.
//! Whoever ends the process calls [`Lines::flush`].

use std::io::Write;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::Level;

/// Longest time that a line waits: nobody who reads along notices.
const GATHER: Duration = Duration::from_millis(50);
/// Bytes that wait at most, some dozens of lines. Whoever adds the next line writes them. More would save hardly
/// any calls, and each line would go through memory that no processor's cache holds any more.
const MOST: usize = 16 << 10;
/// Room for those and one more line. It is taken at once, as memory that nobody writes to costs nothing, and no
/// line has to wait for more of it.
const ROOM: usize = MOST + (4 << 10);

/// Where lines are written. Clones share it.
#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

struct Shared {
    waiting: Mutex<Vec<u8>>,
    some: Condvar,
    /// Held from the moment when lines are taken until they are written, so that they stay in order.
    out: Mutex<Out>,
    /// Whether lines wait at all.
    gathers: bool,
}

struct Out {
    /// What is being written. Its room is then that of what waits, so that no line needs any of its own.
    taken: Vec<u8>,
    to: Box<dyn Write + Send>,
}

impl Lines {
    /// To `out`; where a person reads along, one by one.
    pub(super) fn new(out: impl Write + Send + 'static, is_terminal: bool) -> Self {
        let lines = Self(Arc::new(Shared {
            waiting: Mutex::new(Vec::with_capacity(ROOM)),
            some: Condvar::new(),
            out: Mutex::new(Out {
                taken: Vec::with_capacity(ROOM),
                to: Box::new(out),
            }),
            gathers: !is_terminal,
        }));
        if !is_terminal {
            let gathered = lines.clone();
            let thread = thread::Builder::new().name("log".to_owned());
            // Without a thread of their own lines are written when there are many, or an urgent one, or at the end.
            let _ = thread.spawn(move || gathered.keep_writing());
        }
        lines
    }

    fn keep_writing(&self) {
        loop {
            let mut waiting = lock(&self.0.waiting);
            while waiting.is_empty() {
                let woken = self.0.some.wait(waiting);
                waiting = woken.unwrap_or_else(PoisonError::into_inner);
            }
            drop(waiting);
            thread::sleep(GATHER);
            self.flush();
        }
    }

    /// Writes what waits. That it can't be written is nothing that could be said anywhere.
    pub(super) fn flush(&self) {
        let mut out = lock(&self.0.out);
        let Out { taken, to } = &mut *out;
        mem::swap(taken, &mut *lock(&self.0.waiting));
        let _ = to.write_all(taken).and_then(|()| to.flush());
        taken.clear();
        // One line may be as long as it likes, once.
        taken.shrink_to(ROOM);
    }

    /// Adds a whole line.
    pub(super) fn add(&self, line: &[u8], level: Level) {
        let waits = self.0.gathers && level > Level::WARN;
        let mut waiting = lock(&self.0.waiting);
        let is_first = waiting.is_empty();
        waiting.extend_from_slice(line);
        let is_full = waiting.len() >= MOST;
        drop(waiting);
        if !waits || is_full {
            self.flush();
        } else if is_first {
            self.0.some.notify_one();
        }
    }
}

/// What is behind the locks is bytes: a panic elsewhere leaves them whole.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What waits is for the log's reader.
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::super::Format;
    use super::super::filter::{self, Filter};
    use super::super::scribe::Scribe;
    use std::io;

    use super::*;

    /// Sends each write to whoever listens.
    struct Sent(mpsc::Sender<String>);

    impl Write for Sent {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !bytes.is_empty() {
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                self.0.send(text).unwrap();
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(is_terminal: bool, log: impl FnOnce()) -> (Lines, mpsc::Receiver<String>) {
        let (sender, written) = mpsc::channel();
        let lines = Lines::new(Sent(sender), is_terminal);
        let filter = Filter::new(filter::parse("trace").unwrap());
        let scribe = Scribe::new(Format::Text, false, filter, lines.clone());
        let subscriber = tracing_subscriber::registry().with(scribe);
        tracing::subscriber::with_default(subscriber, log);
        (lines, written)
    }

    #[test]
    fn lines_are_gathered_and_come_by_themselves() {
        let (_lines, written) = logged(false, || (0..3).for_each(|n| tracing::info!("line {n}")));
        let text = written.recv().unwrap();
        let found: Vec<_> = ["line 0", "line 1", "line 2"]
            .iter()
            .map(|line| text.find(line))
            .collect();
        assert!(
            found.iter().all(Option::is_some) && found.is_sorted(),
            "{text}"
        );
    }

    #[test]
    fn a_warning_waits_for_nothing_and_takes_along_what_is_in_front_of_it() {
        let (_lines, written) = logged(false, || {
            tracing::info!("first");
            tracing::warn!("second");
        });
        let text: String = written.try_iter().collect();
        assert!(text.contains("first") && text.contains("second"), "{text}");
    }

    #[test]
    fn a_person_sees_each_line_at_once() {
        let (_lines, written) = logged(true, || tracing::info!("here"));
        assert!(written.try_recv().unwrap().contains("here"));
    }

    #[test]
    fn what_waits_is_bounded() {
        let (_lines, written) = logged(false, || {
            let long = "x".repeat(MOST);
            tracing::info!("{long}");
        });
        assert!(written.try_recv().unwrap().len() > MOST);
    }

    #[test]
    fn at_the_end_nothing_is_lost() {
        let (lines, written) = logged(false, || tracing::info!("last"));
        lines.flush();
        assert!(written.recv().unwrap().contains("last"));
    }
}
