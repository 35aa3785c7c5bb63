use proptest::prelude::*;
use serde_json::de::IoRead;

use super::*;

fn targets() -> Targets {
    Targets::new(["/state", "/routing/queue/id"]).unwrap()
}

fn kind(body: &str, path: &[&str]) -> Found {
    let targets = targets();
    let scan = scan(body.as_bytes(), &targets).unwrap();
    let node = path.iter().fold(ROOT, |node, name| {
        targets.child(node, |known| known == *name).unwrap()
    });
    scan.at(node).clone()
}

/// `serde_json` accepts what RFC 8259 does, but for what it can't represent: it skips values unseen.
fn oracle(body: &[u8]) -> bool {
    let mut stream = serde_json::Deserializer::new(IoRead::new(body));
    let skipped = <serde::de::IgnoredAny as serde::Deserialize>::deserialize(&mut stream);
    skipped.is_ok() && stream.end().is_ok() && std::str::from_utf8(body).is_ok()
}

fn accepts(body: &[u8]) -> bool {
    scan(body, &targets()) != Err(ScanError::NotJson)
}

impl PartialEq for Scan {
    fn eq(&self, other: &Self) -> bool {
        (&self.found, self.bom) == (&other.found, other.bom)
    }
}

#[test]
fn targets_are_found_on_their_way_only() {
    assert_eq!(kind(r#"{"state":"connected"}"#, &["state"]), Found::Other);
    assert_eq!(
        kind(
            r#"{"a":{"state":"x"},"b":["state",{"state":1}]}"#,
            &["state"]
        ),
        Found::Absent
    );
    assert_eq!(
        kind(r#"{"routing":{"state":1}}"#, &["state"]),
        Found::Absent
    );
    assert_eq!(
        kind(
            r#"{"routing":[{"queue":{"id":"x"}}]}"#,
            &["routing", "queue", "id"]
        ),
        Found::Absent
    );
    assert_eq!(
        kind(r#"{"queue":{"id":"x"}}"#, &["routing", "queue", "id"]),
        Found::Absent
    );
    assert_eq!(
        kind(
            r#"{"routing":{"queue":{"id":"x"}}}"#,
            &["routing", "queue", "id"]
        ),
        Found::Other
    );
    assert_eq!(
        kind(
            r#"{"x":{"routing":{"queue":{"id":"x"}}}}"#,
            &["routing", "queue", "id"]
        ),
        Found::Absent
    );
    assert_eq!(kind(r#"{"state": null}"#, &["state"]), Found::Null(10..14));
    assert_eq!(
        kind(r#"{"routing": { } }"#, &["routing"]),
        Found::Object {
            inside: 13,
            empty: true
        }
    );
    assert_eq!(kind(r#"{"state":1,"state":2}"#, &["state"]), Found::Twice);
    assert_eq!(
        kind(r#"{"state":null,"state":null}"#, &["state"]),
        Found::Twice
    );
    assert_eq!(kind(r#"{"s":1,"\u0073tate":2}"#, &["state"]), Found::Other);
}

#[test]
fn names_are_compared_decoded() {
    for (raw, name, same) in [
        (r"state", "state", true),
        (r"\u0073tate", "state", true),
        (r"\u0073\u0074\u0061\u0074\u0065", "state", true),
        (r"State", "state", false),
        (r"\u0053tate", "state", false),
        (r"a\/b", "a/b", true),
        (r"\b\f\n\r\t\\\x22", "\u{8}\u{c}\n\r\t\\", false),
        ("\\b\\f\\n\\r\\t\\\\\\\"", "\u{8}\u{c}\n\r\t\\\"", true),
        (r"\uD83D\uDE00", "😀", true),
        (r"\uD83D", "😀", false),
        (r"\uD83Dx", "x", false),
        (r"😀\u0021", "😀!", true),
        (r"stat\u0065x", "state", false),
        (r"stat\u0065", "statex", false),
    ] {
        assert_eq!(lex::Text::of(raw.as_bytes()).is(name), same, "{raw} {name}");
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for body in [
        "",
        " ",
        "{",
        "}",
        "{]",
        "[}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "[1,]",
        "[,1]",
        "{'a':1}",
        "{a:1}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":-}",
        "{\"a\":1e}",
        "{\"a\":1e+}",
        "{\"a\":0x1}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":tru}",
        "{\"a\":True}",
        "{\"a\":nul}",
        "{}{}",
        "{} x",
        "{}\u{0}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"unended}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "{1:2}",
        "/**/{}",
        "{}//",
        "\u{feff}\u{feff}{}",
        "{\"a\":1}\u{a0}",
        "{\u{b}}",
        "{\"a\":1}}",
        "{\"a\":[1}]",
        "-",
        "\u{feff}",
    ] {
        assert_eq!(
            scan(body.as_bytes(), &targets()).unwrap_err(),
            ScanError::NotJson,
            "{body:?}"
        );
        assert!(
            !oracle(body.trim_start_matches('\u{feff}').as_bytes())
                || body.starts_with("\u{feff}\u{feff}")
        );
    }
    for body in [
        &b"{\"a\":\"\xff\"}"[..],
        b"{\"a\":\"\xc0\xaf\"}",
        b"{\"\xed\xa0\x80\":1}",
        b"\xff\xfe{\0}\0",
    ] {
        assert_eq!(
            scan(body, &targets()).unwrap_err(),
            ScanError::NotJson,
            "{body:?}"
        );
    }
}

#[test]
fn json_that_is_no_object_is_told_apart() {
    for body in ["[]", "1", "\"x\"", "null", "true", " [ {} ] ", "-0.0e-0"] {
        assert_eq!(
            scan(body.as_bytes(), &targets()).unwrap_err(),
            ScanError::NotObject,
            "{body}"
        );
    }
}

#[test]
fn whatever_rfc_8259_allows_is_accepted() {
    for body in [
        r#"{"n":[1e400,-0,0.1e-7,12345678901234567890123,1E+2]}"#,
        r#"{"s":"\ud800 lone \udc00\ud800"}"#,
        r#"{"":{"":""}}"#,
        "\u{feff} { } \r\n\t",
        "{\"é\":\"\u{7f}\u{2028}\u{10ffff}\"}",
        r#"{"a":1,"a":2,"b":{"c":1,"c":2}}"#,
    ] {
        assert!(scan(body.as_bytes(), &targets()).is_ok(), "{body}");
    }
}

#[test]
fn depth_costs_neither_stack_nor_time() {
    let open = "[".repeat(500_000);
    assert!(!accepts(open.as_bytes()));
    let closed = format!("{{\"a\":{open}{}}}", "]".repeat(500_000));
    assert!(scan(closed.as_bytes(), &targets()).is_ok());
    let objects = format!("{}1{}", "{\"state\":".repeat(100_000), "}".repeat(100_000));
    assert!(scan(objects.as_bytes(), &targets()).is_ok());
}

/// JSON-like text: fragments that meet in every order, so that most of it is nearly valid.
fn fragments() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"state\"",
        "\"routing\"",
        "\"queue\"",
        "\"a\"",
        "\"\\u0073tate\"",
        "null",
        "true",
        "false",
        "1",
        "-0.5e3",
        "\"\"",
        "\"\\\\\"",
        "\"\\\"\"",
        " ",
        "\n",
        "\"é😀\"",
        "\\",
        "\"",
        "0",
        "e",
    ]);
    prop::collection::vec(fragment, 0..24).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn acceptance_agrees_with_serde_json_on_fragments(body in fragments()) {
        prop_assert_eq!(accepts(body.as_bytes()), oracle(body.as_bytes()));
    }

    #[test]
    fn acceptance_agrees_with_serde_json_after_any_byte_changed(
        at in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        let mut body = br#"{"attributes":{"n":-1.5e+7,"s":"a\u00e9\n"},"list":[true,null,{}],"routing":{"queue":{}}}"#.to_vec();
        let at = at.index(body.len());
        body[at] = byte;
        prop_assert_eq!(accepts(&body), oracle(&body), "{}", String::from_utf8_lossy(&body));
    }

    #[test]
    fn strings_end_where_serde_json_ends_them(text in any::<String>(), pad in 0usize..16) {
        let body = format!("{{\"{}\":{}}}", "p".repeat(pad), serde_json::Value::from(text));
        prop_assert!(accepts(body.as_bytes()));
        prop_assert!(!accepts(&body.as_bytes()[..body.len() - 2]));
    }

    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(accepts(&body), oracle(&body));
    }
}
