//! What the rules see of a request.

use bytes::Bytes;
use http::Method;

use super::notebook::Message;
use crate::layer::options::Mode;
use crate::repair::diagnosis::Diagnosis;
use crate::repair::plan::Plan;
use crate::repair::reshape::Current;
use crate::repair::scan::BOM;
use crate::rule::{Match, Meant, Rules, Send};

/// The rule that applies, and what it sees.
#[derive(Debug)]
pub(super) struct Applies {
    pub(super) name: String,
    /// Whether it fills anything.
    pub(super) fills: bool,
    /// JSON pointers of the gaps, or why there can be none.
    pub(super) gaps: Result<Vec<String>, String>,
    /// JSON pointers of what may say what the participant is already.
    pub(super) current: Vec<String>,
    /// Paths of the lookups, in the order in which they would be tried.
    pub(super) lookups: Vec<String>,
}

/// A request as the rules see it.
pub(super) struct Seen<'a> {
    rules: &'a Rules,
    found: Match<'a, 'a>,
    /// Its text, or why it can't be read.
    text: Result<&'a [u8], String>,
    meant: Option<Result<Meant<'a, 'a>, Diagnosis>>,
}

impl<'a> Seen<'a> {
    /// `None`: no rule is about it.
    pub(super) fn new(
        rules: &'a Rules,
        method: &'a Method,
        path: &'a str,
        text: Result<&'a [u8], String>,
    ) -> Option<Self> {
        let found = rules.find(method, path)?;
        let plain = text.as_ref().ok().copied();
        let meant = plain.map(|text| {
            let text = text.strip_prefix(BOM).unwrap_or(text);
            rules.meant(&found, method, text, |_, _| true)
        });
        Some(Self {
            rules,
            found,
            text,
            meant,
        })
    }

    /// How far the rule goes, where it says so itself.
    pub(super) fn mode(&self) -> Option<Mode> {
        self.found.rule().mode
    }

    /// Members that may say what the participant is already.
    fn current(&self) -> &[Current] {
        match &self.meant {
            Some(Ok(meant)) => &meant.current,
            _ => &[],
        }
    }

    pub(super) fn applies(&self) -> Applies {
        let rule = self.found.rule();
        let pointer = |target: usize| rule.pointers().get(target).cloned().unwrap_or_default();
        let gaps = self.text.clone().and_then(|text| {
            let plan = Plan::new(text, rule.targets()).map_err(|error| error.to_string())?;
            Ok(plan.gaps().map(pointer).collect())
        });
        let current = self.current().iter();
        Applies {
            name: rule.name().to_owned(),
            fills: !rule.targets().is_empty(),
            gaps,
            current: current.map(|current| current.pointer.clone()).collect(),
            lookups: self.found.places().map(|place| place.path).collect(),
        }
    }

    /// Whether anything is wrong that can be seen without an answer.
    pub(super) fn is_flawed(&self) -> bool {
        match &self.meant {
            Some(Ok(meant)) => meant.doubt.is_some(),
            Some(Err(_)) => true,
            None => false,
        }
    }

    /// What would be sent once more after a rejection that names all that waits for it, if anything does.
    pub(super) fn after_rejection(&self, method: &Method, sent: &[Message]) -> Vec<Message> {
        let (Some(Ok(first)), Ok(text)) = (&self.meant, &self.text) else {
            return Vec::new();
        };
        let text = text.strip_prefix(BOM).unwrap_or(text);
        let all = self.rules.meant(&self.found, method, text, |_, _| false);
        let Some(all) = all.ok().filter(|all| !same(&all.sends, &first.sends)) else {
            return Vec::new();
        };
        let message = |send: &Send<'_, '_>| {
            let mut message = sent.first().cloned().unwrap_or_default();
            message.method = all.method.clone();
            message.body = Bytes::copy_from_slice(&send.body);
            if let Some(path) = send.path.as_ref().and_then(|path| path.parse().ok()) {
                message.target = path;
            }
            message
        };
        all.sends.iter().map(message).collect()
    }

    /// What is wrong: by what the refusal says, or else by what can be seen of the request and of what is
    /// `sent` for it. Its advice names what the path names.
    pub(super) fn diagnosis(&self, refusal: Option<&[u8]>, sent: &[Message]) -> Option<Diagnosis> {
        let known = refusal
            .and_then(|refusal| self.rules.diagnose(refusal))
            .cloned();
        let seen = || match self.meant.as_ref()? {
            Err(diagnosis) => Some(diagnosis.clone()),
            Ok(meant) => {
                // Had it been current, it would have been left out.
                let text = self.text.as_ref().ok().copied();
                let is_there = sent.iter().any(|sent| Some(&*sent.body) == text);
                let mut current = self.current().iter().map(Current::contradicted);
                let contradicted = current.next().filter(|_| is_there);
                contradicted.or_else(|| meant.doubt.clone())
            }
        };
        let mut diagnosis = known.or_else(seen)?;
        for (name, value) in self.found.params() {
            diagnosis.advice = diagnosis.advice.replace(&format!("{{{name}}}"), value);
        }
        Some(diagnosis)
    }
}

fn same(some: &[Send<'_, '_>], others: &[Send<'_, '_>]) -> bool {
    let parts = |sends: &[Send<'_, '_>]| {
        let parts = sends
            .iter()
            .map(|send| (send.path.clone(), send.body.to_vec()));
        parts.collect::<Vec<_>>()
    };
    parts(some) == parts(others)
}
