//! Small pictures of numbers over time, in characters. Pure.

use super::data::{Figures, Point};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Repairs per second in each interval.
pub(super) fn repairs(figures: &Figures) -> Vec<Option<f64>> {
    let points = figures.points.iter();
    let repaired = points.map(|point| point.outcomes.first().copied().unwrap_or_default());
    repaired
        .map(|repaired| Some(repaired / figures.step_s))
        .collect()
}

/// The part of the snapshots that cost no lookup, from 0 to 1.
pub(super) fn hit_ratio(point: &Point) -> Option<f64> {
    (point.snapshots > 0.0).then(|| point.lookups_saved / point.snapshots)
}

/// A bar for each of `width` columns, the newest at the right. Where there are more numbers than columns,
/// the largest of those that share one is shown, so that a peak is never lost.
pub(super) fn sparkline(values: &[Option<f64>], width: usize, top: Option<f64>) -> String {
    if width == 0 {
        return String::new();
    }
    let each = values.len().div_ceil(width).max(1);
    let largest = |values: &[Option<f64>]| values.iter().flatten().copied().reduce(f64::max);
    let mut columns: Vec<_> = values.rchunks(each).map(largest).collect();
    columns.reverse();
    let top = top.or_else(|| largest(&columns)).filter(|top| *top > 0.0);
    let bars = columns.iter().map(|value| match value {
        None => ' ',
        Some(value) => bar(value / top.unwrap_or(1.0)),
    });
    let empty = std::iter::repeat_n(' ', width - columns.len());
    empty.chain(bars).collect()
}

fn bar(part: f64) -> char {
    // The lowest bar is for zero alone.
    let eighths = super::data::whole((part.clamp(0.0, 1.0) * 7.0).ceil());
    let index = usize::try_from(eighths).unwrap_or_default();
    BARS.get(index).copied().unwrap_or(' ')
}

/// How many of `width` columns each count gets; whatever is there at all gets one.
pub(super) fn shares(counts: &[f64], width: usize) -> Vec<usize> {
    let total: f64 = counts.iter().sum();
    let present = counts.iter().filter(|count| **count > 0.0).count();
    let to_share = u32::try_from(width.saturating_sub(present)).unwrap_or(u32::MAX);
    let share = |count: &f64| {
        if *count <= 0.0 {
            return 0;
        }
        let share = super::data::whole((count / total * f64::from(to_share)).floor());
        usize::try_from(share).unwrap_or_default() + 1
    };
    counts.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_at_the_right_and_a_peak_is_never_lost() {
        let some = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
        assert_eq!(sparkline(&some(&[0.0, 1.0, 8.0]), 5, None), "  ▁▂█");
        assert_eq!(sparkline(&some(&[9.0, 0.0, 0.0, 0.0]), 2, None), "█▁");
        assert_eq!(sparkline(&[None, Some(0.5), None], 3, Some(1.0)), " ▅ ");
        assert_eq!(sparkline(&some(&[0.0]), 1, None), "▁");
        assert_eq!(sparkline(&[], 3, None), "   ");
        assert_eq!(sparkline(&some(&[f64::NAN, f64::INFINITY]), 0, None), "");
    }

    #[test]
    fn what_is_there_at_all_has_its_column() {
        assert_eq!(shares(&[98.0, 1.0, 0.0, 1.0], 10), [7, 1, 0, 1]);
        assert_eq!(shares(&[50.0, 1.0, 0.0], 10), [8, 1, 0]);
        assert_eq!(shares(&[1.0, 1.0], 10), [5, 5]);
        assert_eq!(shares(&[0.0, 0.0], 10), [0, 0]);
    }
}
