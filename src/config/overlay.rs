//! The environment and the flags, laid over the file's tree.

use std::cmp::Ordering;

use super::{Overrides, Pack};
use crate::document::{Entry, FaultSink, Node, Place, Value};

const PREFIX: &str = "PATCHWRIGHT__";

/// Puts every variable `PATCHWRIGHT__SECTION__KEY` in the place of `section.key`. A number is an index
/// into a list; the one after the last appends.
pub(super) fn environment(
    root: &mut Node,
    env: impl IntoIterator<Item = (String, String)>,
    faults: &FaultSink,
) {
    let ours = env.into_iter().filter_map(|(name, value)| {
        let path = name.strip_prefix(PREFIX)?.to_lowercase();
        let path: Vec<_> = path.split("__").map(str::to_owned).collect();
        Some((path, name, value))
    });
    let mut ours: Vec<_> = ours.collect();
    // A whole section comes before its parts, and entry 9 before entry 10, which appends to it.
    ours.sort_by(|(a, ..), (b, ..)| by_segment(a, b));
    for (path, name, value) in ours {
        let place = Place::Variable(name.into());
        if let Err(problem) = put(root, &path, Node::text(value, place.clone())) {
            faults.push(place, path.join("."), problem);
        }
    }
}

/// Puts the flags in their places.
pub(super) fn flags(root: &mut Node, flags: Overrides, faults: &FaultSink) {
    let Overrides {
        listen,
        admin,
        upstream,
        region,
        pack,
    } = flags;
    let settings = [
        (
            "--listen",
            vec!["listen", "address"],
            listen.map(|address| address.to_string()),
        ),
        (
            "--admin",
            vec!["admin", "address"],
            admin.map(|address| address.to_string()),
        ),
        ("--upstream", vec!["upstream", "0", "url"], upstream),
        ("--region", vec!["region"], region),
        (
            "--rules",
            vec!["rules"],
            pack.map(Pack::name).map(str::to_owned),
        ),
    ];
    for (flag, path, value) in settings {
        let Some(value) = value else { continue };
        let place = Place::Flag(flag);
        let path: Vec<_> = path.into_iter().map(str::to_owned).collect();
        let result = match flag {
            "--upstream" if upstreams(root) > 1 => Err(
                "there are several upstreams: change the one that is meant in the file, or by its number, as in PATCHWRIGHT__UPSTREAM__0__URL"
                    .to_owned(),
            ),
            _ => put(root, &path, Node { value: Value::String(value), place: place.clone() }),
        };
        if let Err(problem) = result {
            faults.push(place, path.join("."), problem);
        }
    }
}

fn upstreams(root: &Node) -> usize {
    let entries = root.as_table().unwrap_or_default();
    let list = entries.iter().find(|entry| entry.key == "upstream");
    list.and_then(|entry| entry.node.as_list())
        .map_or(0, <[_]>::len)
}

fn by_segment(a: &[String], b: &[String]) -> Ordering {
    let number = |text: &str| text.parse::<usize>().ok();
    let pairs = a.iter().zip(b);
    let differing = pairs.map(|(a, b)| number(a).cmp(&number(b)).then_with(|| a.cmp(b)));
    differing
        .into_iter()
        .find(|order| order.is_ne())
        .unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// Puts `leaf` at `path` below `node`, making the tables and lists on the way.
fn put(node: &mut Node, path: &[String], leaf: Node) -> Result<(), String> {
    let Some((segment, rest)) = path.split_first() else {
        *node = leaf;
        return Ok(());
    };
    if segment.is_empty() {
        return Err(
            "two underscores separate section and key, as in PATCHWRIGHT__LIMITS__BODY".into(),
        );
    }
    let fresh = Node {
        value: match rest.first() {
            Some(next) if next.parse::<usize>().is_ok() => Value::List(Vec::new()),
            _ => Value::Table(Vec::new()),
        },
        place: leaf.place.clone(),
    };
    put(child(node, segment, fresh)?, rest, leaf)
}

/// The node that `segment` leads to, which is `fresh` when there was none.
fn child<'n>(node: &'n mut Node, segment: &str, fresh: Node) -> Result<&'n mut Node, String> {
    node.settle();
    let place = node.place.clone();
    match &mut node.value {
        Value::Table(entries) => {
            let at = entries.iter().position(|entry| entry.key == segment);
            let at = at.unwrap_or_else(|| {
                let key = segment.to_owned();
                entries.push(Entry { key, node: fresh });
                entries.len() - 1
            });
            entries.get_mut(at).map(|entry| &mut entry.node)
        }
        Value::List(items) => {
            let count = items.len();
            let Some(at) = segment.parse::<usize>().ok().filter(|at| *at <= count) else {
                return Err(format!(
                    "{segment:?} is no place in a list of {count}: they are numbered from 0, and {count} appends"
                ));
            };
            if at == count {
                items.push(fresh);
            }
            items.get_mut(at)
        }
        _ => None,
    }
    .ok_or_else(|| format!("has nothing below it: it is a plain value at {place}"))
}
