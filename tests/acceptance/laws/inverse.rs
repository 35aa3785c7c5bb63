//! A second opinion on JSON text: where a pointer's member stands, and what a body was before that member
//! was filled. Slow, recursive, and written apart from the code that it judges.

/// The value that a pointer leads to, as text.
pub(super) fn value<'t>(text: &'t str, pointer: &str) -> Option<&'t str> {
    let mut at = 0;
    for name in pointer.split('/').skip(1) {
        at = member(text, at, name)?.1;
    }
    Some(&text[at..end(text, at)])
}

/// Everything that `sent` may have been before these pointers were filled: each of them was absent, or
/// null, or a parent of it was. Exactly one of them has to be what the caller sent.
pub(super) fn before(sent: &str, filled: &[&str]) -> Vec<String> {
    let mut candidates = vec![sent.to_owned()];
    for pointer in filled {
        let undone = candidates.iter().flat_map(|text| undo(text, pointer));
        candidates = undone.collect();
    }
    candidates
}

fn undo(text: &str, pointer: &str) -> Vec<String> {
    let mut undone = Vec::new();
    let names: Vec<_> = pointer.split('/').skip(1).collect();
    for depth in 1..=names.len() {
        let mut at = 0;
        let mut span = None;
        for name in &names[..depth] {
            span = member(text, at, name);
            let Some((_, value)) = span else { break };
            at = value;
        }
        let Some((name, value)) = span else { break };
        let behind = end(text, value);
        let comma = usize::from(text[behind..].starts_with(','));
        undone.push(format!("{}{}", &text[..name], &text[behind + comma..]));
        undone.push(format!("{}null{}", &text[..value], &text[behind..]));
    }
    undone
}

/// Where the name and the value of a member of the object at `at` begin.
fn member(text: &str, at: usize, wanted: &str) -> Option<(usize, usize)> {
    let mut at = space(text, at);
    if !text[at..].starts_with('{') {
        return None;
    }
    loop {
        let name = space(text, at + 1);
        if !text[name..].starts_with('"') {
            return None;
        }
        let colon = space(text, end(text, name));
        let value = space(text, colon + 1);
        let decoded = serde_json::from_str::<String>(&text[name..end(text, name)]);
        if decoded.is_ok_and(|decoded| decoded == wanted) {
            return Some((name, value));
        }
        at = space(text, end(text, value));
        if !text[at..].starts_with(',') {
            return None;
        }
    }
}

fn space(text: &str, at: usize) -> usize {
    let rest = text[at..].trim_start_matches([' ', '\t', '\r', '\n']);
    text.len() - rest.len()
}

/// Behind the value at `at`, which is valid.
fn end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (index, &byte) in bytes.iter().enumerate().skip(at) {
        if in_string {
            match (escaped, byte) {
                (true, _) => escaped = false,
                (false, b'\\') => escaped = true,
                (false, b'"') => in_string = false,
                _ => {}
            }
            if !in_string && depth == 0 {
                return index + 1;
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return index,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return index + 1;
                }
            }
            _ => {}
        }
    }
    bytes.len()
}

#[test]
fn what_was_filled_can_be_taken_back() {
    let sent = r#"{"state":"a","routing":{"queue":{"id":"q"},"x":1} }"#;
    assert_eq!(value(sent, "/routing/queue/id"), Some("\"q\""));
    let before = before(sent, &["/state", "/routing/queue/id"]);
    for came in [
        r#"{"routing":{"x":1} }"#,
        r#"{"state":null,"routing":{"queue":{},"x":1} }"#,
    ] {
        assert!(before.iter().any(|text| text == came), "{before:?}");
    }
    assert!(!before.iter().any(|text| text == r#"{"routing":{"x":2} }"#));
}
