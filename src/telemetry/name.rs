//! Names of fields that are known when the program is built.

/// What stands in front of a field's value in each format, in one piece: a line has a dozen of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    pub(crate) plain: &'static str,
    /// ` name=`
    pub(crate) text: &'static str,
    /// `,"name":`
    pub(crate) json: &'static str,
}

/// The [`Name`] of a field. It needs no escapes.
macro_rules! name {
    ($name:literal) => {
        &$crate::telemetry::Name {
            plain: $name,
            text: concat!(" ", $name, "="),
            json: concat!(",\"", $name, "\":"),
        }
    };
}

pub(crate) use name;
