use proptest::prelude::*;

use super::*;

const QUEUE: &str = "9e0e0000-0000-4000-8000-000000000001";

fn id(number: usize) -> String {
    format!("b0000000-0000-4000-8000-{number:012x}")
}

#[test]
fn values_are_found_by_participant_and_field() {
    for ids in [["p1", "p2", "p3"].map(str::to_owned), [1, 2, 3].map(id)] {
        let mut builder = Conversation::builder(2);
        builder.participant(&ids[0], [Some("connected"), None]);
        builder.participant(&ids[1], [None, Some("q")]);
        builder.participant(&ids[2], [Some("too"), Some("many"), Some("values")]);
        let conversation = builder.build();
        assert_eq!(conversation.len(), 3);
        let values = |id: &String| {
            let participant = conversation.participant(id).unwrap();
            [
                participant.value(0),
                participant.value(1),
                participant.value(2),
            ]
        };
        assert_eq!(values(&ids[0]), [Some("connected".into()), None, None]);
        assert_eq!(values(&ids[1]), [None, Some("q".into()), None]);
        assert_eq!(
            values(&ids[2]),
            [Some("too".into()), Some("many".into()), None]
        );
        assert!(conversation.participant("connected").is_none());
        assert!(conversation.participant("").is_none());
    }
}

#[test]
fn three_participants_of_one_queue_take_about_a_hundred_bytes() {
    let mut builder = Conversation::builder(2);
    for number in 1..=3 {
        builder.participant(&id(number), [Some("connected"), Some(QUEUE)]);
    }
    let conversation = builder.build();
    assert_eq!(conversation.block.len(), 3 + 3 * 16 + 3 * 2 + 18);
}

#[test]
fn an_id_is_packed_only_where_its_text_comes_back() {
    assert!(uuid::pack(QUEUE).is_some());
    for other in [
        "9E0E0000-0000-4000-8000-000000000001",
        "9e0e0000+0000-4000-8000-000000000001",
        "9e0e0000-0000-4000-8000-00000000000g",
        "9e0e0000-0000-4000-8000-00000000001",
        "9e0e00000000400080000000000000001",
    ] {
        assert!(uuid::pack(other).is_none(), "{other}");
        let mut builder = Conversation::builder(1);
        builder.participant(&id(1), [Some(other)]);
        builder.participant(other, [Some(QUEUE)]);
        let conversation = builder.build();
        let value = |id| conversation.participant(id).and_then(|it| it.value(0));
        assert_eq!(
            (value(&id(1)), value(other)),
            (Some(other.into()), Some(QUEUE.into())),
            "{other}"
        );
        assert!(
            conversation.participant(&other.to_lowercase()).is_none()
                || other == other.to_lowercase()
        );
    }
}

#[test]
fn many_participants_and_many_texts_have_room() {
    for count in [200, 255, 256, 300, 2000] {
        let mut builder = Conversation::builder(2);
        for number in 0..count {
            let queue = id(number * 7);
            builder.participant(&id(number), [Some("held"), Some(queue.as_str())]);
        }
        let conversation = builder.build();
        assert_eq!(conversation.len(), count);
        for number in [0, 63, 64, 65, count - 1] {
            let participant = conversation.participant(&id(number)).unwrap();
            assert_eq!(participant.value(0), Some("held".into()));
            assert_eq!(participant.value(1), Some(id(number * 7).into()));
        }
    }
}

#[test]
fn what_it_says_of_people_is_not_shown() {
    let mut builder = Conversation::builder(1);
    builder.participant("p-planted", [Some("s-planted")]);
    let conversation = builder.build();
    let participant = conversation.participant("p-planted").unwrap();
    let shown = format!("{conversation:?} {participant:?}");
    assert!(!shown.contains("planted"), "{shown}");
    assert!(
        shown.starts_with("Conversation { participants: 1"),
        "{shown}"
    );
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("connected".to_owned()),
        Just(QUEUE.to_owned()),
        any::<u16>().prop_map(|number| id(number.into())),
        "[a-c]{1,3}",
        "\\PC{1,64}",
        "[x]{256}",
    ]
}

proptest! {
    #[test]
    fn every_id_and_value_comes_back_as_it_was(
        all in prop::collection::vec((text(), prop::collection::vec(prop::option::of(text()), 0..4)), 1..300),
        fields in 0..4_usize,
    ) {
        let mut builder = Conversation::builder(fields);
        for (id, values) in &all {
            builder.participant(id, values.iter().map(Option::as_deref));
        }
        let conversation = builder.build();
        prop_assert_eq!(conversation.len(), all.len());
        for (at, (id, values)) in all.iter().enumerate() {
            if all.iter().take(at).any(|(other, _)| other == id) {
                continue;
            }
            let participant = conversation.participant(id).unwrap();
            for field in 0..=fields {
                let value = values.get(field).filter(|_| field < fields);
                let read = participant.value(field);
                prop_assert_eq!(read.as_deref(), value.and_then(Option::as_deref));
            }
        }
        prop_assert!(conversation.participant("nobody-at-all").is_none());
        #[cfg(feature = "cache")]
        {
            let mut written = Vec::new();
            conversation.encode(&mut written);
            prop_assert_eq!(Conversation::decode(&written, fields), Some(conversation));
            prop_assert_eq!(Conversation::decode(&written, fields + 1), None);
        }
    }

    #[cfg(feature = "cache")]
    #[test]
    fn no_bytes_are_too_strange_to_be_read(bytes in prop::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..200), fields in 0..4_usize) {
        if let Some(conversation) = Conversation::decode(&bytes, fields) {
            prop_assert!(!conversation.is_empty());
        }
        let conversation = Conversation { block: bytes.into() };
        let participant = conversation.participant("p");
        prop_assert!(participant.is_none_or(|it| it.value(0).is_none_or(|text| !text.is_empty())));
        conversation.participant(QUEUE).map(|it| it.value(1));
    }
}
