//! What was answered so far.

use std::fmt;

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) reads: u64,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) others: u64,
    pub(crate) connections: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            reads,
            accepted,
            refused,
            others,
            connections,
        } = self;
        write!(
            f,
            r#"{{"reads":{reads},"accepted":{accepted},"refused":{refused},"others":{others},"connections":{connections}}}"#
        )
    }
}
