//! Trouble on demand.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::Method;
use serde::Deserialize;

/// Faults that may wait at once; more are refused.
const MOST: usize = 100;

/// Kinds that are counted apart: `slow=1` and `slow=2` are two.
const KINDS: usize = 100;

/// What `slow` alone adds.
const SLOW: Duration = Duration::from_secs(3);

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum FaultKind {
    /// `drop-before`: the connection is lost and nothing was done.
    DropBefore,
    /// `drop-after`: the request is carried out, then the connection is lost before the answer.
    DropAfter,
    /// `429`, `503`, … any 4xx or 5xx: this answer, and nothing was done.
    Status(u16),
    /// `slow` (3 s) or `slow=MILLISECONDS`: the request is carried out at once, answered later.
    Slow(Duration),
    /// `hold`: the request is carried out at once, answered when released (or after a minute).
    Hold,
}

/// A kind of trouble, and which requests it meets.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// How many requests it meets: one when absent, no end when `null`.
    #[serde(default = "once")]
    pub count: Option<u64>,
    /// Only requests with this method; any when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// The share of matching requests that it meets, 0 to 1. Evenly spread and not drawn by lot, so that
    /// a run can be repeated: 0.25 is every fourth.
    #[serde(default = "always")]
    pub rate: f64,
}

/// Why a fault was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No such kind.
    #[error(
        "unknown fault \"{0}\": expected drop-before, drop-after, hold, slow, slow=MILLISECONDS or a status from 400 to 599"
    )]
    Kind(String),
    /// Not a share.
    #[error("the rate must be a number above 0 and up to 1, as in drop-after:0.1 or 503:1:PATCH")]
    Rate,
    /// Too many at once.
    #[error("there are {MOST} faults already")]
    TooMany,
}

/// The faults in force, oldest first.
#[derive(Debug, Default)]
pub(super) struct Faults {
    active: VecDeque<Active>,
    /// How many requests each kind has met, also of faults that are over.
    struck: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Active {
    fault: Fault,
    /// Shares of requests not yet met; at 1 one is.
    due: f64,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the default of a field that may be null"
)]
fn once() -> Option<u64> {
    Some(1)
}

fn always() -> f64 {
    1.0
}

// === impl FaultKind ===

impl FromStr for FaultKind {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || FaultError::Kind(text.to_owned());
        match text {
            "drop-before" => Ok(Self::DropBefore),
            "drop-after" => Ok(Self::DropAfter),
            "hold" => Ok(Self::Hold),
            "slow" => Ok(Self::Slow(SLOW)),
            other => {
                if let Some(wait) = other.strip_prefix("slow=") {
                    let wait = wait.parse().map_err(|_| unknown())?;
                    return Ok(Self::Slow(Duration::from_millis(wait)));
                }
                let status = other.parse().map_err(|_| unknown())?;
                if (400..600).contains(&status) {
                    Ok(Self::Status(status))
                } else {
                    Err(unknown())
                }
            }
        }
    }
}

/// As it is read.
impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DropBefore => f.write_str("drop-before"),
            Self::DropAfter => f.write_str("drop-after"),
            Self::Status(status) => write!(f, "{status}"),
            Self::Slow(wait) => write!(f, "slow={}", wait.as_millis()),
            Self::Hold => f.write_str("hold"),
        }
    }
}

impl TryFrom<String> for FaultKind {
    type Error = FaultError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

// === impl Fault ===

impl Fault {
    /// Meets the next request.
    pub fn once(kind: FaultKind) -> Self {
        Self {
            kind,
            count: Some(1),
            method: None,
            rate: always(),
        }
    }

    /// Meets requests with this method only.
    #[must_use]
    pub fn on(mut self, method: &Method) -> Self {
        self.method = Some(method.to_string());
        self
    }

    /// Meets this many requests; `None` is no end.
    #[must_use]
    pub fn times(mut self, count: Option<u64>) -> Self {
        self.count = count;
        self
    }
}

/// `KIND:RATE[:METHOD]`, without end.
impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ':');
        let kind = parts.next().unwrap_or_default().parse()?;
        let rate = parts
            .next()
            .and_then(|rate| rate.parse().ok())
            .ok_or(FaultError::Rate)?;
        let method = parts.next().map(str::to_ascii_uppercase);
        let fault = Self {
            kind,
            count: None,
            method,
            rate,
        };
        fault.check()?;
        Ok(fault)
    }
}

impl Fault {
    pub(super) fn check(&self) -> Result<(), FaultError> {
        let is_share = self.rate > 0.0 && self.rate <= 1.0;
        if is_share {
            Ok(())
        } else {
            Err(FaultError::Rate)
        }
    }
}

// === impl Faults ===

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        let active = faults.into_iter().map(|fault| Active { fault, due: 0.0 });
        Self {
            active: active.collect(),
            struck: BTreeMap::new(),
        }
    }
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) -> Result<(), FaultError> {
        fault.check()?;
        if self.active.len() >= MOST {
            return Err(FaultError::TooMany);
        }
        self.active.push_back(Active { fault, due: 0.0 });
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.active.clear();
    }

    /// How many requests each kind has met so far.
    pub(super) fn struck(&self) -> impl Iterator<Item = (&str, u64)> {
        let struck = self.struck.iter();
        struck.map(|(kind, count)| (kind.as_str(), *count))
    }

    /// The fault that meets this request.
    pub(super) fn strike(&mut self, method: &Method) -> Option<FaultKind> {
        let struck = self
            .active
            .iter_mut()
            .position(|active| active.strikes(method))?;
        let active = self.active.get_mut(struck)?;
        let kind = active.fault.kind;
        if let Some(count) = &mut active.fault.count {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.active.remove(struck);
            }
        }
        self.count(kind);
        Some(kind)
    }

    fn count(&mut self, kind: FaultKind) {
        let mut name = kind.to_string();
        if self.struck.len() >= KINDS && !self.struck.contains_key(&name) {
            "other".clone_into(&mut name);
        }
        *self.struck.entry(name).or_default() += 1;
    }
}

impl Active {
    fn strikes(&mut self, method: &Method) -> bool {
        // Ten times 0.1 is a little less than 1 in floating point.
        const ONE: f64 = 1.0 - 1e-9;
        let matches = self
            .fault
            .method
            .as_deref()
            .is_none_or(|only| only == method.as_str());
        if !matches {
            return false;
        }
        self.due += self.fault.rate;
        if self.due < ONE {
            return false;
        }
        self.due = (self.due - 1.0).max(0.0);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_meets_requests_evenly() {
        let mut faults = Faults::default();
        faults.add("503:0.1".parse().unwrap()).unwrap();
        let struck: Vec<_> = (1..=30)
            .filter(|_| faults.strike(&Method::GET).is_some())
            .collect();
        assert_eq!(struck, [10, 20, 30]);
    }

    #[test]
    fn a_counted_fault_ends_and_other_methods_do_not_use_it_up() {
        let mut faults = Faults::default();
        let fault = Fault::once(FaultKind::DropAfter)
            .on(&Method::PATCH)
            .times(Some(2));
        faults.add(fault).unwrap();
        assert_eq!(faults.strike(&Method::GET), None);
        assert_eq!(faults.strike(&Method::PATCH), Some(FaultKind::DropAfter));
        assert_eq!(faults.strike(&Method::PATCH), Some(FaultKind::DropAfter));
        assert_eq!(faults.strike(&Method::PATCH), None);
    }

    #[test]
    fn faults_do_not_pile_up_without_end() {
        let mut faults = Faults::default();
        for _ in 0..MOST {
            faults.add(Fault::once(FaultKind::Hold)).unwrap();
        }
        assert_eq!(
            faults.add(Fault::once(FaultKind::Hold)),
            Err(FaultError::TooMany)
        );
    }

    #[test]
    fn kinds_are_counted_but_do_not_pile_up_without_end() {
        let mut faults = Faults::default();
        for milliseconds in 0..=KINDS as u64 {
            let wait = Duration::from_millis(milliseconds);
            faults.add(Fault::once(FaultKind::Slow(wait))).unwrap();
            faults.strike(&Method::GET);
        }
        let struck: Vec<_> = faults.struck().collect();
        assert_eq!(struck.len(), KINDS + 1);
        assert!(struck.contains(&("slow=0", 1)));
        assert!(struck.contains(&("other", 1)));
    }

    #[test]
    fn faults_are_read_from_flags_and_json() {
        let fault: Fault = "slow=250:0.5:patch".parse().unwrap();
        let expected = Fault {
            kind: FaultKind::Slow(Duration::from_millis(250)),
            count: None,
            method: Some("PATCH".to_owned()),
            rate: 0.5,
        };
        assert_eq!(fault, expected);
        let fault: Fault = serde_json::from_str("{\"kind\":\"503\",\"method\":\"PATCH\"}").unwrap();
        assert_eq!(
            fault,
            Fault::once(FaultKind::Status(503)).on(&Method::PATCH)
        );
        for wrong in [
            "", "503", "503:0", "503:2", "503:x", "503:NaN", "200:1", "600:1", "slow=x:1", "drop:1",
        ] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }
}
