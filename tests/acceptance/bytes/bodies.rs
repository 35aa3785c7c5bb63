//! Bodies, and what becomes of each.

/// What is inserted where both members are missing.
pub(crate) const BOTH: &str = r#""state":"connected","routing":{"queue":{"id":"q1"}},"#;

/// What becomes of a body.
pub(crate) enum Fate {
    /// These bytes are inserted at this offset, and no other byte changes.
    Inserted(usize, &'static str),
    /// It is edited to this.
    Becomes(&'static [u8]),
    /// Nothing changes, for this reason (or because nothing is missing).
    Untouched(&'static str),
}
pub(crate) use Fate::{Becomes, Inserted, Untouched};

pub(crate) fn bodies() -> Vec<(&'static str, Vec<u8>, Fate)> {
    let deep = |count: usize, open: &str, close: &str| {
        let (open, close) = (open.repeat(count), close.repeat(count));
        format!("{{\"attributes\":{open}[]{close}}}").into_bytes()
    };
    let utf16 = |order: fn(u16) -> [u8; 2]| {
        let units = "\u{feff}{\"attributes\":{}}".encode_utf16();
        units.flat_map(order).collect::<Vec<u8>>()
    };
    let text = |text: &'static str| text.as_bytes().to_vec();
    vec![
        (
            "plain",
            text(r#"{"attributes":{"a":"b"}}"#),
            Inserted(1, BOTH),
        ),
        (
            "empty object",
            text("{}"),
            Becomes(br#"{"state":"connected","routing":{"queue":{"id":"q1"}}}"#),
        ),
        (
            "odd spacing",
            text("\r\n\t { \n\"attributes\"\t:\r{ } }\n\n"),
            Inserted(5, BOTH),
        ),
        (
            "big integers",
            text(r#"{"attributes":{"n":123456789012345678901234567890,"m":-0,"e":1E+2}}"#),
            Inserted(1, BOTH),
        ),
        (
            "1e400",
            text(r#"{"n":1e400,"attributes":{"x":1.10}}"#),
            Inserted(1, BOTH),
        ),
        (
            "duplicate attributes",
            text(r#"{"attributes":{"a":1,"a":2},"attributes":{}}"#),
            Inserted(1, BOTH),
        ),
        (
            "escaped slashes and names",
            text(r#"{"attr\u0069butes":{"\/":"\u00e9"}}"#),
            Inserted(1, BOTH),
        ),
        (
            "state under an escaped name",
            text(r#"{"\u0073tate":"held"}"#),
            Inserted(1, r#""routing":{"queue":{"id":"q1"}},"#),
        ),
        (
            "lone surrogates",
            text(r#"{"attributes":{"\ud800":"\udc00\ud800"}}"#),
            Inserted(1, BOTH),
        ),
        (
            "names inside strings",
            text(r#"{"attributes":{"x":"\"state\":null,{"}}"#),
            Inserted(1, BOTH),
        ),
        (
            "members further down",
            text(r#"{"attributes":{"state":"x","routing":{"queue":{"id":"y"}}}}"#),
            Inserted(1, BOTH),
        ),
        (
            "other scripts",
            text(r#"{"attributes":{"名前":"🦀 ü","\u0000":"null"}}"#),
            Inserted(1, BOTH),
        ),
        ("another case", text(r#"{"State":"x"}"#), Inserted(1, BOTH)),
        (
            "a parent that is there",
            text(r#"{"routing":{"priority":1},"state":"held"}"#),
            Inserted(12, r#""queue":{"id":"q1"},"#),
        ),
        (
            "arrays 250 000 deep",
            deep(250_000, "[", "]"),
            Inserted(1, BOTH),
        ),
        (
            "objects 150 000 deep",
            deep(150_000, "{\"a\":", "}"),
            Inserted(1, BOTH),
        ),
        (
            "null",
            text(r#"{"state":null,"routing":null,"attributes":null}"#),
            Becomes(br#"{"state":"connected","routing":{"queue":{"id":"q1"}},"attributes":null}"#),
        ),
        (
            "null further down",
            text(r#"{"routing":{"queue":{"id":  null}},"state":"x"}"#),
            Becomes(br#"{"routing":{"queue":{"id":  "q1"}},"state":"x"}"#),
        ),
        (
            "byte-order mark",
            text("\u{feff}{\"attributes\":{}}"),
            Becomes(br#"{"state":"connected","routing":{"queue":{"id":"q1"}},"attributes":{}}"#),
        ),
        (
            "byte-order mark alone",
            text("\u{feff}{\"state\":\"x\",\"routing\":{\"queue\":{\"id\":\"y\"}}}"),
            Becomes(br#"{"state":"x","routing":{"queue":{"id":"y"}}}"#),
        ),
        (
            "nothing missing",
            text(r#"{"state":"","routing":{"queue":{"id":5}}}"#),
            Untouched(""),
        ),
        (
            "state twice",
            text(r#"{"state":null,"state":"x"}"#),
            Untouched("duplicate_member"),
        ),
        (
            "routing twice",
            text(r#"{"routing":{},"routing":{}}"#),
            Untouched("duplicate_member"),
        ),
        (
            "a parent that is none",
            text(r#"{"routing":[],"attributes":{}}"#),
            Untouched("type_conflict"),
        ),
        ("an array", text("[{}]"), Untouched("not_object")),
        ("a string", text("\"{}\""), Untouched("not_object")),
        ("nothing", Vec::new(), Untouched("not_json")),
        (
            "a comma too many",
            text(r#"{"attributes":{},}"#),
            Untouched("not_json"),
        ),
        ("two documents", text("{}{}"), Untouched("not_json")),
        ("a comment", text("{/* */}"), Untouched("not_json")),
        ("NaN", text(r#"{"attributes":NaN}"#), Untouched("not_json")),
        ("a form", text("attributes=a"), Untouched("not_json")),
        ("a NUL behind", text("{}\0"), Untouched("not_json")),
        (
            "a line break in a string",
            text("{\"attributes\":\"\n\"}"),
            Untouched("not_json"),
        ),
        (
            "UTF-16, big end first",
            utf16(u16::to_be_bytes),
            Untouched("not_json"),
        ),
        (
            "UTF-16, little end first",
            utf16(u16::to_le_bytes),
            Untouched("not_json"),
        ),
        (
            "Latin-1",
            b"{\"attributes\":{\"a\":\"\xe9\"}}".to_vec(),
            Untouched("not_json"),
        ),
        (
            "overlong UTF-8",
            b"{\"attributes\":{\"a\":\"\xc0\xaf\"}}".to_vec(),
            Untouched("not_json"),
        ),
    ]
}
