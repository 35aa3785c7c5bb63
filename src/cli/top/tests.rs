use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

use super::keys::{Then, press};
use super::state::{Link, Update, View};
use super::*;

fn entry(id: usize, agent: &str) -> Value {
    json!({ "time": "2026-11-25T12:00:01.250Z", "rule": "participant", "outcome": "repaired", "reason": null,
        "method": "PATCH", "template": "/a/{b}", "repairs": ["fill"], "filled": ["/state", "/routing/queue/id"],
        "dropped": [], "parts": [], "hint": null, "snapshot": "hit", "age_ms": 7, "status": 202,
        "spans": [{ "start": 1, "end": 1, "inserted": 20 }], "client": null, "user_agent": agent,
        "id": format!("id-{id}") })
}

fn point(repaired: u32, p99: Option<f64>) -> Value {
    json!({ "outcomes": { "repaired": repaired, "complete": 1 }, "snapshots": { "hit": 3, "miss": 1 },
        "age_ms": { "p50": 12.0, "p99": 80.0 }, "upstream_ms": { "count": 9, "p50": 3.1, "p99": p99 },
        "lookup_ms": { "count": 0, "p50": null, "p99": null }, "in_flight": 2 })
}

fn update(entries: &[Value], report: bool) -> Update {
    let figures = json!({ "version": "0.1.0", "mode": "enforce", "uptime_s": 1234, "step_s": 5,
        "points": [point(0, None), point(5, Some(10.0)), point(10, Some(2500.0))], "now": point(1, Some(30.0)) });
    let report = report.then(|| json!({ "callers": [
        { "caller": "rare", "calls": [{ "method": "PUT", "template": "/x", "outcome": "forwarded",
            "reason": "not_json", "repairs": [], "count": 1, "instead": "one\ntwo" }] },
        { "caller": "legacy-ivr", "calls": [{ "method": "PATCH", "template": "/api/v2/c/{c}", "outcome": "repaired",
            "reason": null, "repairs": ["fill"], "filled": ["/state"], "count": 42, "instead": "send state" }] }
    ] }));
    Update {
        figures: Some(data::figures(&figures)),
        repairs: data::repairs(&Value::from(entries.to_vec())),
        callers: report.as_ref().map(data::callers),
    }
}

fn state(entries: usize) -> State {
    let entries: Vec<_> = (0..entries).map(|id| entry(id, "curl/8")).collect();
    let mut state = State::new("http://127.0.0.1:9901".to_owned(), true);
    state.take(Ok(update(&entries, true)));
    state
}

fn frame(state: &State, width: u16, height: u16) -> Vec<String> {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    draw::draw(state, buffer.area, &mut buffer);
    text_of(&buffer).lines().map(str::to_owned).collect()
}

fn key(state: &mut State, code: KeyCode) -> Then {
    press(state, KeyEvent::new(code, KeyModifiers::NONE))
}

fn typed(state: &mut State, text: &str) {
    for char in text.chars() {
        assert_eq!(key(state, KeyCode::Char(char)), Then::Stay);
    }
}

#[test]
fn everything_is_there_in_80_columns() {
    let frame = frame(&state(2), 80, 24);
    assert_eq!(
        frame,
        [
            "patchwright 0.1.0  enforce  up 20m 34s  connected http://127.0.0.1:9901",
            "repairs/s                                           ▁▅█ 2.0/s, peak 2.0",
            "outcomes      ███████████████████████████████░░░░░░░░  █repaired 16 ░complete 4",
            "hit ratio                                           ▇▇▇ 75 % of 16",
            "snapshot age                                        ███ p50 12ms p99 80ms",
            "upstream                                             ▂█ p50 3.1ms p99 30ms",
            "lookup                                                  none",
            " Recent repairs  What callers still send wrong",
            "time     outcome   rule             what                     status caller",
            "12:00:01 repaired  participant      /state /routing/queue/id 202    curl/8",
            "12:00:01 repaired  participant      /state /routing/queue/id 202    curl/8",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "up/down choose  Enter open  Tab callers  / filter  p pause  q leave",
        ]
    );
}

#[test]
fn a_larger_terminal_has_room_for_more() {
    let frame = frame(&state(50), 120, 40);
    assert_eq!(frame.len(), 40);
    assert!(
        frame[9].contains("/state /routing/queue/id"),
        "{}",
        frame[9]
    );
    assert_eq!(
        frame
            .iter()
            .filter(|line| line.contains("participant"))
            .count(),
        30
    );
    // Nothing falls over where nothing fits.
    for (width, height) in [(1, 1), (20, 5), (10, 40), (300, 3)] {
        self::frame(&state(3), width, height);
    }
}

#[test]
fn before_and_without_an_answer_it_says_so() {
    let mut state = State::new("http://h".to_owned(), true);
    assert_eq!(frame(&state, 80, 24)[0], "patchwright  asking http://h");
    state.take(Ok(Update::default()));
    let shown = frame(&state, 80, 24).join("\n");
    assert!(shown.contains("has no figures"), "{shown}");
    assert!(
        shown.contains("no request that a rule is about has come yet"),
        "{shown}"
    );
    assert!(!shown.contains("callers"), "{shown}");
    let mut state = self::state(1);
    state.take(Err("nothing listens there".to_owned()));
    let shown = frame(&state, 160, 24);
    assert!(
        shown[0].contains("LOST http://127.0.0.1:9901, trying again: nothing listens"),
        "{}",
        shown[0]
    );
    assert!(
        shown[9].contains("participant"),
        "what was known stays: {}",
        shown[9]
    );
    state.take(Ok(update(&[], true)));
    assert_eq!(state.link, Link::Connected);
}

#[test]
fn what_callers_chose_cannot_write_to_the_terminal() {
    let hostile = "\u{1b}[2J\u{202e}evil\u{9b}31m\n\u{200b}";
    let mut state = State::new("http://h".to_owned(), true);
    let mut update = update(&[entry(0, hostile)], false);
    update.callers = Some(data::callers(
        &json!({ "callers": [{ "caller": hostile, "calls": [{ "count": 1 }] }] }),
    ));
    state.take(Ok(update));
    for view in [View::Repairs, View::Callers] {
        state.view = view;
        for open in [false, true] {
            state.opened = open.then(|| (state.chosen().unwrap().clone(), 0));
            let shown = frame(&state, 120, 40).join("\n");
            assert!(shown.contains("\\u{1b}[2J\\u{202e}evil"), "{shown}");
            let acts = |char: char| {
                char != '\n' && (char.is_control() || "\u{202e}\u{200b}".contains(char))
            };
            assert!(!shown.contains(acts), "{shown:?}");
        }
    }
}

#[test]
fn keys_choose_open_and_leave() {
    let mut state = state(30);
    for (code, at) in [
        (KeyCode::Down, 1),
        (KeyCode::Char('j'), 2),
        (KeyCode::Up, 1),
        (KeyCode::Char('k'), 0),
        (KeyCode::Up, 0),
        (KeyCode::PageDown, 10),
        (KeyCode::End, 29),
        (KeyCode::Down, 29),
        (KeyCode::Home, 0),
    ] {
        assert_eq!(key(&mut state, code), Then::Stay);
        assert_eq!(state.selected, at, "{code:?}");
    }
    key(&mut state, KeyCode::Enter);
    let shown = frame(&state, 80, 24).join("\n");
    for text in [
        "request     PATCH /a/{b}",
        "filled      /state /routing/queue/id",
        "inserted=20",
        "id          id-0",
    ] {
        assert!(shown.contains(text), "{text}\n{shown}");
    }
    key(&mut state, KeyCode::Down);
    assert!(
        !frame(&state, 80, 24).join("\n").contains("\ntime  "),
        "scrolled"
    );
    assert_eq!(key(&mut state, KeyCode::Esc), Then::Stay);
    assert!(state.opened.is_none());
    assert_eq!(key(&mut state, KeyCode::Esc), Then::Leave);
    assert_eq!(key(&mut state, KeyCode::Char('q')), Then::Leave);
    state.is_typing = true;
    assert_eq!(
        press(
            &mut state,
            KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)
        ),
        Then::Leave
    );
}

#[test]
fn a_filter_leaves_what_has_the_text() {
    let mut state = State::new("http://h".to_owned(), true);
    state.take(Ok(update(
        &[
            entry(1, "curl/8"),
            entry(2, "Legacy-IVR"),
            entry(3, "curl/8"),
        ],
        false,
    )));
    key(&mut state, KeyCode::End);
    key(&mut state, KeyCode::Char('/'));
    typed(&mut state, "ivrq");
    assert!(frame(&state, 80, 24)[7].ends_with("filter: ivrq_"));
    assert!(
        frame(&state, 80, 24)
            .join("\n")
            .contains("nothing fits the filter")
    );
    key(&mut state, KeyCode::Backspace);
    key(&mut state, KeyCode::Enter);
    assert_eq!((state.rows().len(), state.selected), (1, 0));
    assert_eq!(state.chosen().unwrap().id, "id-2");
    assert_eq!(
        key(&mut state, KeyCode::Esc),
        Then::Stay,
        "it ends the filter first"
    );
    assert_eq!(state.rows().len(), 3);
    key(&mut state, KeyCode::Char('/'));
    typed(&mut state, &"x".repeat(1000));
    assert_eq!(state.filter.len(), state::FILTER);
    key(&mut state, KeyCode::Esc);
    assert!(state.filter.is_empty() && !state.is_typing);
}

#[test]
fn tab_shows_who_sends_what_wrong_where_that_is_known() {
    let mut state = state(1);
    key(&mut state, KeyCode::Tab);
    let shown = frame(&state, 100, 24);
    assert!(
        shown[9].starts_with("legacy-ivr") && shown[9].contains("42"),
        "{}",
        shown[9]
    );
    assert!(shown[10].contains("not_json"), "{}", shown[10]);
    key(&mut state, KeyCode::Down);
    key(&mut state, KeyCode::Enter);
    let shown = frame(&state, 100, 24).join("\n");
    assert!(
        shown.contains("instead     one\n            two"),
        "{shown}"
    );
    key(&mut state, KeyCode::Esc);
    state.take(Ok(update(&[], false)));
    assert_eq!(state.view, View::Repairs);
    key(&mut state, KeyCode::Tab);
    assert_eq!(state.view, View::Repairs);
}

#[test]
fn the_chosen_line_stays_under_the_eye_and_a_pause_holds_the_picture() {
    let mut state = state(3);
    key(&mut state, KeyCode::Down);
    let newer = |from: usize| {
        (from..from + 3)
            .map(|id| entry(id, "new"))
            .collect::<Vec<_>>()
    };
    let mut entries = newer(100);
    entries.extend((0..3).map(|id| entry(id, "old")));
    state.take(Ok(update(&entries, true)));
    assert_eq!(
        (state.selected, state.chosen().unwrap().id.as_str()),
        (4, "id-1")
    );
    key(&mut state, KeyCode::Home);
    key(&mut state, KeyCode::Char('p'));
    assert!(frame(&state, 100, 24)[0].contains("PAUSED"));
    state.take(Ok(update(&newer(200), true)));
    assert_eq!(state.chosen().unwrap().id, "id-100");
    key(&mut state, KeyCode::Char('p'));
    state.take(Ok(update(&newer(200), true)));
    assert_eq!(state.chosen().unwrap().id, "id-200");
}

#[test]
fn without_colours_there_are_none() {
    let mut state = state(2);
    let colours = |state: &State| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
        draw::draw(state, buffer.area, &mut buffer);
        let cells = buffer.content.iter();
        cells
            .filter(|cell| cell.fg != ratatui::style::Color::Reset)
            .count()
    };
    assert!(colours(&state) > 0);
    state.colours = false;
    assert_eq!(colours(&state), 0);
}

#[test]
fn an_interval_is_neither_a_flood_nor_for_ever() {
    assert_eq!(interval("1s").unwrap(), Duration::from_secs(1));
    for text in ["0s", "1ms", "2h", "x"] {
        assert!(interval(text).is_err(), "{text}");
    }
}
