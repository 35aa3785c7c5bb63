//! TOML text → tree.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Entry, FaultSink, Node, Place, Value};

/// Reads `text`, which the user knows as `file`. Every syntax error is noted, with line and column;
/// the tree of a document with syntax errors is incomplete.
pub fn parse(file: &str, text: &str, faults: &FaultSink) -> Node {
    let lines = Lines::new(file, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut last = None;
    for error in errors {
        let start = error.span().map_or(0, |span| span.start);
        let place = lines.column(start);
        // The parser stumbles over the rest of a broken line, too.
        let line = lines.number(start);
        if last.replace(line) != Some(line) {
            faults.push(place, "", format!("not TOML: {}", error.message()));
        }
    }
    Node {
        value: read_table(table.get_ref(), &lines),
        place: Place::File(Arc::clone(&lines.file)),
    }
}

/// The TOML value that `text` is, for values that come without a file.
pub(super) fn parse_value(text: &str, place: &Place) -> Option<Value> {
    let value = DeValue::parse(text).ok()?;
    let mut node = Node {
        value: read_value(value.get_ref(), &Lines::new("", "")),
        place: place.clone(),
    };
    relocate(&mut node, place);
    Some(node.value)
}

fn relocate(node: &mut Node, place: &Place) {
    node.place = place.clone();
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| relocate(item, place)),
        Value::Table(entries) => entries
            .iter_mut()
            .for_each(|entry| relocate(&mut entry.node, place)),
        _ => {}
    }
}

/// Byte offsets → lines.
struct Lines<'a> {
    file: Arc<str>,
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(file: &str, text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            file: Arc::from(file),
            text,
            starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    fn number(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    fn line(&self, offset: usize) -> Place {
        Place::Line {
            file: Arc::clone(&self.file),
            line: self.number(offset),
            column: None,
        }
    }

    fn column(&self, offset: usize) -> Place {
        let line = self.number(offset);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or_default();
        Place::Line {
            file: Arc::clone(&self.file),
            line,
            column: Some(before.chars().count() + 1),
        }
    }
}

fn read_table(table: &DeTable<'_>, lines: &Lines<'_>) -> Value {
    let mut entries: Vec<_> = table.iter().collect();
    // The map is sorted by key; `fill` and `fields` mean the order that was written.
    entries.sort_by_key(|(key, _)| key.span().start);
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| Entry {
        key: String::from(AsRef::<str>::as_ref(key.get_ref())),
        node: Node {
            value: read_value(value.get_ref(), lines),
            place: lines.line(key.span().start),
        },
    };
    Value::Table(entries.into_iter().map(entry).collect())
}

fn read_value(value: &DeValue<'_>, lines: &Lines<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => Value::Integer(integer(number.as_str(), number.radix())),
        DeValue::Boolean(yes) => Value::Boolean(*yes),
        DeValue::Float(number) => Value::Other(number.as_str().to_owned()),
        DeValue::Datetime(date) => Value::Other(date.to_string()),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Node {
                    value: read_value(item.get_ref(), lines),
                    place: lines.line(item.span().start),
                })
                .collect(),
        ),
        DeValue::Table(table) => read_table(table, lines),
    }
}

fn integer(digits: &str, radix: u32) -> i128 {
    // Beyond i128 only the sign matters: every setting's range is far smaller.
    let nearest = if digits.starts_with('-') {
        i128::MIN
    } else {
        i128::MAX
    };
    i128::from_str_radix(digits, radix).unwrap_or(nearest)
}
