use serde_json::{Value, json};

use super::*;

const TEMPLATE: &str = "/api/v2/conversations/{conversationId}/participants/{participantId}";

fn rule(name: &str, verdict: Option<&str>, counts: [u64; 6], last: Option<&str>) -> Value {
    let [complete, repaired, observed, helped, not_needed, unclear] = counts;
    json!({
        "rule": name, "mode": "enforce", "enforce_share": if verdict.is_some() { 0.125 } else { 1.0 },
        "verdict": verdict, "advice": verdict.map(|_| "Raise it <slowly>."),
        "complete": complete, "repaired": repaired, "observed": observed,
        "would_have_helped": helped, "not_needed": not_needed, "unclear": unclear, "last_needed": last,
    })
}

fn report(caller: &str) -> Report {
    let call = json!({
        "method": "PATCH", "template": TEMPLATE, "rule": "participant", "outcome": "repaired",
        "repairs": ["fill", "content-type"], "filled": ["/state"], "reason": null, "hint": null,
        "count": 42, "accepted": 40, "refused": 2, "would_have_helped": 0, "not_needed": 0, "unclear": 0,
        "first": "2026-01-01T00:00:00Z", "last": "2026-01-02T00:00:00Z",
        "instead": format!("PATCH {TEMPLATE}\nContent-Type: application/json\n{{\"state\":\"<it>\"}}\nOne sentence."),
    });
    let mut hinted = call.clone();
    hinted["hint"] = json!("/a|b` must be a string");
    hinted["reason"] = json!("nested_value");
    serde_json::from_value(json!({
        "version": "0.1.0", "since": "2026-01-01T00:00:00Z", "time": "2026-01-03T00:00:00Z",
        "rules": [
            rule("participant", Some("safe_to_enforce"), [1, 2, 3, 4, 0, 5], Some("2026-01-02T00:00:00Z")),
            rule("calls", None, [9, 0, 0, 0, 0, 0], None),
            rule("emails", None, [0, 3, 0, 0, 0, 0], Some("2026-01-02T00:00:00Z")),
            rule("web", None, [0, 0, 0, 0, 0, 0], None),
        ],
        "callers": [{ "caller": caller, "named": false, "calls": [call, hinted] }],
        "forgotten": 7,
    }))
    .unwrap()
}

fn text_of(report: &Report) -> String {
    let mut out = Vec::new();
    text::report(&mut out, report).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
}

fn markdown_of(report: &Report) -> String {
    let mut out = Vec::new();
    markdown::report(&mut out, report).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_text_says_who_sends_what_since_when_and_what_to_send_instead() {
    let text = text_of(&report("curl/8"));
    let head = "\
patchwright 0.1.0, from 2026-01-01T00:00:00Z to 2026-01-03T00:00:00Z

Rules
  participant                  enforce 12.5 % safe to enforce
      4 would have helped, 0 not needed, 5 unclear, 3 observed, 2 repaired, 1
      complete
      Raise it <slowly>.
  calls                        enforce
      9 complete
  emails                       enforce
      3 repaired
      last needed 2026-01-02T00:00:00Z
  Nobody has needed since 2026-01-01T00:00:00Z: calls.
  Nobody has called what these are for: web.

Callers
  curl/8 (User-Agent)
    42 x PATCH /api/v2/conversations/{conversationId}/participants/{participantId}
      misses /state; needs content-type
      repaired by rule participant: 40 accepted, 2 refused
      first 2026-01-01T00:00:00Z, last 2026-01-02T00:00:00Z
      instead
        PATCH /api/v2/conversations/{conversationId}/participants/{participantId}
        Content-Type: application/json
        {\"state\":\"<it>\"}
        One sentence.
";
    assert!(text.starts_with(head), "{text}");
    assert!(text.contains("7 kinds of calls"), "{text}");
    assert_eq!(text.matches("One sentence.").count(), 1);
    assert!(text.contains("instead, as above"), "{text}");
    let too_long = |line: &&str| line.chars().count() > 80 && !line.contains('/');
    assert_eq!(text.lines().find(too_long), None);
}

#[test]
fn sentences_are_broken_at_eighty_columns() {
    let mut report = report("curl/8");
    report.rules[0].advice = Some("word ".repeat(60));
    report.callers[0].calls[0].instead = "a few words ".repeat(30);
    let text = text_of(&report);
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert_eq!(longest, Some(4 + "42 x PATCH ".len() + TEMPLATE.len()));
}

/// What a parser of tables makes of a row (GFM): a pipe ends a cell unless a backslash stands before it.
fn cells(row: &str) -> usize {
    row.trim_matches('|').split('|').count()
}

#[test]
fn nothing_that_callers_choose_means_anything_in_markdown() {
    for caller in [
        "a|b",
        "a\\|b",
        "a`b`c",
        "<script>alert(1)</script>",
        "x\n# heading\r\n| a | b |",
        "@everyone see #1",
        "[x](http://evil.example) ![y](z)",
        "**bold** _it_ ~~no~~ &lt;",
        "\u{1b}[2J",
        "`",
        "   ",
        "- [ ] task",
        "curl/8.5.0",
    ] {
        let text = markdown_of(&report(caller));
        let plain = markdown_of(&report("plain"));
        assert_eq!(
            text.lines().count(),
            plain.lines().count(),
            "{caller:?}: {text}"
        );
        for (row, expected) in text.lines().zip(plain.lines()) {
            if expected.starts_with('|') {
                assert_eq!(cells(row), cells(expected), "{row}");
            }
        }
        let heading = text
            .lines()
            .find(|line| line.starts_with("## User-Agent"))
            .unwrap();
        let shown = heading.strip_prefix("## User-Agent ").unwrap_or_default();
        let is_code =
            shown.starts_with('`') && shown.ends_with('`') && shown.matches('`').count() == 2;
        let is_plain = !shown.contains(['<', '>', '`', '|', '*', '_', '[', '@', '~', '\\', '!']);
        assert!(is_code || is_plain, "{heading}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
    let mut odd = report("a");
    odd.callers[0].calls[0].template = "/a|b".to_owned();
    assert!(markdown_of(&odd).contains("| 42 | PATCH /a&#124;b |"));
    let text = markdown_of(&report("a"));
    assert!(
        text.contains("| /a&#124;b&#96; must be a string; misses /state"),
        "{text}"
    );
    // The same advice is given once.
    assert_eq!(text.matches("One sentence.").count(), 1);
}

#[test]
fn a_text_with_fences_does_not_end_its_own() {
    let mut report = report("a");
    report.callers[0].calls[0].instead = "````\nout\n````".to_owned();
    let text = markdown_of(&report);
    assert!(
        text.contains("\n`````text\n````\nout\n````\n`````\n"),
        "{text}"
    );
}
