//! What is on the screen, and what keys and answers make of it. Pure.

use super::data::{Figures, Row};

/// Characters that a filter may have.
pub(super) const FILTER: usize = 60;

/// One round of answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Update {
    /// `None`: the proxy has no such page.
    pub(super) figures: Option<Figures>,
    pub(super) repairs: Vec<Row>,
    /// `None`: the proxy has no such page.
    pub(super) callers: Option<Vec<Row>>,
}

/// Whether the proxy answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// It has not been asked yet.
    Asking,
    Connected,
    /// It does not, and is asked again.
    Lost(String),
}

/// Which table is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Repairs,
    Callers,
}

/// Everything that a picture is made from.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) url: String,
    pub(super) colours: bool,
    pub(super) link: Link,
    pub(super) update: Update,
    pub(super) view: View,
    /// Among the rows that the filter leaves.
    pub(super) selected: usize,
    pub(super) filter: String,
    /// Whether keys go into the filter.
    pub(super) is_typing: bool,
    pub(super) is_paused: bool,
    /// The row whose shape is shown, as it was when it was opened, and how far it is scrolled.
    pub(super) opened: Option<(Row, u16)>,
}

impl State {
    pub(super) fn new(url: String, colours: bool) -> Self {
        Self {
            url,
            colours,
            link: Link::Asking,
            update: Update::default(),
            view: View::Repairs,
            selected: 0,
            filter: String::new(),
            is_typing: false,
            is_paused: false,
            opened: None,
        }
    }

    /// What the proxy said, or why it said nothing. A pause holds the picture, and not the connection.
    pub(super) fn take(&mut self, update: Result<Update, String>) {
        let update = match update {
            Ok(update) => update,
            Err(problem) => {
                self.link = Link::Lost(problem);
                return;
            }
        };
        self.link = Link::Connected;
        if self.is_paused {
            return;
        }
        // Whoever stands at the top wants to see what is new; else the line stays under the eye.
        let chosen = (self.selected > 0)
            .then(|| self.chosen().map(|row| row.id.clone()))
            .flatten();
        self.update = update;
        if self.update.callers.is_none() {
            self.view = View::Repairs;
        }
        if let Some(id) = chosen {
            let at = self.rows().iter().position(|row| row.id == id);
            self.selected = at.unwrap_or(self.selected);
        }
        self.stay_inside();
    }

    /// The rows of the table that the filter leaves.
    pub(super) fn rows(&self) -> Vec<&Row> {
        let rows = match self.view {
            View::Repairs => self.update.repairs.iter(),
            View::Callers => self.update.callers.as_deref().unwrap_or_default().iter(),
        };
        rows.filter(|row| self.filter.is_empty() || row.has(&self.filter))
            .collect()
    }

    pub(super) fn chosen(&self) -> Option<&Row> {
        self.rows().get(self.selected).copied()
    }

    pub(super) fn stay_inside(&mut self) {
        self.selected = self.selected.min(self.rows().len().saturating_sub(1));
    }
}
