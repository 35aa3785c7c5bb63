//! The body of a right call, with placeholders for values.

use serde_json::{Map, Value};

use super::{Broken, Right};
use crate::repair::Repair;
use crate::repair::target::Pointer;
use crate::rule::{Match, Rule};

/// What stands for the attributes that a caller sends.
const NAME: &str = "<name>";
const VALUE: &str = "<value>";

/// A body, or nothing where it stays as it is.
pub(super) struct Skeleton {
    text: Option<String>,
    reads: bool,
}

impl Skeleton {
    pub(super) fn new(found: &Match<'_, '_>, right: &Right<'_>, broken: &Broken<'_>) -> Self {
        let own = right
            .body
            .map(|body| String::from_utf8_lossy(body).into_owned());
        let rule = right.rule.unwrap_or(found.rule);
        let reads = broken.was(&[Repair::Fill]) || broken.is_unread() && !rule.targets.is_empty();
        let body = if reads {
            Some(filled(found, rule, broken))
        } else {
            moved(rule, right, broken)
        };
        let body = body.map(|body| Value::Object(body).to_string());
        Self {
            text: own.or(body),
            reads,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Whether it says what the participant is.
    pub(super) fn reads(&self) -> bool {
        self.reads
    }
}

/// What is sent today, and what was filled; all that the rule fills where that is not known.
fn filled(found: &Match<'_, '_>, rule: &Rule, broken: &Broken<'_>) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("attributes".to_owned(), attributes());
    for (target, pointer) in rule.pointers.iter().enumerate() {
        let was_filled = broken.filled.iter().any(|filled| **filled == **pointer);
        if was_filled || broken.filled.is_empty() {
            let names = Pointer::new(pointer).map(|pointer| pointer.names().to_vec());
            put(
                &mut body,
                &names.unwrap_or_default(),
                current(found, pointer, target),
            );
        }
    }
    body
}

/// Where it is read, in words: `<the id of the participant's current queue>`.
fn current(found: &Match<'_, '_>, pointer: &str, target: usize) -> Value {
    let fields = found.route.sources.iter().filter_map(|used| {
        let field = used.fields.get(target).copied().flatten()?;
        found.rules.sources.get(used.source)?.field_name(field)
    });
    let field = fields.into_iter().next().unwrap_or("value");
    let id = if pointer.ends_with("/id") {
        "id of the "
    } else {
        ""
    };
    Value::from(format!("<the {id}participant's current {field}>"))
}

/// What goes to its own place.
fn moved(rule: &Rule, right: &Right<'_>, broken: &Broken<'_>) -> Option<Map<String, Value>> {
    let recipe = &rule.recipe;
    let mut body = Map::new();
    if let Some((_, name)) = right.moved(broken) {
        body.insert(name.to_owned(), attributes());
        return Some(body);
    }
    if let Some(name) = recipe.wrap.as_ref().filter(|_| broken.was(&[Repair::Wrap])) {
        body.insert(name.clone(), attributes());
        return Some(body);
    }
    if broken.was(&[Repair::Stringify])
        && let Some(map) = recipe.stringify.first()
    {
        put(&mut body, map.names(), attributes());
        return Some(body);
    }
    let stays = |name: Option<&String>| !name.is_some_and(|name| recipe.reroute.contains(name));
    let mut renames = recipe.rename.iter();
    let rename = renames.find(|rename| stays(rename.to.names().first()));
    let rename = rename.filter(|_| broken.was(&[Repair::Rename]))?;
    let is_map = recipe.stringify.iter().any(|map| map == &rename.to);
    let value = if is_map {
        attributes()
    } else {
        Value::from(format!("<what is sent as {} today>", rename.from.text()))
    };
    put(&mut body, rename.to.names(), value);
    Some(body)
}

fn attributes() -> Value {
    Value::Object(Map::from_iter([(NAME.to_owned(), Value::from(VALUE))]))
}

/// Puts a value in its place, and makes the objects around it.
fn put(body: &mut Map<String, Value>, names: &[String], value: Value) {
    let Some((first, rest)) = names.split_first() else {
        return;
    };
    if rest.is_empty() {
        body.insert(first.clone(), value);
        return;
    }
    let parent = body
        .entry(first.clone())
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(parent) = parent {
        put(parent, rest, value);
    }
}
