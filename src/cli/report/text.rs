//! The report for people, on 80 columns.

use std::io::{self, Write};

use super::read::{Call, Caller, Report, Rule};
use crate::cli::paint::{ADDED, BOLD, DIM, REMOVED};

const COLUMNS: usize = 80;

pub(super) fn report(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let Report {
        version,
        since,
        time,
        ..
    } = report;
    writeln!(
        out,
        "{DIM}patchwright {version}, from {since} to {time}{DIM:#}\n"
    )?;
    writeln!(out, "{BOLD}Rules{BOLD:#}")?;
    for rule in report.rules.iter().filter(|rule| rule.was_called()) {
        self::rule(out, rule)?;
    }
    let not_needed = report.names(Rule::was_not_needed);
    if !not_needed.is_empty() {
        wrapped(
            out,
            2,
            &format!("Nobody has needed since {since}: {not_needed}."),
        )?;
    }
    let not_called = report.names(|rule| !rule.was_called());
    if !not_called.is_empty() {
        wrapped(
            out,
            2,
            &format!("Nobody has called what these are for: {not_called}."),
        )?;
    }
    writeln!(out, "\n{BOLD}Callers{BOLD:#}")?;
    if report.callers.is_empty() {
        writeln!(out, "  No broken call has come.")?;
    }
    for caller in &report.callers {
        self::caller(out, caller)?;
    }
    if report.forgotten > 0 {
        let forgotten = format!(
            "{} kinds of calls, the longest unseen, are forgotten.",
            report.forgotten
        );
        wrapped(out, 2, &forgotten)?;
    }
    Ok(())
}

fn rule(out: &mut impl Write, rule: &Rule) -> io::Result<()> {
    let verdict = rule.verdict();
    let verdict = verdict.as_deref().unwrap_or_default();
    let colour = match rule.verdict.as_deref() {
        Some("safe_to_enforce") => ADDED,
        Some("not_needed" | "mixed") => REMOVED,
        _ => DIM,
    };
    let name = format!("{:<28} {:<14}", rule.name, rule.reach());
    if verdict.is_empty() {
        writeln!(out, "  {}", name.trim_end())?;
    } else {
        writeln!(out, "  {name} {colour}{verdict}{colour:#}")?;
    }
    let judged = rule.verdict.is_some();
    let counts = [
        (rule.would_have_helped, "would have helped", judged),
        (rule.not_needed, "not needed", judged),
        (rule.unclear, "unclear", judged),
        (rule.observed, "observed", rule.observed > 0),
        (rule.repaired, "repaired", rule.repaired > 0),
        (rule.complete, "complete", rule.complete > 0),
    ];
    let counts = counts.iter().filter(|(.., is_told)| *is_told);
    let counts: Vec<_> = counts
        .map(|(count, what, _)| format!("{count} {what}"))
        .collect();
    wrapped(out, 6, &counts.join(", "))?;
    if let Some(advice) = &rule.advice {
        wrapped(out, 6, advice)?;
    } else if let Some(last) = &rule.last_needed {
        wrapped(out, 6, &format!("last needed {last}"))?;
    }
    Ok(())
}

fn caller(out: &mut impl Write, caller: &Caller) -> io::Result<()> {
    let kind = if caller.named { "" } else { " (User-Agent)" };
    writeln!(out, "  {BOLD}{}{BOLD:#}{DIM}{kind}{DIM:#}", caller.name)?;
    let mut told = Vec::new();
    for call in &caller.calls {
        self::call(out, call)?;
        if told.contains(&&call.instead) {
            writeln!(out, "      {DIM}instead, as above{DIM:#}\n")?;
            continue;
        }
        told.push(&call.instead);
        instead(out, call)?;
    }
    Ok(())
}

fn call(out: &mut impl Write, call: &Call) -> io::Result<()> {
    writeln!(
        out,
        "    {} x {} {}",
        call.count, call.method, call.template
    )?;
    wrapped(out, 6, &call.fault())?;
    let Call {
        rule,
        outcome,
        accepted,
        refused,
        first,
        last,
        ..
    } = call;
    wrapped(
        out,
        6,
        &format!("{outcome} by rule {rule}: {accepted} accepted, {refused} refused"),
    )?;
    wrapped(out, 6, &format!("first {first}, last {last}"))
}

fn instead(out: &mut impl Write, call: &Call) -> io::Result<()> {
    writeln!(out, "      {DIM}instead{DIM:#}")?;
    for line in call.instead.lines() {
        // What is to be copied stays on one line.
        if line.starts_with('{') || line.contains("/{") && !line.contains(". ") {
            writeln!(out, "        {line}")?;
        } else {
            wrapped(out, 8, line)?;
        }
    }
    writeln!(out)
}

/// Writes words on as many lines as they take.
fn wrapped(out: &mut impl Write, indent: usize, text: &str) -> io::Result<()> {
    let mut line = String::new();
    for word in text.split_whitespace() {
        let width = indent + line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && width > COLUMNS {
            writeln!(out, "{:indent$}{line}", "")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if line.is_empty() {
        return Ok(());
    }
    writeln!(out, "{:indent$}{line}", "")
}
