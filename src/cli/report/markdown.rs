//! The report for a ticket. What callers have chosen is text there and nothing else.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::read::{Call, Caller, Report, Rule};

pub(super) fn report(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let Report {
        version,
        since,
        time,
        ..
    } = report;
    writeln!(out, "# Broken calls from {since} to {time}\n")?;
    writeln!(
        out,
        "As noted by patchwright {version}, which stands between these callers and the API.\n"
    )?;
    for caller in &report.callers {
        self::caller(out, caller)?;
    }
    if report.callers.is_empty() {
        writeln!(out, "There were none.\n")?;
    }
    if report.forgotten > 0 {
        writeln!(
            out,
            "{} kinds of calls, the longest unseen, are forgotten.\n",
            report.forgotten
        )?;
    }
    writeln!(out, "## Rules\n")?;
    writeln!(
        out,
        "| rule | mode | verdict | would have helped | not needed | unclear | repaired | complete | last needed |"
    )?;
    writeln!(out, "|---|---|---|--:|--:|--:|--:|--:|---|")?;
    for rule in report.rules.iter().filter(|rule| rule.was_called()) {
        self::rule(out, rule)?;
    }
    for rule in &report.rules {
        if let Some(advice) = &rule.advice {
            writeln!(out, "\n{}: {}", code(&rule.name), escaped(advice))?;
        }
    }
    let not_needed = report.names(Rule::was_not_needed);
    if !not_needed.is_empty() {
        writeln!(
            out,
            "\nNobody has needed since {since}: {}.",
            escaped(&not_needed)
        )?;
    }
    let not_called = report.names(|rule| !rule.was_called());
    if !not_called.is_empty() {
        writeln!(
            out,
            "\nNobody has called what these are for: {}.",
            escaped(&not_called)
        )?;
    }
    Ok(())
}

fn rule(out: &mut impl Write, rule: &Rule) -> io::Result<()> {
    let verdict = rule.verdict();
    writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        code(&rule.name),
        rule.reach(),
        verdict.as_deref().unwrap_or_default(),
        rule.would_have_helped,
        rule.not_needed,
        rule.unclear,
        rule.repaired,
        rule.complete,
        rule.last_needed.as_deref().unwrap_or("never"),
    )
}

fn caller(out: &mut impl Write, caller: &Caller) -> io::Result<()> {
    let kind = if caller.named { "Client" } else { "User-Agent" };
    writeln!(out, "## {kind} {}\n", code(&caller.name))?;
    writeln!(
        out,
        "| calls | call | what is wrong | outcome | accepted | refused | first | last |"
    )?;
    writeln!(out, "|--:|---|---|---|--:|--:|---|---|")?;
    for call in &caller.calls {
        let Call {
            method,
            template,
            count,
            accepted,
            refused,
            first,
            last,
            outcome,
            ..
        } = call;
        let line = code(&format!("{method} {template}"));
        let fault = escaped(&call.fault());
        writeln!(
            out,
            "| {count} | {line} | {fault} | {outcome} | {accepted} | {refused} | {first} | {last} |"
        )?;
    }
    let mut told = Vec::new();
    for call in &caller.calls {
        if told.contains(&&call.instead) {
            continue;
        }
        told.push(&call.instead);
        let fence = "`".repeat(longest_run(&call.instead).max(2) + 1);
        let line = code(&format!("{} {}", call.method, call.template));
        writeln!(
            out,
            "\nIn the place of {line}:\n\n{fence}text\n{}\n{fence}",
            call.instead
        )?;
    }
    writeln!(out)
}

/// As code, where nothing in the text could end that or the cell that it stands in.
fn code(text: &str) -> String {
    let plain = |char: char| !char.is_control() && !"`|\\".contains(char);
    if !text.trim().is_empty() && text.chars().all(plain) {
        return format!("`{}`", text.trim());
    }
    escaped(text)
}

/// As characters that mean nothing to Markdown or HTML, nor to a table.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            char if char.is_control() => out.push(' '),
            char if char.is_alphanumeric() || " .,;:/()'\"=%-".contains(char) => out.push(char),
            char => {
                // Writing to a String cannot fail.
                let _ = write!(out, "&#{};", u32::from(char));
            }
        }
    }
    out.trim().to_owned()
}

/// Most backticks in a row.
fn longest_run(text: &str) -> usize {
    let runs = text.split(|char| char != '`');
    runs.map(str::len).max().unwrap_or_default()
}
