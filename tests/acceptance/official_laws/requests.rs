//! Requests of callers who have read other documents than the API's: every path, name, envelope and type that
//! the rules know, and what they must not take for them.

use http::Method;
use patchwright::simulator::seed::{
    CALL, CALLBACK, CHAT, EMAIL, MESSAGE, SALES_QUEUE, SUPPORT_QUEUE, WRAPUP_CODES, participant,
};
use proptest::prelude::*;

use super::json::Json;

const CONVERSATIONS: [&str; 9] = [
    CALL, CALL, CALL, CALL, MESSAGE, MESSAGE, EMAIL, CALLBACK, CHAT,
];

#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) conversation: &'static str,
    /// The participant that the path names.
    pub(super) participant: Option<String>,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    /// `None`: no body at all.
    pub(super) body: Option<Json>,
}

impl Asked {
    pub(super) fn text(&self) -> String {
        self.body
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default()
    }
}

pub(super) fn requests() -> impl Strategy<Value = Vec<Asked>> {
    prop::collection::vec(request(), 1..4)
}

fn request() -> impl Strategy<Value = Asked> {
    let method = prop_oneof![
        6 => Just(Method::PATCH),
        1 => Just(Method::PUT),
        1 => Just(Method::POST),
    ];
    (method, place(), headers()).prop_flat_map(|(method, (conversation, number, path), headers)| {
        let participant = number.map(|number| participant(conversation, number));
        body(conversation, number.is_some()).prop_map(move |body| Asked {
            method: method.clone(),
            path: path.clone(),
            conversation,
            participant: participant.clone(),
            headers: headers.clone(),
            body,
        })
    })
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let content_type = prop_oneof![
        6 => Just(Some("application/json")),
        1 => Just(Some("application/json-patch+json")),
        1 => Just(Some("text/plain")),
        1 => Just(None),
    ];
    let credential = prop_oneof![
        8 => Just("Bearer user"),
        1 => Just("Bearer simulated.app"),
    ];
    (content_type, credential, prop::bool::weighted(0.2)).prop_map(
        |(content_type, credential, is_conditional)| {
            let content_type = content_type.map(|value| ("content-type", value));
            let condition = is_conditional.then_some(("if-match", "\"v1\""));
            let credential = Some(("authorization", credential));
            [content_type, credential, condition]
                .into_iter()
                .flatten()
                .collect()
        },
    )
}

/// A conversation, a participant of it where the path names one, and the path.
fn place() -> impl Strategy<Value = (&'static str, Option<u32>, String)> {
    let families = vec![
        "/conversations",
        "/conversations",
        "/conversations",
        "/conversations",
        "/conversations",
        "/conversations",
        "/conversations",
        "/conversations",
        "/conversations/calls",
        "/conversations/calls",
        "/conversations/calls",
        "/conversations/calls",
        "/conversations/messages",
        "/conversations/messages",
        "/conversations/emails",
        "/conversations/callbacks",
        "/conversations/chats",
        "/conversations/voice",
        "/conversations/voice/conversations",
        "/conversations/phone",
        "/conversations/web",
        "/conversations/web/instances",
        "/conversations/webmessaging",
        "/conversations/webchat",
        "/conversations/messaging",
        "/conversations/interactions",
        "/conversations/conversations",
        "/conversations/conferences",
        "/interactions",
    ];
    let below = prop_oneof![
        9 => Just(""),
        5 => Just("/attributes"),
        1 => prop::sample::select(vec![
            "/disconnect", "/remove", "/consult", "/parkingstate", "/replace/queue", "/communications/COMMUNICATION",
        ]),
    ];
    let whole = prop::sample::select(vec![
        "",
        "",
        "",
        "/attributes",
        "/disconnect",
        "/tags",
        "/actions",
    ]);
    let below = prop_oneof![
        6 => (prop_oneof![4 => Just(3), 1 => Just(2), 1 => 1..6_u32], below).prop_map(|(number, below)| (Some(number), below)),
        1 => whole.prop_map(|below| (None, below)),
    ];
    (
        prop::sample::select(CONVERSATIONS.to_vec()),
        prop::sample::select(families),
        below,
    )
        .prop_map(|(conversation, family, (number, below))| {
            let whom =
                number.map(|number| format!("/participants/{}", participant(conversation, number)));
            let path = format!(
                "/api/v2{family}/{conversation}{}{below}",
                whom.unwrap_or_default()
            );
            let communication = participant(conversation, 100 + number.unwrap_or(3));
            (
                conversation,
                number,
                path.replace("COMMUNICATION", &communication),
            )
        })
}

fn body(conversation: &'static str, is_named: bool) -> impl Strategy<Value = Option<Json>> {
    let members = prop_oneof![
        3 => attributes().prop_map(|one| vec![one]),
        3 => prop::collection::vec(command(), 1..3),
        3 => (attributes(), command()).prop_map(|(one, other)| vec![one, other]),
        4 => prop::collection::vec(member(conversation), 0..4),
    ];
    let object = members
        .prop_map(|all| Json::Object(all.into_iter().flatten().collect()))
        .boxed();
    let envelope = (
        object.clone(),
        prop::sample::select(vec!["body", "data", "participant"]),
    )
        .prop_map(|(inside, name)| Json::object([(name, inside)]));
    let odd = prop::sample::select(vec![
        Json::Array(Vec::new()),
        Json::Bare("null"),
        Json::string("attributes"),
        Json::Object(Vec::new()),
    ]);
    let some = prop_oneof![12 => object.clone(), 2 => envelope, if is_named { 1 } else { 15 } => people(conversation, &object), 1 => odd, 1 => values()];
    prop_oneof![20 => some.prop_map(Some), 1 => Just(None)]
}

/// Bodies that name participants themselves.
fn people(
    conversation: &'static str,
    about: &BoxedStrategy<Json>,
) -> impl Strategy<Value = Json> + use<> {
    let one = (
        1..5_u32,
        prop::sample::select(vec!["id", "participantId"]),
        about.clone(),
        prop::bool::weighted(0.3),
    );
    let one = one.prop_map(move |(number, id, about, disconnects)| {
        let mut members = vec![(
            id.to_owned(),
            Json::String(participant(conversation, number)),
        )];
        match about {
            _ if disconnects => members.push(("action".to_owned(), Json::string("disconnect"))),
            Json::Object(about) => members.extend(about),
            _ => {}
        }
        Json::Object(members)
    });
    let list = prop::collection::vec(one, 1..3);
    let list = list.prop_map(|all| Json::object([("participants", Json::Array(all))]));
    let map =
        (prop::collection::vec(1..5_u32, 1..3), values()).prop_map(move |(numbers, values)| {
            let entries = numbers
                .into_iter()
                .map(|number| (participant(conversation, number), values.clone()));
            let map = Json::Object(entries.collect());
            Json::object([("attributes", Json::object([("participantAttributes", map)]))])
        });
    let ids = (1..5_u32).prop_map(move |number| {
        let ids = Json::Array(vec![Json::String(participant(conversation, number))]);
        Json::object([("participantIds", ids)])
    });
    prop_oneof![3 => list, 2 => map, 1 => ids]
}

type Members = Vec<(String, Json)>;

fn one(name: &str, value: Json) -> Members {
    vec![(name.to_owned(), value)]
}

fn member(conversation: &'static str) -> impl Strategy<Value = Members> {
    let read = prop::sample::select(vec![
        one("id", Json::String(participant(conversation, 3))),
        one("id", Json::String(participant(conversation, 1))),
        one("participantId", Json::String(participant(conversation, 3))),
        one("name", Json::string("Sam Sample")),
        one("purpose", Json::string("agent")),
        one("queueId", Json::string(SALES_QUEUE)),
        one(
            "calls",
            Json::Array(vec![Json::object([("state", Json::string("connected"))])]),
        ),
        one("wrapupRequired", Json::Bare("true")),
        one("conversationId", Json::string(conversation)),
    ]);
    let queue = prop::sample::select(vec![SUPPORT_QUEUE, SALES_QUEUE]).prop_map(Json::string);
    let routing = (queue, 0..4).prop_map(|(queue, shape)| match shape {
        0 => one(
            "routing",
            Json::object([("queue", Json::object([("id", queue)]))]),
        ),
        1 => one("routing", Json::object([("queueId", queue)])),
        2 => one("queue", Json::object([("id", queue)])),
        _ => one(
            "routing",
            Json::object([("queueId", queue), ("priority", Json::Bare("5"))]),
        ),
    });
    let null = prop::sample::select(vec![
        "state",
        "muted",
        "wrapup",
        "attributes",
        "name",
        "odd",
    ]);
    let null = null.prop_map(|name| one(name, Json::Bare("null")));
    let odd = prop::sample::select(vec![
        one("status", Json::string("disconnected")),
        one("customer", Json::object([("tier", Json::string("gold"))])),
        one("priority", Json::Bare("1.10")),
    ]);
    prop_oneof![3 => attributes(), 4 => command(), 3 => read, 2 => routing, 2 => null, 1 => odd]
}

fn attributes() -> impl Strategy<Value = Members> {
    let name = prop::sample::select(vec![
        "attributes",
        "attributes",
        "attributes",
        "attributes",
        "attributes",
        "attributes",
        "customAttributes",
        "externalAttributes",
        "participant_attributes",
        "data",
        "metadata",
    ]);
    (name, values()).prop_map(|(name, values)| one(name, values))
}

/// A map of attributes, more or less. Its names are commands elsewhere now and then.
fn values() -> impl Strategy<Value = Json> {
    let name = prop::sample::select(vec![
        "tier",
        "crm",
        "note",
        "state",
        "wrapUpCode",
        "a.b",
        "queue",
    ]);
    let value = prop_oneof![
        12 => prop::sample::select(vec!["gold", "7", "true", "connected", "disconnected", ""]).prop_map(Json::string),
        3 => prop::sample::select(vec!["1.10", "0", "-1e3", "true", "false", "12345678901234567890123"]).prop_map(Json::Bare),
        1 => Just(Json::Bare("null")),
        1 => Just(Json::object([("id", Json::string("x"))])),
        1 => Just(Json::Array(vec![Json::string("x")])),
    ];
    prop::collection::vec((name, value), 0..4).prop_map(|all| {
        Json::Object(
            all.into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    })
}

fn command() -> impl Strategy<Value = Members> {
    let state = prop::sample::select(vec![
        "connected",
        "disconnected",
        "disconnected",
        "DISCONNECTED",
        "DISCONNECTED",
        "Connected",
        "active",
        "alerting",
        "parked",
    ]);
    let state = (
        prop::sample::select(vec!["state", "state", "state", "state", "state", "status"]),
        state,
    )
        .prop_map(|(name, state)| one(name, Json::string(state)));
    let flag = prop::sample::select(vec![
        "muted",
        "muted",
        "held",
        "recording",
        "confined",
        "wrapupSkipped",
    ]);
    let flag = (flag, any::<bool>())
        .prop_map(|(name, on)| one(name, Json::Bare(if on { "true" } else { "false" })));
    let code = prop::sample::select(vec![WRAPUP_CODES[0], WRAPUP_CODES[1], "sold"]);
    let wrapup = (
        prop::sample::select(vec!["wrapUpCode", "wrapupCode", "wrapup"]),
        code,
        0..4,
    )
        .prop_map(|(name, code, shape)| {
            let code = Json::string(code);
            match shape {
                0 => one(name, code),
                1 => one(name, Json::object([("id", code)])),
                2 => one(
                    name,
                    Json::object([("code", code), ("notes", Json::string("n"))]),
                ),
                _ => one(name, Json::object([("provisional", Json::Bare("true"))])),
            }
        });
    let action = prop::sample::select(vec!["disconnect", "hold"]);
    let action = action.prop_map(|action| one("action", Json::string(action)));
    prop_oneof![6 => state, 6 => flag, 3 => wrapup, 1 => action]
}
