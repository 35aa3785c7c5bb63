//! What becomes of a request when the upstream changes, breaks off or is gone.

use http::Method;
use patchwright::simulator::seed::{self, CALL, SUPPORT_QUEUE};
use patchwright::simulator::{Fault, FaultKind};

use crate::support::{Answer, World, agent};

const BODY: &str = r#"{"attributes":{"note":"test"}}"#;

async fn patch(world: &World) -> Answer {
    world
        .proxied
        .patch(&agent("", CALL), "t", BODY)
        .send()
        .await
}

#[tokio::test]
async fn a_state_that_changed_behind_the_proxys_back_costs_one_refusal_that_the_caller_never_sees()
{
    let world = World::start().await;
    assert_eq!(patch(&world).await.status, 202);
    let participant = seed::participant(CALL, 3);
    assert!(
        world
            .simulator
            .set_state(CALL, &participant, "disconnected")
    );
    world.simulator.forget();

    let answer = patch(&world).await;
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    assert!(answer.says("outcome=repaired"), "{}", answer.report());
    assert!(answer.says("snapshot=refetched"), "{}", answer.report());
    assert_eq!(world.saw(&Method::GET), 1);
    let statuses: Vec<_> = world.patches().iter().map(|patch| patch.status).collect();
    assert_eq!(statuses, [Some(409), Some(202)]);
    let second = format!(
        r#"{{"state":"disconnected","routing":{{"queue":{{"id":"{SUPPORT_QUEUE}"}}}},"attributes":{{"note":"test"}}}}"#
    );
    assert_eq!(
        world.patches()[1].body,
        second,
        "rebuilt from the caller's bytes"
    );
    assert_eq!(world.simulator.effects_total(), 1);

    // What was fetched anew is what fills from now on.
    assert!(patch(&world).await.says("snapshot=hit"));
    assert_eq!(world.saw(&Method::GET), 1);
}

#[tokio::test]
async fn a_state_that_a_caller_changes_itself_is_known_at_the_next_request() {
    let world = World::start().await;
    assert_eq!(patch(&world).await.status, 202);
    let hang_up = r#"{"state":"disconnected"}"#;
    let path = agent("", CALL);
    let ended = world.proxied.patch(&path, "t", hang_up).send().await;
    assert_eq!(ended.status, 202);
    assert!(
        ended.says("filled=(\"/routing/queue/id\")"),
        "{}",
        ended.report()
    );
    world.simulator.forget();
    let next = patch(&world).await;
    assert_eq!(next.status, 202);
    assert!(next.says("snapshot=miss"), "{}", next.report());
    let body = world.patches().remove(0).body;
    assert!(body.starts_with(b"{\"state\":\"disconnected\""));
    assert_eq!(
        world.saw(&Method::PATCH),
        1,
        "no refusal had to say that the state is another"
    );
}

#[tokio::test]
async fn while_a_change_of_state_is_on_its_way_nothing_older_is_used() {
    let world = World::start().await;
    assert_eq!(patch(&world).await.status, 202);
    world.simulator.forget();
    let held = Fault::once(FaultKind::Hold).on(&Method::PATCH);
    world.simulator.fault(held).unwrap();
    let hang_up = r#"{"state":"disconnected"}"#;
    let ending = world.proxied.patch(&agent("", CALL), "t", hang_up).send();
    let ending = tokio::spawn(ending);
    // Carried out, and not answered yet.
    world.simulator.arrived(&Method::PATCH, 1).await;
    let next = patch(&world).await;
    assert_eq!(next.status, 202);
    assert!(next.says("snapshot=miss"), "{}", next.report());
    assert_eq!(world.saw(&Method::PATCH), 2, "with the new state at once");
    world.simulator.release();
    assert_eq!(ending.await.unwrap().status, 202);
    // What was read in between may have shown either state.
    assert!(patch(&world).await.says("snapshot=miss"));
}

#[tokio::test]
async fn a_conflict_that_no_lookup_explains_is_passed_on_with_nothing_sent_twice() {
    let world = World::start().await;
    let fault = Fault::once(FaultKind::Status(409)).on(&Method::PATCH);
    world.simulator.fault(fault).unwrap();
    let answer = patch(&world).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (409, "general.conflict")
    );
    assert_eq!(world.saw(&Method::PATCH), 1);
    assert_eq!(
        world.saw(&Method::GET),
        2,
        "it looked whether another body would do"
    );
}

#[tokio::test]
async fn a_connection_lost_after_the_patch_was_sent_is_a_502_and_the_upstream_saw_it_once() {
    for (kind, carried_out) in [(FaultKind::DropAfter, 1), (FaultKind::DropBefore, 0)] {
        for warm in [false, true] {
            let world = World::start().await;
            if warm {
                // On a connection that was used before, too.
                assert_eq!(patch(&world).await.status, 202);
                world.simulator.forget();
            }
            let fault = Fault::once(kind).on(&Method::PATCH);
            world.simulator.fault(fault).unwrap();
            let answer = patch(&world).await;
            assert_eq!(answer.status, 502);
            assert_eq!(answer.code(), "patchwright.upstream.broken");
            assert!(
                !answer.headers.contains_key("retry-after"),
                "a retry is not safe"
            );
            for member in ["outcome=repaired", "reason=upstream_failed"] {
                assert!(answer.says(member), "{member}: {}", answer.report());
            }
            assert_eq!(world.saw(&Method::PATCH), 1, "{kind:?}");
            assert_eq!(world.simulator.effects_total(), carried_out, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn without_an_upstream_and_without_a_snapshot_a_retry_is_invited() {
    let mut world = World::start().await;
    world.end_upstream().await;
    let answer = patch(&world).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.code(), "patchwright.lookup.unavailable");
    assert_eq!(answer.headers["retry-after"], "1");
    for member in ["outcome=rejected", "reason=lookup_failed"] {
        assert!(answer.says(member), "{member}: {}", answer.report());
    }
}

#[tokio::test]
async fn without_an_upstream_but_with_a_snapshot_it_is_said_that_nothing_was_delivered() {
    let mut world = World::start().await;
    assert_eq!(patch(&world).await.status, 202);
    world.end_upstream().await;
    let answer = patch(&world).await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.code(), "patchwright.upstream.unreachable");
    for member in ["outcome=repaired", "reason=upstream_failed", "snapshot=hit"] {
        assert!(answer.says(member), "{member}: {}", answer.report());
    }
}
