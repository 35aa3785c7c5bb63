//! One thing that is looked after: whether its files have changed, and what to say of them.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use super::{Reload, Reloaded};

/// Looks in a row at the same broken files before it is said. A certificate and its key are two files,
/// and whoever looks between the writing of the first and of the second sees a pair that does not match.
pub(super) const PATIENCE: u32 = 4;

/// Looks at which files are read again after a change, even if they look the same then. What is written
/// twice within the resolution of the file system's clock, which may be a second or two, looks the same.
pub(super) const AGAIN: u32 = 4;

/// What is worth saying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This is in use now, in words.
    Used(String),
    /// Nothing has changed.
    Same,
    /// Why what was read before stays in use.
    Wrong(String),
}

#[derive(Debug)]
pub(super) struct Entry {
    reload: Arc<dyn Reload>,
    /// None before the first look, which compares with what was read at the start: the files may have
    /// changed since.
    seen: Option<Vec<Mark>>,
    /// Looks at which the files are still to be read.
    again: u32,
    /// Whether they have changed since something was said of them.
    fresh: bool,
    /// Whether they changed at the last look, and are to be read at the next one.
    settling: bool,
    /// Looks in a row that failed.
    failed: u32,
    /// What was said to be wrong with what is there now.
    said: Option<String>,
}

impl Entry {
    pub(super) fn new(reload: Arc<dyn Reload>) -> Self {
        Self {
            reload,
            seen: None,
            again: 0,
            fresh: false,
            settling: false,
            failed: 0,
            said: None,
        }
    }

    pub(super) fn reload(&self) -> &dyn Reload {
        &*self.reload
    }

    pub(super) fn share(&self) -> Arc<dyn Reload> {
        Arc::clone(&self.reload)
    }

    pub(super) fn parts(&self) -> Vec<Arc<dyn Reload>> {
        self.reload.parts()
    }

    pub(super) fn is_of(&self, reload: &Arc<dyn Reload>) -> bool {
        Arc::ptr_eq(&self.reload, reload)
    }

    pub(super) fn has_files(&self) -> bool {
        !self.reload.files().is_empty()
    }

    pub(super) fn is_settling(&self) -> bool {
        self.settling
    }

    /// Something worth saying. When it was `asked`, files are read whether they have changed or not, and
    /// what is wrong with them is said at once.
    pub(super) fn look(&mut self, asked: bool) -> Option<Found> {
        // Before reading: what changes while it is read is seen at the next look.
        let now: Vec<_> = self.reload.files().iter().map(|path| mark(path)).collect();
        if now.is_empty() {
            return None;
        }
        let changed = self.seen.as_ref() != Some(&now);
        self.seen = Some(now);
        self.fresh |= changed;
        let due = changed || self.again > 0 || self.is_hoped_for();
        self.again = if changed {
            AGAIN
        } else {
            self.again.saturating_sub(1)
        };
        self.settling = changed && !asked && self.reload.may_look_whole();
        if !asked && (self.settling || !due) {
            return None;
        }
        match self.reload.reload() {
            Ok(reloaded) => self.right(reloaded),
            Err(problem) => self.wrong(problem, asked),
        }
    }

    /// Whether what is wrong may be right without a change of these files.
    fn is_hoped_for(&self) -> bool {
        self.failed > 0 && self.reload.may_look_whole()
    }

    fn right(&mut self, reloaded: Reloaded) -> Option<Found> {
        let mended = self.said.take().is_some();
        (self.failed, self.fresh) = (0, false);
        match reloaded {
            Reloaded::New(text) => Some(Found::Used(text)),
            Reloaded::Same if mended => Some(Found::Used("what they held before".to_owned())),
            Reloaded::Same => None,
        }
    }

    fn wrong(&mut self, problem: String, asked: bool) -> Option<Found> {
        if std::mem::take(&mut self.fresh) && self.said.is_some() {
            (self.said, self.failed) = (None, 0);
        }
        self.failed = self.failed.saturating_add(1);
        let at_once = asked || self.reload.may_look_whole();
        let known = self.said.as_ref() == Some(&problem);
        if !asked && known || !at_once && self.failed < PATIENCE {
            return None;
        }
        self.said = Some(problem.clone());
        Some(Found::Wrong(problem))
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
