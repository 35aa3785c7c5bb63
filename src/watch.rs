//! Files that are read again when they change.
//!
//! By looking, not by being told: inotify says nothing on network file systems and overlays, and loses
//! its object when a file is replaced by renaming. Symlinks are followed, so the swap of `..data` with
//! which Kubernetes updates a `ConfigMap` or a `Secret` is seen as what it is: other files.

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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Mutex;

    use super::*;

    /// A file whose text counts unless it is "bad".
    #[derive(Debug)]
    struct Text {
        path: PathBuf,
        held: Mutex<String>,
        reads: Mutex<u32>,
    }

    impl Reload for Text {
        fn name(&self) -> &'static str {
            "text"
        }

        fn files(&self) -> Vec<PathBuf> {
            vec![self.path.clone()]
        }

        fn reload(&self) -> Result<Reloaded, String> {
            *self.reads.lock().unwrap() += 1;
            let text = fs::read_to_string(&self.path).map_err(|error| error.to_string())?;
            let mut held = self.held.lock().unwrap();
            if text == "bad" {
                return Err(text);
            }
            if *held == text {
                return Ok(Reloaded::Same);
            }
            held.clone_from(&text);
            Ok(Reloaded::New(text))
        }

        fn not_after(&self) -> Option<SystemTime> {
            None
        }
    }

    fn watching(path: &Path) -> (Arc<Text>, Entry) {
        let text = Arc::new(Text {
            path: path.to_owned(),
            held: Mutex::new(fs::read_to_string(path).unwrap()),
            reads: Mutex::new(0),
        });
        let entry = Entry::new(Arc::clone(&text) as Arc<dyn Reload>);
        (text, entry)
    }

    /// Written beside it and renamed, as certificate managers do.
    fn replace(path: &Path, text: &str) {
        let beside = path.with_extension("new");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, path).unwrap();
    }

    #[test]
    fn what_has_not_changed_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "one").unwrap();
        let (text, mut entry) = watching(&path);
        for _ in 0..10 {
            assert_eq!(entry.look(), None);
        }
        // The first look and the one after it.
        assert_eq!(*text.reads.lock().unwrap(), 2);
    }

    #[test]
    fn what_changed_before_the_first_look_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "one").unwrap();
        let (_, mut entry) = watching(&path);
        replace(&path, "two");
        assert_eq!(entry.look(), Some(Ok("two".to_owned())));
        assert_eq!(entry.look(), None);
    }

    #[test]
    fn a_rename_and_a_write_in_place_are_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "one").unwrap();
        let (_, mut entry) = watching(&path);
        assert_eq!(entry.look(), None);
        replace(&path, "two");
        assert_eq!(entry.look(), Some(Ok("two".to_owned())));
        fs::write(&path, "three").unwrap();
        assert_eq!(entry.look(), Some(Ok("three".to_owned())));
        assert_eq!(entry.look(), None);
    }

    #[test]
    fn a_swapped_symlink_somewhere_on_the_way_is_a_change() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (name, text) in [("..1", "one"), ("..2", "two")] {
            fs::create_dir(root.join(name)).unwrap();
            fs::write(root.join(name).join("a"), text).unwrap();
        }
        symlink("..1", root.join("..data")).unwrap();
        symlink("..data/a", root.join("a")).unwrap();
        let (_, mut entry) = watching(&root.join("a"));
        assert_eq!(entry.look(), None);
        symlink("..2", root.join("..new")).unwrap();
        fs::rename(root.join("..new"), root.join("..data")).unwrap();
        assert_eq!(entry.look(), Some(Ok("two".to_owned())));
    }

    #[test]
    fn what_is_written_twice_within_one_tick_of_the_clock_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "one").unwrap();
        let (text, mut entry) = watching(&path);
        assert_eq!(entry.look(), None);
        assert_eq!(entry.look(), None);
        replace(&path, "two");
        assert_eq!(entry.look(), Some(Ok("two".to_owned())));
        // As it would be if this write had left no mark.
        "older".clone_into(&mut text.held.lock().unwrap());
        assert_eq!(entry.look(), Some(Ok("two".to_owned())));
    }

    #[test]
    fn a_fault_is_said_once_for_each_change_and_only_if_it_lasts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "one").unwrap();
        let (text, mut entry) = watching(&path);
        assert_eq!(entry.look(), None);
        let bad = Some(Err("bad".to_owned()));

        replace(&path, "bad");
        assert_eq!(entry.look(), None, "the second file may still be coming");
        replace(&path, "two");
        assert_eq!(entry.look(), Some(Ok("two".to_owned())));

        replace(&path, "bad");
        assert_eq!(entry.look(), None);
        assert_eq!(entry.look(), bad);
        assert_eq!([entry.look(), entry.look()], [None, None]);
        assert_eq!(*text.held.lock().unwrap(), "two");

        replace(&path, "bad");
        assert_eq!([entry.look(), entry.look()], [None, bad]);
        replace(&path, "two");
        assert_eq!(entry.look(), Some(Ok("what they held before".to_owned())));
    }

    #[test]
    fn what_changes_all_the_time_and_is_never_right_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "one").unwrap();
        let (_, mut entry) = watching(&path);
        assert_eq!(entry.look(), None);
        let mut said = 0;
        for _ in 0..10 {
            replace(&path, "bad");
            said += usize::from(entry.look().is_some());
        }
        assert_eq!(said, 5);
    }

    #[test]
    fn a_file_that_is_gone_is_said_and_heals() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "one").unwrap();
        let (_, mut entry) = watching(&path);
        assert_eq!(entry.look(), None);
        fs::remove_file(&path).unwrap();
        assert_eq!(entry.look(), None);
        assert!(entry.look().unwrap().is_err());
        fs::write(&path, "two").unwrap();
        assert_eq!(entry.look(), Some(Ok("two".to_owned())));
    }
}
