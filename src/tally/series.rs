//! The last minutes, as points of a few seconds each. Pure: whoever has a clock says what time it is.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use super::{Spread, Totals};
use crate::layer::record::{Origin, Outcome};

/// The time between two readings.
pub const STEP: Duration = Duration::from_secs(5);
/// Points that are kept: 15 minutes, which is as far back as somebody who watches wants to see.
pub const KEPT: usize = 180;

/// What was counted between two readings.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The time of the second reading. It may be before that of an older point: clocks are set.
    pub time: SystemTime,
    /// See [`Totals::outcomes`].
    pub outcomes: [u64; Outcome::ALL.len()],
    /// See [`Totals::snapshots`].
    pub snapshots: [u64; Origin::ALL.len()],
    /// Of the snapshots that were used.
    pub age: Spread,
    /// Of the upstreams' answers.
    pub upstream: Spread,
    /// Of lookups.
    pub lookup: Spread,
    /// Requests that were being answered at the second reading.
    pub in_flight: u64,
}

/// The last [`KEPT`] points, oldest first.
///
/// The clock is only written down: what a point has is what was counted between two readings, whatever
/// the clock says, so that nothing is lost or counted twice when it is set.
#[derive(Debug)]
pub struct Series {
    points: VecDeque<Point>,
    read: Totals,
}

impl Series {
    /// Begins with what was counted before.
    pub fn new(totals: Totals) -> Self {
        Self {
            points: VecDeque::with_capacity(KEPT),
            read: totals,
        }
    }

    /// Ends the point under way with a reading.
    pub fn read(&mut self, now: SystemTime, totals: Totals) {
        let point = self.under_way(now, &totals);
        self.read = totals;
        if self.points.len() == KEPT {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }

    /// The point that would end with a reading now.
    pub fn under_way(&self, now: SystemTime, totals: &Totals) -> Point {
        let since = totals.since(&self.read);
        Point {
            time: now,
            outcomes: since.outcomes,
            snapshots: since.snapshots,
            age: since.age.spread(),
            upstream: since.upstream.spread(),
            lookup: since.lookup.spread(),
            in_flight: since.in_flight,
        }
    }

    /// The points, oldest first.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = &Point> {
        self.points.iter()
    }
}
