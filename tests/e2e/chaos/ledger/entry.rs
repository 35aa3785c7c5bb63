//! A request as it is entered, and what is compared with it.

use std::fmt;

use serde::Deserialize;

use crate::world::{self, Place, World};

/// How often a request must have been carried out, from what its caller saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// No answer yet.
    Pending,
    /// It was told: done.
    One,
    /// It was told: not done.
    Zero,
    /// It could not know.
    AtMostOne,
}

pub(super) struct Entry {
    pub(super) kind: &'static str,
    pub(super) place: Place,
    pub(super) state: Option<&'static str>,
    pub(super) expect: Expect,
    pub(super) told: String,
    /// The request that carried it out, as the answer named it.
    pub(super) answered_by: u64,
    pub(super) done_by: Vec<u64>,
}

/// One accepted write, as the simulator lists it.
#[derive(Debug, Deserialize)]
pub(crate) struct Effect {
    pub(crate) seq: u64,
    pub(super) request: u64,
    pub(super) template: String,
    pub(super) conversation: String,
    pub(super) participant: String,
    pub(super) state: Option<(String, String)>,
    pub(super) attributes: serde_json::Map<String, serde_json::Value>,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            place,
            state,
            expect,
            told,
            ..
        } = self;
        write!(
            f,
            "{kind}, {} of target {}, state {state:?}, ",
            place.template(),
            place.target
        )?;
        write!(
            f,
            "told {told:?} by {}: {expect:?}, done by {:?}",
            self.answered_by, self.done_by
        )
    }
}

impl Entry {
    pub(super) fn new(kind: &'static str, place: Place, state: Option<&'static str>) -> Self {
        Self {
            kind,
            place,
            state,
            expect: Expect::Pending,
            told: String::new(),
            answered_by: 0,
            done_by: Vec::new(),
        }
    }

    /// Why this cannot be what the n-th request, which this is, asked for.
    pub(super) fn differs(&self, n: u64, effect: &Effect, world: &World) -> Option<&'static str> {
        let target = world.target(self.place.target);
        let to = effect.state.as_ref().map(|(_, to)| to.as_str());
        if effect.template != self.place.template()
            || (&effect.conversation, &effect.participant)
                != (&target.conversation, &target.participant)
        {
            Some("it was done elsewhere")
        } else if effect.attributes != world::meant(n) {
            Some("its attributes are not those that were sent")
        } else if to.is_some() && to != self.state {
            Some("it changed the state unasked")
        } else {
            None
        }
    }
}
