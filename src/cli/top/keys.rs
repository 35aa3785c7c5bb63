//! What keys do. Pure.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::state::{FILTER, State, View};

/// Lines that a page key goes.
const PAGE: usize = 10;

/// Whether it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Stay,
    Leave,
}

/// Does what a key says.
pub(super) fn press(state: &mut State, key: KeyEvent) -> Then {
    if key.kind == KeyEventKind::Release {
        return Then::Stay;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if control && matches!(key.code, KeyCode::Char('c' | 'C')) {
        return Then::Leave;
    }
    if state.is_typing {
        typed(state, key.code);
        return Then::Stay;
    }
    if state.opened.is_some() {
        return opened(state, key.code);
    }
    match key.code {
        // First it ends what stands in the way of the whole picture.
        KeyCode::Esc if !state.filter.is_empty() => {
            state.filter.clear();
            state.stay_inside();
        }
        KeyCode::Esc | KeyCode::Char('q') => return Then::Leave,
        KeyCode::Char('p' | ' ') => state.is_paused = !state.is_paused,
        KeyCode::Char('/') => state.is_typing = true,
        KeyCode::Tab | KeyCode::BackTab => {
            state.view = match state.view {
                View::Repairs if state.update.callers.is_some() => View::Callers,
                _ => View::Repairs,
            };
            state.selected = 0;
        }
        KeyCode::Enter => state.opened = state.chosen().cloned().map(|row| (row, 0)),
        code => {
            state.selected = moved(state.selected, code);
            state.stay_inside();
        }
    }
    Then::Stay
}

fn moved(at: usize, code: KeyCode) -> usize {
    match code {
        KeyCode::Down | KeyCode::Char('j') => at.saturating_add(1),
        KeyCode::Up | KeyCode::Char('k') => at.saturating_sub(1),
        KeyCode::PageDown => at.saturating_add(PAGE),
        KeyCode::PageUp => at.saturating_sub(PAGE),
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => usize::MAX,
        _ => at,
    }
}

fn typed(state: &mut State, code: KeyCode) {
    match code {
        KeyCode::Enter => state.is_typing = false,
        KeyCode::Esc => {
            state.is_typing = false;
            state.filter.clear();
        }
        KeyCode::Backspace => {
            state.filter.pop();
        }
        KeyCode::Char(char) if state.filter.chars().count() < FILTER => state.filter.push(char),
        _ => {}
    }
    state.stay_inside();
}

fn opened(state: &mut State, code: KeyCode) -> Then {
    match code {
        KeyCode::Char('q') => return Then::Leave,
        KeyCode::Esc | KeyCode::Enter => state.opened = None,
        code => {
            if let Some((_, scroll)) = &mut state.opened {
                let most = usize::from(u16::MAX / 2);
                let to = moved(usize::from(*scroll), code).min(most);
                *scroll = u16::try_from(to).unwrap_or_default();
            }
        }
    }
    Then::Stay
}
