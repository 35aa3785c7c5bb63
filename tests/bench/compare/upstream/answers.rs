//! What is answered. The conversation is written once; for each request only its ids are put in.

use serde_json::Value;

use super::counts::Counts;
use super::request::Request;

/// In the place of the last digits of every id. An id of a request must end in as many.
const DIGITS: &str = "############";

const FIELDS: &str = "Inin-Correlation-Id: 1f0c7a52-9b1e-4d83-a6a5-2d7f41c09e11\r\n\
    Strict-Transport-Security: max-age=600; includeSubDomains\r\n\
    Cache-Control: no-cache, no-store, must-revalidate\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Date: Wed, 25 Nov 2026 12:00:00 GMT\r\n";

#[derive(Debug)]
pub(crate) struct Answers {
    conversation: Vec<u8>,
    holes: Vec<usize>,
    pub(crate) counts: Counts,
}

impl Answers {
    pub(crate) fn new() -> Self {
        let mut conversation = Vec::new();
        write(&mut conversation, "200 OK", &conversation_text());
        let holes = find_all(&conversation, DIGITS.as_bytes());
        Self {
            conversation,
            holes,
            counts: Counts::default(),
        }
    }

    /// Writes the answer to a request.
    pub(crate) fn answer(&mut self, request: &Request<'_>, out: &mut Vec<u8>) {
        let below = request.path.strip_prefix("/api/v2/conversations/");
        match (request.method, below) {
            (b"GET", Some(id)) if !id.contains('/') => {
                self.counts.reads += 1;
                self.read(request, id, out);
            }
            (b"PATCH", Some(below)) if below.contains("/participants/") => {
                let problem = problem(request);
                match problem {
                    None => self.counts.accepted += 1,
                    Some(_) => self.counts.refused += 1,
                }
                match problem {
                    None => write_empty(out, "204 No Content"),
                    Some(problem) => refuse(out, "400 Bad Request", problem),
                }
            }
            _ => {
                self.counts.others += 1;
                refuse(out, "404 Not Found", "Not found.");
            }
        }
    }

    fn read(&mut self, request: &Request<'_>, id: &str, out: &mut Vec<u8>) {
        let start = id.len().checked_sub(DIGITS.len());
        let digits = start.and_then(|start| id.as_bytes().get(start..));
        let (true, Some(digits)) = (request.authorized, digits) else {
            return refuse(out, "401 Unauthorized", "No authentication bearer token.");
        };
        let start = out.len();
        out.extend_from_slice(&self.conversation);
        for hole in &self.holes {
            let at = start + hole;
            if let Some(place) = out.get_mut(at..at + digits.len()) {
                place.copy_from_slice(digits);
            }
        }
    }

    pub(crate) fn counts(&self, out: &mut Vec<u8>) {
        write(out, "200 OK", &self.counts.to_string());
    }
}

/// What the strict upstream has against a PATCH.
fn problem(request: &Request<'_>) -> Option<&'static str> {
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return Some("Malformed JSON.");
    };
    if !request.is_json {
        Some("Unsupported media type.")
    } else if body
        .pointer("/state")
        .is_none_or(|state| !state.is_string())
    {
        Some("Missing required property: 'state'.")
    } else if body.pointer("/routing/queue/id").is_none() {
        Some("Missing required property: 'routing.queue.id'.")
    } else {
        None
    }
}

pub(crate) fn write_empty(out: &mut Vec<u8>, status: &str) {
    out.extend_from_slice(format!("HTTP/1.1 {status}\r\n{FIELDS}\r\n").as_bytes());
}

fn refuse(out: &mut Vec<u8>, status: &str, message: &str) {
    let number = status.split(' ').next().unwrap_or_default();
    write(
        out,
        status,
        &format!(r#"{{"message":"{message}","code":"bad.request","status":{number}}}"#),
    );
}

fn write(out: &mut Vec<u8>, status: &str, body: &str) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\n{FIELDS}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(body.as_bytes());
}

fn find_all(text: &[u8], wanted: &[u8]) -> Vec<usize> {
    let windows = text.windows(wanted.len()).enumerate();
    let found = windows.filter(|(_, window)| *window == wanted);
    found.map(|(at, _)| at).collect()
}

/// About 5 KB, as conversations of three are: a customer, and two agents one of whom has left.
fn conversation_text() -> String {
    let participants = [
        participant(1, "customer", "connected", false),
        participant(2, "agent", "terminated", true),
        participant(3, "agent", "connected", true),
    ];
    format!(
        r#"{{"id":"c0000000-0000-4000-8000-{DIGITS}","startTime":"2026-11-25T11:52:10.180Z","address":"tel:+15550123","recordingState":"ACTIVE","divisions":[{{"division":{{"id":"d1000000-0000-4000-8000-000000000001","name":"Home","selfUri":"/api/v2/authorization/divisions/d1000000-0000-4000-8000-000000000001"}},"entities":[]}}],"participants":[{}],"selfUri":"/api/v2/conversations/c0000000-0000-4000-8000-{DIGITS}"}}"#,
        participants.join(",")
    )
}

fn participant(number: u8, purpose: &str, state: &str, queue: bool) -> String {
    let queue = if queue {
        r#""queueId":"9e0e0000-0000-4000-8000-000000000001","queueName":"Orders – soirée","userId":"05e40000-0000-4000-8000-000000000001","userUri":"/api/v2/users/05e40000-0000-4000-8000-000000000001","#
    } else {
        ""
    };
    let attributes: Vec<String> = (1..=4)
        .map(|each| format!(r#""ivr.step{each}":"said \"{each}\" of the menu for orders""#))
        .collect();
    format!(
        r#"{{"id":"b{number}000000-0000-4000-8000-{DIGITS}","name":"Participant {number}","purpose":"{purpose}",{queue}"state":"{state}","startTime":"2026-11-25T11:52:10.180Z","connectedTime":"2026-11-25T11:52:14.902Z","participantType":"Internal","mediaRoles":["full"],"wrapupRequired":false,"address":"tel:+1555012{number}","ani":"tel:+15550123","dnis":"tel:+15550199","conversationRoutingData":{{"queue":{{"id":"9e0e0000-0000-4000-8000-000000000001","selfUri":"/api/v2/routing/queues/9e0e0000-0000-4000-8000-000000000001"}},"language":{{"id":"1a000000-0000-4000-8000-000000000001","name":"English"}},"priority":0,"skills":[],"scoredAgents":[]}},"attributes":{{{}}},"calls":[{{"id":"ca{number}00000-0000-4000-8000-{DIGITS}","state":"{state}","direction":"inbound","recording":true,"recordingState":"active","muted":false,"confined":false,"held":false,"securePause":false,"startHoldTime":null,"disconnectType":null,"provider":"Edge","peerId":"fe{number}00000-0000-4000-8000-{DIGITS}","scriptId":"5c000000-0000-4000-8000-000000000001","connectedTime":"2026-11-25T11:52:14.902Z","segments":[{{"startTime":"2026-11-25T11:52:10.180Z","endTime":"2026-11-25T11:52:14.902Z","type":"Alert","howEnded":"Interact"}},{{"startTime":"2026-11-25T11:52:14.902Z","type":"Interact"}}],"afterCallWorkRequired":false}}],"callbacks":[],"chats":[],"cobrowsesessions":[],"emails":[],"messages":[],"screenshares":[],"socialExpressions":[],"videos":[]}}"#,
        attributes.join(",")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: &[u8], path: &str, body: &str) -> String {
        let request = Request {
            method,
            path,
            authorized: true,
            is_json: true,
            body: body.as_bytes().to_vec(),
            length: 0,
        };
        let mut out = Vec::new();
        Answers::new().answer(&request, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_conversation_has_the_digits_of_its_request_and_a_true_length() {
        let id = "c0000000-0000-4000-8000-000000000042";
        let answer = answer(b"GET", &format!("/api/v2/conversations/{id}"), "");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())));
        assert!((4500..5800).contains(&body.len()), "{}", body.len());
        let conversation: Value = serde_json::from_str(body).unwrap();
        assert_eq!(conversation["id"], id);
        let participants = conversation["participants"].as_array().unwrap();
        assert_eq!(participants.len(), 3);
        assert_eq!(
            participants[2]["id"],
            "b3000000-0000-4000-8000-000000000042"
        );
    }

    #[test]
    fn a_patch_is_accepted_with_state_and_queue_alone() {
        let path = "/api/v2/conversations/c/participants/p";
        let status = |body| {
            answer(b"PATCH", path, body)
                .split(' ')
                .nth(1)
                .unwrap()
                .to_owned()
        };
        assert_eq!(
            status(r#"{"state":"connected","routing":{"queue":{"id":"q"}}}"#),
            "204"
        );
        assert_eq!(status(r#"{"state":"connected"}"#), "400");
        assert_eq!(status(r#"{"routing":{"queue":{"id":"q"}}}"#), "400");
        assert_eq!(status("{"), "400");
    }
}
