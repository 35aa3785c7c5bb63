//! The register of advisories: for every defect of another proxy or of a library that could have been
//! ours, what shows that it is not.
//!
//! A row names tests, by file and function, or what `Cargo.lock` must say. The tests here fail when a
//! test that a row relies on is gone, is no test, or is in a file that nothing compiles.

mod lock;
mod register;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What shows it.
#[derive(Debug)]
enum Proof {
    /// The test of this name in this file, counted from the root.
    Test(&'static str, &'static str),
    /// At least one test with this in its name, in this folder or file.
    Like(&'static str, &'static str),
    /// An executable check.
    Check(&'static str),
    /// All versions of this crate in `Cargo.lock` are at least this one.
    AtLeast(&'static str, &'static str),
    /// What is not there has no defects.
    Absent(&'static str),
}

/// An advisory or a finding, where it was, what went wrong, and what shows that it does not here.
type Row = (&'static str, &'static str, &'static [Proof]);

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of the tests in a file.
fn tests_of(path: &Path) -> Vec<String> {
    let text = read(path);
    let mut tests = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        let name = line
            .trim_start_matches("async ")
            .strip_prefix("fn ")
            .and_then(|rest| rest.split(['(', '<']).next());
        match name {
            Some(name) if marked => {
                tests.push(name.to_owned());
                marked = false;
            }
            Some(_) => marked = false,
            None if line.starts_with("#[test]") || line.starts_with("#[tokio::test") => {
                marked = true;
            }
            None => {}
        }
    }
    tests
}

/// Whether the file above this one says `mod`: a file that nothing compiles tests nothing.
fn is_compiled(path: &Path) -> bool {
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let folder = path.parent().unwrap();
    if matches!(stem, "main" | "lib") {
        return true;
    }
    let above = [
        folder.join("main.rs"),
        folder.join("lib.rs"),
        folder.join("mod.rs"),
        folder.with_extension("rs"),
    ];
    above.iter().filter(|file| file.exists()).any(|file| {
        let says = format!("mod {stem};");
        read(file).lines().any(|line| line.trim().ends_with(&says)) && is_compiled(file)
    })
}

fn rust_files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let Ok(entries) = std::fs::read_dir(path) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let files = paths.flat_map(|path| rust_files(&path));
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn fault(proof: &Proof) -> Option<String> {
    match proof {
        Proof::Test(file, name) => {
            let path = root().join(file);
            if !tests_of(&path).iter().any(|test| test == name) {
                return Some(format!("{file} has no test {name}"));
            }
            (!is_compiled(&path)).then(|| format!("nothing compiles {file}"))
        }
        Proof::Like(place, part) => {
            // A module may be a file, a folder, or both.
            let place = root().join(place);
            let mut files = rust_files(&place);
            files.extend(rust_files(&place.with_extension("rs")));
            files.retain(|file| is_compiled(file));
            let found = files
                .iter()
                .flat_map(|file| tests_of(file))
                .any(|test| test.contains(part));
            (!found).then(|| format!("{} has no test with {part:?} in its name", place.display()))
        }
        Proof::Check(file) => (!root().join(file).is_file()).then(|| format!("{file} is gone")),
        Proof::AtLeast(name, least) => {
            lock::older_than(&read(&root().join("Cargo.lock")), name, least)
        }
        Proof::Absent(name) => {
            let lock = read(&root().join("Cargo.lock"));
            let found = !lock::versions(&lock, name).is_empty();
            found.then(|| format!("{name} has come in: read the advisory again"))
        }
    }
}

#[test]
fn every_advisory_is_shown_not_to_be_ours() {
    let faults: Vec<String> = register::rows()
        .flat_map(|(id, _, proofs)| {
            let faults = proofs.iter().filter_map(fault);
            faults.map(move |fault| format!("{id}: {fault}"))
        })
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_advisory_is_registered_once_and_has_a_proof() {
    let mut seen = BTreeMap::new();
    for (id, defect, proofs) in register::rows() {
        assert!(!proofs.is_empty(), "{id} has no proof");
        assert!(defect.len() > 10, "{id} does not say what went wrong");
        assert!(
            seen.insert(id, defect).is_none(),
            "{id} is registered twice"
        );
    }
    assert!(seen.len() > 60, "{}", seen.len());
}

/// The register would be worth nothing if its checks could not fail.
#[test]
fn a_proof_that_is_gone_is_noticed() {
    for proof in [
        Proof::Test("tests/proxy/rfc/hops.rs", "a_test_that_was_renamed"),
        // A function, and no test.
        Proof::Test("tests/proxy/rfc/hops.rs", "holds"),
        Proof::Like("tests/proxy/rfc", "a_test_that_was_renamed"),
        Proof::Check("tests/e2e/checks/gone"),
        Proof::AtLeast("hyper", "99.0.0"),
        Proof::AtLeast("no-such-crate", "0.0.1"),
        Proof::Absent("hyper"),
    ] {
        assert!(fault(&proof).is_some(), "{proof:?}");
    }
    assert!(fault(&Proof::Like("tests/proxy/rfc", "close_on_one_side")).is_none());
}
