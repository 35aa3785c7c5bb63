use super::super::super::seed::{self, CALL};
use super::*;

/// The agent of the voice call with a consult call that ended and one that is connected.
fn consulting() -> Participant {
    let call = seed::conversations().into_iter().find(|one| one.id == CALL);
    let participants = call.unwrap().participants.into_iter();
    let mut found = participants.filter(|one| one.id == seed::participant(CALL, 4));
    found.next().unwrap()
}

fn states(participant: &Participant) -> Vec<&str> {
    let all = participant.communications.iter();
    all.map(|one| one.state.as_str()).collect()
}

fn step(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

#[test]
fn what_has_ended_is_left_alone() {
    let mut agent = consulting();
    if let Some(ended) = agent.communications.first_mut() {
        ended.state = "terminated".to_owned();
    }
    assert_eq!(
        Scope::ALL.end(&mut agent),
        Some(step("connected", "disconnected"))
    );
    assert_eq!(states(&agent), ["terminated", "disconnected"]);
    assert_eq!(Scope::ALL.end(&mut agent), None);
    assert!(Scope::ALL.check_live(&agent).is_err());
}

#[test]
fn of_several_steps_that_of_the_one_that_counts_is_told() {
    let mut agent = consulting();
    for (communication, state) in agent.communications.iter_mut().zip(["alerting", "dialing"]) {
        communication.state = state.to_owned();
    }
    // Of two that are live the last counts.
    assert_eq!(
        Scope::ALL.answer(&mut agent),
        Ok(Some(step("dialing", "connected")))
    );
    assert_eq!(states(&agent), ["connected", "connected"]);
    assert_eq!(Scope::ALL.answer(&mut agent), Ok(None));
}

#[test]
fn a_named_communication_is_the_only_one_in_scope() {
    let mut agent = consulting();
    let ended = seed::participant(CALL, 105);
    let scope = Scope {
        view: View::Media(Media::Call),
        communication: &ended,
    };
    assert!(scope.is_in(&agent));
    let refusal = scope.check_live(&agent).unwrap_err();
    assert_eq!(refusal.code, "conversation.error.call.disconnected");
    assert_eq!(scope.end(&mut agent), None);
    let of_email = Scope {
        view: View::Media(Media::Email),
        ..scope
    };
    assert!(!of_email.is_in(&agent));
}
