//! Mode observe: what the upstream's answer to the original says of what was not done to it.

use http::Response;

use super::{Case, is_no_answer};
use crate::directory::Directory;
use crate::layer::demand::{Asked, Refused, Undone};
use crate::layer::exchange::note::Note;
use crate::layer::record::Verdict;

impl Note<'_> {
    /// Judges by an answer that was not read: by its status. Says nothing where nothing would have been done.
    pub(super) fn judge_unread<D: Directory, R>(
        &mut self,
        case: &Case<'_, D>,
        answer: &Response<R>,
    ) {
        let status = (!is_no_answer(answer)).then(|| answer.status());
        self.judge(case, |undone| match status {
            Some(status) if status.is_success() && !undone.may_be_ignored() => Verdict::NotNeeded,
            Some(status) if undone.is_blamed_by(status) => Verdict::WouldHaveHelped,
            _ => Verdict::Unclear,
        });
    }

    /// Judges by a rejection that was read.
    pub(super) fn judge_rejected<D: Directory>(
        &mut self,
        case: &Case<'_, D>,
        refused: Refused<'_>,
        asked: &Asked,
    ) {
        self.judge(case, |undone| {
            if undone.is_named_by(refused, asked) {
                Verdict::WouldHaveHelped
            } else {
                Verdict::Unclear
            }
        });
    }

    fn judge<D: Directory>(
        &mut self,
        case: &Case<'_, D>,
        verdict: impl FnOnce(&Undone<'_>) -> Verdict,
    ) {
        let edit = self.edit();
        if edit.is_empty() {
            return;
        }
        let verdict = verdict(&Undone {
            rule: self.rule.unwrap_or(case.rule()),
            repairs: &edit.repairs,
            filled: &edit.filled,
            dropped: &edit.dropped,
            is_misplaced: case.found.is_misplaced(&case.head.method),
        });
        self.verdict = Some(verdict);
    }
}
