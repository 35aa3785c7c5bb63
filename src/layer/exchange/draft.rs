use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request};
use http_body::Body;

use super::lookup::Known;
use crate::layer::body::{Replay, RequestBody};
use crate::layer::budget::Share;
use crate::layer::demand::Demand;
use crate::layer::record::Repair;
use crate::repair::header::forget_the_bytes;
use crate::repair::plan::Plan;

/// The caller's body as it came.
pub(super) struct Came {
    pub(super) bytes: Bytes,
    pub(super) trailers: Option<HeaderMap>,
    /// What it and all that is made of it are charged to.
    pub(super) share: Arc<Share>,
}

impl Came {
    pub(super) fn body<B: Body<Data = Bytes>>(&self) -> RequestBody<B> {
        let (bytes, trailers) = (self.bytes.clone(), self.trailers.clone());
        RequestBody::replay(Replay::whole(bytes, trailers, Arc::clone(&self.share)))
    }
}

/// The caller's request, as far as a repair is concerned.
pub(super) struct Draft<'a> {
    /// What its text misses.
    pub(super) plan: Plan<'a>,
    pub(super) came: &'a Came,
    /// Whether the text had to be decoded.
    pub(super) coded: bool,
    /// What `Content-Type` is to be set to, where it is.
    pub(super) content_type: Option<HeaderValue>,
}

/// What is done to a request. Two equal edits make the same request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Edit {
    /// The body, where it differs from the caller's.
    body: Option<Bytes>,
    pub(super) filled: Vec<usize>,
    content_type: bool,
    bom: bool,
    coding: bool,
}

impl Edit {
    pub(super) fn is_empty(&self) -> bool {
        self.body.is_none() && !self.content_type
    }

    pub(super) fn kinds(&self) -> Vec<Repair> {
        let kinds = [
            (!self.filled.is_empty(), Repair::Fill),
            (self.content_type, Repair::ContentType),
            (self.bom, Repair::Bom),
            (self.coding, Repair::Coding),
        ];
        kinds
            .into_iter()
            .filter_map(|(made, kind)| made.then_some(kind))
            .collect()
    }
}

impl Draft<'_> {
    /// Whether anything that is demanded is missing.
    pub(super) fn has_gap(&self, demand: Demand) -> bool {
        self.plan.gaps().any(|target| demand.wants(target))
    }

    /// Fills what is demanded, as far as it is known, always from the caller's own bytes. A byte-order
    /// mark and a `Content-Type` that nobody chose are mended in any case: no upstream can want them.
    pub(super) fn edit(&self, demand: Demand, known: Option<&Known<'_>>) -> Edit {
        let value = |target| known.filter(|_| demand.wants(target))?.value(target);
        let filled: Vec<usize> = self
            .plan
            .gaps()
            .filter(|&target| value(target).is_some())
            .collect();
        let bom = self.plan.has_bom();
        let body = (bom || !filled.is_empty()).then(|| Bytes::from(self.plan.splice(value)));
        Edit {
            // What needs no edit stays coded.
            coding: self.coded && body.is_some(),
            body,
            filled,
            content_type: self.content_type.is_some(),
            bom,
        }
    }

    pub(super) fn request<B: Body<Data = Bytes>>(
        &self,
        head: &Parts,
        edit: &Edit,
    ) -> Request<RequestBody<B>> {
        let mut head = head.clone();
        if edit.content_type
            && let Some(content_type) = &self.content_type
        {
            head.headers.insert(CONTENT_TYPE, content_type.clone());
        }
        let body = match &edit.body {
            Some(edited) => {
                forget_the_bytes(&mut head.headers);
                if edit.coding {
                    head.headers.remove(CONTENT_ENCODING);
                }
                // Trailers may hold digests and signatures of the bytes that were.
                let share = Arc::clone(&self.came.share);
                RequestBody::replay(Replay::whole(edited.clone(), None, share))
            }
            None => self.came.body(),
        };
        Request::from_parts(head, body)
    }
}
