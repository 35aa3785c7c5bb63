//! The data file: conversations in the place of the built-in ones, and what happens to them.

use std::collections::HashSet;

use serde::Deserialize;

use super::faults::Fault;
use super::model::Conversation;
use super::script::After;

/// What a data file says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Replace the built-in conversations, unless absent.
    #[serde(default)]
    pub conversations: Option<Vec<Conversation>>,
    /// Faults in force from the start.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// Changes that come after so many requests.
    #[serde(default)]
    pub after: Vec<After>,
}

/// Why a data file is not understood.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Not JSON, or not of this form; says line and column.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// An id that must be unique is not.
    #[error("the id \"{0}\" is used twice")]
    Twice(String),
    /// A fault that can never strike.
    #[error(transparent)]
    Fault(#[from] super::FaultError),
}

impl Data {
    /// Reads the text of a data file.
    pub fn parse(text: &str) -> Result<Self, DataError> {
        let data: Self = serde_json::from_str(text)?;
        let mut conversations = HashSet::new();
        for conversation in data.conversations.iter().flatten() {
            let mut participants = HashSet::new();
            let ids = conversation.participants.iter().map(|p| &p.id);
            let twice = ids.into_iter().find(|id| !participants.insert(*id));
            let id = Some(&conversation.id);
            if let Some(id) = twice.or(id.filter(|id| !conversations.insert(*id))) {
                return Err(DataError::Twice(id.clone()));
            }
        }
        for fault in &data.faults {
            fault.check()?;
        }
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_file_says_where_it_is_wrong() {
        for (text, message) in [
            ("{\"conversation\":[]}", "unknown field `conversation`"),
            (
                "{\"conversations\":[{\"id\":\"c\"}]}",
                "missing field `participants`",
            ),
            (
                "{\"conversations\":[{\"id\":\"c\",\"participants\":[]},{\"id\":\"c\",\"participants\":[]}]}",
                "the id \"c\" is used twice",
            ),
            (
                "{\"faults\":[{\"kind\":\"drop\"}]}",
                "unknown fault \"drop\"",
            ),
            (
                "{\"faults\":[{\"kind\":\"503\",\"rate\":0}]}",
                "the rate must be",
            ),
        ] {
            let error = Data::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{text}: {error}");
        }
    }
}
