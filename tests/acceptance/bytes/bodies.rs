//! Bodies, and what becomes of each.

/// What is inserted where both members are missing.
pub(crate) const BOTH: &str = r#""state":"connected","routing":{"queue":{"id":"q1"}},"#;
const QUEUE: &str = r#""queue":{"id":"q1"},"#;
const ROUTING: &str = r#""routing":{"queue":{"id":"q1"}},"#;

/// What becomes of a body.
pub(crate) enum Fate {
    /// These bytes are inserted at this offset, and no other byte changes.
    Inserted(usize, &'static str),
    /// It is edited to this.
    Becomes(&'static str),
    /// Nothing changes, for this reason (or because nothing is missing).
    Untouched(&'static str),
}
pub(crate) use Fate::{Becomes, Inserted, Untouched};

pub(crate) type Case = (&'static str, Vec<u8>, Fate);

pub(crate) fn bodies() -> impl Iterator<Item = Case> {
    let texts = TEXTS.into_iter().chain(OPEN).chain(CLOSED);
    let texts = texts.map(|(name, text, fate)| (name, text.as_bytes().to_vec(), fate));
    texts.chain(made())
}

/// Members are missing, and everything else is unusual.
const TEXTS: [(&str, &str, Fate); 13] = [
    ("plain", r#"{"attributes":{"a":"b"}}"#, Inserted(1, BOTH)),
    (
        "odd spacing",
        "\r\n\t { \n\"a\"\t:\r{ } }\n\n",
        Inserted(5, BOTH),
    ),
    (
        "big",
        r#"{"n":123456789012345678901234567890,"m":-0,"e":1E+2}"#,
        Inserted(1, BOTH),
    ),
    ("1e400", r#"{"n":1e400,"x":1.10}"#, Inserted(1, BOTH)),
    (
        "twins",
        r#"{"attributes":{"a":1,"a":2},"attributes":{}}"#,
        Inserted(1, BOTH),
    ),
    (
        "escapes",
        r#"{"attr\u0069butes":{"\/":"\u00e9"}}"#,
        Inserted(1, BOTH),
    ),
    (
        "escaped state",
        r#"{"\u0073tate":"held"}"#,
        Inserted(1, ROUTING),
    ),
    (
        "lone surrogates",
        r#"{"a":{"\ud800":"\udc00\ud800"}}"#,
        Inserted(1, BOTH),
    ),
    (
        "names in strings",
        r#"{"a":"\"state\":null,{"}"#,
        Inserted(1, BOTH),
    ),
    (
        "further down",
        r#"{"a":{"state":"x","routing":{"queue":{"id":1}}}}"#,
        Inserted(1, BOTH),
    ),
    (
        "other scripts",
        r#"{"a":{"名前":"🦀 ü","\u0000":"null"}}"#,
        Inserted(1, BOTH),
    ),
    ("another case", r#"{"State":"x"}"#, Inserted(1, BOTH)),
    (
        "raw value",
        r#"{"$serde_json::private::RawValue":"{}"}"#,
        Inserted(1, BOTH),
    ),
];

/// Places that are there already, with nothing in them.
const OPEN: [(&str, &str, Fate); 6] = [
    (
        "parent",
        r#"{"routing":{"priority":1},"state":"held"}"#,
        Inserted(12, QUEUE),
    ),
    (
        "empty object",
        "{}",
        Becomes(r#"{"state":"connected","routing":{"queue":{"id":"q1"}}}"#),
    ),
    (
        "null",
        r#"{"state":null,"routing":null,"a":null}"#,
        Becomes(r#"{"state":"connected","routing":{"queue":{"id":"q1"}},"a":null}"#),
    ),
    (
        "null further down",
        r#"{"routing":{"queue":{"id":  null}},"state":"x"}"#,
        Becomes(r#"{"routing":{"queue":{"id":  "q1"}},"state":"x"}"#),
    ),
    (
        "byte-order mark",
        "\u{feff}{\"a\":{}}",
        Becomes(r#"{"state":"connected","routing":{"queue":{"id":"q1"}},"a":{}}"#),
    ),
    (
        "byte-order mark alone",
        "\u{feff}{\"state\":\"x\",\"routing\":{\"queue\":{\"id\":\"y\"}}}",
        Becomes(r#"{"state":"x","routing":{"queue":{"id":"y"}}}"#),
    ),
];

/// Nothing to do, or nothing that may be done.
const CLOSED: [(&str, &str, Fate); 16] = [
    (
        "complete",
        r#"{"state":"","routing":{"queue":{"id":5}}}"#,
        Untouched(""),
    ),
    (
        "two states",
        r#"{"state":null,"state":"x"}"#,
        Untouched("duplicate_member"),
    ),
    (
        "escaped twin",
        r#"{"state":null,"\u0073tate":1}"#,
        Untouched("duplicate_member"),
    ),
    (
        "two routings",
        r#"{"routing":{},"routing":{}}"#,
        Untouched("duplicate_member"),
    ),
    (
        "no parent",
        r#"{"routing":[],"attributes":{}}"#,
        Untouched("type_conflict"),
    ),
    ("an array", "[{}]", Untouched("not_object")),
    ("a string", "\"{}\"", Untouched("not_object")),
    ("nothing", "", Untouched("not_json")),
    (
        "a comma too many",
        r#"{"attributes":{},}"#,
        Untouched("not_json"),
    ),
    ("two documents", "{}{}", Untouched("not_json")),
    ("a comment", "{/* */}", Untouched("not_json")),
    ("NaN", r#"{"attributes":NaN}"#, Untouched("not_json")),
    ("a form", "attributes=a", Untouched("not_json")),
    ("a NUL behind", "{}\0", Untouched("not_json")),
    ("an escape behind", "{}\u{1b}[2J", Untouched("not_json")),
    (
        "a line break",
        "{\"attributes\":\"\n\"}",
        Untouched("not_json"),
    ),
];

/// Bodies that are too large to be written here, or no text.
fn made() -> [Case; 6] {
    let deep = |count: usize, open: &str, close: &str| {
        let (open, close) = (open.repeat(count), close.repeat(count));
        format!("{{\"attributes\":{open}[]{close}}}").into_bytes()
    };
    let utf16 = |order: fn(u16) -> [u8; 2]| {
        let units = "\u{feff}{\"attributes\":{}}".encode_utf16();
        units.flat_map(order).collect::<Vec<u8>>()
    };
    let latin1 = b"{\"attributes\":{\"a\":\"\xe9\"}}".to_vec();
    let overlong = b"{\"attributes\":{\"a\":\"\xc0\xaf\"}}".to_vec();
    [
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
            "UTF-16, big end first",
            utf16(u16::to_be_bytes),
            Untouched("not_json"),
        ),
        (
            "UTF-16, little end first",
            utf16(u16::to_le_bytes),
            Untouched("not_json"),
        ),
        ("Latin-1", latin1, Untouched("not_json")),
        ("overlong UTF-8", overlong, Untouched("not_json")),
    ]
}
