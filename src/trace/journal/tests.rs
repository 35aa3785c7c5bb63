use super::*;
use crate::trace::{Share, ids};

#[derive(Debug, Default)]
struct Kept(Mutex<Vec<Recorded>>);

impl Sink for Kept {
    fn take(&self, trace: Recorded) {
        self.0.lock().unwrap().push(trace);
    }
}

fn journal() -> Arc<Journal> {
    let context = Context::begun(ids::draw(), Share::new(1.0));
    let journal = Journal::new(context, None, &Method::PATCH, Version::HTTP_11);
    Arc::new(journal)
}

/// What a sink gets of a request during which `happens` happens.
fn recorded(happens: impl FnOnce(&Journal)) -> Recorded {
    let kept = Arc::new(Kept::default());
    let recording = Recording::new(journal(), Arc::clone(&kept) as Arc<dyn Sink>);
    happens(recording.journal());
    assert!(kept.0.lock().unwrap().is_empty(), "it is not over yet");
    drop(recording);
    let mut all = kept.0.lock().unwrap();
    assert_eq!(all.len(), 1);
    all.pop().unwrap()
}

fn error(span: &Span) -> Option<String> {
    let mut facts = span.facts.iter().filter(|(key, _)| *key == "error.type");
    let fact = facts.next().map(|(_, fact)| match fact {
        Fact::Text(text) => text.to_string(),
        Fact::Number(number) => number.to_string(),
    });
    assert!(facts.next().is_none(), "{span:?}");
    assert_eq!(fact.is_some(), span.failed, "{span:?}");
    fact
}

#[test]
fn what_nobody_saw_the_end_of_was_given_up() {
    let all = recorded(|journal| {
        drop(journal.begin("admission"));
        drop(journal.wait("lookup"));
        drop(journal.ask(&Method::PATCH));
    });
    let errors: Vec<_> = all.spans.iter().map(error).collect();
    let given_up = Some(GIVEN_UP.to_owned());
    assert_eq!(errors, [None, given_up.clone(), given_up.clone(), given_up]);
}

#[test]
fn whose_fault_a_status_is_depends_on_who_looks() {
    for (status, asked, answers) in [
        (202, None, None),
        (404, Some("404"), None),
        (503, Some("503"), Some("503")),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let all = recorded(|journal| {
            journal.ask(&Method::GET).answered(status);
            journal.answered(status);
        });
        let errors: Vec<_> = all.spans.iter().map(error).collect();
        assert_eq!(
            errors,
            [asked.map(str::to_owned), answers.map(str::to_owned)]
        );
    }
}

#[test]
fn a_request_has_no_more_spans_than_it_may() {
    let all = recorded(|journal| {
        for _ in 0..2 * MOST {
            journal.wait("lookup").done();
        }
        journal.answered(StatusCode::OK);
    });
    assert_eq!(all.spans.len(), MOST + 1);
    let ids: std::collections::HashSet<_> = all.spans.iter().map(|span| span.id).collect();
    assert_eq!(ids.len(), MOST + 1);
    let root = all.spans.last().unwrap();
    assert!(root.parent.is_none() && root.kind == Kind::Server);
}

#[test]
fn what_comes_after_the_end_is_lost_and_harms_nobody() {
    let kept = Arc::new(Kept::default());
    let recording = Recording::new(journal(), Arc::clone(&kept) as Arc<dyn Sink>);
    let journal = Arc::clone(recording.journal());
    let late = journal.ask(&Method::PATCH);
    drop(recording);
    drop(late);
    assert_eq!(kept.0.lock().unwrap()[0].spans.len(), 1);
}
