//! Rules and sources as they are written, before they are compiled.

use http::{Method, StatusCode};

use crate::layer::options::{LookupFailure, Mode};

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
}

/// A `[[rule]]`: which requests are repaired, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSpec {
    /// The name in headers, logs and metrics.
    pub name: String,
    /// Methods that it applies to.
    pub methods: Vec<Method>,
    /// Path templates that it applies to.
    pub paths: Vec<String>,
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
    /// Overrides `[repair] resend_on`.
    pub resend_on: Option<Vec<StatusCode>>,
    /// Overrides `[repair] on_lookup_failure`.
    pub on_lookup_failure: Option<LookupFailure>,
}

/// A fault in a rule or source, with the place where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecFault {
    /// `"rule"` or `"source"`.
    pub table: &'static str,
    /// Index of the entry among the compiled specs of that table.
    pub index: usize,
    /// Key inside the entry, such as `paths` or `fields.state`.
    pub key: String,
    /// What is wrong and how to mend it, in one sentence.
    pub problem: String,
}
