use super::spec::{RuleSpec, SourceSpec, SpecFault};
use super::*;

fn source(name: &str, get: &str) -> SourceSpec {
    SourceSpec {
        learn: true,
        name: name.into(),
        get: get.into(),
        participants: "$.participants[*]".into(),
        id: "$.id".into(),
        fields: vec![
            ("state".into(), vec!["$.state".into()]),
            ("queue".into(), vec!["$.queue.id".into()]),
        ],
    }
}

fn rule(name: &str, paths: &[&str], sources: &[&str]) -> RuleSpec {
    RuleSpec {
        name: name.into(),
        methods: vec![Method::PATCH],
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        sources: sources.iter().map(|name| (*name).to_owned()).collect(),
        content_type: Some("application/json".into()),
        timing: Timing::Eager,
        fill: vec![
            ("/routing/queue/id".into(), "queue".into()),
            ("/state".into(), "state".into()),
        ],
        ..RuleSpec::default()
    }
}

const GENERAL: &str = "/api/v2/conversations/{conversationId}/participants/{participantId}";
const CALLS: &str = "/api/v2/conversations/calls/{conversationId}/participants/{participantId}";

fn sources() -> Vec<SourceSpec> {
    vec![
        source("calls", "/api/v2/conversations/calls/{conversationId}"),
        source("conversation", "/api/v2/conversations/{conversationId}"),
    ]
}

fn rules() -> Rules {
    let rules = [
        rule("participant", &[GENERAL], &["conversation"]),
        rule("calls", &[CALLS], &["calls", "conversation"]),
    ];
    Rules::compile(&sources(), &rules, &[]).unwrap()
}

fn found(method: &Method, path: &str) -> Option<String> {
    rules()
        .find(method, path)
        .map(|found| found.rule().name().to_owned())
}

#[test]
fn a_request_is_matched_by_method_and_undecoded_path() {
    let path = |c: &str, p: &str| format!("/api/v2/conversations/{c}/participants/{p}");
    assert_eq!(
        found(&Method::PATCH, &path("c", "p")).as_deref(),
        Some("participant")
    );
    assert_eq!(
        found(&Method::PATCH, &path("calls/c", "p")).as_deref(),
        Some("calls")
    );
    assert_eq!(found(&Method::GET, &path("c", "p")), None);
    for odd in [
        path("c", "p/"),
        path("c", "p/attributes"),
        path("c%2e", "p"),
        path("..", "p"),
        path(".", "p"),
        path("", "p"),
        path("c;a=b", "p"),
        path("c", &"p".repeat(129)),
        format!("/{}", path("c", "p")),
        path("c", "p").replace("api", "API"),
    ] {
        assert_eq!(found(&Method::PATCH, &odd), None, "{odd}");
    }
}

#[test]
fn a_match_says_where_to_read() {
    let rules = rules();
    let path = "/api/v2/conversations/calls/C/participants/P";
    let found = rules.find(&Method::PATCH, path).unwrap();
    assert_eq!(found.participant(), "P");
    let places: Vec<_> = found.places().collect();
    let paths: Vec<_> = places.iter().map(|reading| reading.path.as_str()).collect();
    assert_eq!(
        paths,
        ["/api/v2/conversations/calls/C", "/api/v2/conversations/C"]
    );
    // Both address the same conversation.
    assert!(
        places
            .iter()
            .all(|reading| Some(reading.conversation) == found.conversation())
    );

    let answer = br#"{"participants":[{"id":"P","state":"connected","queue":{"id":"q"}}]}"#;
    let conversation = places[0].source.extract(answer).unwrap();
    let participant = conversation.participant("P").unwrap();
    let values = [0, 1, 2].map(|target| places[0].value(&participant, target));
    assert_eq!(values, [Some("q".into()), Some("connected".into()), None]);
}

#[test]
fn everything_below_a_conversation_belongs_to_it() {
    let rules = rules();
    let id = rules.conversation_at("/api/v2/conversations/C").unwrap();
    for below in [
        "/api/v2/conversations/calls/C",
        "/api/v2/conversations/C/participants/P/replace/queue",
    ] {
        assert_eq!(rules.conversation_at(below), Some(id), "{below}");
    }
    assert_ne!(rules.conversation_at("/api/v2/conversations/D"), Some(id));
    for outside in [
        "/api/v2/users/me",
        "/api/v2/conversations/C%41",
        "/api/v2/conversations",
    ] {
        assert_eq!(rules.conversation_at(outside), None, "{outside}");
    }
    let name = |path| rules.source_at(path).map(|(source, _)| source.name());
    assert_eq!(name("/api/v2/conversations/C"), Some("conversation"));
    assert_eq!(name("/api/v2/conversations/calls/C"), Some("calls"));
    assert_eq!(name("/api/v2/conversations/C/participants"), None);
}

#[test]
fn every_fault_is_found_at_once() {
    let mut sources = sources();
    sources.push(source("broken", "/api/{x}y"));
    sources.push(source("constant", "/api/v2/conversations"));
    sources[1].fields[0].1.push("$..[".into());
    let mut odd = rule(
        "odd",
        &["/x", "/{participantId}", GENERAL],
        &["conversation", "nowhere"],
    );
    odd.fill.push(("/wrapup".into(), "wrapup".into()));
    odd.fill.push(("state".into(), "state".into()));
    odd.content_type = Some("a\nb".into());
    let mut empty = rule("empty", &[], &[]);
    empty.methods.clear();
    let rules = [
        rule("participant", &[GENERAL], &["conversation"]),
        odd,
        empty,
    ];
    let faults = Rules::compile(&sources, &rules, &[]).unwrap_err();
    let places: Vec<_> = faults
        .iter()
        .map(|f: &SpecFault| (f.table, f.index, f.key.as_str()))
        .collect();
    for expected in [
        ("source", 1, "fields.state"),
        ("source", 2, "get"),
        ("source", 3, "get"),
        ("rule", 1, "fill"),
        ("rule", 1, "content_type"),
        ("rule", 1, "sources"),
        ("rule", 1, "fill./wrapup"),
        ("rule", 1, "paths"),
        ("rule", 2, "methods"),
        ("rule", 2, "paths"),
        ("rule", 2, "sources"),
    ] {
        assert!(
            places.contains(&expected),
            "{expected:?} not in {faults:#?}"
        );
    }
    let of_paths = faults
        .iter()
        .filter(|f| f.index == 1 && f.key == "paths")
        .count();
    assert_eq!(
        of_paths, 3,
        "no participant, no conversation, taken by another rule: {faults:#?}"
    );
}

#[test]
fn the_packs_compile() {
    assert!(Rules::strict().iter().count() >= 9);
    assert!(Rules::official().iter().count() >= 1);
}

#[test]
fn a_rule_that_could_not_do_what_it_says_is_refused() {
    let faults = |rule: &str| {
        let text = format!("[[rule]]\nname = \"r\"\n{rule}");
        let specs = crate::rule::pack::Specs::parse("t", &text).unwrap();
        let compiled = Rules::compile(specs.sources(), specs.rules(), specs.diagnoses());
        let faults = compiled.err().unwrap_or_default();
        let faults = faults
            .iter()
            .map(|fault| format!("{}: {}", fault.key, fault.problem));
        faults.collect::<Vec<_>>().join("; ")
    };
    let pick = r#"pick = [{ list = "/participants", members = ["attributes"] }]"#;
    for (rule, expected) in [
        (
            format!(
                "paths = [\"/x/{{conversationId}}\"]\n{pick}\npath = \"/y/{{conversationId}}\""
            ),
            "pick: needs a `path` that has {participantId}",
        ),
        (
            format!("paths = [\"/x/{{participantId}}\"]\n{pick}\npath = \"/y/{{participantId}}\""),
            "pick: is for paths that name no participant",
        ),
        (
            "paths = [\"/x/{y}\"]\npath = \"/x/{y}\"".to_owned(),
            "path: is one of the rule's own `paths`: it leads to itself",
        ),
        (
            "paths = [\"/x\"]\n[rule.on_reject]\ncase = { \"/state\" = [] }".to_owned(),
            "on_reject.case./state: names no word",
        ),
    ] {
        let found = faults(&rule);
        assert!(found.contains(expected), "{rule}: {found}");
    }
}
