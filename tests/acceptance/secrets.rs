//! Nothing that is secret is ever shown: not in the log at its most talkative, not on the admin pages,
//! not in our own answers, not in the outcome header.

use std::io::Write as _;
use std::process::Output;

use http::Method;
use patchwright::simulator::{Data, Options};

mod clients;
mod traffic;

use crate::support::{Process, World, patchwright};
use crate::watching::Events;
use traffic::{SECRETS, TOKEN, Traffic};

#[tokio::test]
async fn nothing_secret_is_logged_as_text_with_an_http1_upstream() {
    let log = everything_is_kept("text", false).await;
    for line in [
        "request repaired",
        "no answer from the upstream",
        "draining",
    ] {
        assert!(log.contains(line), "{line} is not in\n{log}");
    }
}

#[tokio::test]
async fn nothing_secret_is_logged_as_json_with_an_http2_upstream() {
    let log = everything_is_kept("json", true).await;
    let lines = log.lines().map(serde_json::from_str::<serde_json::Value>);
    let lines: Vec<_> = lines.collect::<Result<_, _>>().unwrap();
    for outcome in ["repaired", "rejected", "forwarded", "observed"] {
        assert!(lines.iter().any(|line| line["outcome"] == outcome), "{log}");
    }
    let ages = lines.iter().filter_map(|line| line.get("age_ms"));
    assert!(
        ages.clone().count() > 0 && ages.clone().all(serde_json::Value::is_u64),
        "{log}"
    );
}

/// Runs all kinds of requests through a process that logs everything; returns its log.
async fn everything_is_kept(format: &str, http2: bool) -> String {
    let options = Options {
        data: Data::parse(traffic::DATA).unwrap(),
        ..Options::default()
    };
    let world = World::of("", options).await;
    let config = traffic::config(world.upstream, http2);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(config.as_bytes()).unwrap();
    let arguments = ["--log-level", "trace", "--log-format", format];
    let process = Process::serve(file.path(), &arguments).await;
    let traffic = Traffic::new(&world, process.proxy);

    let shown = traffic.run().await;
    let mut shown = shown.join("\n");
    let operator = crate::support::Caller::to(process.admin);
    for page in [
        "/", "/metrics", "/repairs", "/figures", "/report", "/config",
    ] {
        let page = operator.request(Method::GET, page).send().await;
        assert_eq!(page.status, 200);
        shown.push_str(page.text());
    }
    let admin = process.admin.to_string();
    for format in ["text", "json", "markdown"] {
        let report = patchwright(&["report", "--admin", &admin, "--format", format]).await;
        assert!(report.status.success(), "{report:?}");
        shown.push_str(&String::from_utf8(report.stdout).unwrap());
    }
    shown.push_str(&Events::of(process.admin, None).await.next().await);
    for trace in [
        "\"instead\"",
        "outcome=\"repaired\"",
        "\"user_agent\"",
        "partition_key = \"***\"",
    ] {
        assert!(shown.contains(trace), "{trace} is not in\n{shown}");
    }
    keeps_secrets("answers and pages", &shown);

    let log = process.terminate().await;
    // One line per request that a rule matched, at the least.
    assert!(log.lines().count() >= 10, "{log}");
    keeps_secrets("the log", &log);
    went_upstream(&world).await;
    log
}

/// What must not be shown was really there to be shown.
async fn went_upstream(world: &World) {
    let received = world.simulator.requests();
    world.straight.get(traffic::CONVERSATION, TOKEN).await;
    let digest = world.simulator.requests().pop().unwrap().token;
    assert!(digest.is_some() && received.iter().any(|one| one.token == digest));
    let bodies: Vec<_> = received.iter().flat_map(|one| one.body.to_vec()).collect();
    let targets: String = received.iter().map(|one| one.target.as_str()).collect();
    let headers: Vec<_> = received.iter().map(|one| &one.headers).collect();
    let headers = format!("{headers:?}");
    let sent = String::from_utf8_lossy(&bodies) + targets.as_str() + headers.as_str();
    for planted in [
        traffic::ATTRIBUTE,
        traffic::VALUE,
        traffic::TEXT,
        traffic::QUERY,
        traffic::FIELD,
    ] {
        assert!(sent.contains(planted), "{planted} never left");
    }
}

fn keeps_secrets(what: &str, shown: &str) {
    for secret in SECRETS {
        let line = shown.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{what} shows {secret}:\n{}", line.unwrap());
    }
}

#[tokio::test]
async fn check_shows_a_configuration_and_its_faults_without_what_is_secret_in_it() {
    let key = |line: &str| {
        traffic::config("127.0.0.1:9".parse().unwrap(), false).replace(
            &format!("partition_key = \"{}\"", traffic::PARTITION_KEY),
            line,
        )
    };
    let secret = traffic::PARTITION_KEY;
    for (line, code, said) in [
        (format!("partition_key = \"{secret}\""), 0, "***"),
        (format!("partition_key = \"{secret}"), 2, "not TOML"),
        (
            format!("partition_key = [\"{secret}\"]"),
            2,
            "partition_key",
        ),
        (
            format!("partition_key = \"{}\"", &secret[..10]),
            2,
            "not shown",
        ),
        (format!("partition_ky = \"{secret}\""), 2, "partition_key"),
        (format!("partition_key = {secret}"), 2, "not TOML"),
    ] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(key(&line).as_bytes()).unwrap();
        let path = file.path().to_str().unwrap();
        let Output {
            status,
            stdout,
            stderr,
        } = patchwright(&["check", "--config", path]).await;
        let shown = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert_eq!(status.code(), Some(code), "{line}: {shown}");
        assert!(shown.contains(said), "{line}: {shown}");
        assert!(!shown.contains(&secret[..10]), "{line}: {shown}");
    }
}
