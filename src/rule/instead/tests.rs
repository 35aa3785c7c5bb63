use super::*;
use crate::rule::spec::{OnRejectSpec, ReshapeSpec, RuleSpec};

const P: &str = "/api/v2/conversations/{conversationId}/participants/{participantId}";

fn broken<'a>(template: &'a str, repairs: &'a [Repair]) -> Broken<'a> {
    Broken {
        method: &Method::PATCH,
        template,
        repairs,
        filled: &[],
        reason: None,
        hint: None,
    }
}

fn lines(rules: &Rules, broken: &Broken<'_>) -> Vec<String> {
    rules.instead(broken).lines().map(str::to_owned).collect()
}

#[test]
fn what_was_filled_stands_there_as_what_is_to_be_read_and_where() {
    let filled = ["/state", "/routing/queue/id"];
    let broken = Broken {
        filled: &filled,
        ..broken(P, &[Repair::Fill, Repair::ContentType])
    };
    let text = lines(&Rules::strict(), &broken);
    assert_eq!(text[0], format!("PATCH {P}"));
    assert_eq!(text[1], "Content-Type: application/json");
    assert_eq!(
        text[2],
        r#"{"attributes":{"<name>":"<value>"},"routing":{"queue":{"id":"<the id of the participant's current queue>"}},"state":"<the participant's current state>"}"#
    );
    assert!(
        text[3].contains("GET /api/v2/conversations/{conversationId} tells"),
        "{}",
        text[3]
    );
    // Only what this caller misses.
    let only = Broken {
        filled: &filled[..1],
        ..broken
    };
    assert!(!lines(&Rules::strict(), &only)[2].contains("routing"));
}

#[test]
fn where_nothing_could_be_read_it_is_all_that_the_rule_fills() {
    let failed = Broken {
        reason: Some(Reason::LookupFailed),
        ..broken(P, &[])
    };
    let body = &lines(&Rules::strict(), &failed)[2];
    assert!(
        body.contains("\"routing\"") && body.contains("\"state\""),
        "{body}"
    );
    let anonymous = Broken {
        reason: Some(Reason::NoCredential),
        ..failed
    };
    let text = Rules::strict().instead(&anonymous);
    assert!(
        text.ends_with("It carries one Authorization header."),
        "{text}"
    );
}

#[test]
fn a_reroute_names_the_resource_and_the_names_that_it_has() {
    let voice = "/api/v2/conversations/voice/{conversationId}/participants/{participantId}";
    let repairs = [Repair::Path, Repair::Rename, Repair::Reroute, Repair::Split];
    let text = lines(&Rules::official(), &broken(voice, &repairs));
    assert_eq!(text[0], format!("PATCH {P}/attributes"));
    assert_eq!(text[2], r#"{"attributes":{"<name>":"<value>"}}"#);
    assert!(
        text[3].starts_with("Then, if that was accepted"),
        "{}",
        text[3]
    );
    let calls = "/api/v2/conversations/calls/{conversationId}/participants/{participantId}";
    assert_eq!(text[4], format!("PATCH {calls}"));
    let map = "/customAttributes or /externalAttributes or /participant_attributes or /data is called /attributes.";
    assert!(text.iter().any(|line| line == map), "{text:?}");
}

#[test]
fn only_names_of_the_resource_that_was_meant_are_told() {
    let text = |repairs: &[Repair]| Rules::official().instead(&broken(P, repairs));
    let (moved, kept) = (
        text(&[Repair::Rename, Repair::Reroute]),
        text(&[Repair::Rename]),
    );
    assert!(
        moved.contains("/customAttributes") && !moved.contains("/wrapup"),
        "{moved}"
    );
    assert!(
        !kept.contains("/customAttributes") && kept.contains("/wrapup/code"),
        "{kept}"
    );
}

#[test]
fn a_path_that_says_all_has_its_body_and_a_method_its_own() {
    let template = format!("{P}/disconnect");
    let post = Broken {
        method: &Method::POST,
        ..broken(&template, &[Repair::Path, Repair::Method])
    };
    let text = lines(&Rules::official(), &post);
    assert_eq!(text[0], format!("PATCH {P}"));
    assert_eq!(text[2], r#"{"state":"disconnected"}"#);
    assert!(
        text.contains(&"The method is PATCH, and not POST.".to_owned()),
        "{text:?}"
    );
    let calls =
        "/api/v2/conversations/calls/{conversationId}/participants/{participantId}/attributes";
    let text = lines(&Rules::official(), &broken(calls, &[Repair::Path]));
    assert_eq!(text[0], format!("PATCH {P}/attributes"), "after a 404");
}

#[test]
fn what_was_only_diagnosed_gets_its_advice_as_it_is_written() {
    let own = Broken {
        reason: Some(Reason::UserNeeded),
        hint: Some(
            "the token has no part in the conversation: it needs a user who takes part, and a participant who is still there",
        ),
        ..broken(P, &[])
    };
    let rules = Rules::official();
    assert_eq!(
        rules.instead(&own),
        Diagnosis::of(Flaw::UserNeeded, "").advice
    );
    let confined = Broken {
        reason: Some(Reason::UnknownValue),
        hint: Some(
            "/confined is for ad-hoc conferences only; of several members one that fails fails all",
        ),
        ..own
    };
    assert!(rules.instead(&confined).contains("ad-hoc conference"));
    let nested = Broken {
        reason: Some(Reason::NestedValue),
        hint: Some("/attributes/x must be a string, not an object or a list"),
        ..own
    };
    assert!(
        rules.instead(&nested).contains("{conversationId}"),
        "a template"
    );
}

#[test]
fn a_rule_of_a_user_gets_one_too_and_one_that_is_gone_says_so() {
    let rule = RuleSpec {
        name: "own".to_owned(),
        methods: vec![Method::POST],
        paths: vec!["/x/{a}".to_owned()],
        content_type: Some("application/merge-patch+json".to_owned()),
        reshape: ReshapeSpec {
            wrap: Some("data".to_owned()),
            on_reject: OnRejectSpec {
                case: vec![("/how".to_owned(), vec!["well".to_owned(), "ill".to_owned()])],
                ..OnRejectSpec::default()
            },
            ..ReshapeSpec::default()
        },
        ..RuleSpec::default()
    };
    let rules = Rules::compile(&[], &[rule], &[]).unwrap();
    let wrapped = Broken {
        method: &Method::POST,
        ..broken("/x/{a}", &[Repair::Wrap, Repair::Case])
    };
    assert_eq!(
        lines(&rules, &wrapped),
        [
            "POST /x/{a}",
            "Content-Type: application/merge-patch+json",
            r#"{"data":{"<name>":"<value>"}}"#,
            "/how is spelled well or ill.",
        ]
    );
    for template in ["/gone/{a}", "/x/{other}"] {
        let gone = Broken {
            template,
            ..wrapped
        };
        let text = rules.instead(&gone);
        assert!(text.contains("not in the configuration any more"), "{text}");
    }
}
