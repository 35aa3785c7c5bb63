//! Mode observe: the original goes, whatever happens.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::draft::{Draft, Sheet};
use super::lookup::{Known, Miss};
use super::note::Note;
use super::rejection::Rejection;
use super::{Answered, Exchange};
use crate::directory::Directory;
use crate::layer::body::RequestBody;
use crate::layer::demand::{Asked, Demand, Refused};
use crate::layer::record::{Outcome, Verdict};
use crate::rule::Rule;

impl<'a, D, S, B, R> Exchange<'a, D, S, B, R>
where
    D: Directory,
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    B: Body<Data = Bytes> + Unpin,
    R: Body<Data = Bytes> + Unpin,
{
    pub(super) async fn observe(&mut self, sheet: &Sheet<'_>) -> Answered<R, S::Error> {
        let case = &self.case;
        let meant = match case.meant(sheet, None) {
            Ok(meant) => meant,
            Err(diagnosis) => return self.forward_unread(sheet, &diagnosis).await,
        };
        let draft = match case.draft(sheet, &meant) {
            Ok(draft) => draft,
            Err(reason) => return self.forward(sheet.came.body(), reason).await,
        };
        let rule = meant.rule;
        let demand = case.demand(rule);
        let original = Request::from_parts(case.head.clone(), sheet.came.body());
        let sender = &mut self.sender;
        // Beside each other: an observed request should take no longer than it did before. But not before what is
        // known was asked for, which the write makes unusable.
        let send = async { sender.send_case(case, original, draft.changes()).await };
        let (known, answer) = tokio::join!(case.know(&draft, demand, None), send);
        let answer = answer?;
        self.note_observed(rule, &draft, demand, known);
        let case = &self.case;
        let waits = case.may_have_waited(rule, false, &answer);
        let judges = !self.note.edit().is_empty() && case.is_rejection(rule, &answer);
        if !waits && !judges {
            self.note.judge_unread(case, &answer);
            let answer = self.diagnose(answer, meant.doubt.as_ref()).await;
            self.note_only_observed();
            return Ok(answer);
        }
        let options = &case.shared.options;
        let read = Rejection::read(answer, options.body_timeout, &options.buffered);
        let rejection = match read.await {
            Ok(rejection) => rejection,
            Err(answer) => {
                self.note.judge_unread(case, &answer);
                return Ok(answer);
            }
        };
        let refused = Refused {
            status: rejection.status(),
            text: &rejection.text(),
            of_the_body: case.is_rejection(rule, rejection.head()),
            body: sheet.text,
        };
        let named = Asked::by(refused, rule);
        if waits {
            self.note_asked(sheet, rule, named.clone().besides(demand))
                .await;
        }
        self.note.judge_rejected(&self.case, refused, &named);
        let answer = self.diagnosed(rejection, meant.doubt.as_ref());
        self.note_only_observed();
        Ok(answer)
    }

    /// Notes what would have been done after a rejection, in the place of what would have been at once.
    async fn note_asked(&mut self, sheet: &Sheet<'_>, rule: &'a Rule, asked: Asked) {
        let case = &self.case;
        if let Ok(meant) = case.meant(sheet, Some((rule, &asked)))
            && let Ok(draft) = case.draft(sheet, &meant)
        {
            let known = case.know(&draft, asked.demand, None).await;
            self.note_observed(rule, &draft, asked.demand, known);
        }
    }

    /// What is wrong with a request is no reason to do anything about it in this mode.
    fn note_only_observed(&mut self) {
        if self.note.reason.is_some() {
            self.note.outcome = Outcome::Observed;
        }
    }

    /// Notes what would have been done, and the verdict where it is sure already.
    fn note_observed(
        &mut self,
        rule: &'a Rule,
        draft: &Draft<'_>,
        demand: Demand,
        known: Result<Option<Known<'_>>, Miss>,
    ) {
        self.note = Note::default();
        match known {
            Err(miss) => {
                self.note.conclude(Outcome::Observed, miss.reason());
                // What would have been sent, or answered here, nobody knows. Where the upstream knows nothing to
                // fill, it would have been the original.
                self.note.verdict = miss.may_pass().then_some(Verdict::Unclear);
            }
            Ok(known) => {
                let contradicted = known.as_ref().and_then(|k| k.contradicted(draft.meant));
                if let Some(current) = contradicted {
                    let reason = current.contradicted().flaw.into();
                    return self.note.conclude(Outcome::Observed, reason);
                }
                let edit = Arc::new(draft.edit(demand, known.as_ref(), &self.case.head));
                self.note.edited(rule, &edit, known.as_ref());
                if !edit.is_empty() {
                    self.note.outcome = Outcome::Observed;
                }
            }
        }
    }
}
