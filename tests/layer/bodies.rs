//! What becomes of bodies: the insertion and no other byte changed, or untouched with the reason.

use crate::fake::{Fake, P, Proxy, WEB, patch};

/// What is inserted into an object that has members.
const INSERTED: &str = r#""state":"connected","routing":{"queue":{"id":"q1"}},"#;

#[tokio::test]
async fn every_other_byte_is_kept() {
    for rest in [
        r#""attributes":{"supervisorNote":"test"}}"#.to_owned(),
        r#" "attributes" : { } } "#.to_owned(),
        "\r\n\t\"attributes\":{}\r\n}\r\n".to_owned(),
        r#""n":12345678901234567890123}"#.to_owned(),
        r#""n":[1e400,-0,1.10,1e2,1E+2,0.1e-7]}"#.to_owned(),
        r#""a":1,"a":2,"b":{"c":1,"c":2}}"#.to_owned(),
        r#""\u0061ttributes":{"\ud83d\ude00":"\/"}}"#.to_owned(),
        r#""s":"lone \ud800 and \udc00"}"#.to_owned(),
        r#""attributes":{"state":"decoy","routing":{"queue":{"id":"decoy"}}}}"#.to_owned(),
        r#""text":"\"state\":\"x\""}"#.to_owned(),
        r#""State":"other case","state ":1}"#.to_owned(),
        r#""é":"日本語 🎉","":null}"#.to_owned(),
        r#""list":[[],{},[{}],null,true,false]}"#.to_owned(),
        r#""$serde_json::private::RawValue":"{}","$serde_json::private::Number":"1"}"#.to_owned(),
        format!("\"deep\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("\"many\":{{{}\"z\":0}}}}", "\"k\":1,".repeat(10_000)),
        format!("\"long\":\"{}\"}}", "\\u0041".repeat(50_000)),
    ] {
        let fake = Fake::new("connected");
        let answer = Proxy::new(&fake).patch(P, &format!("{{{rest}")).await;
        assert_eq!(answer.status, 202);
        assert_eq!(fake.bodies(), [format!("{{{INSERTED}{rest}")]);
        assert!(
            answer.says(r#"filled=("/state" "/routing/queue/id")"#),
            "{}",
            answer.report
        );
        assert!(
            answer.says("outcome=repaired") && answer.says("repairs=(fill)"),
            "{}",
            answer.report
        );
    }
}

#[tokio::test]
async fn null_and_missing_parents_are_gaps() {
    let queue = r#"{"queue":{"id":"q1"}}"#;
    for (body, sent, filled) in [
        (
            "{}",
            format!(r#"{{"state":"connected","routing":{queue}}}"#),
            r#"("/state" "/routing/queue/id")"#,
        ),
        (
            r#"{"state":null}"#,
            format!(r#"{{"routing":{queue},"state":"connected"}}"#),
            r#"("/state" "/routing/queue/id")"#,
        ),
        (
            r#"{"state":"x","routing":null}"#,
            format!(r#"{{"state":"x","routing":{queue}}}"#),
            r#"("/routing/queue/id")"#,
        ),
        (
            r#"{"state":"x","routing":{"queue":null}}"#,
            format!(r#"{{"state":"x","routing":{queue}}}"#),
            r#"("/routing/queue/id")"#,
        ),
        (
            r#"{"state":"x","routing":{"queue":{"id":null}}}"#,
            format!(r#"{{"state":"x","routing":{queue}}}"#),
            r#"("/routing/queue/id")"#,
        ),
        (
            r#"{"state":"x","routing":{"priority":5}}"#,
            r#"{"state":"x","routing":{"queue":{"id":"q1"},"priority":5}}"#.to_owned(),
            r#"("/routing/queue/id")"#,
        ),
    ] {
        let fake = Fake::new("connected");
        let answer = Proxy::new(&fake).patch(P, body).await;
        assert_eq!(fake.bodies(), [sent], "{body}");
        assert!(
            answer.says(&format!("filled={filled}")),
            "{body}: {}",
            answer.report
        );
    }
}

#[tokio::test]
async fn what_can_not_be_edited_is_untouched_and_says_why() {
    let unended = "[".repeat(500_000);
    for (body, reason) in [
        ("", "not_json"),
        ("{", "not_json"),
        (unended.as_str(), "not_json"),
        (r#"{"attributes":{},}"#, "not_json"),
        (r#"{"attributes":NaN}"#, "not_json"),
        ("{'attributes':{}}", "not_json"),
        (r#"{"a":1}{"b":2}"#, "not_json"),
        ("{\"a\":\"\u{1}\"}", "not_json"),
        ("attributes=1", "not_json"),
        ("null", "not_object"),
        ("[{}]", "not_object"),
        ("\"text\"", "not_object"),
        (r#"{"state":"a","state":"b"}"#, "duplicate_member"),
        (r#"{"state":null,"\u0073tate":null}"#, "duplicate_member"),
        (r#"{"routing":{},"routing":{}}"#, "duplicate_member"),
        (r#"{"routing":"q1"}"#, "type_conflict"),
        (r#"{"routing":{"queue":"q1"}}"#, "type_conflict"),
        (r#"{"routing":[]}"#, "type_conflict"),
    ] {
        let fake = Fake::new("connected");
        let mut request = patch(P, body);
        // Nor is its type touched.
        request
            .headers_mut()
            .insert("content-type", "text/plain".parse().unwrap());
        let answer = Proxy::new(&fake).send(request).await;
        assert_eq!(fake.bodies(), [body]);
        assert_eq!(fake.writes()[0].headers["content-type"], "text/plain");
        assert_eq!(fake.lookups(), 0, "{body}");
        assert_eq!(
            answer.report,
            format!("rule=\"participant\", outcome=forwarded, reason={reason}")
        );
    }
}

#[tokio::test]
async fn bytes_that_are_no_utf_8_are_untouched() {
    use bytes::Bytes;
    use http_body_util::Full;

    for body in [
        &b"{\"a\":\"\xff\"}"[..],
        b"\xff\xfe{\0}\0",
        b"{\"\xed\xa0\x80\":1}",
    ] {
        let fake = Fake::new("connected");
        let request = patch(P, "").map(|_| Full::new(Bytes::from_static(body)));
        let answer = Proxy::new(&fake).send(request).await;
        assert_eq!(fake.bodies(), [String::from_utf8_lossy(body)]);
        assert!(answer.says("reason=not_json"));
    }
}

#[tokio::test]
async fn a_complete_body_is_forwarded_without_a_lookup() {
    for (path, body) in [
        (
            P,
            r#"{"state":"disconnected","routing":{"queue":{"id":"q9"}}}"#,
        ),
        (P, r#"{"\u0073tate":5,"routing":{"queue":{"id":[]}}}"#),
        (WEB, r#"{"attributes":{},"state":"connected"}"#),
    ] {
        let fake = Fake::new("connected");
        let answer = Proxy::new(&fake).patch(path, body).await;
        assert_eq!((fake.bodies(), fake.lookups()), (vec![body.to_owned()], 0));
        assert!(
            answer.report.ends_with("outcome=complete"),
            "{}",
            answer.report
        );
    }
}

#[tokio::test]
async fn a_byte_order_mark_is_dropped_even_where_nothing_else_is_wrong() {
    let fake = Fake::new("connected");
    let proxy = Proxy::new(&fake);
    let complete = proxy.patch(WEB, "\u{feff}{\"state\":\"x\"}").await;
    assert!(
        complete.says("outcome=repaired") && complete.says("repairs=(bom)"),
        "{}",
        complete.report
    );
    let gap = proxy.patch(WEB, "\u{feff}{\"a\":1}").await;
    assert!(gap.says("repairs=(fill bom)"), "{}", gap.report);
    assert_eq!(
        fake.bodies(),
        [r#"{"state":"x"}"#, r#"{"state":"connected","a":1}"#]
    );
    assert!(!fake.writes()[0].headers.contains_key("content-length"));
}

#[tokio::test]
async fn a_content_type_that_nobody_chose_is_set() {
    for (sent, expected) in [
        (None, "application/json"),
        (Some("text/plain"), "application/json"),
        (
            Some("application/x-www-form-urlencoded"),
            "application/json",
        ),
        (Some("application/octet-stream"), "application/json"),
        (
            Some("application/json; charset=utf-8"),
            "application/json; charset=utf-8",
        ),
        (
            Some("application/json-patch+json"),
            "application/json-patch+json",
        ),
    ] {
        let fake = Fake::new("connected");
        let mut request = patch(WEB, r#"{"state":"x"}"#);
        request.headers_mut().remove("content-type");
        if let Some(sent) = sent {
            request
                .headers_mut()
                .insert("content-type", sent.parse().unwrap());
        }
        let answer = Proxy::new(&fake).send(request).await;
        assert_eq!(fake.writes()[0].headers["content-type"], expected);
        let repaired = sent != Some(expected);
        assert_eq!(
            answer.says("repairs=(content-type)"),
            repaired,
            "{}",
            answer.report
        );
        // The bytes are the same, and so is their length.
        assert_eq!(fake.writes()[0].headers["content-length"], "13");
        assert_eq!(fake.bodies(), [r#"{"state":"x"}"#]);
    }
}

#[tokio::test]
async fn fields_that_describe_the_old_bytes_go_with_them() {
    let fake = Fake::new("connected");
    let mut request = patch(WEB, r#"{"a":1}"#);
    let gone = [
        "content-length",
        "transfer-encoding",
        "content-md5",
        "digest",
        "content-digest",
        "repr-digest",
        "trailer",
    ];
    for name in gone {
        request.headers_mut().insert(name, "x".parse().unwrap());
    }
    request
        .headers_mut()
        .insert("if-match", "\"1\"".parse().unwrap());
    Proxy::new(&fake).send(request).await;
    let headers = &fake.writes()[0].headers;
    for name in gone {
        assert!(!headers.contains_key(name), "{name}");
    }
    assert_eq!(headers["if-match"], "\"1\"");
    assert_eq!(headers["authorization"], "Bearer a");
}

#[tokio::test]
async fn looked_up_text_is_escaped_and_odd_values_do_not_fill() {
    let fake = Fake::default();
    fake.conversation(r#"{"participants":[{"id":"p1","state":"a\"b\\c\n","queueId":5}]}"#);
    let answer = Proxy::new(&fake).patch(P, "{}").await;
    assert_eq!(fake.bodies(), [r#"{"state":"a\"b\\c\n"}"#]);
    assert!(answer.says(r#"filled=("/state")"#));
}

#[tokio::test]
async fn coded_and_signed_bodies_are_untouched() {
    for (name, value, reason) in [
        ("content-encoding", "gzip", "coding"),
        ("content-encoding", "made-up", "coding"),
        (
            "signature-input",
            r#"s=("@method" "content-digest")"#,
            "signed",
        ),
    ] {
        let fake = Fake::new("connected");
        let mut request = patch(P, "{}");
        request.headers_mut().insert(name, value.parse().unwrap());
        let answer = Proxy::new(&fake).send(request).await;
        assert_eq!((fake.bodies(), fake.lookups()), (vec!["{}".to_owned()], 0));
        assert!(
            answer.says(&format!("reason={reason}")),
            "{}",
            answer.report
        );
    }
    let fake = Fake::new("connected");
    let mut request = patch(P, "{}");
    request
        .headers_mut()
        .insert("content-encoding", "identity".parse().unwrap());
    request.headers_mut().insert(
        "signature-input",
        r#"s=("@method" "@path")"#.parse().unwrap(),
    );
    assert!(
        Proxy::new(&fake)
            .send(request)
            .await
            .says("outcome=repaired")
    );
}
