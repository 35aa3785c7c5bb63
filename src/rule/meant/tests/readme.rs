//! What the README says is so.

use std::fmt::Write as _;

use http::Method;

use super::{C, P, meant};
use crate::rule::Rules;

/// `METHOD PATH` and a body, each in backticks, as often as they come.
fn in_backticks(cell: &str) -> Vec<(String, String)> {
    let pieces: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
    let mut requests: Vec<(String, String)> = Vec::new();
    for piece in pieces {
        if piece.starts_with('{') {
            requests.last_mut().unwrap().1 = piece.to_owned();
        } else if piece.contains('…') {
            let line = piece.replace('…', "/api/v2/conversations");
            requests.push((line, String::new()));
        }
    }
    requests
}

#[test]
fn the_table_of_the_readme_is_so() {
    let readme = include_str!("../../../../README.md");
    let (_, section) = readme.split_once("\n## The published API\n").unwrap();
    let (section, _) = section.split_once("\n### ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let mut count = 0;
    for row in rows {
        let cells: Vec<_> = row.split(" | ").collect();
        let [repair, from, to] = cells.as_slice() else {
            panic!("{row}");
        };
        // What stands in brackets is told of other requests.
        let from = from.split(" (").next().unwrap();
        let (line, body) = in_backticks(from).remove(0);
        let (method, path) = line.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        let sent = meant(repair.contains("after"), &method, path, &body);
        let mut expected = String::new();
        for (line, body) in in_backticks(to) {
            let line = match line.split_once(' ') {
                Some((method, to)) if to == path => format!("{method} ="),
                _ => line,
            };
            let _ = write!(expected, "{line} {body}; ");
        }
        // The path to try after a 404 may be the one that it came by.
        let sent = sent.replace(&format!(" {path} "), " = ");
        let done = sent
            .strip_prefix(&expected)
            .unwrap_or_else(|| panic!("{row}\n{sent}"));
        let word = repair.split('`').nth(1).unwrap();
        assert!(done.split(' ').any(|done| done == word), "{row}\n{sent}");
        count += 1;
    }
    assert_eq!(count, 16);
}

/// The README's own rule, over the pack.
#[test]
fn a_disconnect_of_one_can_be_narrowed_and_other_ones_stay() {
    let readme = include_str!("../../../../README.md");
    let (_, rule) = readme
        .split_once("[[rule]]\nname = \"disconnect-one\"")
        .unwrap();
    let (rule, _) = rule.split_once("```").unwrap();
    let text = format!("[[rule]]\nname = \"disconnect-one\"{rule}");
    let specs = crate::rule::pack::Specs::parse("README.md", &text).unwrap();
    let rules = Rules::compile(specs.sources(), specs.rules(), specs.diagnoses()).unwrap();
    let path = format!("{C}/disconnect");
    for (body, to, method) in [
        (r#"{"participantIds":["p1"]}"#, Some(P), Method::PATCH),
        ("{}", None, Method::POST),
        (r#"{"participantIds":[]}"#, None, Method::POST),
    ] {
        let found = rules.find(&Method::POST, &path).unwrap();
        let meant = rules
            .meant(&found, &Method::POST, body.as_bytes(), |_, _| true)
            .unwrap();
        assert_eq!(
            (meant.path.as_deref(), &meant.method),
            (to, &method),
            "{body}"
        );
        let sent = if to.is_some() {
            r#"{"state":"disconnected"}"#
        } else {
            body
        };
        assert_eq!(std::str::from_utf8(&meant.sends[0].body).unwrap(), sent);
    }
    for body in [
        r#"{"participantIds":["p1","p2"]}"#,
        r#"{"participantIds":["p1"],"x":1}"#,
    ] {
        let found = rules.find(&Method::POST, &path).unwrap();
        assert!(
            rules
                .meant(&found, &Method::POST, body.as_bytes(), |_, _| true)
                .is_err(),
            "{body}"
        );
    }
}
