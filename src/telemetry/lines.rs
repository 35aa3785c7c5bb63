//! Lines on their way to stderr, gathered for a moment.
//!
//! A line for each repaired request, put into words and written by a system call of its own, costs as much as much of
//! the repair. So lines wait for each other: for [`GATHER`], or until there are about [`MOST`] bytes of them. Warnings
//! and errors wait for nothing and take along what is in front of them, and so does everything where a person looks on.
//! Whoever ends the process calls [`Lines::flush`].

use std::io::Write;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::Level;

use super::told::{Line, Look};

/// Longest time that a line waits: nobody who reads along notices.
const GATHER: Duration = Duration::from_millis(50);
/// Bytes that wait at most, by the length of a usual line where a line is not in words yet. Whoever adds the next one
/// writes them, in a tenth of a millisecond. With a quarter of this each line takes half a microsecond longer, and with
/// twice as much it takes no less.
const MOST: usize = 64 << 10;
/// Bytes of a usual line of a request.
const USUAL: usize = 400;
/// Room for those and one more line. It is taken at once, as memory that nobody writes to costs nothing, and no
/// line has to wait for more of it.
const ROOM: usize = MOST + (4 << 10);

/// Where lines are written. Clones share it.
#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

struct Shared {
    waiting: Mutex<Waiting>,
    some: Condvar,
    /// Held from the moment when lines are taken until they are written, so that they stay in order.
    out: Mutex<Out>,
    /// Whether lines wait at all.
    gathers: bool,
}

/// Lines in their order.
struct Waiting {
    words: Vec<u8>,
    /// Those that are not in words yet, and where among the others they belong.
    told: Vec<(usize, Line)>,
}

struct Out {
    look: Look,
    /// What is being written. Its room is then that of what waits, so that no line needs any of its own.
    taken: Waiting,
    /// All of it in words.
    whole: Vec<u8>,
    to: Box<dyn Write + Send>,
}

impl Lines {
    /// To `out`; where a person reads along, one by one.
    pub(super) fn new(out: impl Write + Send + 'static, look: Look, is_terminal: bool) -> Self {
        let lines = Self(Arc::new(Shared {
            waiting: Mutex::new(Waiting::new()),
            some: Condvar::new(),
            out: Mutex::new(Out {
                look,
                taken: Waiting::new(),
                whole: Vec::with_capacity(ROOM),
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
            while waiting.size() == 0 {
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
        mem::swap(&mut out.taken, &mut *lock(&self.0.waiting));
        out.write();
    }

    /// Adds a whole line.
    pub(super) fn add(&self, line: &[u8], level: Level) {
        self.add_by(level, |waiting| waiting.words.extend_from_slice(line));
    }

    /// Adds a line that is put into words when it is written.
    pub(super) fn add_told(&self, line: Line) {
        self.add_by(line.level, |waiting| {
            waiting.told.push((waiting.words.len(), line));
        });
    }

    fn add_by(&self, level: Level, add: impl FnOnce(&mut Waiting)) {
        let waits = self.0.gathers && level > Level::WARN;
        let mut waiting = lock(&self.0.waiting);
        let is_first = waiting.size() == 0;
        add(&mut waiting);
        let is_full = waiting.size() >= MOST;
        drop(waiting);
        if !waits || is_full {
            self.flush();
        } else if is_first {
            self.0.some.notify_one();
        }
    }
}

impl Waiting {
    fn new() -> Self {
        Self {
            words: Vec::with_capacity(ROOM),
            told: Vec::with_capacity(MOST / USUAL + 1),
        }
    }

    /// Bytes, about.
    fn size(&self) -> usize {
        self.words.len() + self.told.len() * USUAL
    }
}

impl Out {
    fn write(&mut self) {
        let Self {
            look,
            taken,
            whole,
            to,
        } = self;
        let mut done = 0;
        for (place, line) in taken.told.drain(..) {
            whole.extend_from_slice(taken.words.get(done..place).unwrap_or_default());
            line.put(whole, *look);
            done = place;
        }
        whole.extend_from_slice(taken.words.get(done..).unwrap_or_default());
        let _ = to.write_all(whole).and_then(|()| to.flush());
        for words in [whole, &mut taken.words] {
            words.clear();
            // One line may be as long as it likes, once.
            words.shrink_to(ROOM);
        }
    }
}

/// What is behind the locks is lines: a panic elsewhere leaves them whole.
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
    use super::super::told::{self, Told, Words};
    use std::io;
    use std::time::SystemTime;

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
        let look = Look {
            format: Format::Text,
            colours: false,
        };
        let lines = Lines::new(Sent(sender), look, is_terminal);
        let filter = Filter::new(filter::parse("trace").unwrap());
        let scribe = Scribe::new(look, filter, lines.clone());
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

    struct Said(&'static str);

    impl Told for Said {
        fn message(&self) -> &'static str {
            self.0
        }

        fn tell(&self, _: &mut dyn Words) {}
    }

    fn say(message: &'static str) {
        let of = (Level::INFO, "patchwright::test");
        told::write(of, SystemTime::now(), &Arc::new(Said(message)));
    }

    #[test]
    fn lines_stay_in_order_in_words_or_not_yet() {
        let said = ["one", "two", "three", "four", "five"];
        for begins_in_words in [true, false] {
            let (_lines, written) = logged(false, || {
                for (place, message) in said.into_iter().enumerate() {
                    if (place % 3 == 0) == begins_in_words {
                        tracing::info!("{message}");
                    } else {
                        say(message);
                    }
                }
                tracing::warn!("end");
            });
            let text: String = written.try_iter().collect();
            let words = text.lines().map(|line| line.rsplit(' ').next().unwrap());
            assert_eq!(words.collect::<Vec<_>>(), [&said[..], &["end"]].concat());
        }
    }

    #[test]
    fn what_waits_for_its_words_is_bounded() {
        let (_lines, written) = logged(false, || (0..=MOST / USUAL).for_each(|_| say("again")));
        assert!(written.try_recv().unwrap().lines().count() >= MOST / USUAL);
    }

    #[test]
    fn a_person_sees_each_line_at_once() {
        let (_lines, written) = logged(true, || {
            tracing::info!("here");
            say("there");
        });
        for line in ["here", "there"] {
            assert!(written.try_recv().unwrap().contains(line));
        }
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
