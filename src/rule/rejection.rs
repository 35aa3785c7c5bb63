//! What the upstream's rejections mean.

use serde_json::Value;

use super::Rules;
use crate::repair::diagnosis::Diagnosis;

/// A compiled `[[diagnosis]]`.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) codes: Vec<String>,
    /// In lower case.
    pub(crate) messages: Vec<String>,
    pub(crate) diagnosis: Diagnosis,
}

impl Rules {
    /// Whether any rejection is known by what it says.
    pub(crate) fn knows_rejections(&self) -> bool {
        !self.rejections.is_empty()
    }

    /// What an error body of the upstream's means, if that is known.
    pub(crate) fn diagnose(&self, rejection: &[u8]) -> Option<&Diagnosis> {
        let body: Value = serde_json::from_slice(rejection).ok()?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let (code, message) = (text("code"), text("message").to_lowercase());
        let mut known = self.rejections.iter();
        let found = known.find(|known| {
            known.codes.iter().any(|known| known == code)
                || known
                    .messages
                    .iter()
                    .any(|known| message.contains(known.as_str()))
        });
        found.map(|known| &known.diagnosis)
    }
}
