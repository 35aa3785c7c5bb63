//! A conversation in one piece of memory.
//!
//! ```text
//! form, fields, participants      1 byte each; in the wide forms 1, 4 and 4
//! ids                             16 bytes each, where all are UUIDs as the API writes them
//! cells                           for each participant its fields; before them the id where ids are texts
//! texts                           each behind its length less one; UUIDs in 18 bytes: see [`push`]
//! ```
//!
//! A cell is nothing, one of the [`WORDS`], or a text: in the narrow form, of one byte, by its number, in the
//! wide forms, of four, by its place. A text that several cells have is there once.

use std::borrow::Cow;

use super::{MAX_VALUE, uuid};

/// Words that most values are: states of the published API. They stand in what replicas keep for each other, so
/// that another list is another version of that.
pub(super) const WORDS: [&str; 13] = [
    "alerting",
    "connected",
    "contacting",
    "converting",
    "dialing",
    "disconnected",
    "none",
    "offering",
    "parked",
    "scheduled",
    "terminated",
    "transmitting",
    "uploading",
];

/// The cell of the first text.
pub(super) const FIRST_TEXT: usize = WORDS.len() + 1;

/// How ids and cells are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Narrow,
    Wide,
    /// Wide, and the ids are texts.
    Textual,
}

impl Form {
    const ALL: [Self; 3] = [Self::Narrow, Self::Wide, Self::Textual];

    pub(super) fn number(self) -> u8 {
        match self {
            Self::Narrow => 0,
            Self::Wide => 1,
            Self::Textual => 2,
        }
    }

    /// Bytes of a count in the head, and of a cell.
    fn width(self) -> usize {
        if self == Self::Narrow { 1 } else { 4 }
    }

    /// Cells before those of the fields.
    fn id_cells(self) -> usize {
        usize::from(self == Self::Textual)
    }

    /// Writes a count or a cell. `None`: it is too large for this form.
    pub(super) fn write(self, number: usize, out: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::Narrow => out.push(u8::try_from(number).ok()?),
            _ => out.extend_from_slice(&u32::try_from(number).ok()?.to_le_bytes()),
        }
        Some(())
    }

    fn number_at(self, bytes: &[u8], at: usize) -> Option<usize> {
        if self == Self::Narrow {
            return bytes.get(at).copied().map(usize::from);
        }
        let bytes = bytes.get(at.checked_mul(4)?..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    }
}

/// The parts of a block.
#[derive(Clone, Copy)]
pub(super) struct Block<'c> {
    form: Form,
    pub(super) fields: usize,
    pub(super) count: usize,
    ids: &'c [u8],
    cells: &'c [u8],
    texts: &'c [u8],
}

impl<'c> Block<'c> {
    /// `None`: it is none. What is one may still have cells that lead nowhere.
    pub(super) fn read(bytes: &'c [u8]) -> Option<Self> {
        let (form, rest) = bytes.split_first()?;
        let form = Form::ALL.into_iter().find(|all| all.number() == *form)?;
        let (fields, count) = (form.number_at(rest, 0)?, form.number_at(rest, 1)?);
        let rest = rest.get(2 * form.width()..)?;
        let packed = if form == Form::Textual { 0 } else { count };
        let (ids, rest) = rest.split_at_checked(packed.checked_mul(16)?)?;
        let row = fields.checked_add(form.id_cells())?;
        let cells = count.checked_mul(row)?.checked_mul(form.width())?;
        let (cells, texts) = rest.split_at_checked(cells)?;
        Some(Self {
            form,
            fields,
            count,
            ids,
            cells,
            texts,
        })
    }

    /// Whether every cell leads somewhere.
    #[cfg(feature = "cache")]
    pub(super) fn is_whole(&self) -> bool {
        let row = self.fields + self.form.id_cells();
        let is_whole = |at: usize| {
            let cell = self.form.number_at(self.cells, at);
            let must_be = self.form == Form::Textual && at.is_multiple_of(row);
            cell.is_some_and(|cell| cell == 0 && !must_be || self.text(cell).is_some())
        };
        (0..self.count * row).all(is_whole)
    }

    /// The place of the participant with this id, the first of several.
    pub(super) fn position(&self, id: &str) -> Option<usize> {
        if self.form == Form::Textual {
            return (0..self.count).find(|&index| self.cell(index, 0).as_deref() == Some(id));
        }
        let id = uuid::pack(id)?;
        let (ids, _) = self.ids.as_chunks();
        ids.iter().position(|known| *known == id)
    }

    /// A field of the participant at a place.
    pub(super) fn value(&self, index: usize, field: usize) -> Option<Cow<'c, str>> {
        if field >= self.fields || index >= self.count {
            return None;
        }
        self.cell(index, self.form.id_cells() + field)
    }

    fn cell(&self, index: usize, column: usize) -> Option<Cow<'c, str>> {
        let row = self.fields + self.form.id_cells();
        self.text(self.form.number_at(self.cells, index * row + column)?)
    }

    fn text(&self, cell: usize) -> Option<Cow<'c, str>> {
        let Some(at) = cell.checked_sub(FIRST_TEXT) else {
            return WORDS.get(cell.checked_sub(1)?).copied().map(Cow::Borrowed);
        };
        let mut texts = self.texts;
        if self.form == Form::Narrow {
            for _ in 0..at {
                (_, texts) = split(texts)?;
            }
        } else {
            texts = texts.get(at..)?;
        }
        match split(texts)?.0 {
            Text::Plain(text) => str::from_utf8(text).ok().map(Cow::Borrowed),
            Text::Uuid(packed) => Some(Cow::Owned(uuid::unpack(packed))),
        }
    }
}

enum Text<'c> {
    Plain(&'c [u8]),
    Uuid(&'c [u8; 16]),
}

/// In the place of the length less one: which of two it is stands behind it.
const ESCAPE: u8 = u8::MAX;
const LONGEST: u8 = 0;
const UUID: u8 = 1;

/// The first text, and those behind it.
fn split(texts: &[u8]) -> Option<(Text<'_>, &[u8])> {
    let (text, rest) = match texts {
        [ESCAPE, UUID, rest @ ..] => {
            let (packed, rest) = rest.split_first_chunk()?;
            return Some((Text::Uuid(packed), rest));
        }
        [ESCAPE, LONGEST, rest @ ..] => rest.split_at_checked(MAX_VALUE)?,
        [length, rest @ ..] if *length != ESCAPE => {
            rest.split_at_checked(usize::from(*length) + 1)?
        }
        _ => return None,
    };
    Some((Text::Plain(text), rest))
}

/// Adds a text. Ids of queues and users are UUIDs, and take 18 bytes in place of 37; the longest text takes one more
/// than its length and the byte for that.
pub(super) fn push(text: &str, texts: &mut Vec<u8>) -> Option<()> {
    const { assert!(MAX_VALUE == 256, "a length less one is a byte") }
    if let Some(packed) = uuid::pack(text) {
        texts.extend_from_slice(&[ESCAPE, UUID]);
        texts.extend_from_slice(&packed);
        return Some(());
    }
    let length = u8::try_from(text.len().checked_sub(1)?).ok()?;
    texts.push(length);
    if length == ESCAPE {
        texts.push(LONGEST);
    }
    texts.extend_from_slice(text.as_bytes());
    Some(())
}
