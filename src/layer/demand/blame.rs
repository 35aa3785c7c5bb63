//! Whether a rejection is about what would have been put right.

use http::StatusCode;
use serde_json::Value;

use super::{Asked, Errors, Refused, bit};
use crate::repair::Repair;
use crate::repair::reshape::{Named, Step};
use crate::rule::{Rule, Waiting};

/// What upstreams call a media type that they don't want.
const MEDIA_TYPE: [&str; 3] = ["content-type", "content type", "media type"];
const CODING: [&str; 2] = ["content-encoding", "content encoding"];
/// What parsers say of a byte-order mark.
const BOM: [&str; 3] = ["byte order mark", "byte-order mark", "unexpected character"];

/// What would have been done to a request that was refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Undone<'a> {
    /// The rule that would have done it.
    pub(crate) rule: &'a Rule,
    pub(crate) repairs: &'a [Repair],
    /// Targets that would have been filled.
    pub(crate) filled: &'a [usize],
    /// JSON pointers that would have been left out, and header fields.
    pub(crate) dropped: &'a [String],
    /// Whether the API has no such method and path.
    pub(crate) is_misplaced: bool,
}

impl Undone<'_> {
    /// Whether a status alone says that the request was refused for what would have been put right.
    pub(crate) fn is_blamed_by(&self, status: StatusCode) -> bool {
        match status {
            // Of a path that the API has it would speak of a conversation, and that may be nowhere else either.
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                self.is_misplaced && self.did(&[Repair::Path, Repair::Method])
            }
            // RFC 9110 section 15.5.16: for its type or its coding.
            StatusCode::UNSUPPORTED_MEDIA_TYPE => self.did(&[Repair::ContentType, Repair::Coding]),
            StatusCode::PRECONDITION_FAILED => {
                let mut names = self.rule.drop_headers.iter();
                names.any(|name| self.dropped.iter().any(|dropped| dropped == name.as_str()))
            }
            _ => false,
        }
    }

    /// Whether a rejection says so. `asked` is what it asks of the rule.
    pub(crate) fn is_named_by(&self, refused: Refused<'_>, asked: &Asked) -> bool {
        if self.is_blamed_by(refused.status) {
            return true;
        }
        let error = serde_json::from_slice::<Value>(refused.text).ok();
        let Some(error) = error.filter(|_| refused.of_the_body) else {
            return false;
        };
        let errors = Errors::of(&error);
        let fills = self.filled.iter().any(|&target| asked.demand.wants(target));
        let drops = !asked.nulls.is_empty() && self.did(&[Repair::Drop]);
        let dropped = self
            .dropped
            .iter()
            .any(|at| errors.name(&Named::member(at)));
        let mut repairs = self.repairs.iter();
        fills
            || drops
            || dropped
            || repairs.any(|repair| self.is_cause(*repair, &errors, asked, refused.body))
    }

    /// Whether an upstream that accepts the request may have passed over what is wrong with it: it is not
    /// known of members without a place in the API whether they are refused or ignored.
    pub(crate) fn may_be_ignored(&self) -> bool {
        self.did(&[
            Repair::Rename,
            Repair::Reroute,
            Repair::Split,
            Repair::Wrap,
            Repair::Unwrap,
        ])
    }

    fn is_cause(&self, repair: Repair, errors: &Errors<'_>, asked: &Asked, body: &[u8]) -> bool {
        let recipe = &self.rule.recipe;
        let member = |name: &String| errors.name(&Named::member(&format!("/{name}")));
        match repair {
            Repair::ContentType => errors.mention(&MEDIA_TYPE),
            Repair::Coding => errors.mention(&CODING),
            Repair::Bom => errors.mention(&BOM),
            Repair::Rename => {
                let mut renames = recipe.renames_of(body).into_iter();
                renames.any(|rename| {
                    let names = [rename.from.text(), rename.to.text()];
                    names.iter().any(|name| errors.name(&Named::member(name)))
                })
            }
            Repair::Reroute | Repair::Split => recipe.reroute.iter().any(member),
            Repair::Wrap => recipe.wrap.iter().any(member),
            Repair::Unwrap => recipe.unwrap.iter().any(|wrapper| member(&wrapper.name)),
            Repair::Stringify => {
                let mut maps = recipe.stringify.iter();
                maps.any(|map| errors.name_in(map.text()))
            }
            Repair::Case => {
                let mut cases = 0..recipe.case.len();
                cases.any(|at| {
                    asked
                        .demand
                        .wants(bit(self.rule, Waiting::Step(Step::Case(at))))
                })
            }
            // Told by the status, or by what was dropped.
            Repair::Fill | Repair::Drop | Repair::Method | Repair::Path => false,
        }
    }

    fn did(&self, any: &[Repair]) -> bool {
        any.iter().any(|repair| self.repairs.contains(repair))
    }
}

impl Errors<'_> {
    /// Whether a message has one of these words, which are in lower case, or a field is called so.
    fn mention(&self, words: &[&str]) -> bool {
        let has = |text: &str| {
            let text = text.to_lowercase();
            words.iter().any(|word| text.contains(word))
        };
        let mut errors = self.0.iter();
        errors.any(|error| has(error.message) || error.fields.iter().any(|field| has(field)))
    }

    /// Whether the member at this pointer is named, or one in it.
    fn name_in(&self, pointer: &str) -> bool {
        let dotted = pointer.trim_start_matches('/').replace('/', ".");
        let is_in = |field: &&str| {
            let below = field.strip_prefix(dotted.as_str());
            below.is_some_and(|below| below.starts_with('.'))
        };
        let mut errors = self.0.iter();
        self.name(&Named::member(pointer)) || errors.any(|error| error.fields.iter().any(is_in))
    }
}
