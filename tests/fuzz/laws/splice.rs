//! Scan, plan and splice: what a body misses is filled, and nothing else is touched.
//!
//! A case is the fills of a rule, one per line (`/pointer=value`, or `/pointer` where no value is known),
//! an empty line, and a body.

use patchwright::repair::plan::{Edit, Plan, PlanError};
use patchwright::repair::scan::ScanError;
use patchwright::repair::target::Targets;

use super::{head_and_body, json};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// A member to fill: its decoded names, and the value if one is known.
struct Fill<'c> {
    pointer: &'c str,
    names: Vec<String>,
    value: Option<&'c str>,
}

/// What stands at a target.
#[derive(Clone, Debug, PartialEq)]
enum Stands<'b> {
    Nothing,
    Null,
    Value(&'b str),
}

/// See the module.
pub fn check(data: &[u8]) -> Option<()> {
    let (lines, body) = head_and_body(data)?;
    let pointers = lines
        .iter()
        .map(|line| line.split_once('=').map_or(*line, |(pointer, _)| pointer));
    let targets = Targets::new(pointers.clone());
    let Some(fills) = fills(&lines) else {
        assert!(targets.is_err(), "{pointers:?} can't be targets");
        return Some(());
    };
    let targets = targets.unwrap_or_else(|error| panic!("{error}, but {lines:?} are targets"));
    let plan = match (Plan::new(body, &targets), expected(body, &fills)) {
        (Err(error), Err(expected)) => {
            assert!(expected.contains(&error), "{error:?}, not {expected:?}");
            return Some(());
        }
        (Ok(plan), Ok(())) => plan,
        (Ok(_), Err(expected)) => panic!("a plan is made, but {expected:?}"),
        (Err(error), Ok(())) => panic!("{error}, but this body can be edited"),
    };
    let came = stands(body, &fills);
    the_gaps_are_what_is_absent_or_null(&plan, &came);
    let sent = nothing_but_fills_is_inserted(&plan, body, &fills, &came);
    every_fill_is_in_its_place(&sent, &fills, &came);
    a_second_repair_does_nothing(&sent, &targets, &fills);
    Some(())
}

/// RFC 6901, at most eight names and 64 targets, none inside another. `None` where that is not so.
fn fills<'c>(lines: &[&'c str]) -> Option<Vec<Fill<'c>>> {
    let fill = |line: &&'c str| {
        let (pointer, value) = match line.split_once('=') {
            Some((pointer, value)) => (pointer, Some(value)),
            None => (*line, None),
        };
        let names = pointer.strip_prefix('/')?.split('/').map(decoded);
        Some(Fill {
            pointer,
            names: names.collect::<Option<Vec<_>>>()?,
            value,
        })
    };
    let fills = lines.iter().map(fill).collect::<Option<Vec<_>>>()?;
    let apart = |at: usize| {
        let others = fills.iter().skip(at + 1);
        let names = &fills[at].names;
        others
            .map(|other| &other.names)
            .all(|other| !other.starts_with(names) && !names.starts_with(other))
    };
    let fits = fills.len() <= 64 && fills.iter().all(|fill| fill.names.len() <= 8);
    (fits && (0..fills.len()).all(apart)).then_some(fills)
}

fn decoded(token: &str) -> Option<String> {
    let mut name = String::new();
    let mut chars = token.chars();
    while let Some(char) = chars.next() {
        name.push(match (char, char == '~') {
            (_, true) => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            (plain, false) => plain,
        });
    }
    Some(name)
}

/// Whether the body can be edited, and if not, which of its faults may be named.
fn expected(body: &[u8], fills: &[Fill<'_>]) -> Result<(), Vec<PlanError>> {
    let Some(text) = json::text(body.strip_prefix(BOM).unwrap_or(body)) else {
        return Err(vec![ScanError::NotJson.into()]);
    };
    if json::members(text).is_none() {
        return Err(vec![ScanError::NotObject.into()]);
    }
    let faults: Vec<_> = fills
        .iter()
        .filter_map(|fill| at(text, &fill.names).err())
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

/// What stands at the end of a path.
fn at<'b>(value: &'b str, names: &[String]) -> Result<Stands<'b>, PlanError> {
    let Some((name, rest)) = names.split_first() else {
        return Ok(match value {
            "null" => Stands::Null,
            value => Stands::Value(value),
        });
    };
    let Some(members) = json::members(value) else {
        return match value {
            "null" => Ok(Stands::Nothing),
            _ => Err(PlanError::TypeConflict),
        };
    };
    let mut found = members.iter().filter(|(known, _)| known.is(name));
    match (found.next(), found.next()) {
        (None, _) => Ok(Stands::Nothing),
        (Some((_, value)), None) => at(value, rest),
        (Some(_), Some(_)) => Err(PlanError::DuplicateMember),
    }
}

fn stands<'b>(body: &'b [u8], fills: &[Fill<'_>]) -> Vec<Stands<'b>> {
    let text = json::text(body.strip_prefix(BOM).unwrap_or(body)).expect("the text is JSON");
    let stands = fills.iter().map(|fill| at(text, &fill.names).unwrap());
    stands.collect()
}

fn is_gap(stands: &Stands<'_>) -> bool {
    matches!(stands, Stands::Nothing | Stands::Null)
}

fn the_gaps_are_what_is_absent_or_null(plan: &Plan<'_>, came: &[Stands<'_>]) {
    let gaps: Vec<_> = (0..came.len()).filter(|&at| is_gap(&came[at])).collect();
    assert_eq!(plan.gaps().collect::<Vec<_>>(), gaps, "the gaps");
    assert_eq!(plan.is_complete(), gaps.is_empty());
    assert_eq!(plan.sends_a_target(), gaps.len() < came.len());
}

/// Undoing the edits gives back what came, and they are no more and no longer than the fills need.
fn nothing_but_fills_is_inserted(
    plan: &Plan<'_>,
    body: &[u8],
    fills: &[Fill<'_>],
    came: &[Stands<'_>],
) -> Vec<u8> {
    let mut edits: Vec<Edit> = Vec::new();
    let sent = plan.splice_with_edits(|target| fills[target].value, |edit| edits.push(edit));
    let (mut undone, mut at) = (Vec::new(), 0);
    for edit in &edits {
        undone.extend_from_slice(&sent[at..edit.inserted.start]);
        assert_eq!(undone.len(), edit.replaced.start, "{edits:?}");
        let replaced = &body[edit.replaced.clone()];
        let is_mark = replaced == BOM && edit.replaced.start == 0 && edit.inserted.is_empty();
        let is_fill = matches!(replaced, b"" | b"null") && !edit.inserted.is_empty();
        assert!(is_mark || is_fill, "{edit:?} of {replaced:?}");
        undone.extend_from_slice(replaced);
        at = edit.inserted.end;
    }
    undone.extend_from_slice(&sent[at..]);
    assert!(undone == body, "undone: {}", undone.escape_ascii());

    let filled = fills.iter().zip(came).filter(|(_, came)| is_gap(came));
    let filled: Vec<_> = filled
        .filter_map(|(fill, _)| fill.value.map(|value| (fill, value)))
        .collect();
    let has_mark = body.starts_with(BOM);
    assert_eq!(plan.has_bom(), has_mark);
    assert!(
        edits.len() <= filled.len() + usize::from(has_mark),
        "{edits:?}"
    );
    let costs = filled.iter().map(|(fill, value)| {
        // A name with its colon, a brace on either side and a comma.
        let names = fill.names.iter().map(|name| json::quoted(name).len() + 4);
        names.sum::<usize>() + json::quoted(value).len()
    });
    let most = body.len() + costs.sum::<usize>();
    assert!(
        sent.len() <= most,
        "{} bytes became {}",
        body.len(),
        sent.len()
    );
    if filled.is_empty() && !has_mark {
        assert!(sent == body, "nothing to fill, and yet it changed");
    }
    sent
}

fn every_fill_is_in_its_place(sent: &[u8], fills: &[Fill<'_>], came: &[Stands<'_>]) {
    let text = json::text(sent);
    assert!(text.is_some(), "sent no JSON: {}", sent.escape_ascii());
    for ((fill, came), now) in fills.iter().zip(came).zip(stands(sent, fills)) {
        let pointer = fill.pointer;
        match (is_gap(came), fill.value) {
            (true, Some(value)) => {
                let Stands::Value(now) = now else {
                    panic!("{pointer} was not filled: {}", sent.escape_ascii())
                };
                assert_eq!(json::string(now).as_deref(), Some(value), "{pointer}");
            }
            // An object that was made for another target may hold nothing for this one.
            (true, None) => assert!(is_gap(&now), "{pointer} was invented"),
            (false, _) => assert_eq!(*came, now, "{pointer} was changed"),
        }
    }
}

fn a_second_repair_does_nothing(sent: &[u8], targets: &Targets, fills: &[Fill<'_>]) {
    let again = Plan::new(sent, targets).expect("what was repaired can be repaired");
    let left = again.gaps().all(|target| fills[target].value.is_none());
    assert!(left && !again.has_bom(), "gaps are left");
    let again = again.splice(|target| fills[target].value);
    assert!(again == sent, "changed again: {}", again.escape_ascii());
}
