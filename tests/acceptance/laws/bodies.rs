//! Bodies: JSON as strange as its grammar allows, JSON with a byte changed, and anything.

use proptest::prelude::*;

pub(super) fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let text = json().prop_map(String::into_bytes).boxed();
    let marked = json().prop_map(|text| format!("\u{feff}{text}").into_bytes());
    let broken = (text.clone(), any::<prop::sample::Index>(), any::<u8>());
    let broken = broken.prop_map(|(mut bytes, at, byte)| {
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes
    });
    let noise = prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![12 => text, 2 => marked, 2 => broken, 1 => noise]
}

/// The targets' names turn up often, also where they are no targets.
fn json() -> impl Strategy<Value = String> {
    let leaves = vec![
        "null",
        "null",
        "true",
        "0",
        "-0",
        "1e400",
        "1.10",
        "12345678901234567890123",
        "\"\"",
        "[]",
        "{}",
        "{ }",
        "\"\\ud800\"",
        "\"\\u0000\\/\"",
        "\"é🦀\"",
        "\"a\\\"}\"",
    ];
    let leaf = prop::sample::select(leaves).prop_map(str::to_owned);
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        let array = prop::collection::vec(inner.clone(), 0..4);
        let array = array.prop_map(|all| format!("[{}]", all.join(",")));
        prop_oneof![3 => object(inner), 1 => array]
    });
    let top = object(value.clone());
    (space(), prop_oneof![9 => top, 1 => value], space())
        .prop_map(|(before, value, behind)| format!("{before}{value}{behind}"))
}

fn object(value: impl Strategy<Value = String> + 'static) -> BoxedStrategy<String> {
    let names = vec![
        "state",
        "routing",
        "queue",
        "id",
        "attributes",
        "customAttributes",
        "b",
        "c",
        "\\u0073tate",
        "rout\\u0069ng",
        "a",
        "",
    ];
    let name = prop::sample::select(names);
    let member = (space(), name, space(), space(), value, space());
    let member =
        member.prop_map(|(a, name, b, c, value, d)| format!("{a}\"{name}\"{b}:{c}{value}{d}"));
    let members = prop::collection::vec(member, 0..4);
    members
        .prop_map(|all| format!("{{{}}}", all.join(",")))
        .boxed()
}

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just(""), 1 => Just(" "), 1 => Just("\r\n\t")]
}
