//! Conversations as they are shown.

use http::{Method, Request, Version};
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use patchwright::simulator::seed::{self, CALL, CHAT, MESSAGE};
use patchwright::simulator::{Options, Simulator, serve};
use tokio::net::{TcpListener, TcpStream};

use crate::support::Api;

#[tokio::test]
async fn the_general_shape_has_states_on_communications() {
    let api = Api::start().await;
    let path = format!("/api/v2/conversations/{CALL}");
    let shown = api.get(&path).await.json();
    assert_eq!(shown["id"], CALL);
    assert_eq!(shown["selfUri"], path);
    let participants = shown["participants"].as_array().unwrap();
    assert_eq!(participants.len(), 4);
    let agent = &participants[2];
    assert_eq!(agent["id"], seed::participant(CALL, 3));
    assert_eq!(agent["purpose"], "agent");
    assert!(agent["userId"].is_string());
    assert!(agent.get("state").is_none(), "{agent}");
    assert!(agent.get("queue").is_none(), "{agent}");
    assert_eq!(agent["queueId"], seed::SUPPORT_QUEUE);
    assert_eq!(agent["queueName"], "Support");
    assert_eq!(
        agent["conversationRoutingData"]["queue"]["id"],
        seed::SUPPORT_QUEUE
    );
    assert_eq!(agent["attributes"]["language"], serde_json::Value::Null);
    assert_eq!(agent["calls"][0]["state"], "connected");
    assert_eq!(agent["calls"][0]["held"], false);
    assert_eq!(agent["messages"], serde_json::json!([]));
    assert_eq!(participants[0]["attributes"]["language"], "en");
    let consult = participants[3]["calls"].as_array().unwrap();
    let states: Vec<_> = consult.iter().map(|call| &call["state"]).collect();
    assert_eq!(states, ["disconnected", "connected"]);
}

#[tokio::test]
async fn the_media_shape_has_the_state_that_counts_on_the_participant() {
    let api = Api::start().await;
    let shown = api
        .get(&format!("/api/v2/conversations/calls/{CALL}"))
        .await
        .json();
    let participants = shown["participants"].as_array().unwrap();
    let states: Vec<_> = participants.iter().map(|p| &p["state"]).collect();
    assert_eq!(
        states,
        ["connected", "disconnected", "connected", "connected"]
    );
    assert_eq!(participants[2]["queue"]["id"], seed::SUPPORT_QUEUE);
    assert!(participants[2]["user"]["id"].is_string());
    assert!(participants[2].get("calls").is_none());
}

#[tokio::test]
async fn web_instances_are_messages_and_chats_with_and_without_the_prefix() {
    let api = Api::start().await;
    for (conversation, state) in [(MESSAGE, "connected"), (CHAT, "alerting")] {
        for prefix in ["/api/v2", ""] {
            let path = format!("{prefix}/conversations/web/instances/{conversation}");
            let shown = api.get(&path).await.json();
            assert_eq!(shown["participants"][1]["state"], state, "{path}");
        }
    }
    for path in [
        format!("/api/v2/conversations/web/instances/{CALL}"),
        format!("/api/v2/conversations/emails/{CALL}"),
        format!("/conversations/{CALL}"),
    ] {
        assert_eq!(api.get(&path).await.error().0, 404, "{path}");
    }
}

#[tokio::test]
async fn generated_conversations_are_there_for_load() {
    let api = Api::with(Options {
        generate: 3,
        ..Options::default()
    })
    .await;
    let (conversation, agent) = seed::generated(3);
    let shown = api
        .get(&format!("/api/v2/conversations/{conversation}"))
        .await
        .json();
    assert_eq!(shown["participants"][1]["id"], agent);
    let (missing, _) = seed::generated(4);
    assert_eq!(
        api.get(&format!("/api/v2/conversations/{missing}"))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn http_2_with_prior_knowledge_is_served_and_shutdown_ends_the_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let simulator = Simulator::new(Options::default());
    let server = tokio::spawn(serve(
        listener,
        simulator,
        async move { drop(stopped.await) },
    ));
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream);
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let request = Request::builder()
        .method(Method::GET)
        .uri(format!("http://{address}/__control/health"))
        .body(Empty::<bytes::Bytes>::new());
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!(
        (answer.version(), answer.status().as_u16()),
        (Version::HTTP_2, 200)
    );
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}
