//! The figures of the last 15 minutes, a line each.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget as _;

use super::super::data::{Figures, OUTCOMES, Point, Quantiles};
use super::super::series;
use super::super::state::{Link, State};
use super::{coloured, outcome};

/// A sign for each outcome, for those who see no colours.
const SIGNS: [&str; 5] = ["█", "░", "▒", "x", "o"];

pub(super) fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let Some(figures) = &state.update.figures else {
        let text = match state.link {
            Link::Connected => "this proxy has no figures: it is older than this program",
            _ => "",
        };
        Line::raw(text).render(area, buffer);
        return;
    };
    let lines = Layout::vertical([Constraint::Length(1); 6]).split(area);
    let mut lines = lines.iter();
    let mut next = || lines.next().copied().unwrap_or_default();
    let rates = series::repairs(figures);
    let peak = rates.iter().flatten().copied().fold(0.0, f64::max);
    let now = rates.last().copied().flatten().unwrap_or_default();
    let text = format!("{now:.1}/s, peak {peak:.1}");
    picture(state, "repairs/s", &rates, None, &text, next(), buffer);
    mix(state, figures, next(), buffer);
    let hits: Vec<_> = figures.points.iter().map(series::hit_ratio).collect();
    let all = figures.points.iter().chain(&figures.now);
    let (saved, asked) = all.fold((0.0, 0.0), |(saved, asked), point| {
        (saved + point.lookups_saved, asked + point.snapshots)
    });
    let text = if asked > 0.0 {
        format!("{:.0} % of {asked:.0}", saved / asked * 100.0)
    } else {
        "no snapshots".to_owned()
    };
    picture(state, "hit ratio", &hits, Some(1.0), &text, next(), buffer);
    for name in ["snapshot age", "upstream", "lookup"] {
        let of = |point: &Point| match name {
            "snapshot age" => point.age,
            "upstream" => point.upstream,
            _ => point.lookup,
        };
        let slow: Vec<_> = figures.points.iter().map(|point| of(point).p99).collect();
        // The last that there are: a quiet interval says nothing.
        let points = figures.points.iter().chain(&figures.now).rev().map(of);
        let last = points.into_iter().find(|quantiles| quantiles.p50.is_some());
        let text = match last {
            Some(Quantiles { p50, p99 }) => format!("p50 {} p99 {}", time(p50), time(p99)),
            None => "none".to_owned(),
        };
        picture(state, name, &slow, None, &text, next(), buffer);
    }
}

fn time(ms: Option<f64>) -> String {
    match ms {
        None => "-".to_owned(),
        Some(ms) if ms >= 10_000.0 => format!("{:.0}s", ms / 1000.0),
        Some(ms) if ms >= 1000.0 => format!("{:.1}s", ms / 1000.0),
        Some(ms) if ms >= 10.0 => format!("{ms:.0}ms"),
        Some(ms) => format!("{ms:.1}ms"),
    }
}

fn columns(area: Rect) -> [Rect; 3] {
    let columns = [
        Constraint::Length(13),
        Constraint::Fill(1),
        Constraint::Length(24),
    ];
    Layout::horizontal(columns).spacing(1).areas(area)
}

fn picture(
    state: &State,
    name: &str,
    values: &[Option<f64>],
    top: Option<f64>,
    text: &str,
    area: Rect,
    buffer: &mut Buffer,
) {
    let [left, middle, right] = columns(area);
    Line::raw(name.to_owned()).render(left, buffer);
    let bars = series::sparkline(values, usize::from(middle.width), top);
    Line::styled(bars, coloured(state, Color::Cyan)).render(middle, buffer);
    Line::raw(text.to_owned()).render(right, buffer);
}

/// All outcomes of the time that is shown, as parts of one bar.
fn mix(state: &State, figures: &Figures, area: Rect, buffer: &mut Buffer) {
    let mut counts = [0.0; 5];
    for point in figures.points.iter().chain(&figures.now) {
        for (sum, count) in counts.iter_mut().zip(point.outcomes) {
            *sum += count;
        }
    }
    let [left, middle, right] = columns(area);
    Line::raw("outcomes").render(left, buffer);
    let named = || {
        OUTCOMES
            .into_iter()
            .zip(SIGNS)
            .zip(counts)
            .filter(|(_, count)| *count > 0.0)
    };
    let mut legend = String::new();
    for ((word, sign), count) in named() {
        // Writing to a String cannot fail.
        let _ = write!(legend, "{sign}{word} {count:.0} ");
    }
    // The words need room; the bar gets what is left of it.
    let both = Rect {
        width: right.right().saturating_sub(middle.left()),
        ..middle
    };
    let words = u16::try_from(legend.chars().count()).unwrap_or(u16::MAX);
    let [bar, words] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(words)])
        .spacing(1)
        .areas(both);
    let shares = series::shares(&counts, usize::from(bar.width));
    let parts = OUTCOMES.into_iter().zip(SIGNS).zip(shares);
    let spans: Vec<_> = parts
        .map(|((word, sign), share)| {
            let style = match word {
                "complete" => Style::new(),
                word => outcome(state, word),
            };
            Span::styled(sign.repeat(share), style)
        })
        .collect();
    Line::from(spans).render(bar, buffer);
    Line::raw(legend).render(words, buffer);
}
