use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode};
use http_body::Body;

use super::edit::{self, Edit};
use super::lookup::Known;
use super::{Answered, Case};
use crate::directory::Directory;
use crate::layer::record::{ClientName, Observer as _, Origin, Outcome, Reason, Record, Verdict};
use crate::layer::report::{PATCHWRIGHT, header};
use crate::repair::diagnosis::Diagnosis;
use crate::rule::Rule;

/// What will be said of a request.
#[derive(Debug)]
pub(super) struct Note<'r> {
    pub(super) outcome: Outcome,
    pub(super) reason: Option<Reason>,
    pub(super) origin: Option<Origin>,
    pub(super) verdict: Option<Verdict>,
    /// The rule whose targets were filled.
    pub(super) rule: Option<&'r Rule>,
    /// What was done; shared with whoever does it.
    edit: Option<Arc<Edit>>,
    /// Statuses of the answers to its requests, in order.
    statuses: Vec<Option<StatusCode>>,
    hint: Option<String>,
    age: Option<Duration>,
}

impl Default for Note<'_> {
    fn default() -> Self {
        Self {
            outcome: Outcome::Complete,
            reason: None,
            origin: None,
            verdict: None,
            rule: None,
            edit: None,
            statuses: Vec::new(),
            hint: None,
            age: None,
        }
    }
}

impl<'r> Note<'r> {
    pub(super) fn conclude(&mut self, outcome: Outcome, reason: Reason) {
        (self.outcome, self.reason) = (outcome, Some(reason));
    }

    /// Notes what is wrong, unless something worse was said already.
    pub(super) fn diagnosed(&mut self, diagnosis: &Diagnosis) {
        if self.reason.is_some() {
            return;
        }
        self.reason = Some(diagnosis.flaw.into());
        self.hint = Some(diagnosis.hint.clone());
        if self.outcome == Outcome::Complete {
            self.outcome = Outcome::Forwarded;
        }
    }

    /// Notes an edit for a rule, and the snapshot that it used.
    pub(super) fn edited(&mut self, rule: &'r Rule, edit: &Arc<Edit>, known: Option<&Known<'_>>) {
        self.rule = Some(rule);
        self.edit = Some(Arc::clone(edit));
        self.outcome = if edit.is_empty() {
            Outcome::Complete
        } else {
            Outcome::Repaired
        };
        if let Some(known) = known {
            self.origin = Some(known.reading.origin);
            self.age = Some(known.reading.age());
        }
    }

    /// Notes what the request at `index` was answered, if it was.
    pub(super) fn answered(&mut self, index: usize, status: Option<StatusCode>) {
        self.statuses.truncate(index);
        self.statuses.resize(index, None);
        self.statuses.push(status);
    }

    /// Tells the observer, and the caller by the header.
    pub(super) fn report<D: Directory, R: Body, E>(
        &self,
        case: &Case<'_, D>,
        result: Answered<R, E>,
    ) -> Answered<R, E> {
        let pointers = self.rule.unwrap_or(case.rule()).pointers();
        let edit = self.edit();
        let filled = edit
            .filled
            .iter()
            .filter_map(|&target| pointers.get(target));
        let filled: Vec<&str> = filled.map(String::as_str).collect();
        let failed = result.is_err() && self.outcome == Outcome::Repaired;
        let record = Record {
            rule: case.rule().name(),
            method: &case.head.method,
            template: case.found.template(),
            outcome: self.outcome,
            reason: self.reason.or(failed.then_some(Reason::UpstreamFailed)),
            repairs: &edit.repairs,
            verdict: self.verdict,
            spans: &edit.spans,
            filled: &filled,
            dropped: &edit.dropped,
            parts: &self.parts(),
            hint: self.hint.as_deref(),
            snapshot: self.origin,
            age: self.age,
            status: result.as_ref().ok().map(Response::status),
            client: case.caller.client.as_ref().map(|ClientName(name)| &**name),
            user_agent: case.caller.user_agent(),
            id: case.id,
            trace: case.caller.trace,
        };
        if let Some(journal) = case.journal() {
            journal.observe(&record);
        }
        case.shared.observer.observe(&record);
        let mut response = result?;
        if let Some(value) = header(&record).filter(|_| case.shared.options.report) {
            response.headers_mut().insert(PATCHWRIGHT, value);
        }
        Ok(response)
    }

    /// What was done, as far as anything was.
    pub(super) fn edit(&self) -> &Edit {
        self.edit.as_deref().unwrap_or(&edit::NONE)
    }

    /// The requests that it became, where they are several.
    fn parts(&self) -> Vec<(String, Option<StatusCode>)> {
        let edit = self.edit();
        if edit.count() < 2 {
            return Vec::new();
        }
        let status = |index| self.statuses.get(index).copied().flatten();
        let parts = edit.parts.iter().enumerate();
        parts
            .filter_map(|(index, part)| Some((part.name.clone()?, status(index))))
            .collect()
    }
}
