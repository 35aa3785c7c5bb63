use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body::Body;

use super::edit::{Edit, Part};
use super::language::Language;
use super::lookup::Known;
use super::{Case, unplanned};
use crate::directory::{Directory, sibling};
use crate::layer::body::RequestBody;
use crate::layer::budget::Share;
use crate::layer::demand::{Asked, Demand};
use crate::layer::record::{Reason, Repair, Span};
use crate::repair::charset::Charset;
use crate::repair::diagnosis::Diagnosis;
use crate::repair::header::{forget_the_bytes, misses_content_type, signs_the_target};
use crate::repair::plan::Plan;
use crate::repair::scan::BOM;
use crate::rule::{Match, Meant, Rule, Send, Waiting};

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
        RequestBody::whole(bytes, trailers, Arc::clone(&self.share))
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
        // A second one is no mark, and the text no JSON.
        let bare = text.strip_prefix(BOM);
        let bare = bare.filter(|bare| !bare.starts_with(BOM));
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

impl<'a, D: Directory> Case<'a, D> {
    /// What the caller meant, or the request as it came where that takes a guess. Steps that wait for a
    /// rejection are taken where they were demanded lately, and where one rule's are `asked` for. `Err`: the
    /// body is none that could be edited.
    pub(super) fn meant<'t>(
        &self,
        sheet: &Sheet<'t>,
        asked: Option<(&Rule, &Asked)>,
    ) -> Result<Meant<'a, 't>, Diagnosis> {
        let waits = |rule: &Rule, waiting: Waiting<'_>| match asked {
            Some((of, asked)) if of.index == rule.index => asked.waits_for(rule, waiting),
            _ => self.demand(rule).waits_for(rule, waiting),
        };
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
        // Asked for several times each.
        let values: Vec<Option<Cow<'_, str>>> = match known {
            Some(known) => {
                let targets = 0..self.rule().targets.len();
                let wanted = |target| demand.wants(target).then(|| known.value(target))?;
                targets.map(wanted).collect()
            }
            None => Vec::new(),
        };
        let value = |target: usize| values.get(target)?.as_deref();
        let filled: Vec<usize> = self
            .gaps()
            .filter(|&target| value(target).is_some())
            .collect();
        let spliced = self.plan.as_ref().filter(|_| !filled.is_empty());
        let mut spans = Vec::new();
        let is_split = self.meant.sends.len() > 1;
        let part = |send: &Send<'_, '_>| Part {
            name: is_split.then(|| send.name.to_owned()),
            path: send.path.clone().filter(|path| path != head.uri.path()),
            body: match spliced {
                Some(plan) => {
                    let sent = plan.splice_with_edits(value, |edit| {
                        spans.push(Span {
                            at: edit.replaced,
                            inserted: edit.inserted.len(),
                        });
                    });
                    Some(Bytes::from(sent))
                }
                None => self.changed(&send.body),
            },
        };
        let parts: Vec<_> = self.meant.sends.iter().map(part).collect();
        let is_elsewhere = parts.iter().any(|part| part.path.is_some());
        let no_headers = self.drops_headers(demand, is_elsewhere, head);
        let mut dropped = self.meant.dropped.clone();
        dropped.extend(no_headers.iter().map(|name| name.as_str().to_owned()));
        // What needs no edit stays coded.
        let coding = self.sheet.is_coded() && parts.iter().any(|part| part.body.is_some());
        let content_type = self.content_type.is_some();
        let made = [
            (!filled.is_empty(), Repair::Fill),
            (content_type, Repair::ContentType),
            (self.sheet.bom, Repair::Bom),
            (coding, Repair::Coding),
        ];
        let mut repairs: Vec<_> = made
            .iter()
            .filter(|made| made.0)
            .map(|made| made.1)
            .collect();
        repairs.extend(&self.meant.repairs);
        if !no_headers.is_empty() && !repairs.contains(&Repair::Drop) {
            repairs.push(Repair::Drop);
        }
        Edit {
            parts,
            repairs,
            filled,
            spans,
            dropped,
            content_type,
            coding,
            no_headers: !no_headers.is_empty(),
        }
    }

    /// A body, where it is not the caller's.
    fn changed(&self, body: &[u8]) -> Option<Bytes> {
        let is_other = self.sheet.bom || body != self.sheet.text;
        is_other.then(|| Bytes::copy_from_slice(body))
    }

    /// The header fields that go: elsewhere there is another resource, about which a validator of this one
    /// says nothing.
    fn drops_headers(&self, demand: Demand, is_elsewhere: bool, head: &Parts) -> Vec<&HeaderName> {
        let rule = self.rule();
        if !is_elsewhere && !demand.wants_no_headers(rule) {
            return Vec::new();
        }
        let names = rule.drop_headers.iter();
        names
            .filter(|name| head.headers.contains_key(*name))
            .collect()
    }

    /// The request at `index` of an edit's, made of the caller's.
    pub(super) fn request<B: Body<Data = Bytes>>(
        &self,
        mut head: Parts,
        edit: &Edit,
        index: usize,
    ) -> Request<RequestBody<B>> {
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
                RequestBody::whole(edited.clone(), None, share)
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
