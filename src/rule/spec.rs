//! Rules and sources as they are written, before they are compiled.

use http::{Method, StatusCode};

use crate::layer::options::{EnforceShare, LookupFailure, Mode};
use crate::repair::diagnosis::Flaw;
pub use crate::repair::reshape::Form;

/// When a rule repairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timing {
    /// Before the request is sent for the first time.
    #[default]
    Eager,
    /// After the upstream definitely rejected the original and named what it misses.
    OnReject,
}

/// A `[[source]]`: where the current state of a conversation's participants is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpec {
    /// The name by which rules refer to it.
    pub name: String,
    /// Path template of the GET, such as `/api/v2/conversations/{conversationId}`.
    pub get: String,
    /// JSONPath (RFC 9535) from the answer to its participants.
    pub participants: String,
    /// JSONPath from a participant to its id.
    pub id: String,
    /// Field name and the JSONPaths from a participant to its value; the first that yields one counts.
    pub fields: Vec<(String, Vec<String>)>,
    /// Whether passing answers are remembered, where `cache.learn` lets them be.
    pub learn: bool,
}

/// A `[[rule]]`: which requests are repaired, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSpec {
    /// The name in headers, logs and metrics.
    pub name: String,
    /// Methods that it applies to.
    pub methods: Vec<Method>,
    /// Path templates that it applies to.
    pub paths: Vec<String>,
    /// Paths that the templates match, and that are other resources.
    pub except: Vec<String>,
    /// Names of sources, tried in order while the answer is 404.
    pub sources: Vec<String>,
    /// `Content-Type` for a JSON object that came without one, or with a client's default.
    pub content_type: Option<String>,
    /// When it repairs.
    pub timing: Timing,
    /// JSON pointer (RFC 6901) of a member and the source field that fills it, in the order written.
    pub fill: Vec<(String, String)>,
    /// Overrides `[repair] mode`.
    pub mode: Option<Mode>,
    /// Overrides `[repair] enforce_share`.
    pub enforce_share: Option<EnforceShare>,
    /// Overrides `[repair] resend_on`.
    pub resend_on: Option<Vec<StatusCode>>,
    /// Overrides `[repair] on_lookup_failure`.
    pub on_lookup_failure: Option<LookupFailure>,
    /// Repairs that need nothing but the request itself.
    pub reshape: ReshapeSpec,
}

impl RuleSpec {
    /// What is read of a participant: the key that says so, the JSON pointer and the source's field. Fills
    /// come first.
    pub(crate) fn reads(&self) -> impl Iterator<Item = (&'static str, &String, &String)> {
        let fill = self
            .fill
            .iter()
            .map(|(pointer, field)| ("fill", pointer, field));
        let current = self.reshape.drop_current.iter();
        fill.chain(current.map(|(pointer, field)| ("drop_current", pointer, field)))
    }
}

/// The keys of a `[[rule]]` about the request itself: where it goes, and what its members are called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReshapeSpec {
    /// The method that the resource has.
    pub method: Option<Method>,
    /// Template of the path that the API has in the place of the rule's; the rule of that path follows.
    pub path: Option<String>,
    /// Body for a request that comes with none, where the path alone says what is meant.
    pub body: Option<String>,
    /// Members that the resource has.
    pub accepts: Option<Vec<String>>,
    /// Names that are commands elsewhere: a map that has one is not taken for attributes.
    pub reserved: Vec<String>,
    /// Members that hold the whole body, and what their value must be.
    pub unwrap: Vec<(String, Form)>,
    /// Where the body names the participant that the path does not.
    pub pick: Vec<PickSpec>,
    /// Members that the API has under another name or in another place.
    pub rename: Vec<RenameSpec>,
    /// Members that repeat the participant of the path.
    pub identity: Vec<String>,
    /// Members that can only be read.
    pub drop: Vec<String>,
    /// Media types that callers give a JSON object by mistake, besides the defaults of clients.
    pub mistyped: Vec<String>,
    /// JSON pointers of strings that may say what the participant is already, and the source's field that
    /// says so.
    pub drop_current: Vec<(String, String)>,
    /// Header fields that mean nothing to the resource.
    pub drop_headers: Vec<String>,
    /// The member that a bare map of strings belongs under.
    pub wrap: Option<String>,
    /// JSON pointers of maps of strings.
    pub stringify: Vec<String>,
    /// Members that belong to a resource of their own, with the template of its path.
    pub reroute: Vec<(String, String)>,
    /// `[rule.on_reject]`: what waits for a rejection that names it.
    pub on_reject: OnRejectSpec,
    /// `[rule.diagnosis]`: what is wrong with a request that the rule does not repair.
    pub diagnosis: Option<DiagnosisSpec>,
}

/// `[rule.on_reject]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnRejectSpec {
    /// JSON pointer of a string and the values that it may have, as the API spells them.
    pub case: Vec<(String, Vec<String>)>,
    /// JSON pointers of objects whose nulls go; empty for the body itself.
    pub drop_null: Vec<String>,
    /// Template of the path to try after a 404.
    pub path: Option<String>,
}

/// An entry of `pick`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PickSpec {
    /// A list of participants.
    List {
        /// JSON pointer of the list.
        list: String,
        /// Names of the member that holds a participant's id.
        id: Vec<String>,
        /// Names that an entry may have besides.
        members: Vec<String>,
    },
    /// An object with participants' ids for names.
    Map {
        /// JSON pointer of the object.
        map: String,
        /// The member that an entry's value belongs under.
        to: String,
    },
    /// A list of participants' ids, where the path says what is to happen.
    Ids {
        /// JSON pointer of the list.
        ids: String,
        /// The body to send to the participant.
        body: String,
    },
}

/// An entry of `rename`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenameSpec {
    /// JSON pointer of the member as callers send it.
    pub from: String,
    /// JSON pointer of the member as the API has it.
    pub to: String,
    /// What the value must be.
    pub form: Form,
    /// What strings become; others are not renamed. Empty: every value stays.
    pub values: Vec<(String, String)>,
}

/// `[rule.diagnosis]`, or the part of a `[[diagnosis]]` that says what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiagnosisSpec {
    /// What is wrong.
    pub reason: Flaw,
    /// One short sentence in the place of the usual one.
    pub hint: Option<String>,
    /// What to do instead, at length, in the place of the usual text.
    pub advice: Option<String>,
}

/// A `[[diagnosis]]`: what a rejection of the upstream's means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectionSpec {
    /// Its name, for replacing it.
    pub name: String,
    /// Values of `code` in the answer's error body.
    pub codes: Vec<String>,
    /// Texts that the answer's `message` may contain, whatever their case.
    pub messages: Vec<String>,
    /// What it means.
    pub diagnosis: DiagnosisSpec,
}

/// A fault in a rule or source, with the place where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecFault {
    /// `"rule"`, `"source"` or `"diagnosis"`.
    pub table: &'static str,
    /// Index of the entry among the compiled specs of that table.
    pub index: usize,
    /// Key inside the entry, such as `paths` or `fields.state`.
    pub key: String,
    /// What is wrong and how to mend it, in one sentence.
    pub problem: String,
}
