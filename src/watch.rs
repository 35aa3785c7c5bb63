//! Files that are read again when they change.
//!
//! By looking, not by being told: inotify says nothing on network file systems and overlays, and loses
//! its object when a file is replaced by renaming. Symlinks are followed, so the swap of `..data` with
//! which Kubernetes updates a `ConfigMap` or a `Secret` is seen as what it is: other files.
//!
//! Who can't wait for the next look, such as an operator with SIGHUP, has one made at once.

mod entry;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use self::entry::{Entry, Found};
use crate::metrics::Metrics;

/// Between two looks. Files change a few times a year, and orchestrators take up to a minute to bring
/// them; looking costs a system call for each file.
pub const EVERY: Duration = Duration::from_millis(500);

/// The same while something has changed of which half may look whole: long enough for who writes it in
/// several steps, short enough for who waits for it.
const SETTLE: Duration = Duration::from_millis(250);

/// Something that is made of files.
pub trait Reload: fmt::Debug + Send + Sync {
    /// Its name in logs and metrics.
    fn name(&self) -> &str;

    /// The files that it is made of.
    fn files(&self) -> Vec<PathBuf>;

    /// Reads the files and puts what they hold in the place of what is in use. On an error, whose text
    /// names the file (and has a line for each thing that is wrong), everything stays as it is.
    fn reload(&self) -> Result<Reloaded, String>;

    /// Until when what is in use is valid, where that is known.
    fn not_after(&self) -> Option<SystemTime>;

    /// Whether half of its files may be taken for the whole. They are read only when they have not changed
    /// between two looks, and while they are wrong at each look: what else they name may still be coming.
    fn may_look_whole(&self) -> bool {
        false
    }

    /// What else is to be looked after for as long as what was read stays in use.
    fn parts(&self) -> Vec<Arc<dyn Reload>> {
        Vec::new()
    }
}

/// What reading again came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// The files hold what they held before.
    Same,
    /// This is in use now, in words.
    New(String),
}

/// Looks after a number of things that are made of files.
#[derive(Debug)]
pub struct Watch {
    roots: Vec<Entry>,
    /// The parts of all roots.
    parts: Vec<Entry>,
    metrics: Metrics,
}

impl Watch {
    /// Looks after `all`.
    pub fn new(all: impl IntoIterator<Item = Arc<dyn Reload>>, metrics: Metrics) -> Self {
        let roots: Vec<_> = all.into_iter().map(Entry::new).collect();
        for root in &roots {
            note_end(root.reload(), &metrics);
        }
        let mut watch = Self {
            roots,
            parts: Vec::new(),
            metrics,
        };
        watch.adopt_parts();
        watch
    }

    /// Looks again and again, for ever, and at once whenever it is `asked`: then whatever there is to say
    /// of the roots is said, be it that nothing has changed.
    pub async fn run(mut self, every: Duration, asked: Arc<Notify>) {
        // After a standstill one look is enough.
        let mut next = Instant::now();
        loop {
            let at_once = tokio::select! {
                () = asked.notified() => true,
                () = sleep_until(next), if self.has_files() => false,
            };
            // Elsewhere: a file system that hangs must not hang requests.
            let looked = tokio::task::spawn_blocking(move || {
                let found = self.look(at_once);
                (self, found)
            });
            // It only fails when the runtime is going down.
            let Ok((watch, found)) = looked.await else {
                return;
            };
            self = watch;
            for (reload, found) in found {
                self.tell(&*reload, found);
            }
            let pause = if self.roots.iter().any(Entry::is_settling) {
                every.min(SETTLE)
            } else {
                every
            };
            next = Instant::now() + pause;
        }
    }

    fn has_files(&self) -> bool {
        let mut all = self.roots.iter().chain(&self.parts);
        all.any(Entry::has_files)
    }

    /// Looks once at each, and returns what is worth saying.
    fn look(&mut self, asked: bool) -> Vec<(Arc<dyn Reload>, Found)> {
        let mut found = Vec::new();
        for root in &mut self.roots {
            let said = root.look(asked);
            let said = said.or_else(|| (asked && root.has_files()).then_some(Found::Same));
            found.extend(said.map(|said| (root.share(), said)));
        }
        // Those that the roots have now.
        self.adopt_parts();
        for part in &mut self.parts {
            let said = part.look(asked);
            found.extend(said.map(|said| (part.share(), said)));
        }
        found
    }

    fn adopt_parts(&mut self) {
        let wanted: Vec<_> = self.roots.iter().flat_map(Entry::parts).collect();
        let mut before = std::mem::take(&mut self.parts);
        for part in wanted {
            let known = before.iter().position(|entry| entry.is_of(&part));
            let entry = if let Some(at) = known {
                before.swap_remove(at)
            } else {
                note_end(&*part, &self.metrics);
                Entry::new(part)
            };
            self.parts.push(entry);
        }
        for gone in before {
            let name = gone.reload().name();
            if !self.parts.iter().any(|part| part.reload().name() == name) {
                self.metrics.certificate_gone(name);
            }
        }
    }

    fn tell(&self, reload: &dyn Reload, found: Found) {
        let name = reload.name();
        self.metrics
            .reloaded(name, !matches!(found, Found::Wrong(_)));
        match found {
            Found::Used(text) => {
                tracing::info!(name, "files have changed and are in use: {text}");
                note_end(reload, &self.metrics);
            }
            Found::Same => tracing::info!(name, "files were read again: nothing has changed"),
            Found::Wrong(problems) => {
                for problem in problems.lines() {
                    tracing::warn!(
                        name,
                        "files have changed and cannot be used, so what was read before stays in use: {problem}"
                    );
                }
            }
        }
    }
}

fn note_end(reload: &dyn Reload, metrics: &Metrics) {
    if let Some(end) = reload.not_after() {
        metrics.certificate_expires(reload.name(), end);
    }
}
