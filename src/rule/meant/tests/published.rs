//! The operations that the API has are not taken for others.

use crate::rule::Rules;

#[test]
fn no_published_operation_is_taken_for_another() {
    let own = [
        "PATCH /api/v2/conversations/{conversationId}/participants/{participantId}",
        "PATCH /api/v2/conversations/{conversationId}/participants/{participantId}/attributes",
        "POST /api/v2/conversations/messages/{integrationId}/inbound/open/message",
    ];
    let media = [
        "calls",
        "callbacks",
        "emails",
        "messages",
        "cobrowsesessions",
    ];
    let mut expected: Vec<String> = own.map(str::to_owned).to_vec();
    for media in media {
        let conversation = format!("PATCH /api/v2/conversations/{media}/{{conversationId}}");
        let participant = format!("{conversation}/participants/{{participantId}}");
        expected.extend([
            format!("{participant}/attributes"),
            format!("{participant}/communications/{{communicationId}}"),
            participant,
            conversation,
        ]);
    }
    let rules = Rules::official();
    let mut matched: Vec<_> = include_str!("../../../../tests/corpus/published.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter(|line| {
            let (method, path) = line.split_once(' ').unwrap();
            let path: Vec<_> = path
                .split('/')
                .map(|s| if s.starts_with('{') { "id" } else { s })
                .collect();
            rules
                .find(&method.parse().unwrap(), &path.join("/"))
                .is_some()
        })
        .map(str::to_owned)
        .collect();
    matched.sort();
    expected.sort();
    assert_eq!(matched, expected);
}
