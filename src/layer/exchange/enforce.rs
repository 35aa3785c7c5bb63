//! Mode enforce: repair, send, and after a definite rejection once more.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::draft::{Draft, Sheet};
use super::edit::{self, Edit};
use super::lookup::Miss;
use super::rejection::Rejection;
use super::{Answered, Exchange, is_no_answer};
use crate::directory::{Directory, Tick};
use crate::layer::body::{RequestBody, ResponseBody};
use crate::layer::demand::{Demand, Refused};
use crate::layer::options::LookupFailure;
use crate::layer::record::{Origin, Outcome, Reason};
use crate::rule::{Meant, Rule};

/// Whether a request may have to be made once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// Its answer may ask for that.
    Maybe,
    /// Its answer is the caller's, whatever it says.
    Never,
}

/// What was sent, and when.
struct Attempt {
    edit: Arc<Edit>,
    demand: Demand,
    /// When it was sent, where it held what had been looked up.
    filled_at: Option<Tick>,
    /// The request of the edit's that was answered last.
    last: usize,
}

impl<'a, D, S, B, R> Exchange<'a, D, S, B, R>
where
    D: Directory,
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    B: Body<Data = Bytes> + Unpin,
    R: Body<Data = Bytes> + Unpin,
{
    pub(super) async fn enforce(&mut self, sheet: &Sheet<'_>) -> Answered<R, S::Error> {
        let meant = match self.case.meant(sheet, None) {
            Ok(meant) => meant,
            Err(diagnosis) => return Box::pin(self.forward_unread(sheet, &diagnosis)).await,
        };
        let draft = match self.case.draft(sheet, &meant) {
            Ok(draft) => draft,
            Err(reason) => {
                return Box::pin(self.forward(sheet.came.body(), reason)).await;
            }
        };
        let rule = meant.rule;
        let demand = self.case.demand(rule);
        let known = match self.case.know(&draft, demand, None).await {
            Ok(known) => known,
            Err(miss) => return Box::pin(self.give_up(&draft, miss)).await,
        };
        let contradicted = known.as_ref().and_then(|known| known.contradicted(&meant));
        if let Some(current) = contradicted {
            return Box::pin(self.forward_diagnosed(sheet, current.contradicted())).await;
        }
        let edit = Arc::new(draft.edit(demand, known.as_ref(), &self.case.head));
        self.note.edited(rule, &edit, known.as_ref());
        let sent = self.case.shared.directory.now();
        let again = if edit.filled.is_empty() && !self.case.may_wait(rule) {
            Again::Never
        } else {
            Again::Maybe
        };
        let (answer, last) = self.send(&draft, &edit, 0, again).await?;
        let attempt = Attempt {
            filled_at: (!edit.filled.is_empty()).then_some(sent),
            edit,
            demand,
            last,
        };
        if again == Again::Never || !self.may_resend(rule, &attempt, &answer) {
            if !attempt.edit.is_empty() && is_no_answer(&answer) {
                self.note.reason = Some(Reason::UpstreamFailed);
            }
            return Ok(self.diagnose(answer, meant.doubt.as_ref()).await);
        }
        Box::pin(self.refused(sheet, &meant, &attempt, answer)).await
    }

    /// After an answer that may lead to another request.
    async fn refused(
        &mut self,
        sheet: &Sheet<'_>,
        meant: &Meant<'a, '_>,
        attempt: &Attempt,
        answer: Response<R>,
    ) -> Answered<R, S::Error> {
        let options = &self.case.shared.options;
        let read = Rejection::read(answer, options.body_timeout, &options.buffered);
        let rejection = match read.await {
            Ok(rejection) => rejection,
            Err(answer) => return Ok(answer),
        };
        let body = meant.sends.get(attempt.last).map(|send| &*send.body);
        let body = body.unwrap_or_default();
        let resent = self.resend(sheet, meant.rule, attempt, body, &rejection);
        match resent.await? {
            Some(answer) => Ok(self.diagnose(answer, meant.doubt.as_ref()).await),
            None => Ok(self.diagnosed(rejection, meant.doubt.as_ref())),
        }
    }

    /// Sends the requests of an edit from the one at `first` on, until one is not accepted. Says which was
    /// the last.
    pub(super) async fn send(
        &mut self,
        draft: &Draft<'_>,
        edit: &Edit,
        first: usize,
        again: Again,
    ) -> Result<(Response<R>, usize), S::Error> {
        let mut index = first;
        loop {
            let head = if again == Again::Never && index + 1 == edit.count() {
                self.case.take_head()
            } else {
                self.case.lend_head()
            };
            let request = draft.request(head, edit, index);
            let answer = self
                .sender
                .send_case(&self.case, request, draft.changes())
                .await?;
            let status = (!is_no_answer(&answer)).then_some(answer.status());
            self.note.answered(index, status);
            let accepted = status.is_some_and(|status| status.is_success());
            if !accepted || index + 1 == edit.count() {
                return Ok((answer, index));
            }
            index += 1;
        }
    }

    /// Whether the answer may lead to another request.
    fn may_resend(&self, rule: &Rule, attempt: &Attempt, answer: &Response<R>) -> bool {
        let filled = attempt.filled_at.is_some() && self.case.is_rejection(rule, answer);
        let is_elsewhere = attempt.edit.path(attempt.last).is_some();
        filled || self.case.may_have_waited(rule, is_elsewhere, answer)
    }

    /// After a definite rejection of `body`: what the rules make of it, if that is anything else. It is
    /// always made of the caller's own bytes, and what the upstream has accepted is not sent again.
    async fn resend(
        &mut self,
        sheet: &Sheet<'_>,
        rule: &'a Rule,
        first: &Attempt,
        body: &[u8],
        rejection: &Rejection<R>,
    ) -> Result<Option<Response<R>>, S::Error> {
        let refused = Refused {
            status: rejection.status(),
            text: &rejection.text(),
            of_the_body: self.case.is_rejection(rule, rejection.head()),
            body,
        };
        let asked = self.case.asked_after(rule, refused);
        let demand = asked.demand;
        let Ok(meant) = self.case.meant(sheet, Some((rule, &asked))) else {
            return Ok(None);
        };
        let Ok(draft) = self.case.draft(sheet, &meant) else {
            return Ok(None);
        };
        // What was read before it was sent has proved wrong.
        let newer_than = first.filled_at.filter(|_| refused.of_the_body);
        let known = match self.case.know(&draft, demand, newer_than).await {
            Ok(known) => known,
            Err(miss) => {
                if first.edit.is_empty() {
                    self.note.conclude(Outcome::Forwarded, miss.reason());
                }
                return Ok(None);
            }
        };
        if known
            .as_ref()
            .is_some_and(|known| known.contradicted(&meant).is_some())
        {
            return Ok(None);
        }
        let second = Arc::new(draft.edit(demand, known.as_ref(), &self.case.head));
        // The same request is never sent twice: neither the one that was refused, nor those before it.
        if second.repeats(&first.edit, first.last) {
            return Ok(None);
        }
        self.note.edited(rule, &second, known.as_ref());
        if newer_than.is_some() {
            self.note.origin = Some(Origin::Refetched);
        }
        let (answer, _) = self.send(&draft, &second, first.last, Again::Never).await?;
        if is_no_answer(&answer) {
            self.note.reason = Some(Reason::UpstreamFailed);
        } else if demand != first.demand && answer.status().is_success() {
            self.case.shared.demands.remember(rule, demand);
        }
        Ok(Some(answer))
    }

    /// There is a gap and nothing to fill it with.
    async fn give_up(&mut self, draft: &Draft<'_>, miss: Miss) -> Answered<R, S::Error> {
        let policy = draft.rule().on_lookup_failure;
        let policy = policy.unwrap_or(self.case.shared.options.on_lookup_failure);
        if let Some(answer) = miss.answer().filter(|_| policy == LookupFailure::Reject) {
            return Ok(self.refuse(answer, Some(miss.reason())));
        }
        self.note.conclude(Outcome::Forwarded, miss.reason());
        let (answer, _) = self.send(draft, &edit::NONE, 0, Again::Never).await?;
        Ok(answer.map(ResponseBody::inner))
    }
}
