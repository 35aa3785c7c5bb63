//! JSONPaths of the usual kind: member names, one behind the other, perhaps with a choice of names at the
//! beginning, and `[*]` for the elements of arrays. Others are left to the general queries.

/// One segment behind `$`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// One of these members, in this order.
    Names(Vec<String>),
    /// Every element.
    Items,
}

/// The segments of a path; `None` where one is of another kind.
pub(super) fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let step;
        (step, rest) = if let Some(rest) = rest.strip_prefix("[*]") {
            (Step::Items, rest)
        } else if let Some(rest) = rest.strip_prefix('[') {
            let (inside, rest) = rest.split_once(']')?;
            let names: Option<Vec<_>> = inside.split(',').map(quoted).collect();
            (Step::Names(names?), rest)
        } else {
            let rest = rest.strip_prefix('.')?;
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, rest) = rest.split_at_checked(end)?;
            (Step::Names(vec![plain(name)?]), rest)
        };
        steps.push(step);
    }
    Some(steps)
}

/// `'name'` or `"name"`, without anything that would have to be unescaped.
fn quoted(text: &str) -> Option<String> {
    let text = text.trim_matches(' ');
    let inside = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    plain(inside('\'').or_else(|| inside('"'))?)
}

fn plain(name: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let fits = !name.is_empty() && name.bytes().all(is_plain);
    fits.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Step {
        Step::Names(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn the_usual_paths_are_read() {
        for (path, expected) in [
            ("$", vec![]),
            ("$.state", vec![names(&["state"])]),
            ("$.queue.id", vec![names(&["queue"]), names(&["id"])]),
            (
                "$['calls', \"chats\"][*].state",
                vec![names(&["calls", "chats"]), Step::Items, names(&["state"])],
            ),
            ("$[*]", vec![Step::Items]),
        ] {
            assert_eq!(steps(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn all_others_are_left_to_the_general_queries() {
        for path in [
            "",
            "state",
            "$..state",
            "$.*",
            "$[0]",
            "$[?@.a]",
            "$['a\\'b']",
            "$['a]b']",
            "$.a.",
            "$.é",
            "$[]",
            "$[ * ]",
        ] {
            assert_eq!(steps(path), None, "{path}");
        }
    }
}
