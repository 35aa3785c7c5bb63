//! What else there is to know of a right call.

use super::{Broken, Right};
use crate::layer::record::Reason;
use crate::repair::Repair;
use crate::repair::reshape::Rename;
use crate::rule::Rule;

/// What else is different, a sentence a line.
pub(super) fn notes(out: &mut String, passed: &[&Rule], right: &Right<'_>, broken: &Broken<'_>) {
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    for repair in broken.repairs {
        match repair {
            Repair::ContentType => line(
                "Today its Content-Type is missing, or one that says nothing of JSON.".to_owned(),
            ),
            Repair::Bom => {
                line("The body begins with \"{\", and with no byte-order mark.".to_owned());
            }
            Repair::Coding => line("The body is not compressed: no Content-Encoding.".to_owned()),
            Repair::Rename => {
                for rule in passed {
                    renames(rule, broken).into_iter().for_each(&mut line);
                }
                line("What else is sent stays as it is.".to_owned());
            }
            Repair::Unwrap => {
                let wrappers = passed.iter().flat_map(|rule| &rule.recipe.unwrap);
                let names: Vec<_> = wrappers
                    .map(|wrapper| format!("{:?}", wrapper.name))
                    .collect();
                line(match names.as_slice() {
                    [] => "The body is that of one participant, whom the path names: no list around it.".to_owned(),
                    names => format!("The members stand at the top, and not in {}.", names.join(" or ")),
                });
            }
            Repair::Drop => left_out(passed).into_iter().for_each(&mut line),
            Repair::Stringify => {
                line(
                    "Every value in the map is a string: \"1\" and \"true\" in quotes.".to_owned(),
                );
            }
            Repair::Case => {
                for case in passed.iter().flat_map(|rule| &rule.recipe.case) {
                    line(format!(
                        "{} is spelled {}.",
                        case.at.text(),
                        case.words.join(" or ")
                    ));
                }
            }
            Repair::Method => line(format!(
                "The method is {}, and not {}.",
                right.method, broken.method
            )),
            Repair::Path => {
                line("The path that is called today is none that leads there.".to_owned());
            }
            Repair::Fill | Repair::Wrap | Repair::Reroute | Repair::Split => {}
        }
    }
    if broken.reason == Some(Reason::NoCredential) {
        line("It carries one Authorization header.".to_owned());
    }
}

/// What members are called instead.
fn renames(rule: &Rule, broken: &Broken<'_>) -> Vec<String> {
    let mut lines = Vec::<(&str, Vec<&str>, String)>::new();
    // Where only one of two resources was meant, the other's names are no matter.
    let moved = broken.was(&[Repair::Reroute]);
    let both = broken.was(&[Repair::Split]) || rule.recipe.reroute.is_empty();
    let is_meant = |rename: &&Rename| {
        let first = rename.to.names().first();
        both || first.is_some_and(|name| rule.recipe.reroute.contains(name)) == moved
    };
    for rename in rule.recipe.rename.iter().filter(is_meant) {
        let values = rename.values.iter();
        let values = values.map(|(from, to)| format!("; {from:?} is {to:?} there"));
        let values: String = values.collect();
        let (from, to) = (rename.from.text(), rename.to.text());
        match lines
            .iter_mut()
            .find(|line| line.0 == to && line.2 == values)
        {
            Some((_, names, _)) => names.push(from),
            None => lines.push((to, vec![from], values)),
        }
    }
    let lines = lines.into_iter();
    let line = |(to, from, values): (&str, Vec<&str>, String)| {
        format!("{} is called {to}{values}.", from.join(" or "))
    };
    lines.map(line).collect()
}

/// Members that are shown of those that can only be read: enough to see what kind is meant.
const SHOWN: usize = 6;

fn left_out(passed: &[&Rule]) -> Vec<String> {
    let mut lines = Vec::new();
    let recipes = || passed.iter().map(|rule| &rule.recipe);
    let names = recipes().flat_map(|recipe| recipe.identity.iter().chain(&recipe.drop));
    let names: Vec<_> = names.take(SHOWN).map(String::as_str).collect();
    if !names.is_empty() {
        lines.push(format!(
            "It has nothing that can only be read, such as {}.",
            names.join(", ")
        ));
    }
    if recipes().any(|recipe| !recipe.drop_null.is_empty()) {
        lines.push("What has no value is left out, and not null.".to_owned());
    }
    let headers = passed.iter().flat_map(|rule| &rule.drop_headers);
    let mut headers: Vec<_> = headers.map(ToString::to_string).collect();
    headers.dedup();
    if !headers.is_empty() {
        lines.push(format!("It has no header {}.", headers.join(" or ")));
    }
    lines
}
