//! Bodies of PATCHes, and what is read of conversations.

use std::fmt::Write as _;

use patchwright::repair::target::Targets;

/// What rules of the strict pack fill.
pub(crate) fn targets() -> Targets {
    Targets::new(["/state", "/routing/queue/id"]).unwrap()
}

/// What fills them.
pub(crate) const VALUES: [&str; 2] = ["connected", "9e0e0000-0000-4000-8000-000000000001"];

/// A body of about `size` bytes that lacks both targets: attributes as applications write them.
pub(crate) fn with_gaps(size: usize) -> Vec<u8> {
    let mut body = String::from(r#"{"attributes":{"#);
    let mut number = 0;
    while body.len() + 2 < size.max(20) {
        let comma = if number > 0 { "," } else { "" };
        let _ = match number % 4 {
            0 => write!(body, r#"{comma}"note{number}":"call back after three""#),
            1 => write!(
                body,
                r#"{comma}"said{number}":"the \"front\" desk\nof Zürich""#
            ),
            2 => write!(body, r#"{comma}"score{number}":"{number}.50""#),
            _ => write!(
                body,
                r#"{comma}"link{number}":"https://desk.example.com/case/{number}""#
            ),
        };
        number += 1;
    }
    body.push_str("}}");
    body.into_bytes()
}

/// A conversation of so many participants, as the API answers: about 1.5 KB for each.
pub(crate) fn conversation(participants: usize) -> Vec<u8> {
    let each: Vec<String> = (1..=participants).map(participant).collect();
    let each = each.join(",");
    format!(
        r#"{{"id":"c0000000-0000-4000-8000-000000000001","startTime":"2026-11-25T11:52:10.180Z","participants":[{each}],"recordingState":"ACTIVE","divisions":[],"selfUri":"/api/v2/conversations/c0000000-0000-4000-8000-000000000001"}}"#
    )
    .into_bytes()
}

fn participant(number: usize) -> String {
    let mut attributes = String::new();
    for each in 1..=6 {
        let comma = if each > 1 { "," } else { "" };
        let _ = write!(
            attributes,
            r#"{comma}"ivr.step{each}":"said \"{each}\" of the menu""#
        );
    }
    format!(
        r#"{{"id":"{}","name":"Participant {number}","purpose":"agent","queueId":"9e0e0000-0000-4000-8000-000000000001","userId":"05e40000-0000-4000-8000-000000000001","startTime":"2026-11-25T11:52:10.180Z","connectedTime":"2026-11-25T11:52:14.902Z","participantType":"Internal","mediaRoles":["full"],"wrapupRequired":false,"conversationRoutingData":{{"queue":{{"id":"9e0e0000-0000-4000-8000-000000000001","selfUri":"/api/v2/routing/queues/9e0e0000-0000-4000-8000-000000000001"}},"priority":0,"skills":[],"scoredAgents":[]}},"attributes":{{{attributes}}},"calls":[{{"id":"ca110000-0000-4000-8000-{number:012}","state":"connected","direction":"inbound","recording":true,"muted":false,"held":false,"disconnectType":null,"provider":"Edge","segments":[{{"startTime":"2026-11-25T11:52:10.180Z","type":"Alert","howEnded":"Interact"}},{{"startTime":"2026-11-25T11:52:14.902Z","type":"Interact"}}],"self":{{"name":"Participant {number}","addressNormalized":"+15550123","addressRaw":"tel:+15550123"}},"afterCallWorkRequired":false}}],"callbacks":[],"chats":[],"emails":[],"messages":[]}}"#,
        participant_id(number)
    )
}

pub(crate) fn participant_id(number: usize) -> String {
    format!("b0000000-0000-4000-8000-{number:012}")
}
