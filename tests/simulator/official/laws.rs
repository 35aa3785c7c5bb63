//! What holds for every request.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use patchwright::rule::pack::Pack;
use patchwright::simulator::seed::{CALL, CALLBACK, WRAPUP_CODES, participant as id};
use patchwright::simulator::{Options, Simulator};
use proptest::prelude::*;
use serde_json::Value;
use tower::ServiceExt;

async fn send(simulator: &Simulator, method: &str, path: &str, body: String) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v2/conversations/{path}"))
        .header("authorization", "Bearer x")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let answer = simulator.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn path() -> impl Strategy<Value = String> {
    let below = prop::sample::select(vec![
        "",
        "/attributes",
        "/consult",
        "/user/u",
        "/parkingstate",
        "/replace",
        "/replace/queue",
    ]);
    let at = prop::sample::select(vec![
        ("", CALL),
        ("calls/", CALL),
        ("", CALLBACK),
        ("callbacks/", CALLBACK),
    ]);
    let whole = prop::sample::select(vec!["", "/disconnect", "/tags"]);
    prop_oneof![
        8 => (at.clone(), 1..5u32, below)
            .prop_map(|((family, c), n, below)| format!("{family}{c}/participants/{}{below}", id(c, n))),
        1 => (at, whole).prop_map(|((family, c), whole)| format!("{family}{c}{whole}")),
    ]
}

fn body() -> impl Strategy<Value = String> {
    let code = WRAPUP_CODES[0];
    let member = prop_oneof![
        prop::sample::select(vec!["connected", "disconnected", "alerting", "ACTIVE"])
            .prop_map(|state| format!("\"state\":\"{state}\"")),
        prop::sample::select(vec![
            "muted",
            "held",
            "recording",
            "confined",
            "wrapupSkipped"
        ])
        .prop_map(|name| format!("\"{name}\":true")),
        prop::sample::select(vec![
            "\"attributes\":{\"a\":\"1\"}".to_owned(),
            "\"attributes\":{\"a\":\"1\",\"b\":null}".to_owned(),
            "\"wrapup\":{}".to_owned(),
            format!("\"wrapup\":{{\"code\":\"{code}\"}}"),
            "\"queueId\":\"q\"".to_owned(),
            "\"externalTag\":\"t\"".to_owned(),
            "\"speakTo\":\"BOTH\"".to_owned(),
            "\"unknown\":1".to_owned(),
        ]),
    ];
    prop::collection::vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(",")))
}

/// The conversations as they are shown.
async fn shown(simulator: &Simulator) -> Vec<Value> {
    let mut shown = Vec::new();
    for conversation in [CALL, CALLBACK] {
        shown.push(send(simulator, "GET", conversation, String::new()).await.1);
    }
    shown
}

proptest! {
    #[test]
    fn a_refusal_changes_nothing_and_every_change_is_an_effect(
        requests in prop::collection::vec(
            (prop::sample::select(vec!["PATCH", "PATCH", "PATCH", "POST", "PUT"]), path(), body()),
            1..8,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let simulator = Simulator::new(Options { rules: Pack::Official, ..Options::default() });
            for (method, path, body) in requests {
                let before = (shown(&simulator).await, simulator.effects_total());
                let (status, _) = send(&simulator, method, &path, body.clone()).await;
                let after = (shown(&simulator).await, simulator.effects_total());
                if !(200..300).contains(&status) {
                    prop_assert_eq!(&before, &after, "{} {} {}: {}", method, path, body, status);
                }
                if before.1 == after.1 {
                    prop_assert_eq!(&before.0, &after.0, "{} {} {}: no effect", method, path, body);
                }
            }
            Ok(())
        })?;
    }
}
