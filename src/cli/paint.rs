//! Colours, shown on terminals only (`anstream` strips them elsewhere), and text that callers chose.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const ADDED: Style = AnsiColor::Green.on_default();
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();
/// The part of a line that differs: told apart without colours, too, on terminals that know few.
pub(crate) const ADDED_HERE: Style = AnsiColor::Green.on_default().bold().underline();
pub(crate) const REMOVED_HERE: Style = AnsiColor::Red.on_default().bold().underline();

/// Text from elsewhere as a terminal may have it: nothing in it moves the cursor or turns the line around.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        if acts(char) {
            shown.extend(char.escape_default());
        } else {
            shown.push(char);
        }
    }
    Cow::Owned(shown)
}

/// Whether a terminal would do something with it rather than show it: controls, and what changes the order
/// of a line or is there without being seen (Unicode's `Bidi_Control`, line separators, zero widths, tags).
fn acts(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_callers_chose_cannot_act_on_a_terminal() {
        assert!(matches!(harmless("grün 漢字 \\ \""), Cow::Borrowed(_)));
        assert_eq!(harmless("a\u{1b}[2J\u{9b}b\n"), "a\\u{1b}[2J\\u{9b}b\\n");
        assert_eq!(
            harmless("\u{202e}x\u{2066}\u{200b}"),
            "\\u{202e}x\\u{2066}\\u{200b}"
        );
    }
}
