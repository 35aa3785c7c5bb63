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

#[test]
fn a_write_that_hides_its_time_is_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "one").unwrap();
    let (_, mut entry) = watching(&path);
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!([entry.look(), entry.look()], [None, None]);
    // The clock of a file system ticks every few milliseconds.
    std::thread::sleep(Duration::from_millis(30));
    fs::write(&path, "two").unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(time).unwrap();
    assert_eq!(entry.look(), Some(Ok("two".to_owned())));
}
