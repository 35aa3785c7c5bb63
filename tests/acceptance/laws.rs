//! Laws of the whole layer, over services in memory: whatever comes, whatever the upstream answers.

mod bodies;
mod inverse;
mod upstream;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use patchwright::layer::options::{LookupFailure, Mode, Options};
use patchwright::rule::Rules;
use patchwright::rule::pack::Specs;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use upstream::{Lookup, Passage, Situation, Write, passages};

/// What the strict rules fill.
const TARGETS: [&str; 2] = ["/state", "/routing/queue/id"];

/// The strict rules as they are, and with the original sent first.
static RULES: LazyLock<[Arc<Rules>; 2]> = LazyLock::new(|| {
    let strict = include_str!("../../config/rules/strict.toml");
    [strict, &strict.replace("\"eager\"", "\"on-reject\"")].map(|text| {
        let specs = Specs::parse("strict.toml", text).unwrap();
        Arc::new(Rules::compile(specs.sources(), specs.rules(), specs.diagnoses()).unwrap())
    })
});

type Headers = Vec<(&'static str, &'static str)>;

/// Callers' PATCHes of one participant, and the world that they meet.
#[derive(Clone, Debug)]
struct Case {
    path: &'static str,
    requests: Vec<(Headers, Vec<u8>)>,
    situation: Situation,
    forward: bool,
    on_reject: bool,
}

fn headers() -> impl Strategy<Value = Headers> {
    let line = prop::sample::select(vec![
        ("content-type", "application/json"),
        ("content-type", "application/json"),
        ("x-other", "kept"),
        ("x-another", "kept"),
        ("content-type", "text/plain"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-encoding", "gzip"),
        ("content-encoding", "identity"),
        ("cache-control", "no-cache"),
        ("content-length", "5"),
        ("digest", "sha-256=x"),
        ("signature-input", "a=(\"content-digest\")"),
        ("authorization", "Bearer b"),
        ("x-other", "kept"),
    ]);
    let credential = prop_oneof![9 => Just(Some(("authorization", "Bearer a"))), 1 => Just(None)];
    (credential, prop::collection::vec(line, 0..3))
        .prop_map(|(credential, lines)| credential.into_iter().chain(lines).collect())
}

fn case() -> impl Strategy<Value = Case> {
    let path = prop::sample::select(vec![
        "/api/v2/conversations/c1/participants/p1",
        "/api/v2/conversations/calls/c1/participants/p1",
        "/api/v2/conversations/web/instances/c1/participants/p1",
        "/api/v2/conversations/c1/participants/p2",
    ]);
    let requests = prop::collection::vec((headers(), bodies::bodies()), 1..4);
    let all = (
        path,
        requests,
        upstream::situation(),
        any::<bool>(),
        any::<bool>(),
    );
    all.prop_map(|(path, requests, situation, forward, on_reject)| Case {
        path,
        requests,
        situation,
        forward,
        on_reject,
    })
}

impl Case {
    fn run(&self, mode: Mode) -> Vec<Passage> {
        let [eager, on_reject] = &*RULES;
        let rules = if self.on_reject { on_reject } else { eager };
        let policies = [LookupFailure::Reject, LookupFailure::Forward];
        let options = Options {
            mode,
            on_lookup_failure: policies[usize::from(self.forward)],
            ..Options::default()
        };
        passages(rules, options, &self.situation, self.requests())
    }

    fn requests(&self) -> Vec<Request<Full<Bytes>>> {
        let request = |(headers, body): &(Headers, Vec<u8>)| {
            let request = Request::builder().method(Method::PATCH).uri(self.path);
            let lines = headers.iter();
            let request = lines.fold(request, |request, (name, value)| {
                request.header(*name, *value)
            });
            request.body(Full::from(body.clone())).unwrap()
        };
        self.requests.iter().map(request).collect()
    }

    /// What the upstream ever said of the participant: states, and queues, as JSON.
    fn said(&self, target: &str) -> Vec<String> {
        let known = self
            .situation
            .lookups
            .iter()
            .filter_map(|lookup| match lookup {
                Lookup::Is(state, queue) => Some(if target == "/state" { state } else { queue }),
                Lookup::Fails(..) => None,
            });
        known.cloned().collect()
    }
}

/// Whether undoing these fills leaves what came, but for a byte-order mark.
fn undoes(write: &Write, came: &[u8], filled: &[&str], mark: bool) -> bool {
    let came = if mark { &came[3..] } else { came };
    if filled.is_empty() {
        return write.body == came;
    }
    let sent = String::from_utf8(write.body.clone()).unwrap();
    let before = inverse::before(&sent, filled);
    before.iter().any(|before| before.as_bytes() == came)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_reaches_the_upstream_is_what_came_and_what_the_report_owns_up_to(case in case()) {
        for ((_, came), passage) in case.requests.iter().zip(case.run(Mode::Enforce)) {
            let Passage { writes, report } = &passage;
            let Some(last) = writes.last() else {
                prop_assert_eq!(&report.outcome, "rejected", "{:?}", passage);
                continue;
            };
            let filled: Vec<_> = report.filled.iter().map(String::as_str).collect();
            prop_assert!(undoes(last, came, &filled, report.repairs("bom")), "{passage:?}");
            prop_assert_eq!(filled.is_empty(), !report.repairs("fill"));
            // Of an earlier try the report says nothing; it followed the same law.
            for write in writes {
                let mark = came.starts_with(b"\xef\xbb\xbf") && !write.body.starts_with(b"\xef\xbb\xbf");
                let any = [&[][..], &TARGETS[..1], &TARGETS[1..], &TARGETS];
                prop_assert!(any.iter().any(|filled| undoes(write, came, filled, mark)), "{passage:?}");
            }
        }
    }

    #[test]
    fn a_patch_is_sent_twice_at_most_and_then_after_a_rejection_and_changed(case in case()) {
        for passage in case.run(Mode::Enforce) {
            prop_assert!(passage.writes.len() <= 2, "{passage:?}");
            if let [first, second] = &passage.writes[..] {
                prop_assert!([400, 409].contains(&first.status), "{passage:?}");
                let same = (&first.body, first.headers.get("content-type"))
                    == (&second.body, second.headers.get("content-type"));
                prop_assert!(!same, "{passage:?}");
            }
        }
    }

    #[test]
    fn nothing_is_filled_that_the_upstream_did_not_say_of_this_participant(case in case()) {
        for ((_, came), passage) in case.requests.iter().zip(case.run(Mode::Enforce)) {
            for write in passage.writes.iter().filter(|write| write.body != *came) {
                let (sent, came) = (str::from_utf8(&write.body).unwrap(), str::from_utf8(came).unwrap());
                let came = came.trim_start_matches('\u{feff}');
                for target in TARGETS {
                    let value = inverse::value(sent, target);
                    if let Some(value) = value.filter(|value| inverse::value(came, target) != Some(value)) {
                        prop_assert!(!case.path.ends_with("p2"), "of a stranger: {passage:?}");
                        prop_assert!(case.said(target).iter().any(|said| same(said, value)), "{passage:?}");
                        prop_assert!(value.len() <= 1_000 && value.starts_with('"'), "{passage:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_observed_or_switched_off_reaches_the_upstream_once_and_as_it_came(case in case()) {
        for mode in [Mode::Observe, Mode::Off] {
            let passages = case.run(mode);
            let came = case.requests().into_iter().zip(&case.requests);
            for ((came, (_, body)), passage) in came.zip(&passages) {
                prop_assert_eq!(passage.writes.len(), 1);
                prop_assert_eq!(&passage.writes[0].headers, came.headers());
                prop_assert_eq!(&passage.writes[0].body, body);
            }
        }
    }

    #[test]
    fn headers_change_only_as_far_as_the_report_says(case in case()) {
        for (came, passage) in case.requests().iter().zip(case.run(Mode::Enforce)) {
            let Some(last) = passage.writes.last() else { continue };
            let mut expected = came.headers().clone();
            let report = &passage.report;
            if report.repairs("content-type") {
                expected.insert("content-type", "application/json".parse().unwrap());
            }
            if report.repairs("fill") || report.repairs("bom") {
                for name in ["content-length", "digest"] {
                    expected.remove(name);
                }
            }
            prop_assert_eq!(&last.headers, &expected, "{:?}", passage);
        }
    }
}

/// The laws would hold for an idle layer, too: this one works.
#[test]
fn the_cases_reach_every_outcome_often() {
    let mut runner = TestRunner::deterministic();
    let mut counts = HashMap::<String, u32>::new();
    for _ in 0..600 {
        let case = case().new_tree(&mut runner).unwrap().current();
        for Passage { writes, report } in case.run(Mode::Enforce) {
            let twice = if writes.len() == 2 { " twice" } else { "" };
            *counts.entry(report.outcome.clone() + twice).or_default() += 1;
            let kinds = report.filled.iter().chain(&report.repairs);
            kinds.for_each(|kind| *counts.entry(kind.clone()).or_default() += 1);
        }
    }
    for word in [
        "complete",
        "repaired",
        "forwarded",
        "rejected",
        "repaired twice",
        "/state",
        "/routing/queue/id",
        "content-type",
        "bom",
    ] {
        assert!(
            counts.get(word).is_some_and(|&count| count >= 20),
            "{word}: {counts:?}"
        );
    }
}

/// Whether two JSON texts are the same string.
fn same(one: &str, other: &str) -> bool {
    let read = |text| serde_json::from_str::<String>(text).ok();
    read(one).is_some() && read(one) == read(other)
}
