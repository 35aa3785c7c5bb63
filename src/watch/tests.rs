use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::entry::{AGAIN, PATIENCE};
use super::*;

/// A file whose text counts unless it is "bad".
#[derive(Debug)]
struct Text {
    path: PathBuf,
    held: Mutex<String>,
    reads: Mutex<u32>,
    /// Whether half of it may look whole.
    settles: AtomicBool,
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
        if text.starts_with("bad") {
            return Err(text);
        }
        if *held == text {
            return Ok(Reloaded::Same);
        }
        held.clone_from(&text);
        Ok(Reloaded::New(text))
    }

    fn not_after(&self) -> Option<SystemTime> {
        Some(SystemTime::UNIX_EPOCH)
    }

    fn may_look_whole(&self) -> bool {
        self.settles.load(Ordering::Relaxed)
    }
}

/// What a look that nobody asked for finds, or several of them.
fn look(entry: &mut Entry) -> Option<Found> {
    entry.look(false)
}

fn looks(entry: &mut Entry, count: u32) -> Vec<Found> {
    (0..count).filter_map(|_| entry.look(false)).collect()
}

fn used(text: &str) -> Found {
    Found::Used(text.to_owned())
}

fn wrong(text: &str) -> Found {
    Found::Wrong(text.to_owned())
}

fn watching(path: &Path) -> (Arc<Text>, Entry) {
    let text = Arc::new(Text {
        path: path.to_owned(),
        held: Mutex::new(fs::read_to_string(path).unwrap()),
        reads: Mutex::new(0),
        settles: AtomicBool::new(false),
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
        assert_eq!(look(&mut entry), None);
    }
    // The first look and those after it.
    assert_eq!(*text.reads.lock().unwrap(), 1 + AGAIN);
}

#[test]
fn what_changed_before_the_first_look_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "one").unwrap();
    let (_, mut entry) = watching(&path);
    replace(&path, "two");
    assert_eq!(look(&mut entry), Some(used("two")));
    assert_eq!(look(&mut entry), None);
}

#[test]
fn a_rename_and_a_write_in_place_are_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "one").unwrap();
    let (_, mut entry) = watching(&path);
    assert_eq!(look(&mut entry), None);
    replace(&path, "two");
    assert_eq!(look(&mut entry), Some(used("two")));
    fs::write(&path, "three").unwrap();
    assert_eq!(look(&mut entry), Some(used("three")));
    assert_eq!(look(&mut entry), None);
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
    assert_eq!(look(&mut entry), None);
    symlink("..2", root.join("..new")).unwrap();
    fs::rename(root.join("..new"), root.join("..data")).unwrap();
    assert_eq!(look(&mut entry), Some(used("two")));
}

#[test]
fn what_is_written_twice_within_one_tick_of_the_clock_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "one").unwrap();
    let (text, mut entry) = watching(&path);
    assert_eq!(look(&mut entry), None);
    assert_eq!(look(&mut entry), None);
    replace(&path, "two");
    assert_eq!(look(&mut entry), Some(used("two")));
    // As it would be if this write had left no mark.
    "older".clone_into(&mut text.held.lock().unwrap());
    assert_eq!(look(&mut entry), Some(used("two")));
}

#[test]
fn a_fault_is_said_once_for_each_change_and_only_if_it_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "one").unwrap();
    let (text, mut entry) = watching(&path);
    assert_eq!(look(&mut entry), None);

    replace(&path, "bad");
    let nothing = looks(&mut entry, PATIENCE - 1);
    assert_eq!(nothing, [], "the second file may still be coming");
    replace(&path, "two");
    assert_eq!(look(&mut entry), Some(used("two")));

    replace(&path, "bad");
    assert_eq!(looks(&mut entry, PATIENCE - 1), []);
    assert_eq!(look(&mut entry), Some(wrong("bad")));
    assert_eq!(looks(&mut entry, PATIENCE * 2), []);
    assert_eq!(*text.held.lock().unwrap(), "two");

    replace(&path, "bad");
    assert_eq!(looks(&mut entry, PATIENCE - 1), []);
    assert_eq!(look(&mut entry), Some(wrong("bad")));
    replace(&path, "two");
    assert_eq!(look(&mut entry), Some(used("what they held before")));
}

#[test]
fn what_changes_all_the_time_and_is_never_right_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "one").unwrap();
    let (_, mut entry) = watching(&path);
    assert_eq!(look(&mut entry), None);
    let mut said = 0;
    for _ in 0..PATIENCE * 5 {
        replace(&path, "bad");
        said += usize::from(look(&mut entry).is_some());
    }
    assert_eq!(said, 5);
}

#[test]
fn a_file_that_is_gone_is_said_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "one").unwrap();
    let (_, mut entry) = watching(&path);
    assert_eq!(look(&mut entry), None);
    fs::remove_file(&path).unwrap();
    assert_eq!(looks(&mut entry, PATIENCE - 1), []);
    assert!(matches!(look(&mut entry), Some(Found::Wrong(_))));
    fs::write(&path, "two").unwrap();
    assert_eq!(look(&mut entry), Some(used("two")));
}

#[test]
fn what_may_look_whole_is_read_when_it_has_not_changed_between_two_looks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "one").unwrap();
    let (text, mut entry) = watching(&path);
    text.settles.store(true, Ordering::Relaxed);
    assert_eq!(looks(&mut entry, AGAIN * 2), []);
    // Truncated, half and whole; of the half nobody knows that it is one.
    for written in ["", "tw", "two"] {
        fs::write(&path, written).unwrap();
        assert_eq!(look(&mut entry), None);
        assert!(entry.is_settling());
    }
    assert_eq!(look(&mut entry), Some(used("two")));
    assert!(!entry.is_settling());
    // What is wrong and no more half is said without further ado, and once.
    replace(&path, "bad");
    assert_eq!(look(&mut entry), None);
    assert_eq!(look(&mut entry), Some(wrong("bad")));
    assert_eq!(looks(&mut entry, PATIENCE * 2), []);
}

#[test]
fn what_is_wrong_and_names_others_may_be_right_without_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "one").unwrap();
    let (text, mut entry) = watching(&path);
    text.settles.store(true, Ordering::Relaxed);
    assert_eq!(looks(&mut entry, AGAIN * 2), []);
    replace(&path, "bad");
    assert_eq!(looks(&mut entry, 2), [wrong("bad")]);
    let reads = *text.reads.lock().unwrap();
    assert_eq!(looks(&mut entry, AGAIN * 3), []);
    assert_eq!(*text.reads.lock().unwrap(), reads + AGAIN * 3);
    // Of what names no others there is nothing to hope for.
    text.settles.store(false, Ordering::Relaxed);
    assert_eq!(looks(&mut entry, AGAIN * 3), []);
    assert_eq!(*text.reads.lock().unwrap(), reads + AGAIN * 3);
}

#[test]
fn whoever_asks_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "one").unwrap();
    for settles in [true, false] {
        let (text, mut entry) = watching(&path);
        text.settles.store(settles, Ordering::Relaxed);
        assert_eq!(looks(&mut entry, AGAIN * 2), []);
        replace(&path, "bad");
        for _ in 0..2 {
            assert_eq!(entry.look(true), Some(wrong("bad")));
        }
        assert_eq!(looks(&mut entry, PATIENCE * 2), [], "it has been said");
        replace(&path, "two");
        assert_eq!(entry.look(true), Some(used("two")));
        assert_eq!(entry.look(true), None);
        replace(&path, "one");
        assert_eq!(entry.look(true), Some(used("one")));
    }
}

/// Has parts that can be exchanged.
#[derive(Debug)]
struct Whole {
    path: PathBuf,
    parts: Mutex<Vec<Arc<Text>>>,
}

impl Reload for Whole {
    fn name(&self) -> &'static str {
        "whole"
    }

    fn files(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }

    fn reload(&self) -> Result<Reloaded, String> {
        Ok(Reloaded::Same)
    }

    fn not_after(&self) -> Option<SystemTime> {
        None
    }

    fn parts(&self) -> Vec<Arc<dyn Reload>> {
        let share = |part: &Arc<Text>| Arc::clone(part) as Arc<dyn Reload>;
        self.parts.lock().unwrap().iter().map(share).collect()
    }
}

#[test]
fn what_a_root_is_made_of_is_looked_after_for_as_long_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let [path, one, two] = ["a", "one", "two"].map(|name| folder.path().join(name));
    for path in [&path, &one, &two] {
        fs::write(path, "old").unwrap();
    }
    let (first, second) = (watching(&one).0, watching(&two).0);
    let whole = Arc::new(Whole {
        path,
        parts: Mutex::new(vec![Arc::clone(&first)]),
    });
    let root = Arc::clone(&whole) as Arc<dyn Reload>;
    let metrics = Metrics::new();
    let mut watch = Watch::new([root], metrics.clone());
    let ends = |when: &str| {
        let line = "patchwright_certificate_expiry_timestamp_seconds{name=\"text\"}";
        let text = metrics.render();
        assert!(text.contains(&format!("{line} {when}\n")), "{text}");
    };
    let mut found = || -> Vec<_> {
        let found = watch.look(false).into_iter();
        found.map(|(of, found)| (of.files(), found)).collect()
    };
    assert_eq!(found(), []);
    replace(&one, "new");
    assert_eq!(found(), [(vec![one.clone()], used("new"))]);
    *whole.parts.lock().unwrap() = vec![second];
    replace(&one, "newer");
    replace(&two, "new");
    assert_eq!(found(), [(vec![two], used("new"))]);
    // Nobody else knows of it any more.
    assert_eq!(Arc::strong_count(&first), 1);
    ends("0");
    whole.parts.lock().unwrap().clear();
    assert_eq!(found(), []);
    // What is not in use does not expire.
    ends("NaN");
}

#[test]
fn a_write_that_hides_its_time_is_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "one").unwrap();
    let (_, mut entry) = watching(&path);
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(looks(&mut entry, AGAIN * 2), []);
    // The clock of a file system ticks every few milliseconds.
    std::thread::sleep(Duration::from_millis(30));
    fs::write(&path, "two").unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(time).unwrap();
    assert_eq!(look(&mut entry), Some(used("two")));
}
