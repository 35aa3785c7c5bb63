//! Keys, client secrets and the tokens that they bring.

use std::io::Write as _;

use http::Method;

use crate::support::{Answer, Caller, Process, World, patchwright, within};

const KEY: &str = "api-key-5d1e77";
const WRONG_KEY: &str = "wrong-key-20c9ab";
/// The SHA-256 of `KEY`.
const DIGEST: &str = "edb965da871e1a8a037983ebf6a7923287bfd1a6151562f3302773237e162054";
const ID: &str = "client-id-b02f4e";
const SECRET: &str = "client-secret-93d8c1";
/// `id:secret` as it is sent.
const BASIC: &str = "Y2xpZW50LWlkLWIwMmY0ZTpjbGllbnQtc2VjcmV0LTkzZDhjMQ";

/// The simulator's token for `ID` is made of it, so that this finds both.
const SECRETS: [&str; 6] = [KEY, WRONG_KEY, DIGEST, ID, SECRET, BASIC];

const PATH: &str = "/api/v2/conversations/c1/participants/p1";

/// One client for each thing that can happen, told apart by method; `/gone` leads to nobody.
fn config(upstream: std::net::SocketAddr) -> String {
    let credential = |name: &str, more: &str| {
        format!(
            "[[credential]]\nname = \"{name}\"\nclient_id = \"{ID}\"\nclient_secret = \"{SECRET}\"\n{more}\n"
        )
    };
    let client = |name: &str, more: &str| {
        format!("[[client]]\nname = \"{name}\"\nnetworks = [\"127.0.0.0/8\"]\n{more}\n")
    };
    format!(
        "[[upstream]]\nname = \"api\"\nurl = \"http://{upstream}\"\n\
         [[upstream]]\nname = \"gone\"\nurl = \"http://127.0.0.1:9\"\nprefix = \"/gone\"\n\
         [timeouts]\nlookup = \"15s\"\nconnect = \"10s\"\n{}{}{}{}",
        client(
            "app",
            &format!(
                "api_keys = [\"{DIGEST}\"]\ncredential = \"good\"\nrate = \"3/1h\"\nmethods = [\"PATCH\", \"GET\"]"
            )
        ),
        credential("good", "upstream = \"api\""),
        credential("elsewhere", "upstream = \"gone\""),
        credential("nowhere", "upstream = \"api\"\npath = \"/api/v2/nothing\""),
    )
}

/// The same, with another credential.
fn unable(upstream: std::net::SocketAddr, credential: &str) -> String {
    config(upstream).replace(
        "credential = \"good\"",
        &format!("credential = \"{credential}\""),
    )
}

fn keeps_secrets(what: &str, shown: &str) {
    for secret in SECRETS {
        let line = shown.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{what} shows {secret}:\n{}", line.unwrap());
    }
}

async fn send(caller: &Caller, method: Method, path: &str, key: &str) -> Answer {
    let request = caller
        .request(method, path)
        .header("x-patchwright-key", key);
    let body = r#"{"attributes":{"a":"b"}}"#;
    let request = request.header("content-type", "application/json");
    request.body(body).send().await
}

/// Starts a process with `config` that logs everything, has `traffic` done, and returns all that it showed.
async fn shown(
    config: &str,
    format: &str,
    traffic: &[(Method, &str, &str, u16, &str)],
) -> (String, String) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(config.as_bytes()).unwrap();
    let arguments = ["--log-level", "trace", "--log-format", format];
    let process = Process::serve(file.path(), &arguments).await;
    let caller = Caller::to(process.proxy);
    let mut shown = Vec::new();
    for (method, path, key, status, code) in traffic {
        let answer = send(&caller, method.clone(), path, key).await;
        assert_eq!(answer.status, *status, "{method} {path}: {}", answer.text());
        if !code.is_empty() {
            assert_eq!(answer.code(), *code);
        }
        shown.push(format!("{:?}\n{}", answer.headers, answer.text()));
    }
    let operator = Caller::to(process.admin);
    for page in ["/", "/metrics", "/repairs", "/figures", "/config"] {
        let page = operator.request(Method::GET, page).send().await;
        shown.push(page.text().to_owned());
    }
    let checked = patchwright(&["check", "--config", file.path().to_str().unwrap()]).await;
    assert!(checked.status.success());
    shown.push(String::from_utf8(checked.stdout).unwrap());
    (
        shown.join("\n"),
        within("the end", process.terminate()).await,
    )
}

#[tokio::test]
async fn no_key_secret_or_token_of_a_client_is_shown() {
    let data = r#"{"conversations":[{"id":"c1","participants":[{"id":"p1","purpose":"agent",
        "queue":{"id":"q"},"communications":[{"id":"l","media":"call","state":"connected"}]}]}]}"#;
    for format in ["text", "json"] {
        let world = World::knowing(data).await;
        let traffic = [
            (Method::PATCH, PATH, KEY, 202, ""),
            (
                Method::PATCH,
                PATH,
                WRONG_KEY,
                401,
                "patchwright.client.unknown",
            ),
            (Method::PUT, PATH, KEY, 403, "patchwright.client.forbidden"),
            (
                Method::GET,
                "/gone/x",
                KEY,
                502,
                "patchwright.upstream.unreachable",
            ),
            (Method::GET, PATH, KEY, 404, ""),
            (Method::GET, PATH, KEY, 429, "patchwright.client.throttled"),
        ];
        let (pages, log) = shown(&config(world.upstream), format, &traffic).await;
        assert!(
            pages.contains("client_secret = \"***\"") && pages.contains("outcome=\"repaired\"")
        );
        keeps_secrets("an answer or a page", &pages);
        for line in [
            "request repaired",
            "request admitted",
            "a token was fetched",
            "is no client",
        ] {
            assert!(log.contains(line), "{line} is not in\n{log}");
        }
        named(&log, format);
        keeps_secrets("the log", &log);
        // They were really there to be shown, and the key stayed here.
        let requests = world.simulator.requests();
        let token = format!("simulated.{ID}");
        world.straight.get(PATH, &token).await;
        let digest = world.simulator.requests().pop().unwrap().token;
        assert!(digest.is_some() && requests.iter().any(|one| one.token == digest));
        let headers = format!(
            "{:?}",
            requests.iter().map(|one| &one.headers).collect::<Vec<_>>()
        );
        assert!(
            !headers.contains("x-patchwright-key") && !headers.contains(KEY),
            "{headers}"
        );
    }
}

/// The line about the repair says whose it was.
fn named(log: &str, format: &str) {
    let line = log
        .lines()
        .find(|line| line.contains("request repaired"))
        .unwrap();
    if format == "text" {
        assert!(line.contains(" client=\"app\" "), "{line}");
    } else {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["client"], "app");
    }
}

#[tokio::test]
async fn a_login_that_fails_is_told_without_what_it_was_tried_with() {
    for (credential, hint) in [("elsewhere", "gave no answer"), ("nowhere", "answered 40")] {
        let world = World::start().await;
        let traffic = [(
            Method::PATCH,
            PATH,
            KEY,
            503,
            "patchwright.credential.unavailable",
        )];
        let config = unable(world.upstream, credential);
        let (pages, log) = shown(&config, "text", &traffic).await;
        keeps_secrets("an answer or a page", &pages);
        keeps_secrets("the log", &log);
        assert!(log.contains(hint), "{hint} is not in\n{log}");
    }
}
