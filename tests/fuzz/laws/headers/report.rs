use std::time::Duration;

use http::{Method, StatusCode};
use patchwright::answer::RequestId;
use patchwright::layer::record::{Origin, Outcome, Reason, Record, Repair};
use patchwright::layer::report::header;
use sfv::{BareItem, Dictionary, InnerList, ListEntry, Parser};

/// The outcome header is a dictionary of RFC 9651 that says what the record says.
pub fn check(rule: &str, filled: &[&str], age: Option<Duration>) {
    for (outcome, reason) in Outcome::ALL.iter().zip(Reason::ALL.iter().cycle()) {
        let record = Record {
            rule,
            method: &Method::PATCH,
            template: "/a",
            outcome: *outcome,
            reason: Some(*reason),
            repairs: Repair::ALL,
            verdict: None,
            spans: &[],
            filled,
            dropped: &[rule.to_owned()],
            parts: &[
                (rule.to_owned(), Some(StatusCode::OK)),
                (rule.to_owned(), None),
            ],
            hint: Some(rule),
            snapshot: Some(Origin::Hit),
            age,
            status: None,
            client: None,
            user_agent: None,
            id: RequestId::next(),
            trace: None,
        };
        let value = header(&record).unwrap_or_else(|| panic!("no header for {record:?}"));
        let fields: Dictionary = Parser::new(value.as_bytes())
            .parse()
            .unwrap_or_else(|error| panic!("{value:?}: {error}"));
        let word = |name: &str| match fields.get(name) {
            Some(ListEntry::Item(item)) => Some(&item.bare_item),
            _ => None,
        };
        assert_eq!(word("rule"), Some(&string(rule)));
        assert_eq!(word("hint"), Some(&string(rule)));
        assert!(
            matches!(word("outcome"), Some(BareItem::Token(word)) if word.as_str() == outcome.as_str())
        );
        assert!(
            matches!(word("reason"), Some(BareItem::Token(word)) if word.as_str() == reason.as_str())
        );
        let age = age.map(|age| age.as_millis().min(999_999_999_999_999).to_string());
        assert_eq!(
            word("age").map(|age| age.as_integer().unwrap().to_string()),
            age
        );
        let empty = InnerList::new(Vec::new());
        let items = |name: &str| {
            let list = match fields.get(name) {
                Some(ListEntry::InnerList(list)) => list,
                _ => &empty,
            };
            let items = list.items.iter().map(|item| item.bare_item.clone());
            items.collect::<Vec<_>>()
        };
        let pointers: Vec<_> = filled.iter().map(|pointer| string(pointer)).collect();
        assert_eq!(items("filled"), pointers, "{value:?}");
        assert_eq!(items("dropped"), [string(rule)], "{value:?}");
        assert_eq!(items("parts"), [string(rule), string(rule)], "{value:?}");
    }
}

/// What RFC 9651 section 3.3.3 can't hold is a question mark.
fn string(text: &str) -> BareItem {
    let shown = text.chars().map(|char| match char {
        ' '..='~' => char,
        _ => '?',
    });
    BareItem::String(shown.collect::<String>().try_into().unwrap())
}
