//! From values as they are read to one piece of memory.

use super::block::{self, FIRST_TEXT, Form, WORDS};
use super::{Conversation, uuid};

/// Texts that are looked for among those that are there already. Queues are few; without a bound an answer with
/// many others would cost the square of them.
const COMPARED: usize = 64;

/// Collects participants.
#[derive(Debug)]
pub(crate) struct ConversationBuilder {
    fields: usize,
    /// Ids as texts.
    ids: Vec<u8>,
    /// Where each of them begins.
    id_starts: Vec<usize>,
    /// The same ids, as long as all of them can be packed.
    packed: Option<Vec<u8>>,
    cells: Vec<Cell>,
    texts: Vec<u8>,
    /// Where each text begins.
    starts: Vec<usize>,
}

/// What a participant has for a field.
#[derive(Clone, Copy, Debug)]
enum Cell {
    Nothing,
    Word(usize),
    /// By its number.
    Text(usize),
}

impl ConversationBuilder {
    pub(super) fn new(fields: usize) -> Self {
        Self {
            fields,
            ids: Vec::new(),
            id_starts: Vec::new(),
            packed: Some(Vec::new()),
            cells: Vec::new(),
            texts: Vec::new(),
            starts: Vec::new(),
        }
    }

    /// Adds a participant; the values stand in the order of the source's fields. What is empty or longer than
    /// [`MAX_VALUE`](super::MAX_VALUE) is none: neither such an id nor such a value is kept.
    pub(crate) fn participant<'v>(
        &mut self,
        id: &str,
        values: impl IntoIterator<Item = Option<&'v str>>,
    ) {
        let start = self.ids.len();
        if block::push(id, &mut self.ids).is_none() {
            return;
        }
        self.id_starts.push(start);
        self.packed = self.packed.take().and_then(|mut packed| {
            packed.extend_from_slice(&uuid::pack(id)?);
            Some(packed)
        });
        let values = values
            .into_iter()
            .chain(std::iter::repeat(None))
            .take(self.fields);
        for value in values {
            let cell = value.and_then(|value| self.cell(value));
            self.cells.push(cell.unwrap_or(Cell::Nothing));
        }
    }

    fn cell(&mut self, value: &str) -> Option<Cell> {
        if let Some(word) = WORDS.iter().position(|word| *word == value) {
            return Some(Cell::Word(word));
        }
        let start = self.texts.len();
        block::push(value, &mut self.texts)?;
        // As it tells its own length, none begins as another does.
        let (texts, text) = self.texts.split_at(start);
        let is_same = |start: &usize| texts.get(*start..).is_some_and(|it| it.starts_with(text));
        if let Some(known) = self.starts.iter().take(COMPARED).position(is_same) {
            self.texts.truncate(start);
            return Some(Cell::Text(known));
        }
        self.starts.push(start);
        Some(Cell::Text(self.starts.len() - 1))
    }

    pub(crate) fn build(self) -> Conversation {
        let forms = [Form::Narrow, Form::Wide, Form::Textual];
        // Wide counts and places are 32 bits, and answers are bounded far below 4 GiB.
        let block = forms.into_iter().find_map(|form| self.write(form));
        Conversation {
            block: block.unwrap_or_default().into(),
        }
    }

    /// `None`: it can't be written in this form.
    fn write(&self, form: Form) -> Option<Vec<u8>> {
        let ids = match form {
            Form::Textual => self.ids.as_slice(),
            _ => self.packed.as_deref()?,
        };
        // Exact in the narrow form, which is the usual one.
        let mut out = Vec::with_capacity(3 + ids.len() + self.cells.len() + self.texts.len());
        out.push(form.number());
        form.write(self.fields, &mut out)?;
        form.write(self.id_starts.len(), &mut out)?;
        if form != Form::Textual {
            out.extend_from_slice(ids);
        }
        let mut cells = self.cells.iter();
        for start in &self.id_starts {
            if form == Form::Textual {
                form.write(FIRST_TEXT + self.texts.len() + start, &mut out)?;
            }
            for cell in cells.by_ref().take(self.fields) {
                form.write(self.number(*cell, form)?, &mut out)?;
            }
        }
        out.extend_from_slice(&self.texts);
        if form == Form::Textual {
            out.extend_from_slice(ids);
        }
        Some(out)
    }

    fn number(&self, cell: Cell, form: Form) -> Option<usize> {
        Some(match cell {
            Cell::Nothing => 0,
            Cell::Word(word) => word + 1,
            Cell::Text(number) if form == Form::Narrow => FIRST_TEXT + number,
            Cell::Text(number) => FIRST_TEXT + self.starts.get(number)?,
        })
    }
}
