//! What is read of an answer: short strings at the places that the source names, and nothing else.
//!
//! A case is lines `participants QUERY`, `id QUERY` and `field QUERY<tab>QUERY…`, an empty line, and an
//! answer. The queries are names, unions of names, indices and wildcards, which the second opinion can
//! follow by itself.

mod oracle;

use patchwright::rule::Rules;
use patchwright::rule::source::ExtractError;
use patchwright::rule::spec::SourceSpec;
use serde_json::Value;

use super::head_and_body;
use oracle::{Query, current, read, usable};

struct Case<'c> {
    participants: &'c str,
    id: &'c str,
    fields: Vec<Vec<&'c str>>,
}

/// See the module.
pub fn check(data: &[u8]) -> Option<()> {
    let (lines, answer) = head_and_body(data)?;
    let case = case(&lines)?;
    let participants = Query::parse(case.participants)?;
    let id = Query::parse(case.id)?;
    let fields = case.fields.iter().map(|paths| {
        let paths = paths.iter().map(|path| Query::parse(path));
        paths.collect::<Option<Vec<_>>>()
    });
    let fields = fields.collect::<Option<Vec<_>>>()?;

    let rules = Rules::compile(&[case.spec()], &[], &[]);
    let rules = rules.unwrap_or_else(|faults| panic!("{faults:?}"));
    let (source, _) = rules.source_at("/c/1").expect("the source's own address");
    let conversation = source.extract(answer);
    let Some(read) = read(answer) else {
        assert_eq!(conversation.unwrap_err(), ExtractError::NotJson);
        return Some(());
    };
    let known = known(&read, &participants, &id, &fields);
    if known.is_empty() {
        assert_eq!(conversation.unwrap_err(), ExtractError::NoParticipants);
        return Some(());
    }
    let conversation = conversation.expect("an answer with participants");
    assert_eq!(conversation.len(), known.len());
    let mut weight = 128;
    for (at, (id, values)) in known.iter().enumerate() {
        weight += id.len() + 12;
        weight += values
            .iter()
            .map(|value| value.map_or(12, |text| text.len() + 12))
            .sum::<usize>();
        // Of two with one id, the first is found.
        if known.iter().take(at).any(|(other, _)| other == id) {
            continue;
        }
        let participant = conversation.participant(id);
        let participant = participant.unwrap_or_else(|| panic!("{id:?} is lost"));
        let read: Vec<_> = (0..values.len())
            .map(|field| participant.value(field))
            .collect();
        let texts: Vec<_> = read.iter().map(Option::as_deref).collect();
        assert_eq!(texts, *values, "of {id:?}");
        assert!(
            read.iter()
                .flatten()
                .all(|text| (1..=256).contains(&text.len()))
        );
        assert_eq!(participant.value(values.len()), None);
    }
    assert!(
        conversation.weight() <= weight,
        "{} > {weight}",
        conversation.weight()
    );
    let stranger = format!("{}?", known[0].0);
    let expected = known.iter().any(|(id, _)| **id == stranger);
    assert_eq!(conversation.participant(&stranger).is_some(), expected);
    Some(())
}

fn case<'c>(lines: &[&'c str]) -> Option<Case<'c>> {
    let (mut participants, mut id, mut fields) = (None, None, Vec::new());
    for line in lines {
        let (word, rest) = line.split_once(' ')?;
        match word {
            "participants" => participants = Some(rest),
            "id" => id = Some(rest),
            "field" => fields.push(rest.split('\t').collect()),
            _ => return None,
        }
    }
    Some(Case {
        participants: participants?,
        id: id?,
        fields,
    })
}

impl Case<'_> {
    fn spec(&self) -> SourceSpec {
        let field = |(index, paths): (usize, &Vec<&str>)| {
            let paths = paths.iter().map(|path| (*path).to_owned()).collect();
            (format!("f{index}"), paths)
        };
        SourceSpec {
            learn: true,
            name: "source".to_owned(),
            get: "/c/{c}".to_owned(),
            participants: self.participants.to_owned(),
            id: self.id.to_owned(),
            fields: self.fields.iter().enumerate().map(field).collect(),
        }
    }
}

/// Every participant with a usable id, in order, and what the first path that yields something yields.
fn known<'v>(
    answer: &'v Value,
    participants: &Query<'_>,
    id: &Query<'_>,
    fields: &[Vec<Query<'_>>],
) -> Vec<(&'v str, Vec<Option<&'v str>>)> {
    let participants = participants.nodes(answer).into_iter();
    let known = participants.filter_map(|participant| {
        let id = id.nodes(participant).first().and_then(|id| usable(id))?;
        let values = fields.iter().map(|paths| {
            let values = paths.iter().map(|path| {
                let nodes = path.nodes(participant);
                nodes.into_iter().filter_map(usable).collect::<Vec<_>>()
            });
            values.into_iter().find_map(|values| current(&values))
        });
        Some((id, values.collect()))
    });
    known.collect()
}
