//! The picture of a state. Pure: it goes into a buffer.

mod figures;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{
    Cell, Paragraph, Row, StatefulWidget, Table, TableState, Widget as _, Wrap,
};

use super::state::{Link, State, View};

/// Lines of the pictures, one for each figure.
const FIGURES: u16 = 6;

/// The eight colours that every terminal has, or none.
fn coloured(state: &State, color: Color) -> Style {
    if state.colours {
        Style::new().fg(color)
    } else {
        Style::new()
    }
}

/// Draws `state` into `area`.
pub(super) fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let rows = [
        Constraint::Length(1),
        Constraint::Length(FIGURES),
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
    ];
    let [head, pictures, tabs, body, foot] = Layout::vertical(rows).areas(area);
    header(state, head, buffer);
    figures::draw(state, pictures, buffer);
    switcher(state, tabs, buffer);
    match &state.opened {
        Some((row, scroll)) => opened(state, row, *scroll, body, buffer),
        None => table(state, body, buffer),
    }
    footer(state, foot, buffer);
}

fn header(state: &State, area: Rect, buffer: &mut Buffer) {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut spans = vec![Span::styled("patchwright", bold)];
    if let Some(figures) = &state.update.figures {
        let uptime = std::time::Duration::from_secs(figures.uptime_s);
        let uptime = humantime::format_duration(uptime).to_string();
        let uptime: Vec<_> = uptime.split(' ').take(2).collect();
        let uptime = uptime.join(" ");
        spans.push(Span::raw(format!(
            " {}  {}  up {uptime}",
            figures.version, figures.mode
        )));
    }
    let url = &state.url;
    spans.push(match &state.link {
        Link::Asking => Span::raw(format!("  asking {url}")),
        Link::Connected => {
            Span::styled(format!("  connected {url}"), coloured(state, Color::Green))
        }
        Link::Lost(problem) => Span::styled(
            format!("  LOST {url}, trying again: {problem}"),
            coloured(state, Color::Red).add_modifier(Modifier::BOLD),
        ),
    });
    if state.is_paused {
        let style = coloured(state, Color::Yellow).add_modifier(Modifier::REVERSED);
        spans.insert(1, Span::styled(" PAUSED ", style));
        spans.insert(1, Span::raw(" "));
    }
    Line::from(spans).render(area, buffer);
}

fn switcher(state: &State, area: Rect, buffer: &mut Buffer) {
    let chosen = Style::new().add_modifier(Modifier::REVERSED);
    let style = |view: View| {
        if state.view == view {
            chosen
        } else {
            Style::new()
        }
    };
    let mut spans = vec![Span::styled(" Recent repairs ", style(View::Repairs))];
    if state.update.callers.is_some() {
        spans.push(Span::styled(
            " What callers still send wrong ",
            style(View::Callers),
        ));
    }
    if state.is_typing || !state.filter.is_empty() {
        let cursor = if state.is_typing { "_" } else { "" };
        let filter = crate::harmless::harmless(&state.filter);
        let text = format!("  filter: {filter}{cursor}");
        spans.push(Span::styled(text, coloured(state, Color::Yellow)));
    }
    Line::from(spans).render(area, buffer);
}

fn table(state: &State, area: Rect, buffer: &mut Buffer) {
    let (names, widths): (&[&'static str], &[Constraint]) = match state.view {
        View::Repairs => (
            &["time", "outcome", "rule", "what", "status", "caller"],
            &[
                Constraint::Length(8),
                Constraint::Length(9),
                Constraint::Length(16),
                Constraint::Fill(2),
                Constraint::Length(6),
                Constraint::Fill(1),
            ],
        ),
        View::Callers => (
            &["caller", "count", "outcome", "what", "request"],
            &[
                Constraint::Fill(1),
                Constraint::Length(6),
                Constraint::Length(9),
                Constraint::Length(16),
                Constraint::Fill(2),
            ],
        ),
    };
    let rows = state.rows();
    if rows.is_empty() {
        let text = match (&state.link, state.filter.is_empty()) {
            (Link::Asking, _) => "",
            (_, false) => "nothing fits the filter; Esc ends it",
            _ => "no request that a rule is about has come yet",
        };
        Line::raw(text).render(area, buffer);
        return;
    }
    let lines = rows.iter().map(|row| {
        let cells = row.cells.iter().enumerate().map(|(column, cell)| {
            // The outcome is in the one column that has a colour.
            let is_outcome = names.get(column) == Some(&"outcome");
            let style = if is_outcome {
                outcome(state, cell)
            } else {
                Style::new()
            };
            Cell::from(Span::styled(cell.replace('\n', " "), style))
        });
        Row::new(cells)
    });
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let table = Table::new(lines, widths.iter().copied())
        .header(Row::new(names.iter().copied()).style(bold))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED))
        .column_spacing(1);
    let mut chosen = TableState::new().with_selected(state.selected);
    StatefulWidget::render(table, area, buffer, &mut chosen);
}

fn outcome(state: &State, word: &str) -> Style {
    match word {
        "repaired" => coloured(state, Color::Green),
        "rejected" => coloured(state, Color::Red),
        "forwarded" => coloured(state, Color::Yellow),
        "observed" => coloured(state, Color::Cyan),
        _ => Style::new(),
    }
}

fn opened(state: &State, row: &super::data::Row, scroll: u16, area: Rect, buffer: &mut Buffer) {
    let name = coloured(state, Color::Cyan);
    let mut lines = Vec::new();
    for (field, text) in &row.details {
        for (index, line) in text.split('\n').enumerate() {
            let field = if index == 0 { field } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("{field:<12}"), name),
                Span::raw(line.to_owned()),
            ]));
        }
    }
    let last = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_sub(1);
    Paragraph::new(lines)
        .wrap(Wrap { trim: false })
        .scroll((scroll.min(last), 0))
        .render(area, buffer);
}

fn footer(state: &State, area: Rect, buffer: &mut Buffer) {
    let text = match (state.is_typing, &state.opened) {
        (true, _) => "Enter keep the filter  Esc end it",
        (_, Some(_)) => "Esc back  up/down scroll  q leave",
        _ if state.update.callers.is_some() => {
            "up/down choose  Enter open  Tab callers  / filter  p pause  q leave"
        }
        _ => "up/down choose  Enter open  / filter  p pause  q leave",
    };
    let style = Style::new().add_modifier(Modifier::DIM);
    Line::styled(text, style).render(area, buffer);
}
