//! An explained request, for people.

use std::io::{self, Write};

use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};

use super::lines::{self, Sign};
use super::notebook::Message;
use super::rehearsal::Explained;
use super::seen::Applies;
use crate::cli::paint::{BOLD, DIM};
use crate::harmless::harmless;
use crate::layer::options::Mode;
use crate::layer::record::Span;

pub(super) fn explained(out: &mut impl Write, explained: &Explained) -> io::Result<()> {
    let Message { method, target, .. } = &explained.came;
    writeln!(
        out,
        "{BOLD}{method} {}{BOLD:#}",
        harmless(&target.to_string())
    )?;
    line(out, "upstream", &explained.upstream)?;
    let Some(rule) = &explained.rule else {
        line(out, "rule", "none matches: the request passes as it is")?;
        return sent(out, explained);
    };
    line(out, "rule", &rule.name)?;
    match explained.mode {
        Mode::Enforce => {}
        Mode::Observe => line(
            out,
            "mode",
            "observe: the original is sent, whatever would be done",
        )?,
        Mode::Off => line(out, "mode", "off: the original is sent")?,
    }
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
        again.try_for_each(|message| difference(out, explained, message, &[]))?;
    }
    wrong(out, explained)
}

fn line(out: &mut impl Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "{DIM}{name:<11}{DIM:#}{}", harmless(value))
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
    let spans = explained.spans();
    for (index, sent) in explained.sent.iter().enumerate() {
        if several {
            let when = if index == 0 {
                "first"
            } else {
                "then, if that is accepted"
            };
            writeln!(out, "\n{DIM}{when}{DIM:#}")?;
        }
        difference(out, explained, sent, spans)?;
    }
    Ok(())
}

fn difference(
    out: &mut impl Write,
    explained: &Explained,
    sent: &Message,
    spans: &[Span],
) -> io::Result<()> {
    target(out, &explained.came, sent)?;
    for (name, before, after) in changed_headers(&explained.came, sent) {
        let field = |values: &[String]| {
            let lines = values.iter().map(|value| format!("{name}: {value}\n"));
            lines.collect::<String>()
        };
        lines::difference(out, &field(&before), &field(&after), &[])?;
    }
    bytes(out, explained, sent, spans)
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
    lines::difference(out, &before, &after, &[])
}

/// The fields that differ, by name, with their values before and after. A credential is never shown.
pub(super) fn changed_headers<'a>(
    came: &'a Message,
    sent: &'a Message,
) -> impl Iterator<Item = (&'a HeaderName, Vec<String>, Vec<String>)> {
    let (came, sent) = (&came.headers, &sent.headers);
    let mut names: Vec<&HeaderName> = came
        .keys()
        .chain(sent.keys())
        .filter(|name| ![AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name))
        .collect();
    names.sort_unstable_by_key(|name| name.as_str());
    names.dedup();
    let all = |headers: &http::HeaderMap, name: &HeaderName| -> Vec<String> {
        let values = headers.get_all(name).iter();
        values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect()
    };
    let both = names
        .into_iter()
        .map(move |name| (name, all(came, name), all(sent, name)));
    both.filter(|(_, before, after)| before != after)
}

fn bytes(
    out: &mut impl Write,
    explained: &Explained,
    sent: &Message,
    spans: &[Span],
) -> io::Result<()> {
    let (came, sent) = (&explained.came.body, &sent.body);
    let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
    writeln!(out)?;
    if came == sent {
        // A terminal makes nothing good of coded bytes.
        return match &explained.text {
            Ok(plain) if plain == came => {
                let text = text(came);
                lines::whole(out, Sign::Same, &text)
            }
            _ => writeln!(out, "  the {} bytes that came, still coded", came.len()),
        };
    }
    let came = text(explained.text.as_ref().unwrap_or(came));
    lines::difference(out, &came, &text(sent), spans)
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
    writeln!(out)?;
    let mut lines = diagnosis.advice.lines();
    lines.try_for_each(|line| writeln!(out, "{}", harmless(line)))
}
