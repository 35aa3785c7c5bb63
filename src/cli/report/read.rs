//! The report, as it is read back from its JSON.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Report {
    pub(super) version: String,
    pub(super) since: String,
    pub(super) time: String,
    pub(super) rules: Vec<Rule>,
    pub(super) callers: Vec<Caller>,
    pub(super) forgotten: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Rule {
    #[serde(rename = "rule")]
    pub(super) name: String,
    pub(super) mode: String,
    pub(super) enforce_share: f64,
    pub(super) verdict: Option<String>,
    pub(super) advice: Option<String>,
    pub(super) complete: u64,
    pub(super) repaired: u64,
    pub(super) observed: u64,
    pub(super) would_have_helped: u64,
    pub(super) not_needed: u64,
    pub(super) unclear: u64,
    pub(super) last_needed: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Caller {
    #[serde(rename = "caller")]
    pub(super) name: String,
    pub(super) named: bool,
    pub(super) calls: Vec<Call>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) template: String,
    pub(super) rule: String,
    pub(super) outcome: String,
    pub(super) repairs: Vec<String>,
    pub(super) filled: Vec<String>,
    pub(super) reason: Option<String>,
    pub(super) hint: Option<String>,
    pub(super) count: u64,
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) instead: String,
}

impl Rule {
    /// Whether requests came that it is for, as far as it was on.
    pub(super) fn was_called(&self) -> bool {
        self.complete + self.repaired + self.observed > 0 || self.last_needed.is_some()
    }

    /// Whether requests came, and none of them needed it.
    pub(super) fn was_not_needed(&self) -> bool {
        self.complete > 0 && self.last_needed.is_none() && self.verdict.is_none()
    }

    /// `observe`, or `enforce 10 %`.
    pub(super) fn reach(&self) -> String {
        if self.mode == "enforce" && self.enforce_share < 1.0 {
            return format!("enforce {} %", percent(self.enforce_share));
        }
        self.mode.clone()
    }

    /// The verdict in words for people.
    pub(super) fn verdict(&self) -> Option<String> {
        self.verdict
            .as_ref()
            .map(|verdict| verdict.replace('_', " "))
    }
}

/// Up to three digits behind the point, and none that say nothing.
fn percent(share: f64) -> String {
    let text = format!("{:.3}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Call {
    /// What is wrong with it, in one line.
    pub(super) fn fault(&self) -> String {
        let mut parts = Vec::new();
        if let Some(hint) = &self.hint {
            parts.push(hint.clone());
        }
        if !self.filled.is_empty() {
            parts.push(format!("misses {}", self.filled.join(" ")));
        }
        let repairs = self.repairs.iter().filter(|repair| *repair != "fill");
        let repairs: Vec<_> = repairs.map(String::as_str).collect();
        if !repairs.is_empty() {
            parts.push(format!("needs {}", repairs.join(" ")));
        }
        if let Some(reason) = self.reason.as_ref().filter(|_| self.hint.is_none()) {
            parts.push(reason.clone());
        }
        parts.join("; ")
    }
}

impl Report {
    /// Names of the rules that `is` holds for, one after the other.
    pub(super) fn names(&self, is: impl Fn(&Rule) -> bool) -> String {
        let names = self.rules.iter().filter(|rule| is(rule));
        let names: Vec<_> = names.map(|rule| rule.name.as_str()).collect();
        names.join(", ")
    }
}
