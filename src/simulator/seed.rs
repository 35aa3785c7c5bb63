//! The conversations that a simulator starts with. Fixed ids, so that a copied curl line works.

use std::collections::BTreeMap;

use super::model::{Communication, Conversation, Media, Participant, Queue};

/// The queue of the voice call, the callback and all generated conversations.
pub const SUPPORT_QUEUE: &str = "9e0e0000-0000-4000-8000-000000000001";
/// The queue of the messages, the email, the chat and the cobrowse session.
pub const SALES_QUEUE: &str = "9e0e0000-0000-4000-8000-000000000002";

/// The wrap-up codes that there are; the official upstream knows no other.
pub const WRAPUP_CODES: [&str; 2] = [
    "3a9c0000-0000-4000-8000-000000000001",
    "3a9c0000-0000-4000-8000-000000000002",
];

/// A voice call. Participants …001 customer, …002 acd (ended), …003 agent (connected), …004 agent with a
/// consult call that ended and one that is connected.
pub const CALL: &str = "ca110000-0000-4000-8000-000000000000";
/// Web messaging, also a web instance. Participants …001 customer, …003 agent (connected).
pub const MESSAGE: &str = "3e550000-0000-4000-8000-000000000000";
/// An email. Participants …001 customer, …003 agent (connected).
pub const EMAIL: &str = "e3a10000-0000-4000-8000-000000000000";
/// A callback. Participants …001 customer (scheduled), …003 agent (alerting).
pub const CALLBACK: &str = "cbac0000-0000-4000-8000-000000000000";
/// A web chat, also a web instance. Participants …001 customer, …003 agent (alerting).
pub const CHAT: &str = "c4a70000-0000-4000-8000-000000000000";
/// A cobrowse session. Participants …001 customer, …003 agent (connected).
pub const COBROWSE: &str = "c0b00000-0000-4000-8000-000000000000";

/// The n-th participant of a seed conversation.
pub fn participant(conversation: &str, n: u32) -> String {
    let prefix = conversation.get(..24).unwrap_or(conversation);
    format!("{prefix}{n:012}")
}

/// The n-th generated conversation (from 1) and its agent; the customer's id has `9001` for `9002`.
pub fn generated(n: u32) -> (String, String) {
    let id = |group: &str| format!("9e4e0000-0000-4000-{group}-{n:012}");
    (id("8000"), id("9002"))
}

/// The built-in conversations, for every token.
pub(super) fn conversations() -> Vec<Conversation> {
    let mut call = pair(CALL, Media::Call, SUPPORT_QUEUE, "connected", "connected");
    let consult = [("disconnected", 5), ("connected", 6)];
    let consult = consult.map(|(state, n)| communication(CALL, n, Media::Call, state));
    call.participants.insert(
        1,
        Participant {
            queue: Some(queue(SUPPORT_QUEUE)),
            communications: vec![communication(CALL, 2, Media::Call, "disconnected")],
            ..person(participant(CALL, 2), "acd")
        },
    );
    call.participants.push(Participant {
        user_id: Some(participant("a9e40000-0000-4000-8000-", 2)),
        queue: Some(queue(SUPPORT_QUEUE)),
        communications: consult.into(),
        ..person(participant(CALL, 4), "agent")
    });
    vec![
        call,
        pair(
            MESSAGE,
            Media::Message,
            SALES_QUEUE,
            "connected",
            "connected",
        ),
        pair(EMAIL, Media::Email, SALES_QUEUE, "connected", "connected"),
        pair(
            CALLBACK,
            Media::Callback,
            SUPPORT_QUEUE,
            "scheduled",
            "alerting",
        ),
        pair(CHAT, Media::Chat, SALES_QUEUE, "connected", "alerting"),
        pair(
            COBROWSE,
            Media::Cobrowse,
            SALES_QUEUE,
            "connected",
            "connected",
        ),
    ]
}

/// The n-th generated conversation: a voice call between a customer and an agent, both connected.
pub(super) fn generate(n: u32) -> Conversation {
    let (id, agent) = generated(n);
    let customer = agent.replacen("-9002-", "-9001-", 1);
    let mut made = pair(&id, Media::Call, SUPPORT_QUEUE, "connected", "connected");
    for (participant, id) in made.participants.iter_mut().zip([customer, agent]) {
        for communication in &mut participant.communications {
            communication.id = id.replacen("-900", "-a00", 1);
        }
        participant.id = id;
    }
    made
}

/// A customer (…001) and an agent in a queue (…003).
fn pair(id: &str, media: Media, at: &str, customer: &str, agent: &str) -> Conversation {
    let customer = Participant {
        name: Some("Alex Example".to_owned()),
        attributes: BTreeMap::from([("language".to_owned(), "en".to_owned())]),
        communications: vec![communication(id, 1, media, customer)],
        ..person(participant(id, 1), "customer")
    };
    let agent = Participant {
        name: Some("Sam Sample".to_owned()),
        user_id: Some(participant("a9e40000-0000-4000-8000-", 1)),
        queue: Some(queue(at)),
        communications: vec![communication(id, 3, media, agent)],
        ..person(participant(id, 3), "agent")
    };
    Conversation {
        id: id.to_owned(),
        participants: vec![customer, agent],
        tokens: None,
        denied: Vec::new(),
    }
}

fn person(id: String, purpose: &str) -> Participant {
    Participant {
        id,
        purpose: purpose.to_owned(),
        name: None,
        user_id: None,
        queue: None,
        attributes: BTreeMap::new(),
        communications: Vec::new(),
    }
}

fn communication(conversation: &str, n: u32, media: Media, state: &str) -> Communication {
    let id = participant(conversation, 100 + n);
    Communication {
        id,
        media,
        state: state.to_owned(),
        held: false,
        muted: false,
        recording: false,
    }
}

fn queue(id: &str) -> Queue {
    let name = if id == SUPPORT_QUEUE {
        "Support"
    } else {
        "Sales"
    };
    let (id, name) = (id.to_owned(), Some(name.to_owned()));
    Queue { id, name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_id_is_used_twice() {
        let made = conversations()
            .into_iter()
            .chain([generate(1), generate(2)]);
        let mut seen = HashSet::new();
        for conversation in made {
            let participants = conversation.participants.iter();
            let inner =
                participants.flat_map(|p| p.communications.iter().map(|c| &c.id).chain([&p.id]));
            for id in inner.chain([&conversation.id]) {
                assert_eq!(id.len(), 36, "{id}");
                assert!(seen.insert(id.clone()), "{id}");
            }
        }
    }

    #[test]
    fn generated_ids_follow_their_number() {
        let (conversation, agent) = generated(42);
        assert_eq!(conversation, "9e4e0000-0000-4000-8000-000000000042");
        assert_eq!(agent, "9e4e0000-0000-4000-9002-000000000042");
        assert_eq!(generate(42).participants[1].id, agent);
    }
}
