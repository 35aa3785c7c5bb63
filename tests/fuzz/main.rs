//! The laws of `laws/`, over the corpus that fuzzing has gathered and over every input that broke one.
//! Fuzzing itself is `./run` beside this file.
#![cfg(feature = "proxy")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that meets the unexpected has failed, and its helpers are part of it"
)]

mod laws;
mod mutate;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use laws::{LAWS, Law};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The inputs of a target, each with its name.
fn inputs(folder: &str, target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz")
        .join(folder);
    let Ok(files) = fs::read_dir(folder.join(target)) else {
        return Vec::new();
    };
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap();
        (path, bytes)
    };
    files.into_iter().map(read).collect()
}

/// Names the input that breaks a law, or that is no case of it.
fn keeps(law: Law, path: &Path, bytes: &[u8]) -> bool {
    let held = catch_unwind(AssertUnwindSafe(|| law(bytes)));
    let problem = match held {
        Ok(Some(())) => return true,
        Ok(None) => "is no case of its law",
        Err(_) => "breaks a law",
    };
    eprintln!("{} {problem}", path.display());
    false
}

fn replay(folder: &str) {
    let mut broken = 0;
    for (target, law) in LAWS {
        for (path, bytes) in inputs(folder, target) {
            broken += usize::from(!keeps(law, &path, &bytes));
        }
    }
    assert_eq!(
        broken, 0,
        "inputs of tests/fuzz/{folder} broke laws; they are named above"
    );
}

#[test]
fn the_corpus_keeps_every_law() {
    replay("corpus");
}

#[test]
fn what_once_broke_a_law_keeps_it_now() {
    replay("regressions");
}

/// The laws would hold over no cases, too.
#[test]
fn every_target_has_a_corpus_and_it_stays_small() {
    let mut all = Vec::new();
    for (target, _) in LAWS {
        let inputs = inputs("corpus", target);
        assert!(inputs.len() >= 10, "{target} has {} inputs", inputs.len());
        all.extend(inputs);
    }
    let bytes: usize = all.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(
        all.len() < 350 && bytes < 500_000,
        "{} inputs, {bytes} bytes",
        all.len()
    );
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        // The same each time: a test that fails once in a while stops those who did not cause it. To look
        // further is what `./run` is for.
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::with_cases(400)
    })]

    /// What `./run` does at length, for a moment: inputs of the corpus, cut, joined and changed.
    #[test]
    fn inputs_like_those_of_the_corpus_keep_every_law(change in mutate::changes()) {
        for (target, law) in LAWS {
            let corpus = mutate::corpus(target);
            let input = change.apply(&corpus);
            let held = catch_unwind(AssertUnwindSafe(|| law(&input)));
            prop_assert!(held.is_ok(), "{target}: {}", input.escape_ascii());
        }
    }
}
