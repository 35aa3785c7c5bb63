//! Repairs that need nothing but the request itself: its members get the names, places and types that the
//! API has for them.
//!
//! A [`Recipe`] is what a rule says of this, compiled. Every step edits spans of the caller's text, so what
//! no step is about stays as it was written, and number spelling, escapes, order and duplicates with it.
//! The steps are all or nothing: where one finds that it would have to guess, the request goes as it came,
//! and the [`Diagnosis`] says why.

use std::borrow::Cow;

use super::Repair;
use super::diagnosis::{Diagnosis, Flaw};
use super::plan::PlanError;
use super::scan::outline::Member;
use super::scan::{ScanError, scan};
use super::target::{Pointer, Targets};

mod current;
mod envelope;
mod map;
mod parts;
mod rename;
mod text;
mod waiting;
mod work;

pub use current::Current;
pub(crate) use envelope::{Envelope, Wrapper};
pub use rename::Form;
pub(crate) use rename::Rename;
use text::Text;
pub use waiting::Step;
pub(crate) use waiting::{Case, Named, Null};
use work::Work;

/// The steps of a rule, in the order in which they are taken: the fields' own.
#[derive(Clone, Debug, Default)]
pub struct Recipe {
    /// What is sent in the place of an empty body or object. With any other body there is no repair.
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) unwrap: Vec<Wrapper>,
    pub(crate) pick: Vec<Envelope>,
    /// What is wrong with a body that `body` and `pick` don't help.
    pub(crate) otherwise: Option<Diagnosis>,
    pub(crate) rename: Vec<Rename>,
    pub(crate) wrap: Option<String>,
    /// Members that repeat the participant of the path.
    pub(crate) identity: Vec<String>,
    /// Members that can only be read.
    pub(crate) drop: Vec<String>,
    /// Strings that may say what the participant is already.
    pub(crate) drop_current: Vec<Pointer>,
    /// Maps of strings.
    pub(crate) stringify: Vec<Pointer>,
    pub(crate) case: Vec<Case>,
    pub(crate) drop_null: Vec<Null>,
    /// The members that the resource has; `None` where that is not said.
    pub(crate) accepts: Option<Vec<String>>,
    /// Members that belong to resources of their own.
    pub(crate) reroute: Vec<String>,
    /// Names that are commands elsewhere.
    pub(crate) reserved: Vec<String>,
    /// Names that are no attributes': an object that has one of them is not taken for a map of them.
    pub(crate) no_attributes: Vec<String>,
}

/// A body that went through a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reshaped<'t> {
    /// What is sent, in order: one body, or one for each resource that it belongs to.
    pub parts: Vec<Part<'t>>,
    /// The participant that the body named.
    pub participant: Option<String>,
    /// What was done.
    pub repairs: Vec<Repair>,
    /// JSON pointers of what was left out.
    pub dropped: Vec<String>,
    /// What must be so for that.
    pub current: Vec<Current>,
    /// What a rejection would be about, although nothing stands in the way of sending it.
    pub doubt: Option<Diagnosis>,
}

/// One body to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'t> {
    /// Index into the rule's `reroute` of the member that it holds; `None` for the rule's own resource.
    pub reroute: Option<usize>,
    /// The body.
    pub body: Cow<'t, [u8]>,
}

impl Reshaped<'_> {
    /// The same, without the caller's text.
    pub(crate) fn into_owned(self) -> Reshaped<'static> {
        let parts = self.parts.into_iter().map(|Part { reroute, body }| Part {
            reroute,
            body: Cow::Owned(body.into_owned()),
        });
        Reshaped {
            parts: parts.collect(),
            participant: self.participant,
            repairs: self.repairs,
            dropped: self.dropped,
            current: self.current,
            doubt: self.doubt,
        }
    }

    /// Nothing was done to `body`.
    pub(crate) fn untouched(body: &[u8]) -> Reshaped<'_> {
        Reshaped {
            parts: vec![Part {
                reroute: None,
                body: Cow::Borrowed(body),
            }],
            participant: None,
            repairs: Vec::new(),
            dropped: Vec::new(),
            current: Vec::new(),
            doubt: None,
        }
    }
}

impl Recipe {
    /// Takes the steps. `participant` is the one that the path names, empty where it names none; `waits`
    /// says which of the steps that wait for a rejection are still to be left out.
    pub fn apply<'t>(
        &self,
        body: &'t [u8],
        participant: &str,
        waits: impl Fn(Step<'_>) -> bool,
    ) -> Result<Reshaped<'t>, Diagnosis> {
        if self.is_empty() {
            return Ok(Reshaped::untouched(body));
        }
        if let Some(own) = &self.body {
            let bare: Vec<u8> = body
                .iter()
                .filter(|b| !b.is_ascii_whitespace())
                .copied()
                .collect();
            if !bare.is_empty() && bare != b"{}" {
                let otherwise = self.otherwise.clone();
                return Err(otherwise.unwrap_or_else(|| Diagnosis::of(Flaw::Ambiguous, "")));
            }
            return Ok(Reshaped {
                parts: vec![Part {
                    reroute: None,
                    body: Cow::Owned(own.clone()),
                }],
                ..Reshaped::untouched(body)
            });
        }
        if let Err(error) = scan(body, &Targets::default()) {
            // The path is wrong whatever the body says.
            let otherwise = self.otherwise.clone().filter(|_| self.accepts.is_none());
            let unreadable = || match body.trim_ascii() {
                b"" => Diagnosis {
                    hint: "the body is empty".to_owned(),
                    ..unreadable(error.into())
                },
                _ => unreadable(error.into()),
            };
            return Err(otherwise.unwrap_or_else(unreadable));
        }
        let mut work = Work::new(self, Text::new(Cow::Borrowed(body))?);
        work.unwrap()?;
        work.pick()?;
        work.rename()?;
        work.wrap()?;
        work.drop(participant)?;
        work.drop_current()?;
        work.stringify()?;
        let doubt = work.wait(waits)?;
        // What an envelope held is for another resource.
        if work.participant.is_none() {
            work.know_every_member()?;
        }
        work.part(doubt)
    }

    /// Whether there is no step.
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            body,
            unwrap,
            pick,
            otherwise,
            rename,
            identity,
            drop,
            drop_current,
            wrap,
            stringify,
            case,
            drop_null,
            accepts,
            reroute,
            reserved: _,
            no_attributes: _,
        } = self;
        let steps = [
            unwrap.is_empty(),
            pick.is_empty(),
            rename.is_empty(),
            identity.is_empty(),
            drop.is_empty(),
            drop_current.is_empty(),
            stringify.is_empty(),
            case.is_empty(),
            drop_null.is_empty(),
            reroute.is_empty(),
        ];
        let words = [
            body.is_none(),
            otherwise.is_none(),
            wrap.is_none(),
            accepts.is_none(),
        ];
        steps.into_iter().chain(words).all(|is_none| is_none)
    }

    /// Whether a name is one that the recipe knows what to do with.
    fn knows(&self, text: &Text<'_>, member: &Member) -> bool {
        let called = |name: &String| text.is_called(member, name);
        let renamed = self
            .rename
            .iter()
            .filter_map(|rename| rename.from.names().first());
        self.accepts.iter().flatten().any(called)
            || self.reroute.iter().any(called)
            || renamed.into_iter().any(called)
    }
}

/// Why a text can't be edited, as a diagnosis.
pub(crate) fn unreadable(error: PlanError) -> Diagnosis {
    let flaw = match error {
        PlanError::Scan(ScanError::NotJson) => Flaw::NotJson,
        PlanError::Scan(ScanError::NotObject) => Flaw::NotObject,
        PlanError::DuplicateMember => Flaw::DuplicateMember,
        PlanError::TypeConflict => Flaw::TypeConflict,
    };
    Diagnosis::of(flaw, "")
}
