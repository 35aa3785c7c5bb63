//! Files that are read again when they change.
//!
//! By looking, not by being told: inotify says nothing on network file systems and overlays, and loses
//! its object when a file is replaced by renaming. Symlinks are followed, so the swap of `..data` with
//! which Kubernetes updates a `ConfigMap` or a `Secret` is seen as what it is: other files.

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{MissedTickBehavior, interval};

use crate::metrics::Metrics;

/// Between two looks. Files change a few times a year, and orchestrators take up to a minute to bring
/// them; looking costs a system call for each file.
pub const EVERY: Duration = Duration::from_secs(2);

/// Looks in a row at the same broken files before it is said. A certificate and its key are two files,
/// and whoever looks between the writing of the first and of the second sees a pair that does not match.
const PATIENCE: u32 = 2;

/// Something that is made of files.
pub trait Reload: fmt::Debug + Send + Sync {
    /// Its name in logs and metrics.
    fn name(&self) -> &str;

    /// The files that it is made of.
    fn files(&self) -> Vec<PathBuf>;

    /// Reads the files and puts what they hold in the place of what is in use. On an error, whose text
    /// names the file, everything stays as it is.
    fn reload(&self) -> Result<Reloaded, String>;

    /// Until when what is in use is valid, where that is known.
    fn not_after(&self) -> Option<SystemTime>;
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
    entries: Vec<Entry>,
    metrics: Metrics,
}

impl Watch {
    /// Looks after `all`.
    pub fn new(all: impl IntoIterator<Item = Arc<dyn Reload>>, metrics: Metrics) -> Self {
        let entries: Vec<_> = all.into_iter().map(Entry::new).collect();
        for entry in &entries {
            note_end(&*entry.reload, &metrics);
        }
        Self { entries, metrics }
    }

    /// Looks again and again, for ever.
    pub async fn run(mut self, every: Duration) {
        if self.entries.is_empty() {
            return std::future::pending().await;
        }
        let mut ticks = interval(every);
        // After a standstill one look is enough.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // Elsewhere: a file system that hangs must not hang requests.
            let looked = tokio::task::spawn_blocking(move || {
                let found = self.look();
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
        }
    }

    /// Looks once at each, and returns what is worth saying.
    fn look(&mut self) -> Vec<(Arc<dyn Reload>, Result<String, String>)> {
        let look = |entry: &mut Entry| Some((Arc::clone(&entry.reload), entry.look()?));
        self.entries.iter_mut().filter_map(look).collect()
    }

    fn tell(&self, reload: &dyn Reload, found: Result<String, String>) {
        let name = reload.name();
        self.metrics.reloaded(name, found.is_ok());
        match found {
            Ok(text) => {
                tracing::info!(name, "files have changed and are in use: {text}");
                note_end(reload, &self.metrics);
            }
            Err(problem) => tracing::warn!(
                name,
                "files have changed and cannot be used, so what was read before stays in use: {problem}"
            ),
        }
    }
}

fn note_end(reload: &dyn Reload, metrics: &Metrics) {
    if let Some(end) = reload.not_after() {
        metrics.certificate_expires(reload.name(), end);
    }
}

#[derive(Debug)]
struct Entry {
    reload: Arc<dyn Reload>,
    /// None before the first look, which compares with what was read at the start: the files may have
    /// changed since.
    seen: Option<Vec<Mark>>,
    /// Whether the files are read at the next look, even if they look the same then. What is written
    /// twice within the resolution of the file system's clock looks the same.
    again: bool,
    /// Looks in a row that failed.
    failed: u32,
    /// Whether that was said.
    said: bool,
}

impl Entry {
    fn new(reload: Arc<dyn Reload>) -> Self {
        Self {
            reload,
            seen: None,
            again: false,
            failed: 0,
            said: false,
        }
    }

    /// Something worth saying: what is in use now, or why it is not.
    fn look(&mut self) -> Option<Result<String, String>> {
        // Before reading: what changes while it is read is seen at the next look.
        let now: Vec<_> = self.reload.files().iter().map(|path| mark(path)).collect();
        let changed = self.seen.as_ref() != Some(&now);
        if !changed && !self.again {
            return None;
        }
        self.seen = Some(now);
        self.again = changed;
        match self.reload.reload() {
            Ok(reloaded) => {
                let mended = std::mem::take(&mut self.said);
                self.failed = 0;
                match reloaded {
                    Reloaded::New(text) => Some(Ok(text)),
                    Reloaded::Same if mended => Some(Ok("what they held before".to_owned())),
                    Reloaded::Same => None,
                }
            }
            Err(problem) => {
                if changed && self.said {
                    (self.said, self.failed) = (false, 0);
                }
                self.failed += 1;
                if self.said || self.failed < PATIENCE {
                    return None;
                }
                self.said = true;
                Some(Err(problem))
            }
        }
    }
}

/// What tells one state of a file from another without reading it.
#[derive(Debug, PartialEq, Eq)]
enum Mark {
    File {
        device: u64,
        inode: u64,
        length: u64,
        modified: (i64, i64),
        // Permissions and renames show here, and so do writers that set the time of modification back.
        changed: (i64, i64),
    },
    None(io::ErrorKind),
}

fn mark(path: &Path) -> Mark {
    match std::fs::metadata(path) {
        Ok(about) => Mark::File {
            device: about.dev(),
            inode: about.ino(),
            length: about.len(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        },
        Err(error) => Mark::None(error.kind()),
    }
}
