//! Mode observe: the original goes, whatever happens.

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::draft::{Draft, Edit};
use super::lookup::{Known, Miss};
use super::rejection::Rejection;
use super::{Answered, Exchange};
use crate::directory::Directory;
use crate::layer::body::{RequestBody, ResponseBody};
use crate::layer::demand::Demand;
use crate::layer::record::Outcome;
use crate::rule::spec::Timing;

impl<D, S, B, R> Exchange<'_, D, S, B, R>
where
    D: Directory,
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    B: Body<Data = Bytes> + Unpin,
    R: Body<Data = Bytes> + Unpin,
{
    pub(super) async fn observe(&mut self, draft: &Draft<'_>) -> Answered<R, S::Error> {
        let case = &self.case;
        let demand = case.demand();
        let original = draft.request(&case.head, &Edit::default());
        let send = self
            .sender
            .send_case(case, original, draft.plan.sends_a_target());
        // Beside each other: an observed request should take no longer than it did before.
        let (known, answer) = tokio::join!(case.know(draft, demand, None), send);
        let answer = answer?;
        if case.rule().timing == Timing::Eager || !case.is_rejection(&answer) {
            self.note_observed(draft, demand, known);
            return Ok(answer.map(ResponseBody::inner));
        }
        let options = &case.shared.options;
        let read = Rejection::read(answer, options.body_timeout, &options.buffered);
        let rejection = match read.await {
            Ok(rejection) => rejection,
            Err(answer) => return Ok(answer),
        };
        let demand = case.demand_after(&rejection.text());
        let known = case.know(draft, demand, None).await;
        self.note_observed(draft, demand, known);
        Ok(rejection.into_response())
    }

    fn note_observed(
        &mut self,
        draft: &Draft<'_>,
        demand: Demand,
        known: Result<Option<Known<'_>>, Miss>,
    ) {
        match known {
            Err(miss) => self.note.conclude(Outcome::Observed, miss.reason()),
            Ok(known) => {
                let edit = draft.edit(demand, known.as_ref());
                self.note.edited(&edit, known.as_ref());
                if !edit.is_empty() {
                    self.note.outcome = Outcome::Observed;
                }
            }
        }
    }
}
