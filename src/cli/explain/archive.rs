//! The requests of a HAR file, one after the other.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use bytes::Bytes;
use serde_json::{Value, json};

use super::asked::Asked;
use super::ending::Ending;
use super::har::{self, Entry};
use super::notebook::Answers;
use super::rehearsal::{Explained, is_matched, rehearse};
use super::{ExplainArgs, Format, json, out, print_json, tell};
use crate::cli::paint::{ADDED, BOLD, DIM, REMOVED};
use crate::cli::{Failure, written};
use crate::config::Config;
use crate::harmless::harmless;

/// Explains each request that a rule is about, or with `--entry` one in whole.
pub(super) async fn run(
    args: &ExplainArgs,
    config: &Config,
    conversation: Option<Bytes>,
    entries: &[Entry],
) -> Result<ExitCode, Failure> {
    if let Some(number) = args.entry {
        let entry = number.checked_sub(1).and_then(|index| entries.get(index));
        let count = entries.len();
        let entry = entry.ok_or_else(|| {
            Failure::Usage(format!("--entry {number}: the file has {count} requests"))
        })?;
        let asked = entry
            .asked
            .clone()
            .map_err(|problem| Failure::Usage(format!("--entry {number}: {problem}")))?;
        let explained = explain(config, conversation.as_ref(), entries, entry, asked).await?;
        return tell(args, &explained);
    }
    if args.raw {
        let problem = "--raw with --har wants --entry N: one request's bytes";
        return Err(Failure::Usage(problem.to_owned()));
    }
    let mut told = Vec::new();
    let mut others = 0;
    for entry in entries {
        let asked = entry.asked.clone().ok();
        let Some(asked) = asked.filter(|asked| is_matched(config, &asked.clone().request(config)))
        else {
            others += 1;
            continue;
        };
        let result = explain(config, conversation.as_ref(), entries, entry, asked).await;
        told.push((entry, result.map_err(|failure| failure.to_string())));
    }
    let ending = |result: &Result<Explained, String>| match result {
        Ok(explained) => explained.ending(),
        // The proxy would answer itself.
        Err(_) => Ending::Unrepairable,
    };
    match args.format {
        Format::Json => {
            let all = told.iter().map(|(entry, result)| value(entry, result));
            written(print_json(&all.collect()))?;
        }
        Format::Text => written(list(&mut out(args), &told, others))?,
    }
    Ok(Ending::of_all(told.iter().map(|(_, result)| ending(result))).exit_code())
}

/// First without an answer to the lookup, which tells what the lookup would be.
async fn explain(
    config: &Config,
    conversation: Option<&Bytes>,
    entries: &[Entry],
    entry: &Entry,
    asked: Asked,
) -> Result<Explained, Failure> {
    let answers = |conversation: Option<Bytes>| Answers {
        conversation,
        refusal: entry.refusal(),
    };
    let request = asked.request(config);
    let first = rehearse(config, request.clone(), answers(None)).await?;
    if !first.misses_conversation() {
        return Ok(first);
    }
    let lookups = first.rule.iter().flat_map(|rule| &rule.lookups);
    let mut found = lookups.filter_map(|path| har::lookup(entries, entry, path));
    match found.next().or(conversation) {
        Some(found) => rehearse(config, request, answers(Some(found.clone()))).await,
        None => Ok(first),
    }
}

fn value(entry: &Entry, result: &Result<Explained, String>) -> Value {
    let mut value = match result {
        Ok(explained) => json::explained(explained),
        Err(problem) => json!({ "result": Ending::Unrepairable.as_str(), "error": problem }),
    };
    if let Some(fields) = value.as_object_mut() {
        fields.insert("entry".to_owned(), entry.number.into());
    }
    value
}

/// A few lines for each: what was asked, what becomes of it and why.
fn list(
    out: &mut impl Write,
    told: &[(&Entry, Result<Explained, String>)],
    others: usize,
) -> io::Result<()> {
    let mut counts = BTreeMap::new();
    for (entry, result) in told {
        let number = entry.number;
        let explained = match result {
            Ok(explained) => explained,
            Err(problem) => {
                writeln!(
                    out,
                    "{BOLD}#{number}{BOLD:#}  {REMOVED}{}{REMOVED:#}\n",
                    harmless(problem)
                )?;
                *counts.entry(Ending::Unrepairable.as_str()).or_insert(0) += 1;
                continue;
            }
        };
        let ending = explained.ending();
        *counts.entry(ending.as_str()).or_insert(0) += 1;
        let came = &explained.came;
        // A query may hold what is nobody's business.
        let path = harmless(came.target.path());
        writeln!(out, "{BOLD}#{number}  {} {path}{BOLD:#}", came.method)?;
        let style = match ending {
            Ending::Repaired => ADDED,
            Ending::Unrepairable => REMOVED,
            Ending::Unchanged | Ending::Unknown => DIM,
        };
        let rule = explained.rule.as_ref().map_or("", |rule| &rule.name);
        writeln!(
            out,
            "    {style}{}{style:#} by rule {}",
            ending.as_str(),
            harmless(rule)
        )?;
        for line in reasons(explained, ending) {
            writeln!(out, "    {}", harmless(&line))?;
        }
        writeln!(out)?;
    }
    let mut parts: Vec<_> = counts
        .iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    if parts.is_empty() {
        parts.push("no request that a rule is about".to_owned());
    }
    writeln!(out, "{}; {others} that no rule is about", parts.join(", "))?;
    match told.first() {
        Some((entry, _)) => writeln!(out, "{DIM}one in whole: --entry {}{DIM:#}", entry.number),
        None => Ok(()),
    }
}

fn reasons(explained: &Explained, ending: Ending) -> Vec<String> {
    let mut lines = Vec::new();
    if ending == Ending::Unknown {
        let lookups = explained.rule.iter().flat_map(|rule| &rule.lookups);
        let lookup = lookups.take(1).map(|path| format!("GET {path}"));
        let lookup = lookup.collect::<String>();
        lines.push(format!(
            "it hangs on the answer to {lookup}, which is not in the file before it"
        ));
        return lines;
    }
    if let Some(told) = &explained.told {
        if !told.repairs.is_empty() {
            lines.push(format!("repairs  {}", told.repairs.join(" ")));
        }
        if !told.filled.is_empty() {
            lines.push(format!("filled   {}", told.filled.join(" ")));
        }
        if !told.dropped.is_empty() {
            lines.push(format!("dropped  {}", told.dropped.join(" ")));
        }
    }
    match (&explained.diagnosis, &explained.told) {
        (Some(diagnosis), _) => {
            lines.push(format!("wrong    {}: {}", diagnosis.flaw, diagnosis.hint));
        }
        (None, Some(told)) => lines.extend(told.reason.map(|reason| format!("reason   {reason}"))),
        _ => {}
    }
    lines
}
