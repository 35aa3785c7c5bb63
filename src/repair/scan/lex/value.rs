//! Whole values.

use super::{Cursor, Text};
use crate::repair::scan::nesting::Nesting;

/// What is taken of a value besides its grammar; RFC 8259 section 9 allows to set limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Containers within each other.
    pub(crate) depth: usize,
    /// Whether a number is taken that has this text behind its first byte.
    pub(crate) number: fn(&[u8]) -> bool,
}

impl Limits {
    /// All that the grammar allows.
    pub(crate) const NONE: Self = Self {
        depth: usize::MAX,
        number: |_| true,
    };
}

impl<'a> Cursor<'a> {
    /// Reads the rest of a value whose first byte was read, whatever is inside it, and holds it against the
    /// grammar. Most of a text is read by this, and nothing of it is kept.
    #[inline]
    pub(crate) fn skip_value(&mut self, first: u8, limits: Limits) -> Option<()> {
        let rest = match first {
            b'"' => return self.string().map(|_| ()),
            b'{' | b'[' => behind_container(first, self.rest, limits),
            _ => behind_scalar(first, self.rest, limits),
        };
        self.rest = rest?;
        Some(())
    }

    /// Whether anything is in a container whose first byte was read. Otherwise its last is read, too.
    #[inline]
    pub(crate) fn enter(&mut self, is_object: bool) -> bool {
        self.skip_space();
        !self.eat(closing(is_object))
    }

    /// Behind a member or an element: reads its comma, or the last byte of the container, and says whether
    /// another one follows.
    #[inline]
    pub(crate) fn more(&mut self, is_object: bool) -> Option<bool> {
        let byte = self.token()?;
        let more = byte == b',';
        (more || byte == closing(is_object)).then_some(more)
    }

    /// In front of a member: reads past those that are not wanted, and the name of the first that is. `None`
    /// inside is that there is none, and that the last byte of the object was read.
    #[expect(
        clippy::option_option,
        reason = "outside: is it JSON; inside: is there one"
    )]
    #[inline]
    pub(crate) fn seek<T>(
        &mut self,
        limits: Limits,
        mut wanted: impl FnMut(Text<'a>) -> Option<T>,
    ) -> Option<Option<T>> {
        // One of its own stays in registers.
        let mut cursor = self.clone();
        let found = loop {
            let first = cursor.token()?;
            let found = wanted(cursor.name(first)?);
            if found.is_some() {
                break found;
            }
            let first = cursor.token()?;
            cursor.skip_value(first, limits)?;
            if !cursor.more(true)? {
                break None;
            }
        };
        self.rest = cursor.rest;
        Some(found)
    }

    /// The rest of a member's name, whose first byte was read, with its colon.
    #[inline]
    pub(crate) fn name(&mut self, first: u8) -> Option<Text<'a>> {
        (first == b'"').then_some(())?;
        let name = self.string()?;
        (self.token()? == b':').then_some(name)
    }
}

/// What lies behind a container whose first byte was read.
fn behind_container(mut first: u8, text: &[u8], limits: Limits) -> Option<&[u8]> {
    let mut cursor = Cursor::new(text, 0);
    let mut open = Nesting::default();
    loop {
        // In front of a member, an element or the whole.
        if open.in_object() {
            cursor.name(first)?;
            first = cursor.token()?;
        }
        match first {
            b'"' => cursor.string().map(|_| ())?,
            b'{' | b'[' => {
                let is_object = first == b'{';
                first = cursor.token()?;
                if first != closing(is_object) {
                    (open.depth() < limits.depth).then(|| open.push(is_object))?;
                    continue;
                }
            }
            _ => cursor.rest = behind_scalar(first, cursor.rest, limits)?,
        }
        loop {
            if open.depth() == 0 {
                return Some(cursor.rest);
            }
            if cursor.more(open.in_object())? {
                break;
            }
            open.pop();
        }
        first = cursor.token()?;
    }
}

/// What lies behind a number or one of the three literal names, whose first byte was read.
fn behind_scalar(first: u8, text: &[u8], limits: Limits) -> Option<&[u8]> {
    let mut cursor = Cursor::new(text, 0);
    match first {
        b't' => cursor.literal(b"rue")?,
        b'f' => cursor.literal(b"alse")?,
        b'n' => cursor.literal(b"ull")?,
        _ => {
            cursor.number(first)?;
            let number = text.get(..cursor.at())?;
            (limits.number)(number).then_some(())?;
        }
    }
    Some(cursor.rest)
}

fn closing(is_object: bool) -> u8 {
    if is_object { b'}' } else { b']' }
}
