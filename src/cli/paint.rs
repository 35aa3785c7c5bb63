//! Colours, shown on terminals only (`anstream` strips them elsewhere).

use anstyle::{AnsiColor, Style};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const ADDED: Style = AnsiColor::Green.on_default();
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();
/// The part of a line that differs: told apart without colours, too, on terminals that know few.
pub(crate) const ADDED_HERE: Style = AnsiColor::Green.on_default().bold().underline();
pub(crate) const REMOVED_HERE: Style = AnsiColor::Red.on_default().bold().underline();
