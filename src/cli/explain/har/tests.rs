use serde_json::json;

use super::*;

const P: &str = "https://h/api/v2/conversations/c1/participants/p1";

fn har(entries: &Value) -> Vec<Entry> {
    let text = json!({ "log": { "version": "1.2", "entries": entries } }).to_string();
    super::entries(text.as_bytes()).unwrap()
}

fn get(url: &str, token: &str, status: u16, text: &str) -> Value {
    json!({
        "request": { "method": "GET", "url": url, "headers": [
            { "name": "authorization", "value": token }
        ] },
        "response": { "status": status, "content": { "text": text } }
    })
}

#[test]
fn requests_are_read_as_browsers_and_proxies_write_them() {
    let entries = har(&json!([
        { "request": { "method": "PATCH", "url": P, "headers": [
            { "name": ":method", "value": "PATCH" },
            { "name": "Content-Length", "value": "99" },
            { "name": "content-type", "value": "application/json" },
            { "name": "bad name", "value": "x" }, { "name": "x", "value": "a\nb" }, 7
        ], "postData": { "mimeType": "application/json", "text": "{}" } } },
        { "request": { "method": "POST", "url": P,
            "postData": { "params": [{ "name": "a b", "value": "ü" }, { "name": "c" }], "text": "" } } },
        { "request": { "method": "POST", "url": P, "postData": { "text": "e30=", "encoding": "base64" } } },
        { "request": { "method": "POST", "url": P, "postData": null } },
        { "request": { "method": "POST" } },
        {}
    ]));
    let asked = entries[0].asked.as_ref().unwrap();
    assert_eq!(
        asked.target.path,
        "/api/v2/conversations/c1/participants/p1"
    );
    assert_eq!(asked.headers.len(), 1);
    let bodies = entries.iter().flat_map(|entry| &entry.asked);
    let bodies: Vec<_> = bodies.map(|asked| &*asked.body).collect();
    assert_eq!(bodies, [&b"{}"[..], b"a+b=%C3%BC&c=", b"{}", b""]);
    assert!(entries[4].asked.as_ref().unwrap_err().contains("\"url\""));
    assert!(entries[5].asked.is_err());
}

#[test]
fn what_was_answered_counts_where_it_is_a_refusal() {
    let answer = |status: u16| {
        json!({
            "request": { "method": "PATCH", "url": P },
            "response": { "status": status, "content": { "text": "eyJzdGF0dXMiOjR9", "encoding": "base64" } }
        })
    };
    let entries = har(&json!([answer(400), answer(202), answer(0), answer(503)]));
    let refusals: Vec<_> = entries.iter().map(Entry::refusal).collect();
    let refusal = refusals[0].as_ref().unwrap();
    assert_eq!(refusal.status, Some(StatusCode::BAD_REQUEST));
    assert_eq!(&*refusal.body, br#"{"status":4}"#);
    assert!(refusals[1..].iter().all(Option::is_none));
}

#[test]
fn a_lookup_is_answered_by_the_last_get_before_it_of_the_same_caller() {
    let source = "https://h/prefix/api/v2/conversations/c1";
    let mut patch = get(P, "Bearer a", 400, "");
    patch["request"]["method"] = "PATCH".into();
    let entries = har(&json!([
        get(source, "Bearer a", 200, "older"),
        get(source, "Bearer a", 200, "the one"),
        get(source, "Bearer b", 200, "another caller's"),
        get(
            "https://other/api/v2/conversations/c1",
            "Bearer a",
            200,
            "another host's"
        ),
        get(
            "https://h/api/v2/conversations/c2",
            "Bearer a",
            200,
            "another"
        ),
        get(source, "Bearer a", 404, "refused"),
        patch,
        get(source, "Bearer a", 200, "later"),
    ]));
    let found = lookup(&entries, &entries[6], "/api/v2/conversations/c1");
    assert_eq!(found.unwrap(), "the one");
    assert_eq!(
        lookup(&entries, &entries[0], "/api/v2/conversations/c1"),
        None
    );
}

#[test]
fn what_is_no_har_is_said() {
    for text in ["", "[]", "{\"log\":{}}", "<html>"] {
        assert!(
            super::entries(text.as_bytes())
                .unwrap_err()
                .contains("no HAR file"),
            "{text}"
        );
    }
    assert!(
        super::entries(b"\xef\xbb\xbf{\"log\":{\"entries\":[]}}")
            .unwrap()
            .is_empty()
    );
}
