//! The log of the program: what its lines say, the same in both forms, and how it is switched while it runs.

use std::collections::BTreeSet;
use std::io::Write as _;

use http::Method;
use patchwright::simulator::seed::CALL;
use serde_json::Value;

use crate::support::{Caller, Process, World, agent};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const README: &str = include_str!("../../README.md");

/// Runs the program in front of the simulator of `world` and hands callers of both its listeners to `traffic`.
/// The result is its log.
async fn log(world: &World, format: &str, traffic: impl AsyncFnOnce(Caller, Caller)) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let upstream = world.upstream;
    let config = format!(
        "[[upstream]]\nname = \"cloud\"\nurl = \"http://{upstream}\"\n\
         [[client]]\nname = \"legacy\"\nnetworks = [\"127.0.0.0/8\"]\n"
    );
    file.write_all(config.as_bytes()).unwrap();
    let process = Process::serve(file.path(), &["--log-format", format]).await;
    traffic(Caller::to(process.proxy), Caller::to(process.admin)).await;
    process.terminate().await
}

async fn repaired(caller: &Caller) {
    let body = r#"{"attributes":{"a":"1"}}"#;
    let answer = caller
        .request(Method::PATCH, &agent("", CALL))
        .bearer("t")
        .body(body)
        .header("content-type", "text/plain")
        .header("traceparent", &format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .send()
        .await;
    assert_eq!(answer.status, 202);
}

/// `name=value` pairs of a line of text; values are words or quoted.
fn fields(line: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.rsplit(' ').next().unwrap();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap(),
            None => after.split_once(' ').unwrap_or((after, "")),
        };
        fields.push((name.to_owned(), value.to_owned()));
        rest = next;
    }
    fields
}

#[tokio::test]
async fn a_repaired_request_has_one_line_with_the_same_fields_in_both_forms_as_the_readme_says() {
    let mut both = Vec::new();
    for format in ["text", "json"] {
        let world = World::start().await;
        let log = log(&world, format, async |caller, _| {
            repaired(&caller).await;
            caller.get("/api/v2/users/me", "t").await;
        })
        .await;
        let lines: Vec<_> = log
            .lines()
            .filter(|line| line.contains("request "))
            .collect();
        let [line] = lines[..] else {
            panic!("one line for what was repaired and none for what was not: {log}");
        };
        let fields: Vec<(String, String)> = if format == "text" {
            fields(line)
        } else {
            let line: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
            let said = |(name, value): (String, Value)| {
                (
                    name,
                    value.as_str().map_or(value.to_string(), str::to_owned),
                )
            };
            // What tracing puts around the fields of any line.
            let own = ["timestamp", "level", "target", "message", "span"];
            let fields = line
                .into_iter()
                .filter(|(name, _)| !own.contains(&name.as_str()));
            fields.map(said).collect()
        };
        for (name, expected) in [
            ("trace_id", TRACE),
            ("client", "legacy"),
            ("upstream", "cloud"),
            ("rule", "participant"),
            ("outcome", "repaired"),
            ("repairs", "fill content-type"),
            ("filled", "/state /routing/queue/id"),
            ("snapshot", "miss"),
        ] {
            let value = fields.iter().find(|(field, _)| field == name);
            let value = value.map(|(_, value)| value.as_str());
            assert_eq!(value, Some(expected), "{name} in {line}");
        }
        let span = &fields.iter().find(|(name, _)| name == "span_id").unwrap().1;
        let sent = world.patches().pop().unwrap();
        assert_eq!(sent.headers["traceparent"], format!("00-{TRACE}-{span}-01"));
        both.push(
            fields
                .into_iter()
                .map(|(name, _)| name)
                .collect::<BTreeSet<_>>(),
        );
    }
    assert_eq!(both[0], both[1]);
    // The table of the README has them all, besides those that this request had no reason for.
    let table = README.split("| field | of the line |").nth(1).unwrap();
    let table = table.split("\n\n").next().unwrap();
    let rows = table
        .lines()
        .skip(2)
        .filter_map(|row| row.split('|').nth(1));
    let named: BTreeSet<_> = rows
        .flat_map(|names| names.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect();
    let others = ["reason", "hint", "dropped", "parts"].map(str::to_owned);
    assert!(others.iter().all(|name| !both[0].contains(name)));
    let all: BTreeSet<_> = both[0].iter().cloned().chain(others).collect();
    assert_eq!(named, all);
}

#[tokio::test]
async fn an_operator_switches_what_is_logged_and_back() {
    let world = World::start().await;
    let complete = async |caller: &Caller| {
        let body = r#"{"state":"connected","routing":{"queue":{"id":"q"}},"attributes":{}}"#;
        caller.patch(&agent("", CALL), "t", body).send().await;
    };
    let log = log(&world, "json", async |caller, operator| {
        complete(&caller).await;
        let switch = async |method: Method, filter: &'static str| {
            let answer = operator.request(method, "/log").body(filter).send().await;
            (answer.status, answer.text().trim().to_owned())
        };
        let wrong = switch(Method::PUT, "debgu").await;
        assert_eq!(wrong.0, 400);
        assert!(wrong.1.contains("did you mean"), "{}", wrong.1);
        complete(&caller).await;
        // Everything, and still nothing that a library has to say.
        assert_eq!(
            switch(Method::PUT, "trace").await,
            (200, "trace".to_owned())
        );
        complete(&caller).await;
        assert_eq!(switch(Method::DELETE, "").await, (200, "info".to_owned()));
        complete(&caller).await;
    })
    .await;
    let lines = log.lines().map(serde_json::from_str::<Value>);
    let lines: Vec<_> = lines.collect::<Result<_, _>>().unwrap();
    let of_requests = lines.iter().filter(|line| line["outcome"] == "complete");
    assert_eq!(of_requests.count(), 1, "{log}");
    for line in &lines {
        let own = line["target"].as_str().unwrap().starts_with("patchwright");
        assert!(
            own || line["level"] == "WARN" || line["level"] == "ERROR",
            "{line}"
        );
    }
}
