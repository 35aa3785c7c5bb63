//! `[budget]`: what may be spent of a credential's rate, and how long requests wait for it.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::units::duration;
use crate::document::Table;
use crate::rate::{Settings, Share};

/// A window is a minute, and whoever waits for longer has been told when to come back.
const SHAPES: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(60);

pub(super) fn read(root: &mut Table<'_>) -> Settings {
    let mut table = root.table("budget");
    let default = Settings::default();
    let lookup_share = table.read("lookup_share", |node| {
        let share = node.as_float().and_then(Share::new);
        share.ok_or_else(|| node.not("a number above 0 and up to 1 such as 0.5"))
    });
    let shape = duration(&mut table, "shape", &SHAPES);
    table.finish();
    Settings {
        lookup_share: lookup_share.unwrap_or(default.lookup_share),
        shape: shape.unwrap_or(default.shape),
    }
}
