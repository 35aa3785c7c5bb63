//! The rules for the published API, in a process of its own in front of its simulator.

use std::collections::BTreeMap;
use std::io::Write as _;

use http::Method;
use patchwright::simulator::seed::{CALL, MESSAGE, participant};
use patchwright::simulator::{Communication, Conversation, Media, Participant, Simulator};

use crate::support::{Answer, Caller, Process, World, agent};

const SECRET: &str = "somebodys-secret-5f1e";

/// The binary in front of a world's simulator.
async fn process(world: &World, arguments: &[&str]) -> Process {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let upstream = world.upstream;
    write!(
        file,
        "rules = \"official\"\n[[upstream]]\nurl = \"http://{upstream}\"\n"
    )
    .unwrap();
    Process::serve(file.path(), arguments).await
}

/// Requests whose values nobody may see, and what the report says of them.
fn telling() -> Vec<(Method, String, String, &'static str)> {
    let (call, message) = (agent("", CALL), agent("/messages", MESSAGE));
    let row = |method: Method, path: &str, body: &str, says| {
        (
            method,
            path.to_owned(),
            body.replace("SECRET", SECRET),
            says,
        )
    };
    let conversation = format!("/api/v2/conversations/{CALL}");
    let one = participant(CALL, 3);
    vec![
        row(
            Method::PATCH,
            &call,
            r#"{"attributes":{"a":"SECRET"}}"#,
            "outcome=repaired",
        ),
        row(
            Method::PUT,
            &message,
            r#"{"customAttributes":{"a":"SECRET"},"muted":true}"#,
            "outcome=repaired",
        ),
        row(
            Method::PATCH,
            &call,
            r#"{"attributes":{"a":{"b":"SECRET"}}}"#,
            "reason=nested_value",
        ),
        row(
            Method::PATCH,
            &call,
            r#"{"state":"SECRET"}"#,
            "reason=unknown_value",
        ),
        row(
            Method::PATCH,
            &call,
            r#"{"wrapup":{"code":"SECRET","notes":"SECRET"}}"#,
            "reason=wrapup_code_unknown",
        ),
        row(
            Method::PATCH,
            &call,
            r#"{"routing":"SECRET"}"#,
            "reason=unknown_member",
        ),
        row(
            Method::PATCH,
            &call,
            r#"{"id":"SECRET","attributes":{}}"#,
            "reason=ambiguous",
        ),
        row(
            Method::PATCH,
            &format!("{call}/attributes"),
            r#"{"attributes":{"a":null,"b":"SECRET"}}"#,
            "outcome=repaired",
        ),
        row(
            Method::PATCH,
            &conversation,
            r#"{"wrapupCode":"SECRET"}"#,
            "reason=participant_missing",
        ),
        row(
            Method::PATCH,
            &conversation,
            &format!(r#"{{"participants":[{{"id":"{one}","attributes":{{"a":"SECRET"}}}}]}}"#),
            "outcome=repaired",
        ),
        row(Method::PATCH, &call, "SECRET", "reason=not_json"),
    ]
}

async fn send(caller: &Caller, method: &Method, path: &str, body: &str) -> Answer {
    caller
        .request(method.clone(), path)
        .bearer("t0ken-of-a-user")
        .header("content-type", "application/json")
        .body(body.to_owned())
        .send()
        .await
}

#[tokio::test]
async fn no_value_of_a_callers_is_shown_by_what_is_said_of_its_request() {
    for format in ["text", "json"] {
        let world = World::official().await;
        let process = process(&world, &["--log-level", "trace", "--log-format", format]).await;
        let caller = Caller::to(process.proxy);
        let mut shown = String::new();
        for (method, path, body, says) in telling() {
            let answer = send(&caller, &method, &path, &body).await;
            assert!(answer.says(says), "{body}: {}", answer.report());
            shown.push_str(answer.report());
        }
        let operator = Caller::to(process.admin);
        for page in ["/metrics", "/repairs", "/figures", "/report", "/"] {
            shown.push_str(operator.request(Method::GET, page).send().await.text());
        }
        shown.push_str(&process.terminate().await);
        for trace in [
            "nested_value",
            "participant_missing",
            "/attributes/a must be a string",
        ] {
            assert!(shown.contains(trace), "{trace} is not in\n{shown}");
        }
        for secret in [SECRET, "t0ken-of-a-user"] {
            let line = shown.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "shown: {}", line.unwrap());
        }
        assert!(was_sent(&world.simulator), "the secret never left");
    }
}

fn was_sent(simulator: &Simulator) -> bool {
    let requests = simulator.requests();
    let mut bodies = requests
        .iter()
        .map(|one| String::from_utf8_lossy(&one.body).into_owned());
    bodies.any(|body| body.contains(SECRET))
}

#[tokio::test]
async fn the_log_says_once_what_is_wrong_and_nothing_of_valid_requests() {
    let world = World::official().await;
    let process = process(&world, &["--log-format", "json"]).await;
    let caller = Caller::to(process.proxy);
    let path = agent("/calls", CALL);
    for (body, status) in [
        (r#"{"muted":true}"#, 202),
        (r#"{"attributes":{"a":[]}}"#, 400),
        (r#"{"attributes":{"a":"x"}}"#, 202),
    ] {
        assert_eq!(
            send(&caller, &Method::PATCH, &path, body).await.status,
            status
        );
    }
    let log = process.terminate().await;
    let lines = log.lines().map(serde_json::from_str::<serde_json::Value>);
    let lines: Vec<_> = lines.collect::<Result<_, _>>().unwrap();
    let said: Vec<_> = lines
        .iter()
        .filter(|line| line.get("rule").is_some())
        .map(|line| {
            (
                line["outcome"].as_str().unwrap(),
                line["reason"].as_str(),
                line["hint"].as_str(),
            )
        })
        .collect();
    let hint = "/attributes/a must be a string, not an object or a list";
    let expected = [
        ("forwarded", Some("nested_value"), Some(hint)),
        ("repaired", None, None),
    ];
    assert_eq!(said, expected, "{log}");
}

#[tokio::test]
async fn what_the_api_demanded_is_done_at_once_from_then_on() {
    let world = World::official().await;
    let process = process(&world, &[]).await;
    let caller = Caller::to(process.proxy);
    for (number, patches) in [(3, 2), (4, 3)] {
        let path = format!(
            "/api/v2/conversations/calls/{CALL}/participants/{}",
            participant(CALL, number)
        );
        let answer = send(
            &caller,
            &Method::PATCH,
            &path,
            r#"{"state":"DISCONNECTED"}"#,
        )
        .await;
        assert_eq!(
            (answer.status, world.patches().len()),
            (202, patches),
            "{}",
            answer.report()
        );
        assert!(answer.says("repairs=(case)"), "{}", answer.report());
    }
    let states: Vec<_> = world
        .simulator
        .effects()
        .into_iter()
        .map(|done| done.state)
        .collect();
    let ended = Some(("connected".to_owned(), "disconnected".to_owned()));
    assert_eq!(states, [ended.clone(), ended], "each once");
    process.terminate().await;
}

const BOTH: &str = r#"{"attributes":{"a":"1"},"state":"disconnected"}"#;

/// Whether the first of two requests fails by an answer or without one: the second says what to do with a
/// participant whose attributes the caller wanted to have written by then.
#[tokio::test]
async fn the_second_of_two_requests_is_not_sent_when_the_first_fails() {
    for (fault, status, says) in [
        (
            "503:1:PATCH",
            503,
            r#"parts=("attributes";status=503 "rest")"#,
        ),
        (
            "409:1:PATCH",
            409,
            r#"parts=("attributes";status=409 "rest")"#,
        ),
        ("drop-after:1:PATCH", 502, r#"parts=("attributes" "rest")"#),
    ] {
        let world = World::official().await;
        world.simulator.fault(fault.parse().unwrap()).unwrap();
        let answer = send(&world.proxied, &Method::PATCH, &agent("/calls", CALL), BOTH).await;
        assert_eq!(answer.status, status, "{fault}: {}", answer.report());
        assert!(answer.says(says), "{fault}: {}", answer.report());
        let sent = world.patches();
        let targets: Vec<_> = sent.iter().map(|one| one.target.as_str()).collect();
        assert_eq!(
            targets,
            [format!("{}/attributes", agent("", CALL))],
            "{fault}"
        );
        let effects = world.simulator.effects();
        assert!(
            effects.iter().all(|done| done.state.is_none()),
            "{fault}: {effects:?}"
        );
    }
}

#[tokio::test]
async fn the_answer_tells_what_became_of_each_of_two_requests() {
    let world = World::official().await;
    let path = agent("/calls", CALL);
    let answer = send(&world.proxied, &Method::PATCH, &path, BOTH).await;
    assert_eq!(answer.status, 202);
    assert!(
        answer.says(r#"parts=("attributes";status=202 "rest";status=202)"#),
        "{}",
        answer.report()
    );
    // The participant has left by now: attributes can still be written, and nothing else.
    let answer = send(&world.proxied, &Method::PATCH, &path, BOTH).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.says(r#"parts=("attributes";status=202 "rest";status=400)"#),
        "{}",
        answer.report()
    );
    assert!(
        answer.says("reason=participant_ended"),
        "{}",
        answer.report()
    );
}

/// RFC 9421: a signature of the method or the target holds for no other.
#[tokio::test]
async fn a_request_whose_signature_covers_where_it_goes_is_not_sent_elsewhere() {
    let world = World::official().await;
    let path = agent("/calls", CALL);
    for (covered, repaired) in [
        ("\"@path\"", false),
        ("\"@method\" \"@authority\"", false),
        ("\"authorization\"", true),
    ] {
        let input = format!("sig=({covered});created=1");
        let sending = world
            .proxied
            .patch(&path, "user", r#"{"attributes":{"a":"1"}}"#);
        let answer = sending
            .header("content-type", "application/json")
            .header("signature-input", &input)
            .send()
            .await;
        assert_eq!(
            answer.says("outcome=repaired"),
            repaired,
            "{covered}: {}",
            answer.report()
        );
        assert_eq!(answer.says("reason=signed"), !repaired, "{covered}");
    }
}

/// Who is refused for its token or its pace must not be sent looking for a mistake in the body.
#[tokio::test]
async fn a_refusal_of_the_credential_is_not_explained_by_the_body() {
    let world = World::official().await;
    let nested = r#"{"attributes":{"a":{}}}"#;
    for (status, is_explained) in [(401, false), (403, false), (429, false), (400, true)] {
        let fault = format!("{status}:1:PATCH").parse().unwrap();
        world.simulator.fault(fault).unwrap();
        let path = agent("", CALL);
        let answer = send(&world.proxied, &Method::PATCH, &path, nested).await;
        assert_eq!(answer.status, status);
        assert_eq!(
            answer.says("reason=nested_value"),
            is_explained,
            "{status}: {}",
            answer.report()
        );
        world.simulator.clear_faults();
    }
}

/// A participant of a call and a message: an end that the path tells one of them is none of the other.
#[tokio::test]
async fn what_a_path_tells_one_medium_leaves_the_others_alone() {
    let (c, p) = ("c1", "p1");
    let communication = |id: &str, media| Communication {
        id: id.to_owned(),
        media,
        state: "connected".to_owned(),
        held: false,
        muted: false,
        recording: false,
    };
    let both = [(Media::Call, "call"), (Media::Message, "message")];
    let envelope = format!(r#"{{"participants":[{{"id":"{p}","action":"disconnect"}}]}}"#);
    let state = r#"{"state":"disconnected"}"#;
    for (path, body, ended) in [
        (format!("calls/{c}"), &*envelope, "call"),
        (format!("voice/{c}"), &envelope, "call"),
        (format!("webmessaging/{c}"), &envelope, "message"),
        (format!("phone/{c}/participants/{p}"), state, "call"),
        (format!("web/{c}/participants/{p}"), state, "message"),
    ] {
        let world = World::official().await;
        world.simulator.insert(Conversation {
            id: c.to_owned(),
            participants: vec![Participant {
                id: p.to_owned(),
                purpose: "agent".to_owned(),
                name: None,
                user_id: None,
                queue: None,
                attributes: BTreeMap::new(),
                communications: both.map(|(media, id)| communication(id, media)).into(),
            }],
            tokens: None,
            denied: Vec::new(),
        });
        let path = format!("/api/v2/conversations/{path}");
        let answer = send(&world.proxied, &Method::PATCH, &path, body).await;
        assert_eq!(answer.status, 202, "{path}: {}", answer.report());
        let whole = format!("/api/v2/conversations/{c}");
        let read = world.proxied.get(&whole, "user").await.json();
        let participant = &read["participants"][0];
        for (member, id) in [("calls", "call"), ("messages", "message")] {
            let state = if id == ended {
                "disconnected"
            } else {
                "connected"
            };
            assert_eq!(participant[member][0]["state"], state, "{path}: {id}");
        }
    }
}
