//! What passes is kept as it came, and read when somebody asks for it.

use proptest::prelude::*;

use super::*;

fn ask_for(number: u64, credential: &'static str) -> Ask {
    Ask {
        address: format!("/c/{number}").parse::<Uri>().unwrap().into(),
        conversation: ConversationId(number),
        ..ask(credential)
    }
}

fn answer(state: &str) -> String {
    format!(r#"{{"participants":[{{"id":"p","state":"{state}"}}]}}"#)
}

fn pass(directory: &impl Directory, ask: &Ask, body: &str) {
    lesson(directory, ask.clone())(body.as_bytes().into());
}

fn unread(store: &Store) -> u64 {
    store.entries.unread().usage().0
}

/// Reads, without any lookup, what is known.
async fn known(directory: &impl Directory, upstream: &Upstream, ask: &Ask) -> Option<String> {
    let before = upstream.lookups();
    let (state, origin) = read(directory, ask).await;
    assert_eq!(origin == Origin::Hit, upstream.lookups() == before);
    (origin == Origin::Hit).then_some(state)
}

#[tokio::test]
async fn nothing_is_read_before_somebody_asks_and_then_once() {
    let upstream = Upstream::new("connected");
    let store = Store::new(&minute());
    let directory = named("api", &upstream, &store);
    let ask = ask("Bearer a");
    pass(&directory, &ask, &answer("held"));
    assert_eq!((unread(&store), store.entries.usage().0), (1, 1));
    assert_eq!(known(&directory, &upstream, &ask).await.unwrap(), "held");
    assert_eq!((unread(&store), store.entries.usage().0), (0, 1));
    assert_eq!(known(&directory, &upstream, &ask).await.unwrap(), "held");
    assert_eq!(upstream.lookups(), 0);
}

#[tokio::test]
async fn what_passes_last_counts_in_whatever_order_it_arrives() {
    let upstream = Upstream::new("connected");
    let directory = directory(&upstream, &minute());
    let ask = ask("Bearer a");
    let older = lesson(&directory, ask.clone());
    pass(&directory, &ask, &answer("newer"));
    older(answer("older").as_bytes().into());
    assert_eq!(known(&directory, &upstream, &ask).await.unwrap(), "newer");
    // And what is read already is not displaced either.
    let older = lesson(&directory, ask.clone());
    pass(&directory, &ask, &answer("newest"));
    assert_eq!(known(&directory, &upstream, &ask).await.unwrap(), "newest");
    older(answer("older").as_bytes().into());
    assert_eq!(known(&directory, &upstream, &ask).await.unwrap(), "newest");
}

#[tokio::test]
async fn a_write_between_makes_it_unusable() {
    let upstream = Upstream::new("connected");
    let directory = directory(&upstream, &minute());
    let ask = ask("Bearer a");
    pass(&directory, &ask, &answer("alerting"));
    directory.wrote(ConversationId(1));
    assert_eq!(known(&directory, &upstream, &ask).await, None);
    assert_eq!(upstream.lookups(), 1);
}

#[tokio::test]
async fn whoever_insists_on_news_leaves_it_to_others() {
    let upstream = Upstream::new("connected");
    let store = Store::new(&minute());
    let directory = named("api", &upstream, &store);
    let ask = ask("Bearer a");
    pass(&directory, &ask, &answer("held"));
    upstream.answers(StatusCode::INTERNAL_SERVER_ERROR, None, "");
    let news = Ask {
        newer_than: Some(directory.now()),
        ..ask.clone()
    };
    directory.read(&news).await.unwrap_err();
    assert_eq!(known(&directory, &upstream, &ask).await.unwrap(), "held");
}

#[tokio::test(start_paused = true)]
async fn it_grows_old_from_when_it_was_asked_for_and_is_given_back() {
    let upstream = Upstream::new("connected");
    let store = Store::new(&minute());
    let directory = named("api", &upstream, &store);
    let (first, second) = (ask_for(1, "Bearer a"), ask_for(2, "Bearer a"));
    let late = lesson(&directory, first.clone());
    tokio::time::sleep(Duration::from_secs(30)).await;
    late(answer("held").as_bytes().into());
    pass(&directory, &second, &answer("held"));
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(known(&directory, &upstream, &second).await.unwrap(), "held");
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(known(&directory, &upstream, &first).await, None);
    // By itself, in twice the time.
    assert_eq!(unread(&store), 1);
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(store.entries.unread().usage(), (0, 0));
    // And again.
    pass(&directory, &second, &answer("held"));
    tokio::time::sleep(Duration::from_secs(121)).await;
    assert_eq!(store.entries.unread().usage(), (0, 0));
}

#[tokio::test]
async fn what_is_no_conversation_is_not_learned() {
    let upstream = Upstream::new("connected");
    let store = Store::new(&minute());
    let directory = named("api", &upstream, &store);
    let ask = ask("Bearer a");
    for wrong in ["", "{", r#"{"participants":[]}"#, "<html>"] {
        pass(&directory, &ask, wrong);
        store.entries.forget(directory.key(&ask));
        pass(&directory, &ask, wrong);
        assert_eq!(known(&directory, &upstream, &ask).await, None, "{wrong}");
        assert_eq!((unread(&store), store.entries.usage().0), (0, 1));
    }
}

#[tokio::test]
async fn no_other_credential_and_no_other_upstream_sees_it() {
    let (upstream, other) = (Upstream::new("connected"), Upstream::new("connected"));
    // All of them under one lock.
    let store = Store::new(&Settings {
        capacity: 16,
        ..minute()
    });
    let (directory, beside) = (
        named("api", &upstream, &store),
        named("beside", &other, &store),
    );
    pass(&directory, &ask("Bearer a"), &answer("held"));
    assert_eq!(known(&directory, &upstream, &ask("Bearer b")).await, None);
    assert_eq!(known(&beside, &other, &ask("Bearer a")).await, None);
    let own = known(&directory, &upstream, &ask("Bearer a")).await;
    assert_eq!(own.unwrap(), "held");
}

#[tokio::test]
async fn a_denial_and_a_clearing_forget_it() {
    let upstream = Upstream::new("connected");
    let store = Store::new(&minute());
    let directory = named("api", &upstream, &store);
    let ask = ask("Bearer a");
    pass(&directory, &ask, &answer("held"));
    upstream.answers(StatusCode::FORBIDDEN, None, "");
    let news = Ask {
        newer_than: Some(directory.now()),
        ..ask.clone()
    };
    directory.read(&news).await.unwrap_err();
    assert_eq!(unread(&store), 0);
    pass(&directory, &ask, &answer("held"));
    store.clear();
    assert_eq!(store.entries.unread().usage(), (0, 0));
    upstream.says("connected");
    assert_eq!(known(&directory, &upstream, &ask).await, None);
}

#[cfg(feature = "coding")]
#[tokio::test]
async fn what_came_coded_is_decoded_when_it_is_read() {
    let upstream = Upstream::new("connected");
    let directory = directory(&upstream, &minute());
    let ask = ask("Bearer a");
    let mut headers = http::HeaderMap::new();
    headers.insert("content-encoding", HeaderValue::from_static("gzip"));
    let codings = crate::repair::coding::Codings::of(&headers).unwrap();
    let text = answer("held");
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut coder, text.as_bytes()).unwrap();
    let body = coder.finish().unwrap();
    for (limit, expected) in [(text.len() - 1, None), (text.len(), Some("held"))] {
        let passing = crate::directory::Passing {
            body: &body,
            codings,
            limit,
        };
        directory.wrote(ask.conversation);
        lesson(&directory, ask.clone())(passing);
        let known = known(&directory, &upstream, &ask).await;
        assert_eq!(known.as_deref(), expected, "{limit}");
    }
}

#[tokio::test]
async fn both_their_number_and_their_bytes_are_bounded() {
    let upstream = Upstream::new("connected");
    let filled = |settings: Settings, length: usize| {
        let store = Store::new(&settings);
        let directory = named("api", &upstream, &store);
        for number in 0..500 {
            let body = format!("{}{}", answer("held"), " ".repeat(length));
            pass(&directory, &ask_for(number, "Bearer a"), &body);
        }
        (store.entries.unread().usage(), store)
    };
    let few = Settings {
        capacity: 80,
        ..minute()
    };
    let ((count, _), _) = filled(few, 0);
    assert_eq!(count, 20, "a quarter of the conversations");
    let small = Settings {
        max_bytes: 1 << 20,
        ..minute()
    };
    let ((count, bytes), store) = filled(small.clone(), 10_000);
    assert!(
        (10..=26).contains(&count) && bytes <= 256 << 10,
        "{count} in {bytes}"
    );
    // Those that found no room were read at once.
    assert!(store.entries.usage().0 > 400);
    let ((count, _), store) = filled(small, 20_000);
    assert_eq!((count, store.entries.usage().0), (0, 500), "too large");
    let none = Settings {
        capacity: 15,
        ..minute()
    };
    let ((count, _), store) = filled(none, 0);
    assert_eq!((count, store.entries.usage().0), (0, 15), "no places");
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Pass(u64),
    Write(u64),
    Read(u64),
}

proptest! {
    /// As if each answer had been read when it passed: what is known is the last that passed since the last
    /// write.
    #[test]
    fn nobody_can_tell_when_it_was_read(events in prop::collection::vec((0..3_u8, 0..4_u64), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let upstream = Upstream::new("fetched");
            let directory = directory(&upstream, &minute());
            let mut known = [const { None }; 4];
            for (at, (kind, number)) in events.into_iter().enumerate() {
                let event = [Event::Pass, Event::Write, Event::Read][usize::from(kind)](number);
                match event {
                    Event::Pass(number) => {
                        let state = format!("state {at}");
                        pass(&directory, &ask_for(number, "Bearer a"), &answer(&state));
                        known[usize::try_from(number).unwrap()] = Some(state);
                    }
                    Event::Write(number) => {
                        directory.wrote(ConversationId(number));
                        known[usize::try_from(number).unwrap()] = None;
                    }
                    Event::Read(number) => {
                        let (state, origin) = read(&directory, &ask_for(number, "Bearer a")).await;
                        let known = &mut known[usize::try_from(number).unwrap()];
                        let expected = known.clone().map_or(("fetched".to_owned(), Origin::Miss), |it| (it, Origin::Hit));
                        assert_eq!((state.clone(), origin), expected);
                        *known = Some(state);
                    }
                }
            }
        });
    }
}
