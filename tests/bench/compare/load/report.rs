//! What came of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) times: Vec<Duration>,
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) errors: u64,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
}

impl Report {
    /// A quantile of the times, which are sorted.
    fn quantile(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a length is an index"
        )]
        let index = (self.times.len().saturating_sub(1) as f64 * share) as usize;
        self.times.get(index).map_or(0.0, microseconds)
    }
}

fn microseconds(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statuses: Vec<String> = self
            .statuses
            .iter()
            .map(|(status, count)| format!(r#""{status}":{count}"#))
            .collect();
        let used = clock_gettime(ClockId::ProcessCPUTime);
        let used = Duration::try_from(used).unwrap_or_default();
        write!(
            f,
            r#"{{"done":{},"errors":{},"seconds":{:.6},"p50":{:.1},"p99":{:.1},"cpu":{:.6},"statuses":{{{}}}}}"#,
            self.times.len(),
            self.errors,
            self.took.as_secs_f64(),
            self.quantile(0.5),
            self.quantile(0.99),
            used.as_secs_f64(),
            statuses.join(",")
        )
    }
}
