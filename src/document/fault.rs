//! Faults, and the sink that gathers them.

use std::cell::RefCell;
use std::fmt::{self, Write};

use super::Place;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it was written.
    pub place: Place,
    /// The key path, such as `limits.body` or `rule "participant".paths`; empty for syntax errors.
    pub key: String,
    /// What is wrong and how to mend it, in one sentence.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = OneLine(f);
        write!(line, "{}: ", self.place)?;
        if !self.key.is_empty() {
            write!(line, "{}: ", self.key)?;
        }
        line.write_str(&self.problem)
    }
}

/// Escapes control characters. TOML allows them in quoted keys: a fault must not read as two, or talk to
/// the terminal.
struct OneLine<'f, 'b>(&'f mut fmt::Formatter<'b>);

impl Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for char in text.chars() {
            if char.is_control() {
                write!(self.0, "{}", char.escape_default())?;
            } else {
                self.0.write_char(char)?;
            }
        }
        Ok(())
    }
}

/// Every fault that was found, in the order of file and line.
#[derive(Clone, Debug)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// The faults, at least one.
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Takes faults while a document is read, so that reading goes on to the next one.
#[derive(Debug, Default)]
pub struct FaultSink(RefCell<Vec<Fault>>);

impl FaultSink {
    /// Notes a fault.
    pub fn push(&self, place: Place, key: impl Into<String>, problem: impl Into<String>) {
        self.add(Fault {
            place,
            key: key.into(),
            problem: problem.into(),
        });
    }

    /// Notes a fault that is at hand already.
    pub fn add(&self, fault: Fault) {
        self.0.borrow_mut().push(fault);
    }

    /// Whether nothing was noted so far.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// Whether something was noted of this key.
    pub fn has(&self, key: &str) -> bool {
        self.0.borrow().iter().any(|fault| fault.key == key)
    }

    /// `value` when nothing was noted, else the faults.
    pub fn finish<T>(self, value: T) -> Result<T, Faults> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(self.into_faults())
        }
    }

    /// What was noted, sorted by file and line.
    pub fn into_faults(self) -> Faults {
        let mut faults = self.0.into_inner();
        // Stable: faults of one line stay in the order in which they were found.
        faults.sort_by(|a, b| a.place.cmp(&b.place));
        Faults(faults)
    }
}
