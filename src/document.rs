//! TOML as a tree that remembers where everything was written, and readers that collect every fault.
//!
//! Rule packs and configuration are both read through here, so that a mistake in either is reported
//! with its file, line and key, together with all the others.

mod fault;
mod parse;
mod table;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::sync::Arc;

pub use fault::{Fault, FaultSink, Faults};
pub use parse::parse;
pub use table::Table;
#[cfg(feature = "proxy")]
pub(crate) use table::nearest;

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A file as a whole.
    File(Arc<str>),
    /// A line of a file, counted from 1, and for syntax errors the column.
    Line {
        /// The file as the user named it.
        file: Arc<str>,
        /// The line, counted from 1.
        line: usize,
        /// The column in characters, counted from 1.
        column: Option<usize>,
    },
    /// An environment variable, by name.
    Variable(Arc<str>),
    /// A flag of the command line, such as `--listen`.
    Flag(&'static str),
    /// Nowhere: it should have been given, and there is no file that could have held it.
    CommandLine,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => f.write_str(file),
            Self::Line { file, line, column } => {
                write!(f, "{file}:{line}")?;
                column.map_or(Ok(()), |column| write!(f, ":{column}"))
            }
            Self::Variable(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// A value and where it was written.
#[derive(Clone, Debug)]
pub struct Node {
    /// What was written.
    pub value: Value,
    /// Where.
    pub place: Place,
}

/// A key of a table, with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key, decoded.
    pub key: String,
    /// What it is set to.
    pub node: Node,
}

/// What was written.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string.
    String(String),
    /// An integer; one that no setting could hold is kept as the nearest that fits.
    Integer(i128),
    /// A boolean.
    Boolean(bool),
    /// A float or a date, as written.
    Other(String),
    /// An array.
    List(Vec<Node>),
    /// A table, in the order written.
    Table(Vec<Entry>),
    /// Text that has no type yet, as environment variables hold: it counts as the TOML value that it
    /// reads as where that type is wanted, and as a string otherwise.
    Text {
        /// The text as given.
        raw: String,
        /// The value that it reads as.
        parsed: Option<Box<Value>>,
    },
}

impl Node {
    /// A table without entries.
    pub fn empty(place: Place) -> Self {
        Self {
            value: Value::Table(Vec::new()),
            place,
        }
    }

    /// The string here.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            Value::Text { raw, parsed } => Some(match parsed.as_deref() {
                Some(Value::String(text)) => text,
                _ => raw,
            }),
            _ => None,
        }
    }

    /// The integer here.
    pub fn as_integer(&self) -> Option<i128> {
        match self.value.typed() {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The number here, whole or not.
    pub fn as_float(&self) -> Option<f64> {
        match self.value.typed() {
            Value::Integer(number) => number.to_string().parse().ok(),
            Value::Other(text) => text.replace('_', "").parse().ok(),
            _ => None,
        }
    }

    /// The boolean here.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value.typed() {
            Value::Boolean(yes) => Some(*yes),
            _ => None,
        }
    }

    /// The items of the array here.
    pub fn as_list(&self) -> Option<&[Node]> {
        match self.value.typed() {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of the table here.
    pub fn as_table(&self) -> Option<&[Entry]> {
        match self.value.typed() {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// "expected …, found …", showing what is here.
    pub fn not(&self, expected: &str) -> String {
        format!("expected {expected}, found {}", self.value)
    }

    /// As [`Node::not`], but naming only the type: for values that may be secret.
    pub fn not_shown(&self, expected: &str) -> String {
        format!("expected {expected}, found {}", self.value.kind())
    }
}

impl Value {
    fn typed(&self) -> &Self {
        match self {
            Self::Text {
                parsed: Some(value),
                ..
            } => value,
            other => other,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::String(_) | Self::Text { .. } => "a string",
            Self::Integer(_) => "an integer",
            Self::Boolean(_) => "a boolean",
            Self::Other(_) => "a float or date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// The value as an error message shows it: scalars as written but not at length, the rest by type.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) | Self::Text { raw: text, .. } => {
                const LONGEST: usize = 60;
                let shown: String = text.chars().take(LONGEST).collect();
                let more = if shown.len() < text.len() { "…" } else { "" };
                write!(f, "{shown:?}{more}")
            }
            Self::Integer(number) => write!(f, "{number}"),
            Self::Boolean(yes) => write!(f, "{yes}"),
            Self::Other(text) => f.write_str(text),
            Self::List(_) | Self::Table(_) => f.write_str(self.kind()),
        }
    }
}
