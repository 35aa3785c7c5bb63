//! An explained request, for people.

use std::io::{self, Write};

use http::HeaderName;
use http::header::AUTHORIZATION;

use super::notebook::Message;
use super::rehearsal::Explained;
use super::seen::Applies;
use crate::cli::paint::{ADDED, BOLD, DIM, REMOVED};

pub(super) fn explained(out: &mut impl Write, explained: &Explained) -> io::Result<()> {
    let Message { method, target, .. } = &explained.came;
    writeln!(out, "{BOLD}{method} {target}{BOLD:#}")?;
    line(out, "upstream", &explained.upstream)?;
    let Some(rule) = &explained.rule else {
        line(out, "rule", "none matches: the request passes as it is")?;
        return sent(out, explained);
    };
    line(out, "rule", &rule.name)?;
    if rule.fills {
        gaps(out, rule)?;
    }
    if !rule.current.is_empty() {
        line(out, "current?", &rule.current.join(" "))?;
    }
    if explained.misses_conversation() {
        return needs_answer(out, rule);
    }
    if rule.fills && explained.assumed_credential {
        line(
            out,
            "credential",
            "assumed; without exactly one Authorization header nothing is looked up",
        )?;
    }
    line(out, "report", explained.report.as_deref().unwrap_or("none"))?;
    sent(out, explained)?;
    if !explained.after_rejection.is_empty() {
        writeln!(
            out,
            "\n{DIM}if the API refuses that and names what is wrong{DIM:#}"
        )?;
        let mut again = explained.after_rejection.iter();
        again.try_for_each(|message| difference(out, explained, message))?;
    }
    wrong(out, explained)
}

fn line(out: &mut impl Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "{DIM}{name:<11}{DIM:#}{value}")
}

fn gaps(out: &mut impl Write, rule: &Applies) -> io::Result<()> {
    match &rule.gaps {
        Ok(gaps) if gaps.is_empty() => line(out, "gaps", "none"),
        Ok(gaps) => line(out, "gaps", &gaps.join(" ")),
        Err(why) => line(out, "gaps", &format!("unknown: {why}")),
    }
}

fn needs_answer(out: &mut impl Write, rule: &Applies) -> io::Result<()> {
    for (index, path) in rule.lookups.iter().enumerate() {
        line(
            out,
            if index == 0 { "lookup" } else { "if 404" },
            &format!("GET {path}"),
        )?;
    }
    writeln!(out, "\n{}.", super::MISSING_CONVERSATION)
}

/// What would be sent, each request as a diff from the one that came.
fn sent(out: &mut impl Write, explained: &Explained) -> io::Result<()> {
    let several = explained.sent.len() > 1;
    for (index, sent) in explained.sent.iter().enumerate() {
        if several {
            let when = if index == 0 {
                "first"
            } else {
                "then, if that is accepted"
            };
            writeln!(out, "\n{DIM}{when}{DIM:#}")?;
        }
        difference(out, explained, sent)?;
    }
    Ok(())
}

fn difference(out: &mut impl Write, explained: &Explained, sent: &Message) -> io::Result<()> {
    target(out, &explained.came, sent)?;
    headers(out, &explained.came, sent)?;
    bytes(out, explained, sent)
}

fn target(out: &mut impl Write, came: &Message, sent: &Message) -> io::Result<()> {
    let line = |message: &Message| {
        let target = message.target.path_and_query();
        format!(
            "{} {}",
            message.method,
            target.map_or("/", |target| target.as_str())
        )
    };
    let (before, after) = (line(came), line(sent));
    if before == after
        || came.target.path().ends_with(sent.target.path()) && came.method == sent.method
    {
        // A prefix that the route strips is no repair.
        return Ok(());
    }
    writeln!(out, "{REMOVED}- {before}{REMOVED:#}")?;
    writeln!(out, "{ADDED}+ {after}{ADDED:#}")
}

/// The fields that differ. A credential is never shown.
fn headers(out: &mut impl Write, came: &Message, sent: &Message) -> io::Result<()> {
    let (came, sent) = (&came.headers, &sent.headers);
    let mut names: Vec<&HeaderName> = came
        .keys()
        .chain(sent.keys())
        .filter(|name| **name != AUTHORIZATION)
        .collect();
    names.sort_unstable_by_key(|name| name.as_str());
    names.dedup();
    for name in names {
        let all = |headers: &http::HeaderMap| -> Vec<String> {
            let values = headers.get_all(name).iter();
            values
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .collect()
        };
        let (before, after) = (all(came), all(sent));
        if before != after {
            before
                .iter()
                .try_for_each(|value| writeln!(out, "{REMOVED}- {name}: {value}{REMOVED:#}"))?;
            after
                .iter()
                .try_for_each(|value| writeln!(out, "{ADDED}+ {name}: {value}{ADDED:#}"))?;
        }
    }
    Ok(())
}

fn bytes(out: &mut impl Write, explained: &Explained, sent: &Message) -> io::Result<()> {
    let (came, sent) = (&explained.came.body, &sent.body);
    let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
    writeln!(out)?;
    if came == sent {
        // A terminal makes nothing good of coded bytes.
        return match &explained.text {
            Ok(plain) if plain == came => writeln!(out, "  {}", text(came)),
            _ => writeln!(out, "  the {} bytes that came, still coded", came.len()),
        };
    }
    text(explained.text.as_ref().unwrap_or(came))
        .lines()
        .try_for_each(|line| writeln!(out, "{REMOVED}- {line}{REMOVED:#}"))?;
    text(sent)
        .lines()
        .try_for_each(|line| writeln!(out, "{ADDED}+ {line}{ADDED:#}"))
}

/// What is wrong, and the right call to make instead.
fn wrong(out: &mut impl Write, explained: &Explained) -> io::Result<()> {
    let Some(diagnosis) = &explained.diagnosis else {
        return Ok(());
    };
    writeln!(out)?;
    line(
        out,
        "wrong",
        &format!("{}: {}", diagnosis.flaw, diagnosis.hint),
    )?;
    writeln!(out, "\n{}", diagnosis.advice)
}
