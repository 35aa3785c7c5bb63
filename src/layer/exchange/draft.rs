use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request};
use http_body::Body;

use super::language::Language;
use super::lookup::{Known, sibling};
use super::{Case, unplanned};
use crate::directory::Directory;
use crate::layer::body::{Replay, RequestBody};
use crate::layer::budget::Share;
use crate::layer::demand::Demand;
use crate::layer::record::{Reason, Repair};
use crate::repair::charset::Charset;
use crate::repair::diagnosis::Diagnosis;
use crate::repair::header::{forget_the_bytes, misses_content_type, signs_the_target};
use crate::repair::plan::Plan;
use crate::repair::scan::BOM;
use crate::rule::{Match, Meant, Rule};

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

/// The caller's body as text.
pub(super) struct Sheet<'a> {
    pub(super) came: &'a Came,
    /// Decoded, and without a byte-order mark.
    pub(super) text: &'a [u8],
    bom: bool,
    language: Language,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(came: &'a Came, text: &'a [u8], language: Language) -> Self {
        let bare = text.strip_prefix(BOM);
        Self {
            came,
            text: bare.unwrap_or(text),
            bom: bare.is_some(),
            language,
        }
    }
}

/// The request that the caller meant, as far as it is known before anything is looked up.
pub(super) struct Draft<'a> {
    pub(super) sheet: &'a Sheet<'a>,
    pub(super) meant: &'a Meant<'a, 'a>,
    /// The rule that keeps the request, and where.
    pub(super) found: Match<'a, 'a>,
    /// What its text misses; `None` where its rule fills nothing.
    plan: Option<Plan<'a>>,
    /// What `Content-Type` is to be set to, where it is.
    content_type: Option<HeaderValue>,
}

/// What is done to a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Edit {
    /// What is sent, in order; nothing stands for the request as it came.
    parts: Vec<Part>,
    pub(super) filled: Vec<usize>,
    pub(super) dropped: Vec<String>,
    reshaped: Vec<Repair>,
    content_type: bool,
    bom: bool,
    coding: bool,
    /// Whether the rule's header fields go.
    no_headers: bool,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    name: String,
    /// Where it goes, where that is not where it came to.
    path: Option<String>,
    /// The body, where it differs from the caller's.
    body: Option<Bytes>,
}

impl Edit {
    pub(super) fn is_empty(&self) -> bool {
        self.kinds().is_empty()
    }

    /// How many requests it makes.
    pub(super) fn count(&self) -> usize {
        self.parts.len().max(1)
    }

    /// The names of its requests.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|part| part.name.as_str())
    }

    /// Whether it makes the same requests.
    pub(super) fn makes_the_same(&self, other: &Self) -> bool {
        let sent = |edit: &Self| (edit.content_type, edit.no_headers, edit.coding);
        self.parts == other.parts && sent(self) == sent(other)
    }

    /// How many requests in a row, from the first, are the other's too.
    pub(super) fn same_as(&self, other: &Self) -> usize {
        let pairs = self.parts.iter().zip(&other.parts);
        pairs.take_while(|(part, other)| part == other).count()
    }

    /// Where its request goes, where that is not where it came to.
    pub(super) fn path(&self, index: usize) -> Option<&str> {
        self.parts.get(index)?.path.as_deref()
    }

    pub(super) fn kinds(&self) -> Vec<Repair> {
        let kinds = [
            (!self.filled.is_empty(), Repair::Fill),
            (self.content_type, Repair::ContentType),
            (self.bom, Repair::Bom),
            (self.coding, Repair::Coding),
        ];
        let kinds = kinds
            .into_iter()
            .filter_map(|(made, kind)| made.then_some(kind));
        let drops = self.no_headers && !self.reshaped.contains(&Repair::Drop);
        let reshaped = self.reshaped.iter().copied();
        kinds
            .chain(reshaped)
            .chain(drops.then_some(Repair::Drop))
            .collect()
    }
}

impl<'a, D: Directory> Case<'a, D> {
    /// What the caller meant, or the request as it came where that takes a guess. Steps that wait for a
    /// rejection are taken where `demand` has them. `Err`: the body is none that could be edited.
    pub(super) fn meant<'t>(
        &self,
        sheet: &Sheet<'t>,
        demand: impl Fn(&Rule) -> Demand,
    ) -> Result<Meant<'a, 't>, Diagnosis> {
        let waits = |rule: &Rule, waiting| demand(rule).waits_for(rule, waiting);
        let (rules, method, text) = (&self.shared.rules, &self.head.method, sheet.text);
        match rules.meant(self.found, method, text, waits) {
            Err(diagnosis) if !diagnosis.flaw.is_of_the_text() => {
                Ok(Meant::as_it_came(self.found, method, text, diagnosis))
            }
            meant => meant,
        }
    }

    /// `Err`: the text can't be edited.
    pub(super) fn draft<'d>(
        &self,
        sheet: &'d Sheet<'d>,
        meant: &'d Meant<'d, 'd>,
    ) -> Result<Draft<'d>, Reason>
    where
        'a: 'd,
    {
        let elsewhere = meant.path.as_deref();
        let elsewhere = elsewhere.and_then(|path| self.shared.rules.find(&meant.method, path));
        let found: Match<'d, 'd> = elsewhere.unwrap_or_else(|| self.found.clone());
        let rule = meant.rule;
        let headers = &self.head.headers;
        let is_elsewhere =
            meant.method != self.head.method || meant.sends.iter().any(|send| send.path.is_some());
        if is_elsewhere && signs_the_target(headers) {
            return Err(Reason::Signed);
        }
        let body = meant
            .sends
            .first()
            .map(|send| &*send.body)
            .unwrap_or_default();
        let plan = if meant.is_stuck || rule.targets.is_empty() && !rule.recipe.is_empty() {
            // The recipe has read the text, and fills nothing or does not know what it would fill.
            None
        } else {
            let plan = Plan::new(body, &rule.targets).map_err(unplanned)?;
            Some(match sheet.language.charset {
                Charset::Utf8 => plan,
                _ => plan.in_ascii(),
            })
        };
        let content_type = rule
            .content_type
            .clone()
            .or_else(|| self.rule().content_type.clone());
        let misses = misses_content_type(headers, &rule.mistyped);
        Ok(Draft {
            sheet,
            meant,
            found,
            plan,
            content_type: content_type.filter(|_| misses),
        })
    }
}

impl<'a> Draft<'a> {
    /// The rule that keeps the request.
    pub(super) fn rule(&self) -> &'a Rule {
        self.meant.rule
    }

    /// The gaps.
    pub(super) fn gaps(&self) -> impl Iterator<Item = usize> + '_ {
        self.plan.iter().flat_map(Plan::gaps)
    }

    /// Whether anything that is demanded is missing.
    pub(super) fn has_gap(&self, demand: Demand) -> bool {
        self.gaps().any(|target| demand.wants(target))
    }

    /// Whether the caller sent anything that may change what is cached. Where nothing is filled, nothing
    /// is known of what the members do.
    pub(super) fn changes(&self) -> bool {
        let fills = self
            .plan
            .as_ref()
            .filter(|_| !self.rule().targets.is_empty());
        fills.is_none_or(Plan::sends_a_target)
    }

    /// Fills what is demanded, as far as it is known, always from the caller's own bytes. A byte-order
    /// mark and a `Content-Type` that nobody chose are mended in any case: no upstream can want them.
    pub(super) fn edit(&self, demand: Demand, known: Option<&Known<'_>>, head: &Parts) -> Edit {
        let value = |target| known.filter(|_| demand.wants(target))?.value(target);
        let filled: Vec<usize> = self
            .gaps()
            .filter(|&target| value(target).is_some())
            .collect();
        let Meant {
            rule,
            repairs,
            dropped,
            sends,
            ..
        } = self.meant;
        let is_other = self.sheet.bom || !repairs.is_empty();
        let parts: Vec<_> = sends
            .iter()
            .map(|send| {
                let body = match &self.plan {
                    Some(plan) if !filled.is_empty() => Some(Bytes::from(plan.splice(value))),
                    _ => is_other.then(|| Bytes::copy_from_slice(&send.body)),
                };
                let path = send.path.clone().filter(|path| path != head.uri.path());
                Part {
                    name: send.name.to_owned(),
                    path,
                    body: body.filter(|body| self.sheet.bom || *body != self.sheet.text),
                }
            })
            .collect();
        let is_elsewhere = parts.iter().any(|part| part.path.is_some());
        let goes = |name: &&http::HeaderName| head.headers.contains_key(*name);
        // Elsewhere there is another resource, which a validator of this one says nothing about.
        let no_headers = (is_elsewhere || demand.wants_no_headers(rule))
            && rule.drop_headers.iter().any(|name| goes(&name));
        let mut dropped = dropped.clone();
        if no_headers {
            let names = rule.drop_headers.iter().filter(goes);
            dropped.extend(names.map(|name| name.as_str().to_owned()));
        }
        Edit {
            // What needs no edit stays coded.
            coding: self.sheet.is_coded() && parts.iter().any(|part| part.body.is_some()),
            parts,
            filled,
            dropped,
            reshaped: repairs.clone(),
            content_type: self.content_type.is_some(),
            bom: self.sheet.bom,
            no_headers,
        }
    }

    /// The request at `index` of an edit's.
    pub(super) fn request<B: Body<Data = Bytes>>(
        &self,
        head: &Parts,
        edit: &Edit,
        index: usize,
    ) -> Request<RequestBody<B>> {
        let mut head = head.clone();
        if edit.content_type
            && let Some(content_type) = &self.content_type
        {
            head.headers.insert(CONTENT_TYPE, content_type.clone());
        }
        if edit.no_headers {
            for name in &self.rule().drop_headers {
                head.headers.remove(name);
            }
        }
        let Some(part) = edit.parts.get(index) else {
            return Request::from_parts(head, self.sheet.came.body());
        };
        head.method = self.meant.method.clone();
        if let Some(path) = &part.path {
            let query = head
                .uri
                .query()
                .map_or_else(String::new, |query| format!("?{query}"));
            head.uri = sibling(&head.uri, &format!("{path}{query}")).unwrap_or(head.uri);
        }
        let body = match &part.body {
            Some(edited) => {
                forget_the_bytes(&mut head.headers);
                if edit.coding {
                    head.headers.remove(CONTENT_ENCODING);
                }
                // Trailers may hold digests and signatures of the bytes that were.
                let share = Arc::clone(&self.sheet.came.share);
                RequestBody::replay(Replay::whole(edited.clone(), None, share))
            }
            None => self.sheet.came.body(),
        };
        Request::from_parts(head, body)
    }
}

impl Sheet<'_> {
    fn is_coded(&self) -> bool {
        !self.language.codings.is_identity()
    }
}
