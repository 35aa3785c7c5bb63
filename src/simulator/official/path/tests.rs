use super::*;

fn patch(path: &str) -> Option<(Action, View, String)> {
    match route(&Method::PATCH, path)? {
        (Endpoint::Published(published), template) => {
            Some((published.operation.action, published.view, template))
        }
        _ => None,
    }
}

#[test]
fn every_operation_is_reached_by_its_own_path() {
    for operation in &OPERATIONS {
        let path = format!("{BASE}{}", operation.path);
        let method = operation.method.parse().unwrap();
        let (endpoint, template) = route(&method, &path).unwrap();
        let Endpoint::Published(published) = endpoint else {
            panic!("{path}");
        };
        assert_eq!(published.operation, operation);
        assert!(
            PARAMETERS
                .iter()
                .all(|(short, _)| !template.contains(short))
        );
        for (short, id) in [
            ("{c}", published.conversation),
            ("{p}", published.participant),
            ("{m}", published.communication),
            ("{i}", published.integration),
        ] {
            let expected = if path.contains(short) { short } else { "" };
            assert_eq!(id, expected, "{path}");
        }
    }
}

#[test]
fn there_are_23_patches_of_participants() {
    let patches = OPERATIONS.iter().filter(|one| one.method == "PATCH");
    assert_eq!(patches.filter(|one| one.path.contains("{p}")).count(), 23);
}

#[test]
fn a_first_segment_that_is_a_word_is_no_conversation() {
    let of_call = patch("/api/v2/conversations/calls/disconnect").unwrap();
    assert_eq!(
        (of_call.0, of_call.1),
        (EndConversation, View::Media(Media::Call))
    );
    let (action, view, template) =
        patch("/api/v2/conversations/aftercallwork/c/participants/p/communications/m").unwrap();
    assert_eq!((action, view), (AfterCallWork, View::General));
    let expected = "/api/v2/conversations/aftercallwork/{conversationId}/participants/\
                    {participantId}/communications/{communicationId}";
    assert_eq!(template, expected);
}

#[test]
fn a_method_that_a_path_lacks_is_told_those_that_it_has() {
    for (path, allow) in [
        ("/api/v2/conversations/c", "GET"),
        ("/api/v2/conversations/emails/c", "GET, PATCH"),
        ("/api/v2/conversations/c/disconnect", "POST"),
        ("/oauth/token", "POST"),
    ] {
        let (endpoint, _) = route(&Method::DELETE, path).unwrap();
        let allow = allow.to_owned();
        assert_eq!(endpoint, Endpoint::OtherMethod { allow }, "{path}");
    }
}
