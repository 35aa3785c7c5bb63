//! What is wrong with a request that the upstream refused. Its answer goes to the caller as it came.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use tower_service::Service;

use super::draft::Sheet;
use super::enforce::Again;
use super::rejection::Rejection;
use super::{Answered, Exchange, is_no_answer};
use crate::directory::Directory;
use crate::layer::body::{RequestBody, ResponseBody};
use crate::layer::demand::Demand;
use crate::layer::record::Outcome;
use crate::repair::diagnosis::Diagnosis;
use crate::rule::Meant;

impl<D, S, B, R> Exchange<'_, D, S, B, R>
where
    D: Directory,
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    B: Body<Data = Bytes> + Unpin,
    R: Body<Data = Bytes> + Unpin,
{
    /// Sends the original of a request that turned out not to mean what it was taken for.
    pub(super) async fn forward_diagnosed(
        &mut self,
        sheet: &Sheet<'_>,
        diagnosis: Diagnosis,
    ) -> Answered<R, S::Error> {
        let case = &self.case;
        let method = &case.head.method;
        let meant = Meant::as_it_came(case.found, method, sheet.text, diagnosis);
        let draft = match case.draft(sheet, &meant) {
            Ok(draft) => draft,
            Err(reason) => return self.forward(sheet.came.body(), reason).await,
        };
        let edit = Arc::new(draft.edit(Demand::default(), None, &case.head));
        self.note.edited(meant.rule, &edit, None);
        let (answer, _) = self.send(&draft, &edit, 0, Again::Never).await?;
        Ok(self.diagnose(answer, meant.doubt.as_ref()).await)
    }

    /// Sends the original of a request whose body could not be looked at.
    pub(super) async fn forward_unread(
        &mut self,
        sheet: &Sheet<'_>,
        diagnosis: &Diagnosis,
    ) -> Answered<R, S::Error> {
        // Where members are only given their places a body may be left out, or be null.
        if self.case.rule().recipe.is_empty() {
            self.note.diagnosed(diagnosis);
            self.note.outcome = Outcome::Forwarded;
        }
        let request = Request::from_parts(self.case.take_head(), sheet.came.body());
        let answer = self.sender.send_case(&self.case, request, true).await?;
        Ok(self.diagnose(answer, Some(diagnosis)).await)
    }

    /// Notes what a refusal means: by what it says, or else by what was found wrong before.
    pub(super) async fn diagnose(
        &mut self,
        answer: Response<R>,
        found: Option<&Diagnosis>,
    ) -> Response<ResponseBody<R>> {
        if !answer.status().is_client_error() || is_no_answer(&answer) {
            return answer.map(ResponseBody::inner);
        }
        if !self.case.shared.rules.knows_rejections() {
            self.suspect(answer.status(), found);
            return answer.map(ResponseBody::inner);
        }
        let options = &self.case.shared.options;
        let read = Rejection::read(answer, options.body_timeout, &options.buffered);
        // In a box, as most answers are none.
        match Box::pin(read).await {
            Ok(rejection) => self.diagnosed(rejection, found),
            Err(answer) => {
                self.suspect(answer.status(), found);
                answer
            }
        }
    }

    pub(super) fn diagnosed(
        &mut self,
        rejection: Rejection<R>,
        found: Option<&Diagnosis>,
    ) -> Response<ResponseBody<R>> {
        match self.case.shared.rules.diagnose(&rejection.text()) {
            Some(known) => self.note.diagnosed(known),
            None => self.suspect(rejection.status(), found),
        }
        rejection.into_response()
    }

    /// A refusal that speaks of the credential, the pace, the time or the size is not about what was found.
    /// One that speaks of the path is where the path is none that the API has: what was found kept it from
    /// being put right.
    fn suspect(&mut self, status: StatusCode, found: Option<&Diagnosis>) {
        let case = &self.case;
        let is_about = |found: &&Diagnosis| match status.as_u16() {
            401 | 403 | 407 | 408 | 413 | 429 => false,
            404 | 405 => found.flaw.is_of_the_path() || case.found.is_misplaced(&case.head.method),
            _ => true,
        };
        if let Some(found) = found.filter(is_about) {
            self.note.diagnosed(found);
        }
    }
}
