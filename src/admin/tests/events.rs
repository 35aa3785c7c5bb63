//! Events, by a clock that the tests set.

use std::time::SystemTime;

use serde_json::Value;
use tokio::time::{Instant, advance};

use super::*;
use crate::layer::record::{Outcome, Record};
use crate::tally::STEP;

/// What an operator watches, and the proxy that it is told of.
struct Watched {
    admin: Admin,
    ready: Readiness,
    recent: Recent,
}

impl Watched {
    fn new() -> Self {
        let (admin, ready, _) = admin();
        ready.set(true);
        let recent = admin.content.recent.clone();
        Self {
            admin,
            ready,
            recent,
        }
    }

    fn happens(&self, times: u64) {
        for _ in 0..times {
            let record = Record {
                user_agent: Some("a\nb"),
                ..Record::new("r", &Method::PATCH, "/a/{b}", Outcome::Repaired)
            };
            self.recent.push(&record, None, SystemTime::now());
        }
    }

    async fn open(&self, last: Option<&str>) -> Reply {
        let mut request = Request::get("/events").header(header::HOST, "localhost");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(String::new()).unwrap();
        self.admin.clone().call(request).await.unwrap()
    }

    async fn watch(&self, last: Option<&str>) -> Body {
        let reply = self.open(last).await;
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.headers()[header::CONTENT_TYPE], "text/event-stream");
        reply.into_body()
    }
}

/// Fields of one event.
#[derive(Debug)]
struct Event {
    kind: String,
    id: String,
    data: Value,
}

async fn next(body: &mut Body) -> Option<Vec<Event>> {
    let frame = body.frame().await?;
    let text = frame.unwrap().into_data().unwrap();
    let text = std::str::from_utf8(&text).unwrap();
    let text = text.strip_suffix("\n\n").expect("whole events");
    let events = text
        .split("\n\n")
        .filter(|event| !event.starts_with("retry: "));
    let events = events.map(|event| {
        let field = |name: &str| {
            let mut lines = event.lines().filter_map(|line| line.strip_prefix(name));
            let value = lines.next().unwrap_or_default().to_owned();
            assert_eq!(lines.next(), None, "{event}");
            value
        };
        Event {
            kind: field("event: "),
            id: field("id: "),
            data: serde_json::from_str(&field("data: ")).unwrap(),
        }
    });
    Some(events.collect())
}

/// The next event of this kind.
async fn next_of(body: &mut Body, kind: &str) -> Event {
    loop {
        let events = next(body).await.unwrap();
        if let Some(event) = events.into_iter().find(|event| event.kind == kind) {
            return event;
        }
    }
}

fn numbers(event: &Event) -> Vec<u64> {
    let repairs = event.data["repairs"].as_array().unwrap().iter();
    repairs
        .map(|repair| repair["seq"].as_u64().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_new_visitor_gets_figures_and_then_what_is_kept() {
    let watched = Watched::new();
    watched.happens(3);
    let mut body = watched.watch(None).await;
    let first = next(&mut body).await.unwrap();
    let kinds: Vec<_> = first.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["figures", "repairs", "callers"]);
    assert_eq!(first[0].data["ready"], true);
    assert_eq!(first[0].data["mode"], "enforce");
    assert_eq!(numbers(&first[1]), [3, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_gets_what_it_has_not_seen() {
    let watched = Watched::new();
    watched.happens(3);
    let mut body = watched.watch(None).await;
    let id = next_of(&mut body, "repairs").await.id;
    drop(body);
    watched.happens(2);
    let mut body = watched.watch(Some(&id)).await;
    assert_eq!(numbers(&next_of(&mut body, "repairs").await), [5, 4]);
    let process = id.split_once('-').unwrap().0;
    // Of another process, of none, and of a number that has not been yet.
    for (foreign, told) in [
        ("0-3".to_owned(), 5),
        ("3".to_owned(), 5),
        (format!("{process}-x"), 5),
        (format!("{process}-99"), 0),
    ] {
        let mut body = watched.watch(Some(&foreign)).await;
        let first = next(&mut body).await.unwrap();
        let repairs = first.iter().find(|event| event.kind == "repairs");
        assert_eq!(
            repairs.map_or(0, |event| numbers(event).len()),
            told,
            "{foreign}"
        );
    }
    let mut body = watched.watch(Some(&format!("{process}-99"))).await;
    next(&mut body).await;
    watched.happens(1);
    assert_eq!(numbers(&next_of(&mut body, "repairs").await), [6]);
}

#[tokio::test(start_paused = true)]
async fn repairs_come_four_times_a_second_at_most_and_not_too_many() {
    let watched = Watched::new();
    let mut body = watched.watch(None).await;
    next(&mut body).await;
    let begun = Instant::now();
    watched.happens(30);
    let event = next_of(&mut body, "repairs").await;
    assert_eq!(numbers(&event), (11..=30).rev().collect::<Vec<_>>());
    assert_eq!(event.data["skipped"], 10);
    watched.happens(1);
    let event = next_of(&mut body, "repairs").await;
    assert_eq!(
        (numbers(&event), &event.data["skipped"]),
        (vec![31], &Value::from(0))
    );
    assert!(
        begun.elapsed() >= Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
    // More than are kept.
    watched.happens(1000);
    let event = next_of(&mut body, "repairs").await;
    assert_eq!(
        (numbers(&event)[0], &event.data["skipped"]),
        (1031, &Value::from(980))
    );
}

#[tokio::test(start_paused = true)]
async fn figures_come_every_second_and_callers_only_when_something_happened() {
    let watched = Watched::new();
    let mut body = watched.watch(None).await;
    next(&mut body).await;
    let begun = Instant::now();
    for _ in 0..10 {
        let events = next(&mut body).await.unwrap();
        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["figures"]);
    }
    assert_eq!(begun.elapsed().as_secs(), 10);
    watched.happens(1);
    next_of(&mut body, "callers").await;
    for _ in 0..10 {
        let events = next(&mut body).await.unwrap();
        assert!(events.iter().all(|event| event.kind != "callers"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_less_and_not_all_at_once_later() {
    let watched = Watched::new();
    let mut body = watched.watch(None).await;
    next(&mut body).await;
    advance(Duration::from_secs(60)).await;
    let begun = Instant::now();
    for _ in 0..3 {
        next_of(&mut body, "figures").await;
    }
    assert!(
        begun.elapsed() >= Duration::from_millis(1900),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn streams_are_bounded_in_number_and_time() {
    let watched = Watched::new();
    let mut bodies = Vec::new();
    for _ in 0..8 {
        bodies.push(watched.watch(None).await);
    }
    let refused = watched.open(None).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
    let text = refused.into_body().collect().await.unwrap().to_bytes();
    let text = std::str::from_utf8(&text).unwrap();
    assert!(text.contains("patchwright.admin.streams"), "{text}");
    bodies.pop();
    bodies.push(watched.watch(None).await);

    advance(Duration::from_secs(15 * 60 - 1)).await;
    assert!(next(&mut bodies[0]).await.is_some());
    advance(Duration::from_secs(1)).await;
    assert!(next(&mut bodies[0]).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn streams_end_with_the_readiness() {
    let watched = Watched::new();
    let mut body = watched.watch(None).await;
    next(&mut body).await;
    let waiting = tokio::spawn(async move { next(&mut body).await.is_none() });
    tokio::task::yield_now().await;
    let begun = Instant::now();
    watched.ready.set(false);
    assert!(waiting.await.unwrap());
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let refused = watched.open(None).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn the_counters_are_read_every_five_seconds() {
    let (admin, ..) = admin();
    let Content {
        figures, metrics, ..
    } = &*admin.content;
    let tally = metrics.tally().clone();
    let keeping = tokio::spawn(figures.clone().keep());
    tokio::task::yield_now().await;
    for _ in 0..3 {
        tally.answered(Duration::from_millis(3));
        advance(STEP).await;
        tokio::task::yield_now().await;
    }
    tally.answered(Duration::from_millis(3));
    keeping.abort();
    let page = ask(&admin, Method::GET, "/figures").await;
    let json: Value = serde_json::from_str(&page.body).unwrap();
    let points = json["points"].as_array().unwrap();
    let counts: Vec<_> = points
        .iter()
        .map(|point| &point["upstream_ms"]["count"])
        .collect();
    assert_eq!(counts, [1, 1, 1]);
    assert_eq!(json["now"]["upstream_ms"]["count"], 1);
    assert_eq!(json["now"]["age_ms"]["p50"], Value::Null);
    assert_eq!(json["step_s"], 5);
    for time in ["time", "started"] {
        assert!(humantime::parse_rfc3339(json[time].as_str().unwrap()).is_ok());
    }
}
