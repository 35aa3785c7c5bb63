//! Mode enforce: repair, send, and after a definite rejection once more.

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::draft::{Draft, Edit};
use super::lookup::Miss;
use super::rejection::Rejection;
use super::{Answered, Exchange, is_no_answer};
use crate::directory::{Directory, Tick};
use crate::layer::body::{RequestBody, ResponseBody};
use crate::layer::demand::Demand;
use crate::layer::options::LookupFailure;
use crate::layer::record::{Origin, Outcome, Reason};
use crate::rule::spec::Timing;

impl<D, S, B, R> Exchange<'_, D, S, B, R>
where
    D: Directory,
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    B: Body<Data = Bytes> + Unpin,
    R: Body<Data = Bytes> + Unpin,
{
    pub(super) async fn enforce(&mut self, draft: &Draft<'_>) -> Answered<R, S::Error> {
        let demand = self.case.demand();
        let known = match self.case.know(draft, demand, None).await {
            Ok(known) => known,
            Err(miss) => return self.give_up(draft, miss).await,
        };
        let edit = draft.edit(demand, known.as_ref());
        self.note.edited(&edit, known.as_ref());
        let sent = self.case.shared.directory.now();
        let answer = self.send(draft, &edit).await?;
        let fills = !edit.filled.is_empty();
        let may_resend = fills || self.case.rule().timing == Timing::OnReject;
        if !may_resend || !self.case.is_rejection(&answer) {
            if !edit.is_empty() && is_no_answer(&answer) {
                self.note.reason = Some(Reason::UpstreamFailed);
            }
            return Ok(answer.map(ResponseBody::inner));
        }
        let options = &self.case.shared.options;
        let read = Rejection::read(answer, options.body_timeout, &options.buffered);
        let rejection = match read.await {
            Ok(rejection) => rejection,
            Err(answer) => return Ok(answer),
        };
        let demand = self.case.demand_after(&rejection.text());
        match self
            .reconsider(draft, demand, &edit, fills.then_some(sent))
            .await
        {
            Some(edit) => self.resend(draft, &edit, demand).await,
            None => Ok(rejection.into_response()),
        }
    }

    async fn send(&mut self, draft: &Draft<'_>, edit: &Edit) -> Result<Response<R>, S::Error> {
        let request = draft.request(&self.case.head, edit);
        self.sender
            .send_case(&self.case, request, draft.plan.sends_a_target())
            .await
    }

    /// After a definite rejection: what to send instead, if that is anything else. What was read before
    /// `newer_than` has proved wrong.
    async fn reconsider(
        &mut self,
        draft: &Draft<'_>,
        demand: Demand,
        first: &Edit,
        newer_than: Option<Tick>,
    ) -> Option<Edit> {
        let known = match self.case.know(draft, demand, newer_than).await {
            Ok(known) => known,
            Err(miss) => {
                if first.is_empty() {
                    self.note.conclude(Outcome::Forwarded, miss.reason());
                }
                return None;
            }
        };
        let second = draft.edit(demand, known.as_ref());
        // The same body is never sent twice.
        if second == *first {
            return None;
        }
        self.note.edited(&second, known.as_ref());
        if newer_than.is_some() {
            self.note.origin = Some(Origin::Refetched);
        }
        Some(second)
    }

    async fn resend(
        &mut self,
        draft: &Draft<'_>,
        edit: &Edit,
        demand: Demand,
    ) -> Answered<R, S::Error> {
        let answer = self.send(draft, edit).await?;
        if is_no_answer(&answer) {
            self.note.reason = Some(Reason::UpstreamFailed);
        } else if self.case.rule().timing == Timing::OnReject && !self.case.is_rejection(&answer) {
            self.case.shared.demands.remember(self.case.rule(), demand);
        }
        Ok(answer.map(ResponseBody::inner))
    }

    /// There is a gap and nothing to fill it with.
    async fn give_up(&mut self, draft: &Draft<'_>, miss: Miss) -> Answered<R, S::Error> {
        let policy = self.case.rule().on_lookup_failure;
        let policy = policy.unwrap_or(self.case.shared.options.on_lookup_failure);
        if let Some(answer) = miss.answer().filter(|_| policy == LookupFailure::Reject) {
            return Ok(self.refuse(answer, Some(miss.reason())));
        }
        self.note.conclude(Outcome::Forwarded, miss.reason());
        let answer = self.send(draft, &Edit::default()).await?;
        Ok(answer.map(ResponseBody::inner))
    }
}
