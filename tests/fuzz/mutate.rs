//! Inputs made of the corpus, without looking at what they reach.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use proptest::prelude::*;
use proptest::sample::Index;

type Corpus = Arc<Vec<Vec<u8>>>;

/// The inputs of a target, read once.
pub(crate) fn corpus(target: &'static str) -> Corpus {
    static READ: LazyLock<Mutex<HashMap<&'static str, Corpus>>> = LazyLock::new(Mutex::default);
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    let inputs = || {
        super::inputs("corpus", target)
            .into_iter()
            .map(|(_, bytes)| bytes)
    };
    Arc::clone(
        read.entry(target)
            .or_insert_with(|| Arc::new(inputs().collect())),
    )
}

/// How to make an input of others.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    first: Index,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index, Index),
    Repeat(Index, Index),
    /// The end of another input in the place of one's own.
    Join(Index, Index, Index),
}

pub(crate) fn changes() -> impl Strategy<Value = Changes> {
    let at = any::<Index>;
    let byte = || {
        prop_oneof![
            any::<u8>(),
            prop::sample::select(&b"{}[]\"\\:,/=.~ \n\t0\xef"[..])
        ]
    };
    let step = prop_oneof![
        (at(), byte()).prop_map(|(at, byte)| Step::Set(at, byte)),
        (at(), byte()).prop_map(|(at, byte)| Step::Insert(at, byte)),
        (at(), at()).prop_map(|(from, to)| Step::Remove(from, to)),
        (at(), at()).prop_map(|(from, to)| Step::Repeat(from, to)),
        (at(), at(), at()).prop_map(|(other, from, to)| Step::Join(other, from, to)),
    ];
    let steps = prop::collection::vec(step, 1..5);
    (at(), steps).prop_map(|(first, steps)| Changes { first, steps })
}

impl Changes {
    pub(crate) fn apply(&self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.first.get(corpus).clone();
        for step in &self.steps {
            let place = |at: &Index| at.index(input.len() + 1);
            match step {
                Step::Set(at, byte) => {
                    let at = place(at);
                    if let Some(slot) = input.get_mut(at) {
                        *slot = *byte;
                    }
                }
                Step::Insert(at, byte) => input.insert(place(at), *byte),
                Step::Remove(from, to) => {
                    let (from, to) = (place(from), place(to));
                    input.drain(from.min(to)..from.max(to));
                }
                Step::Repeat(from, to) => {
                    let (from, to) = (place(from), place(to));
                    let part = input[from.min(to)..from.max(to)].to_vec();
                    input.splice(to..to, part);
                }
                Step::Join(other, from, to) => {
                    let other = other.get(corpus);
                    input.truncate(place(from));
                    input.extend_from_slice(&other[to.index(other.len() + 1)..]);
                }
            }
        }
        input
    }
}
