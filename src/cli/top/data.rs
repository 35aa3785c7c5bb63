//! What the admin listener says, as far as it is shown. Text of callers is made harmless here, once. Pure.

use serde_json::Value;

use crate::harmless::harmless;

/// The words for what became of requests, in the order in which they are shown.
pub(super) const OUTCOMES: [&str; 5] =
    ["repaired", "complete", "forwarded", "rejected", "observed"];

/// `GET /figures`.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures {
    pub(super) version: String,
    pub(super) mode: String,
    pub(super) uptime_s: u64,
    /// Length of an interval, in seconds.
    pub(super) step_s: f64,
    /// Whole intervals, the oldest first.
    pub(super) points: Vec<Point>,
    /// The interval under way.
    pub(super) now: Option<Point>,
}

/// One interval. Times are in milliseconds; `None` where nothing happened.
#[derive(Clone, Debug, Default)]
pub(super) struct Point {
    /// By [`OUTCOMES`].
    pub(super) outcomes: [f64; 5],
    pub(super) lookups_saved: f64,
    pub(super) snapshots: f64,
    pub(super) age: Quantiles,
    pub(super) upstream: Quantiles,
    pub(super) lookup: Quantiles,
}

/// The middle, and what one in a hundred exceeds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quantiles {
    pub(super) p50: Option<f64>,
    pub(super) p99: Option<f64>,
}

/// A line of a table, and what opens of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Row {
    /// Tells it apart from the others.
    pub(super) id: String,
    pub(super) cells: Vec<String>,
    /// Names and texts, in whole.
    pub(super) details: Vec<(&'static str, String)>,
}

impl Row {
    /// Whether one of its cells has this text, in whatever case.
    pub(super) fn has(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let details = self.details.iter().map(|(_, text)| text);
        let mut texts = self.cells.iter().chain(details);
        texts.any(|cell| cell.to_lowercase().contains(&text))
    }
}

pub(super) fn figures(value: &Value) -> Figures {
    let points = value.get("points").and_then(Value::as_array);
    Figures {
        version: text(value.get("version")),
        mode: text(value.get("mode")),
        uptime_s: value
            .get("uptime_s")
            .and_then(Value::as_f64)
            .map_or(0, whole),
        step_s: value
            .get("step_s")
            .and_then(Value::as_f64)
            .filter(|step| *step > 0.0)
            .unwrap_or(5.0),
        points: points.into_iter().flatten().map(point).collect(),
        now: value.get("now").map(point),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates"
)]
pub(super) fn whole(number: f64) -> u64 {
    number.round() as u64
}

fn point(value: &Value) -> Point {
    let number = |pointer: &str| value.pointer(pointer).and_then(Value::as_f64);
    let count = |pointer: &str| number(pointer).unwrap_or_default();
    let quantiles = |name: &str| Quantiles {
        p50: number(&format!("/{name}/p50")),
        p99: number(&format!("/{name}/p99")),
    };
    let saved = count("/snapshots/hit") + count("/snapshots/shared");
    Point {
        outcomes: OUTCOMES.map(|word| count(&format!("/outcomes/{word}"))),
        lookups_saved: saved,
        snapshots: saved + count("/snapshots/miss") + count("/snapshots/refetched"),
        age: quantiles("age_ms"),
        upstream: quantiles("upstream_ms"),
        lookup: quantiles("lookup_ms"),
    }
}

/// `GET /repairs`: time, outcome, rule, what was done, status, caller.
pub(super) fn repairs(value: &Value) -> Vec<Row> {
    value.as_array().into_iter().flatten().map(repair).collect()
}

fn repair(value: &Value) -> Row {
    let get = |name: &str| text(value.get(name));
    let caller = [get("client"), get("user_agent")];
    let caller = caller
        .into_iter()
        .find(|caller| !caller.is_empty())
        .unwrap_or_default();
    let reason = get("reason");
    let what = match (&*reason, &*get("filled")) {
        ("", "") => get("repairs"),
        ("", filled) => filled.to_owned(),
        (reason, _) => reason.to_owned(),
    };
    let time = get("time");
    let clock = time
        .split(['T', '.', 'Z'])
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    let details = [
        ("time", time),
        (
            "request",
            format!("{} {}", get("method"), get("template"))
                .trim()
                .to_owned(),
        ),
        ("rule", get("rule")),
        ("outcome", get("outcome")),
        ("reason", reason),
        ("hint", get("hint")),
        ("repairs", get("repairs")),
        ("filled", get("filled")),
        ("dropped", get("dropped")),
        ("spans", get("spans")),
        ("parts", get("parts")),
        ("verdict", get("verdict")),
        ("snapshot", get("snapshot")),
        ("age", get("age_ms")),
        ("status", get("status")),
        ("client", get("client")),
        ("user agent", get("user_agent")),
        ("id", get("id")),
    ];
    Row {
        id: get("id"),
        cells: vec![
            clock,
            get("outcome"),
            get("rule"),
            what,
            get("status"),
            caller,
        ],
        details: details
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .collect(),
    }
}

/// `GET /report`: caller, count, outcome, what, request.
pub(super) fn callers(value: &Value) -> Vec<Row> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut rows = Vec::new();
    for caller in list(value.get("callers")) {
        for call in list(caller.get("calls")) {
            rows.push(row_of_call(&text(caller.get("caller")), &call));
        }
    }
    // What is sent most is to be mended first.
    rows.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn row_of_call(caller: &str, call: &Value) -> (u64, Row) {
    let get = |name: &str| text(call.get(name));
    let reason = get("reason");
    let what = if reason.is_empty() {
        get("repairs")
    } else {
        reason.clone()
    };
    let request = format!("{} {}", get("method"), get("template"));
    let details = [
        ("caller", caller.to_owned()),
        ("request", request.clone()),
        ("rule", get("rule")),
        ("outcome", get("outcome")),
        ("reason", reason),
        ("hint", get("hint")),
        ("repairs", get("repairs")),
        ("filled", get("filled")),
        ("count", get("count")),
        ("first", get("first")),
        ("last", get("last")),
        ("instead", get("instead")),
    ];
    let row = Row {
        id: format!("{caller} {request} {} {what}", get("outcome")),
        cells: vec![
            caller.to_owned(),
            get("count"),
            get("outcome"),
            what,
            request,
        ],
        details: details
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .collect(),
    };
    let count = call
        .get("count")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    (count, row)
}

/// Any value in a few words; nothing for `null` and for what is not there. Lines of a text stay apart.
fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => {
            let lines: Vec<_> = text.lines().map(harmless).collect();
            lines.join("\n")
        }
        Some(Value::Array(items)) => {
            let items: Vec<_> = items.iter().map(|item| text(Some(item))).collect();
            items.join(" ")
        }
        Some(Value::Object(fields)) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            let fields: Vec<_> = fields
                .map(|(name, value)| format!("{}={}", harmless(name), text(Some(value))))
                .collect();
            fields.join(",")
        }
        Some(other) => other.to_string(),
    }
}
