//! Paths that a request is sent to instead of its own.

use super::Match;
use super::template::Template;

/// A path template filled from a request.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) template: Template,
    /// For each parameter of the template where its value comes from.
    pub(crate) values: Vec<Value>,
}

/// Where the value of a parameter comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    /// The parameter at this position of the request's path.
    Param(usize),
    /// The participant that the body names.
    Picked,
}

/// Where requests to one path of a rule go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addresses {
    /// The path that the API has in the place of this one.
    pub(crate) to: Option<Address>,
    /// Those of the rule's `reroute` members, in their order.
    pub(crate) reroute: Vec<Address>,
    /// The path to try after a 404.
    pub(crate) after_404: Option<Address>,
}

impl Address {
    /// `None`: it needs a participant, and the body named none.
    pub(crate) fn path(&self, found: &Match<'_, '_>, picked: Option<&str>) -> Option<String> {
        let value = |position: usize| match self.values.get(position) {
            Some(Value::Param(position)) => found.value(*position),
            _ => picked.unwrap_or_default(),
        };
        let is_known = |value: &Value| matches!(value, Value::Param(_)) || picked.is_some();
        self.values
            .iter()
            .all(is_known)
            .then(|| self.template.path(value))
    }
}
