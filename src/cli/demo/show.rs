//! The demo on paper.

use std::io::{self, Write};
use std::net::SocketAddr;

use http::Method;

use super::request::{Answer, Known, known, send};
use crate::cli::paint::{ADDED, BOLD, DIM, REMOVED};
use crate::repair::plan::Plan;
use crate::repair::target::Targets;
use crate::simulator::Simulator;

/// Sends every known request both ways and shows what happened.
pub(super) async fn all(
    simulator: &Simulator,
    upstream: SocketAddr,
    proxy: SocketAddr,
) -> io::Result<()> {
    let mut out = anstream::stdout();
    for (index, known) in known().iter().enumerate() {
        let straight = send(known, upstream).await?;
        let through = send(known, proxy).await?;
        let sent = simulator
            .requests()
            .into_iter()
            .rfind(|seen| seen.method == Method::PATCH);
        let target = sent.as_ref().map(|seen| seen.target.clone());
        let sent = sent
            .map(|seen| String::from_utf8_lossy(&seen.body).into_owned())
            .unwrap_or_default();
        writeln!(out, "\n{BOLD}{}. {}{BOLD:#}", index + 1, known.title)?;
        writeln!(out, "   {DIM}PATCH {}{DIM:#}", known.path)?;
        answer(&mut out, "straight to the API", &straight)?;
        answer(&mut out, "through patchwright", &through)?;
        writeln!(out, "\n   the caller's bytes    {}", known.body)?;
        writeln!(out, "   the upstream's bytes  {}", marked(known, &sent))?;
        if let Some(target) = target.filter(|target| *target != known.path) {
            writeln!(out, "   sent to               {ADDED}{target}{ADDED:#}")?;
        }
    }
    again(&mut out, upstream, proxy)?;
    out.flush()
}

fn answer(out: &mut impl Write, way: &str, answer: &Answer) -> io::Result<()> {
    let Answer {
        status,
        message,
        report,
    } = answer;
    let colour = if status.is_success() { ADDED } else { REMOVED };
    write!(out, "\n   {way:<21} {colour}{status}{colour:#}")?;
    if !message.is_empty() {
        write!(out, "\n   {:<21} {message}", "")?;
    }
    if !report.is_empty() {
        write!(out, "\n   {:<21} {DIM}Patchwright: {report}{DIM:#}", "")?;
    }
    writeln!(out)
}

/// The sent bytes with the insertions marked. What was inserted follows from both texts: filling the
/// gaps with the values that arrived must give what arrived.
fn marked(known: &Known, sent: &str) -> String {
    let value = serde_json::from_str::<serde_json::Value>(sent).unwrap_or_default();
    let pointers = ["/state", "/routing/queue/id"];
    let as_it_is = || sent.to_owned();
    let Ok(targets) = Targets::new(pointers) else {
        return as_it_is();
    };
    let Ok(plan) = Plan::new(known.body.as_bytes(), &targets) else {
        return as_it_is();
    };
    let fill = |target: usize| value.pointer(pointers.get(target)?)?.as_str();
    let mut spans = Vec::new();
    let filled = plan.splice_with_edits(fill, |edit| spans.push(edit.inserted));
    if filled != sent.as_bytes() {
        return as_it_is();
    }
    let (mut text, mut at) = (String::new(), 0);
    for span in spans {
        let (before, inserted) = (sent.get(at..span.start), sent.get(span.clone()));
        text.push_str(before.unwrap_or_default());
        let inserted = inserted.unwrap_or_default();
        text.extend([
            ADDED.render().to_string().as_str(),
            inserted,
            ADDED.render_reset().to_string().as_str(),
        ]);
        at = span.end;
    }
    text + sent.get(at..).unwrap_or_default()
}

fn again(out: &mut impl Write, upstream: SocketAddr, proxy: SocketAddr) -> io::Result<()> {
    writeln!(out, "\n{BOLD}Try it yourself{BOLD:#} (any token will do)\n")?;
    for known in known() {
        for (way, address) in [("straight", upstream), ("repaired", proxy)] {
            writeln!(out, "   {DIM}# {way}{DIM:#}")?;
            writeln!(out, "   curl -i -X PATCH http://{address}{} \\", known.path)?;
            writeln!(
                out,
                "     -H 'Authorization: Bearer demo' -H 'Content-Type: application/json' \\"
            )?;
            writeln!(out, "     -d '{}'\n", known.body)?;
        }
    }
    writeln!(out, "   {DIM}# what the simulator received{DIM:#}")?;
    writeln!(out, "   curl http://{upstream}/__control/requests\n")?;
    writeln!(out, "Serving until Ctrl-C.")
}
