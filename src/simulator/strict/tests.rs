use super::*;
use http::HeaderValue;

const QUEUED: Situation<'_> = Situation {
    state: "connected",
    queue: Some("q1"),
    queue_demanded: true,
};
const PLAIN: Situation<'_> = Situation {
    queue_demanded: false,
    ..QUEUED
};
const STATE: &str = "Invalid request body. Missing required property: 'state'.";

fn json_type() -> HeaderMap {
    HeaderMap::from_iter([(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    )])
}

fn judge(now: Situation<'_>, body: &str) -> Result<Change, ApiError> {
    participant(&now, &json_type(), body.as_bytes())
}

fn refusal(now: Situation<'_>, body: &str) -> (u16, String) {
    let refusal = judge(now, body).expect_err(body);
    (refusal.status.as_u16(), refusal.message)
}

#[test]
fn the_first_forum_request_is_refused_for_its_unknown_field_and_told_what_is_missing() {
    let refusal = judge(QUEUED, "{\"customAttributes\":{\"crmId\":\"123\"}}").unwrap_err();
    assert_eq!(
        refusal.message,
        "customAttributes is not a valid field for this endpoint"
    );
    let details = ["customAttributes", "state", "routing"].map(str::to_owned);
    let codes = ["invalid", "missing", "missing"];
    assert_eq!(
        refusal.details,
        codes.into_iter().zip(details).collect::<Vec<_>>()
    );
}

#[test]
fn the_second_forum_request_is_refused_for_its_missing_state() {
    let refusal = judge(PLAIN, "{\"attributes\":{\"supervisorNote\":\"test\"}}").unwrap_err();
    assert_eq!(
        (refusal.code, refusal.message.as_str()),
        ("bad.request", STATE)
    );
    assert_eq!(refusal.details, [("missing", "state".to_owned())]);
}

#[test]
fn an_incomplete_body_is_refused_naming_the_first_part_that_is_missing() {
    for (now, body, missing) in [
        (QUEUED, "{}", "state"),
        (QUEUED, "{\"state\":null}", "state"),
        (
            QUEUED,
            "{\"state\":\"connected\",\"state\":null,\"routing\":{\"queue\":{\"id\":\"q1\"}}}",
            "state",
        ),
        (
            QUEUED,
            "{\"routing\":{\"queue\":{\"id\":\"q1\"}},\"attributes\":{}}",
            "state",
        ),
        (QUEUED, "{\"state\":\"connected\"}", "routing"),
        (
            QUEUED,
            "{\"state\":\"connected\",\"routing\":null}",
            "routing",
        ),
        (
            QUEUED,
            "{\"state\":\"connected\",\"routing\":{}}",
            "routing.queue",
        ),
        (
            QUEUED,
            "{\"state\":\"connected\",\"routing\":{\"queue\":{\"id\":null}}}",
            "routing.queue.id",
        ),
        (
            QUEUED,
            "{\"state\":\"connected\",\"customAttributes\":null}",
            "routing",
        ),
        (PLAIN, "{\"wrapupCode\":\"w\",\"held\":true}", "state"),
    ] {
        let message = format!("Invalid request body. Missing required property: '{missing}'.");
        assert_eq!(refusal(now, body), (400, message), "{body}");
    }
}

#[test]
fn a_complete_body_may_hold_what_an_incomplete_one_may_not() {
    let rest =
        "\"customAttributes\":{\"b\":2},\"attributes\":{\"a\":\"1\"},\"id\":\"x\",\"calls\":[]";
    let full =
        format!("{{\"state\":\"connected\",\"routing\":{{\"queue\":{{\"id\":\"q1\"}}}},{rest}}}");
    let attributes = vec![("a".to_owned(), "1".into()), ("b".to_owned(), 2.into())];
    assert_eq!(
        judge(QUEUED, &full),
        Ok(Change {
            attributes,
            ..Change::default()
        })
    );
    let message = "id is not a valid field for this endpoint".to_owned();
    assert_eq!(
        refusal(PLAIN, "{\"attributes\":{},\"id\":\"x\"}"),
        (400, message)
    );
}

#[test]
fn who_is_in_no_queue_or_has_ended_needs_to_name_none() {
    let state = "{\"state\":\"connected\"}";
    assert_eq!(judge(PLAIN, state), Ok(Change::default()));
    assert_eq!(
        judge(
            Situation {
                queue: None,
                ..PLAIN
            },
            state
        ),
        Ok(Change::default())
    );
}

#[test]
fn members_of_the_wrong_type_are_refused() {
    for (body, name) in [
        ("{\"state\":\"connected\",\"attributes\":[]}", "attributes"),
        (
            "{\"state\":\"connected\",\"attributes\":\"a\"}",
            "attributes",
        ),
        ("{\"attributes\":1}", "attributes"),
        (
            "{\"state\":\"connected\",\"customAttributes\":false}",
            "customAttributes",
        ),
        ("{\"state\":1}", "state"),
        ("{\"state\":\"connected\",\"routing\":\"q1\"}", "routing"),
        (
            "{\"state\":\"connected\",\"routing\":{\"queue\":\"q1\"}}",
            "routing.queue",
        ),
        (
            "{\"state\":\"connected\",\"routing\":{\"queue\":{\"id\":1}}}",
            "routing.queue.id",
        ),
    ] {
        let refusal = judge(PLAIN, body).unwrap_err();
        assert_eq!(refusal.status, 400, "{body}");
        assert_eq!(refusal.details, [("invalid", name.to_owned())], "{body}");
    }
}

#[test]
fn every_json_text_is_read_and_nothing_else() {
    for body in [
        "{\"attributes\":{\"n\":1e400,\"s\":\"\\ud800\"},\"state\":\"connected\"}",
        " \r\n{\"\\u0073tate\":\"c\\u006fnnected\"}\t",
        &format!(
            "{{\"state\":\"connected\",\"attributes\":{{\"deep\":{}{}}}}}",
            "[".repeat(250_000),
            "]".repeat(250_000)
        ),
    ] {
        assert!(judge(PLAIN, body).is_ok(), "{body:.80}");
    }
    for body in [
        "",
        "{\"state\":\"connected\"",
        "\u{feff}{\"state\":\"connected\"}",
        "[]",
        "null",
        "{\"state\":\"connected\",}",
    ] {
        let refusal = judge(PLAIN, body).unwrap_err();
        assert_eq!(refusal, ApiError::malformed(), "{body}");
    }
    let not_utf8 = participant(
        &PLAIN,
        &json_type(),
        b"{\"state\":\"connected\",\"a\":\"\xff\"}",
    );
    assert_eq!(not_utf8, Err(ApiError::malformed()));
}

#[test]
fn only_json_by_its_content_type_is_read() {
    let headers = |pairs: &[(http::HeaderName, &'static str)]| -> HeaderMap {
        let pairs = pairs.iter().cloned();
        pairs
            .map(|(name, value)| (name, HeaderValue::from_static(value)))
            .collect()
    };
    let (kind, coding) = (header::CONTENT_TYPE, header::CONTENT_ENCODING);
    let judge = |headers: &HeaderMap| participant(&PLAIN, headers, b"{\"state\":\"connected\"}");
    for good in ["application/json", "Application/JSON; charset=UTF-8"] {
        assert!(judge(&headers(&[(kind.clone(), good)])).is_ok(), "{good}");
    }
    for wrong in [
        headers(&[]),
        headers(&[(kind.clone(), "text/plain")]),
        headers(&[(kind.clone(), "application/x-www-form-urlencoded")]),
        headers(&[(kind.clone(), "application/json-patch+json")]),
        headers(&[(kind.clone(), "application/json"), (coding, "gzip")]),
    ] {
        let refusal = judge(&wrong).unwrap_err();
        assert_eq!(
            refusal.details,
            [("invalid", "Content-Type".to_owned())],
            "{wrong:?}"
        );
    }
    let mut twice = json_type();
    twice.append(kind, HeaderValue::from_static("text/plain"));
    assert!(judge(&twice).is_err());
}

#[test]
fn a_state_other_than_the_current_one_must_be_a_legal_step() {
    let to = |from, state: &str| {
        let now = Situation {
            state: from,
            ..PLAIN
        };
        judge(now, &format!("{{\"state\":\"{state}\"}}")).map(|change| change.state)
    };
    assert_eq!(to("connected", "connected"), Ok(None));
    assert_eq!(
        to("connected", "disconnected"),
        Ok(Some("disconnected".to_owned()))
    );
    assert_eq!(
        to("alerting", "connected"),
        Ok(Some("connected".to_owned()))
    );
    assert_eq!(to("disconnected", "disconnected"), Ok(None));
    for (from, state) in [
        ("connected", "alerting"),
        ("disconnected", "connected"),
        ("connected", "active"),
    ] {
        let conflict = to(from, state).unwrap_err();
        let message = "The request conflicts with the current state of the target resource.";
        assert_eq!(
            (conflict.status.as_u16(), conflict.code),
            (409, "general.conflict")
        );
        assert_eq!(conflict.message, message);
    }
}

#[test]
fn a_queue_other_than_the_current_one_conflicts() {
    let body = "{\"state\":\"connected\",\"routing\":{\"queue\":{\"id\":\"q2\"}}}";
    for now in [
        QUEUED,
        PLAIN,
        Situation {
            queue: None,
            ..PLAIN
        },
    ] {
        assert_eq!(
            judge(now, body),
            Err(ApiError::conflict("routing.queue.id"))
        );
    }
}

#[test]
fn flags_are_taken_as_commands() {
    let change = judge(
        PLAIN,
        "{\"state\":\"connected\",\"held\":true,\"muted\":false}",
    )
    .unwrap();
    assert_eq!(
        (change.held, change.muted, change.recording),
        (Some(true), Some(false), None)
    );
}

#[test]
fn the_attributes_endpoint_takes_a_flat_map_of_strings() {
    let judge = |body: &str| attributes_only(&json_type(), body.as_bytes());
    let attributes = vec![("a".to_owned(), "1".into())];
    assert_eq!(
        judge("{\"attributes\":{\"a\":\"1\"}}").unwrap().attributes,
        attributes
    );
    for body in [
        "{\"attributes\":{\"wrapup\":{}}}",
        "{\"attributes\":{\"a\":1}}",
        "{\"attributes\":{\"a\":null}}",
    ] {
        assert_eq!(judge(body), Err(ApiError::malformed()), "{body}");
    }
    for body in ["{}", "{\"attributes\":null}"] {
        let code = judge(body).unwrap_err().code;
        assert_eq!(
            code, "conversation.error.participant.attribute.null",
            "{body}"
        );
    }
}
