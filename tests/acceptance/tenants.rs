//! Nobody sees through another's eyes.

use http::Method;
use serde_json::Value;

use crate::support::{Answer, World};

const CONVERSATION: &str = "/api/v2/conversations/c1";
const PARTICIPANT: &str = "/api/v2/conversations/c1/participants/p1";
const BODY: &str = r#"{ "attributes": {"note": "b's own"} }"#;

/// What `a` sees, `stranger` doesn't know of, and `denied` may not see.
const DATA: &str = r#"{"conversations":[{"id":"c1","tokens":["a"],"denied":["denied"],"participants":[
    {"id":"p1","purpose":"agent","queue":{"id":"queue-of-a"},
     "communications":[{"id":"l1","media":"call","state":"state-of-a"}]}]}]}"#;

#[tokio::test]
async fn a_credential_never_benefits_from_what_another_may_see() {
    for (token, status, code, reason) in [
        ("stranger", 404, "not.found", "reason=participant_unknown"),
        ("denied", 403, "not.authorized", "reason=lookup_denied"),
    ] {
        let world = World::knowing(DATA).await;
        // Both ways of filling the cache: the caller's own GET, and a lookup.
        assert_eq!(world.proxied.get(CONVERSATION, "a").await.status, 200);
        let own = world.proxied.patch(PARTICIPANT, "a", BODY).send().await;
        assert!(own.says("snapshot=hit"), "{}", own.report());

        let straight = world.straight.patch(PARTICIPANT, token, BODY).send().await;
        assert_eq!((straight.status, straight.code().as_str()), (status, code));
        let proxied = world.proxied.patch(PARTICIPANT, token, BODY).send().await;
        assert_eq!(anonymous(&proxied), anonymous(&straight));
        for member in ["outcome=forwarded", reason] {
            assert!(proxied.says(member), "{member}: {}", proxied.report());
        }
        let sent = world.patches().pop().unwrap();
        assert_eq!(sent.body, BODY, "as it came, and with no state of a");
        assert_eq!(sent.token, world.patches()[1].token, "b's own token");
        let everything = format!("{:?} {}", proxied.headers, proxied.text());
        assert!(!everything.contains("of-a"), "{everything}");

        // Nor does the refusal cost the other its snapshot.
        let again = world.proxied.patch(PARTICIPANT, "a", BODY).send().await;
        assert!(again.says("snapshot=hit"), "{}", again.report());
        assert_eq!(
            world.saw(&Method::GET),
            2,
            "a's own, and the refused lookup"
        );
    }
}

#[tokio::test]
async fn a_token_that_is_revoked_takes_its_snapshot_with_it() {
    let world = World::knowing(DATA).await;
    let first = world.proxied.patch(PARTICIPANT, "a", BODY).send().await;
    assert_eq!(first.status, 202);
    let revoked = patchwright::simulator::Data::parse(&DATA.replace(r#""tokens":["a"],"#, ""))
        .unwrap()
        .conversations
        .unwrap()
        .remove(0);
    let mut revoked = revoked;
    revoked.denied.push("a".to_owned());
    world.simulator.insert(revoked);
    world.simulator.forget();
    let fresh = world
        .proxied
        .patch(PARTICIPANT, "a", BODY)
        .header("cache-control", "no-cache")
        .send()
        .await;
    assert_eq!(fresh.status, 403);
    assert!(fresh.says("reason=lookup_denied"), "{}", fresh.report());
    // Without asking for a fresh look, too: the entry is gone.
    let next = world.proxied.patch(PARTICIPANT, "a", BODY).send().await;
    assert!(next.says("reason=lookup_denied"), "{}", next.report());
    assert!(world.patches().iter().all(|patch| patch.body == BODY));
}

/// An upstream's answer without what names the single request.
fn anonymous(answer: &Answer) -> (u16, String, String) {
    let id = answer.headers["inin-correlation-id"].to_str().unwrap();
    assert_eq!(answer.json()["contextId"], Value::from(id));
    let kind = answer.headers["content-type"].to_str().unwrap();
    (
        answer.status,
        kind.to_owned(),
        answer.text().replace(id, "ID"),
    )
}
