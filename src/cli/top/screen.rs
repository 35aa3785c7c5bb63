//! The terminal: keys and answers in, pictures out.

use std::io;
use std::time::Duration;

use ratatui::crossterm::event::{self, Event};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::data;
use super::draw;
use super::keys::{Then, press};
use super::state::{State, Update};
use crate::cli::admin::Admin;
use crate::cli::serve::stop_signal;
use crate::cli::{Failure, written};

/// Events that wait for a picture to be drawn. More keys than these stay in the terminal.
const WAITING: usize = 16;

/// Shows what `admin` says until a key or a signal ends it. The terminal is as it was afterwards, also after a
/// panic: ratatui's hook sees to that.
pub(super) async fn run(admin: Admin, every: Duration, mut state: State) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::Runtime(format!("cannot use the terminal: {error}"));
    let stop = stop_signal().map_err(failed)?;
    // Whoever sends it while the terminal is still there gets it back.
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    let mut terminal = ratatui::try_init().map_err(|error| {
        ratatui::restore();
        failed(error)
    })?;
    let (mut keys, mut updates) = (keys(), updates(admin, every));
    tokio::pin!(stop);
    let result = loop {
        let drawn = terminal.draw(|frame| draw::draw(&state, frame.area(), frame.buffer_mut()));
        if let Err(error) = drawn {
            break written(Err(error));
        }
        tokio::select! {
            () = &mut stop => break Ok(()),
            _ = hangup.recv() => break Ok(()),
            event = keys.recv() => match event {
                Some(Event::Key(key)) if press(&mut state, key) == Then::Leave => break Ok(()),
                // Another size is another picture.
                Some(_) => {}
                // The terminal is gone.
                None => break Ok(()),
            },
            update = updates.recv() => match update {
                Some(update) => state.take(update),
                None => break Ok(()),
            },
        }
    };
    ratatui::restore();
    result
}

/// A thread that waits for keys: it ends with the process.
fn keys() -> mpsc::Receiver<Event> {
    let (sender, keys) = mpsc::channel(WAITING);
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            if sender.blocking_send(event).is_err() {
                break;
            }
        }
    });
    keys
}

/// Asks again and again, whether there was an answer or not.
fn updates(admin: Admin, every: Duration) -> mpsc::Receiver<Result<Update, String>> {
    let (sender, updates) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if sender.send(ask(&admin).await).await.is_err() {
                break;
            }
        }
    });
    updates
}

/// One round. A page that the proxy does not have is left out; no answer at all is a problem.
pub(super) async fn ask(admin: &Admin) -> Result<Update, String> {
    let figures = page(admin, "/figures").await?;
    let repairs = page(admin, "/repairs").await?;
    let report = page(admin, "/report").await?;
    Ok(Update {
        figures: figures.as_ref().map(data::figures),
        repairs: repairs.as_ref().map(data::repairs).unwrap_or_default(),
        callers: report.as_ref().map(data::callers),
    })
}

async fn page(admin: &Admin, page: &str) -> Result<Option<serde_json::Value>, String> {
    let reply = admin
        .get(page)
        .await
        .map_err(|problem| problem.to_string())?;
    if reply.status == http::StatusCode::NOT_FOUND {
        return Ok(None);
    }
    if !reply.status.is_success() {
        return Err(format!("{page} answered {}", reply.status));
    }
    let value = serde_json::from_slice(&reply.body);
    value
        .map(Some)
        .map_err(|_| format!("{page} is no JSON: is that the admin listener?"))
}
