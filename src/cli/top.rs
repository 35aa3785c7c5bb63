//! `patchwright top`: what a running proxy does, in a terminal.

mod data;
mod draw;
mod keys;
mod screen;
mod series;
mod state;

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use clap::Args;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use self::state::State;
use super::admin::{AdminArgs, once};
use super::{Failure, written};

const MORE: &str = "\
Shows the figures of the admin listener's page over the last 15 minutes, the recent repairs, and who still \
sends what wrong, for those who have a terminal and no browser. The address is --admin, else that of \
--config, else PATCHWRIGHT__ADMIN__ADDRESS, else 127.0.0.1:9901. What is shown holds no bodies, values or \
credentials.

Keys:
  up down j k     choose a line          /          filter; Enter keeps it, Esc ends it
  Enter           open it                p          pause
  Tab             repairs, callers       q Esc ^C   leave

Examples:
  patchwright top
  kubectl exec -it deploy/patchwright -- patchwright top
  patchwright top --once

Exit codes:
  0  left, or shown once
  1  there is no answer (with --once), or the terminal can't be used
  2  the configuration or the command line is wrong";

/// The size of a frame that goes to no terminal.
const PLAIN: Rect = Rect::new(0, 0, 100, 40);

/// Arguments of `top`.
#[derive(Debug, Args)]
#[command(after_help = MORE)]
pub struct TopArgs {
    /// Which proxy is watched.
    #[command(flatten)]
    pub admin: AdminArgs,
    /// How often it is asked
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    pub interval: Duration,
    /// Print one picture as text and leave: what happens without a terminal, too
    #[arg(long)]
    pub once: bool,
}

/// Oftener, and the watching would be what is watched.
fn interval(text: &str) -> Result<Duration, String> {
    let interval = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let range = Duration::from_millis(100)..=Duration::from_secs(60);
    if range.contains(&interval) {
        Ok(interval)
    } else {
        Err("expected something from 100ms to 1m".to_owned())
    }
}

/// Shows the proxy until it is left.
pub fn run(args: &TopArgs) -> Result<(), Failure> {
    let admin = args.admin.find()?;
    // crossterm asks NO_COLOR, too, but bold and reversed have to tell apart what colours would.
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let mut state = State::new(admin.url(""), !no_color);
    let is_terminal = io::stdout().is_terminal();
    if is_terminal && !args.once {
        return once(screen::run(admin, args.interval, state))?;
    }
    let update = once(screen::ask(&admin))?;
    if let Err(problem) = &update {
        return Err(Failure::Runtime(format!(
            "{}: {problem}",
            admin.url("/figures")
        )));
    }
    state.colours = false;
    state.take(update);
    written(io::stdout().write_all(plain(&state).as_bytes()))?;
    if !args.once {
        let _ = writeln!(
            anstream::stderr(),
            "this is no terminal, so one picture is all: kubectl exec and docker exec give one with -it"
        );
    }
    Ok(())
}

/// One picture as text, without the lines at its end that say nothing.
fn plain(state: &State) -> String {
    let mut buffer = Buffer::empty(PLAIN);
    draw::draw(state, PLAIN, &mut buffer);
    text_of(&buffer)
}

fn text_of(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut text = String::new();
    for y in area.top()..area.bottom() {
        let mut line = String::new();
        let mut skip = 0_usize;
        for x in area.left()..area.right() {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer.cell((x, y)).map_or(" ", |cell| cell.symbol());
            // What is two columns wide has an empty cell behind it.
            skip = ratatui::text::Span::raw(symbol).width().saturating_sub(1);
            line.push_str(symbol);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let kept = text.trim_end().len();
    text.truncate(kept);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
