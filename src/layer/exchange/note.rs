use std::time::Duration;

use http::Response;
use http::header::USER_AGENT;
use http_body::Body;

use super::draft::Edit;
use super::lookup::Known;
use super::{Answered, Case};
use crate::directory::Directory;
use crate::layer::record::{Origin, Outcome, Reason, Record};
use crate::layer::report::{PATCHWRIGHT, header};

/// What will be said of a request.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) outcome: Outcome,
    pub(super) reason: Option<Reason>,
    pub(super) origin: Option<Origin>,
    edit: Edit,
    age: Option<Duration>,
}

impl Default for Note {
    fn default() -> Self {
        Self {
            outcome: Outcome::Complete,
            reason: None,
            origin: None,
            edit: Edit::default(),
            age: None,
        }
    }
}

impl Note {
    pub(super) fn conclude(&mut self, outcome: Outcome, reason: Reason) {
        (self.outcome, self.reason) = (outcome, Some(reason));
    }

    /// Notes an edit, and the snapshot that it used.
    pub(super) fn edited(&mut self, edit: &Edit, known: Option<&Known<'_>>) {
        self.edit = edit.clone();
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

    /// Tells the observer, and the caller by the header.
    pub(super) fn report<D: Directory, R: Body, E>(
        &self,
        case: &Case<'_, D>,
        result: Answered<R, E>,
    ) -> Answered<R, E> {
        let pointers = case.rule().pointers();
        let filled = self
            .edit
            .filled
            .iter()
            .filter_map(|&target| pointers.get(target));
        let filled: Vec<&str> = filled.map(String::as_str).collect();
        let user_agent = case.head.headers.get(USER_AGENT);
        let failed = result.is_err() && self.outcome == Outcome::Repaired;
        let record = Record {
            rule: case.rule().name(),
            outcome: self.outcome,
            reason: self.reason.or(failed.then_some(Reason::UpstreamFailed)),
            repairs: &self.edit.kinds(),
            filled: &filled,
            snapshot: self.origin,
            age: self.age,
            status: result.as_ref().ok().map(Response::status),
            user_agent: user_agent.and_then(|value| value.to_str().ok()),
            id: case.id,
        };
        case.shared.observer.observe(&record);
        let mut response = result?;
        if let Some(value) = header(&record).filter(|_| case.shared.options.report) {
            response.headers_mut().insert(PATCHWRIGHT, value);
        }
        Ok(response)
    }
}
