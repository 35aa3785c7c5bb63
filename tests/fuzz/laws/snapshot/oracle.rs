//! A few kinds of JSONPath, followed step by step, and JSON with half surrogate pairs read by UTF-16 units.

use serde_json::Value;

use super::super::json;

/// A query of names, indices and wildcards.
pub struct Query<'c>(Vec<Step<'c>>);

enum Step<'c> {
    Names(Vec<&'c str>),
    Index(usize),
    All,
}

impl<'c> Query<'c> {
    pub fn parse(text: &'c str) -> Option<Self> {
        let mut rest = text.strip_prefix('$')?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, after) = after.split_at(end);
                steps.push(match name {
                    "*" => Step::All,
                    name => Step::Names(vec![member(name)?]),
                });
                rest = after;
                continue;
            }
            let (inside, after) = rest.strip_prefix('[')?.split_once(']')?;
            steps.push(if inside == "*" {
                Step::All
            } else if inside.starts_with('\'') {
                let names = inside
                    .split(',')
                    .map(|quoted| member(quoted.strip_prefix('\'')?.strip_suffix('\'')?));
                Step::Names(names.collect::<Option<_>>()?)
            } else {
                let index: usize = inside.parse().ok()?;
                // Without a sign, and without leading zeros.
                (index.to_string() == inside && index < 1000).then_some(Step::Index(index))?
            });
            rest = after;
        }
        Some(Self(steps))
    }

    pub fn nodes<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let mut nodes = vec![value];
        for step in &self.0 {
            let next = nodes.into_iter().flat_map(|node| -> Vec<&Value> {
                match (step, node) {
                    (Step::Names(names), Value::Object(members)) => {
                        names.iter().filter_map(|name| members.get(*name)).collect()
                    }
                    (Step::Index(index), Value::Array(items)) => {
                        items.get(*index).into_iter().collect()
                    }
                    (Step::All, Value::Array(items)) => items.iter().collect(),
                    (Step::All, Value::Object(members)) => members.values().collect(),
                    _ => Vec::new(),
                }
            });
            nodes = next.collect();
        }
        nodes
    }
}

fn member(name: &str) -> Option<&str> {
    let word = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let is_name = name.chars().all(word) && name.starts_with(|char: char| !char.is_ascii_digit());
    is_name.then_some(name)
}

/// DESIGN section 4: strings of at most 256 bytes; anything else counts as not found.
pub fn usable(value: &Value) -> Option<&str> {
    let text = value.as_str()?;
    (1..=256).contains(&text.len()).then_some(text)
}

/// DESIGN section 4: the only one; else the last that has not ended; else the last.
pub fn current<'v>(values: &[&'v str]) -> Option<&'v str> {
    let ended = |value: &str| value == "disconnected" || value == "terminated";
    match values {
        [] => None,
        [only] => Some(only),
        [.., last] => {
            let live: Vec<_> = values.iter().filter(|value| !ended(value)).collect();
            Some(live.last().map_or(*last, |value| **value))
        }
    }
}

/// The answer, with U+FFFD for what no Rust string can hold.
pub fn read(answer: &[u8]) -> Option<Value> {
    let text = json::text(answer)?;
    let read = serde_json::from_str(text).ok();
    read.or_else(|| serde_json::from_str(&mended(text)).ok())
}

/// Every string written anew. The text is valid, so that each of them ends.
fn mended(text: &str) -> String {
    let mut mended = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char == '"' {
            let units = units(&mut chars);
            mended.push_str(&json::quoted(&String::from_utf16_lossy(&units)));
        } else {
            mended.push(char);
        }
    }
    mended
}

fn units(chars: &mut std::str::Chars<'_>) -> Vec<u16> {
    let mut units = Vec::new();
    loop {
        let plain = match chars.next().unwrap() {
            '"' => return units,
            '\\' => match chars.next().unwrap() {
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&digits, 16).unwrap());
                    continue;
                }
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                itself => itself,
            },
            plain => plain,
        };
        units.extend_from_slice(plain.encode_utf16(&mut [0; 2]));
    }
}
