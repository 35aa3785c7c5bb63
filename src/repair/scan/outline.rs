//! The members of one object, for edits that need more than the way to a few targets.

use std::ops::Range;

use super::lex::{Cursor, Limits, Text};

/// Most members or elements that are looked at. The API's bodies have some dozens; the bound keeps what
/// is remembered of a body below its own size.
pub(crate) const MOST_MEMBERS: usize = 4096;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

impl Kind {
    fn of(first: u8) -> Self {
        match first {
            b'{' => Self::Object,
            b'[' => Self::Array,
            b'"' => Self::String,
            b't' | b'f' => Self::Bool,
            b'n' => Self::Null,
            _ => Self::Number,
        }
    }

    /// Whether a map of strings may hold it, with quotes around it or without.
    pub(crate) fn is_scalar(self) -> bool {
        matches!(self, Self::String | Self::Number | Self::Bool)
    }
}

/// A member of an object, as spans of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its name between the quotes.
    pub(crate) name: Range<usize>,
    pub(crate) value: Range<usize>,
    pub(crate) kind: Kind,
}

impl Member {
    /// From the quote of its name to the end of its value.
    pub(crate) fn span(&self) -> Range<usize> {
        self.name.start - 1..self.value.end
    }
}

/// An object's members, in order, duplicates included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outline {
    /// Behind the opening brace.
    pub(crate) inside: usize,
    pub(crate) members: Vec<Member>,
}

/// How often a member occurs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Occurs<'o> {
    Never,
    Once(&'o Member),
    Twice,
}

impl Outline {
    /// Outlines the object at `start` of a text that is known to be JSON. `None` if nothing of the kind
    /// stands there, or if it has more than [`MOST_MEMBERS`] members.
    pub(crate) fn of(text: &[u8], start: usize) -> Option<Self> {
        let mut cursor = Cursor::new(text, start);
        cursor.eat(b'{').then_some(())?;
        let mut outline = Self {
            inside: cursor.at(),
            members: Vec::new(),
        };
        let mut more = cursor.enter(true);
        while more {
            let first = cursor.token()?;
            let name = cursor.at();
            let name = name..name + cursor.name(first)?.raw.len();
            let (value, kind) = value(&mut cursor)?;
            if outline.members.len() == MOST_MEMBERS {
                return None;
            }
            outline.members.push(Member { name, value, kind });
            more = cursor.more(true)?;
        }
        Some(outline)
    }

    pub(crate) fn find(&self, text: &[u8], name: &str) -> Occurs<'_> {
        let mut named = self
            .members
            .iter()
            .filter(|member| is_called(text, member, name));
        match (named.next(), named.next()) {
            (None, _) => Occurs::Never,
            (Some(member), None) => Occurs::Once(member),
            (Some(_), Some(_)) => Occurs::Twice,
        }
    }

    /// Spans whose removal takes away the members that `goes` picks, each with one comma.
    pub(crate) fn without(&self, goes: impl Fn(&Member) -> bool) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        let mut kept_end = None;
        let mut run = None;
        for member in &self.members {
            if goes(member) {
                run.get_or_insert(member.span().start);
                continue;
            }
            if let Some(start) = run.take() {
                spans.push(start..member.span().start);
            }
            kept_end = Some(member.value.end);
        }
        if let (Some(start), Some(last)) = (run, self.members.last()) {
            // Nothing follows: the comma in front goes.
            spans.push(kept_end.unwrap_or(start)..last.value.end);
        }
        spans
    }
}

/// Whether a member has this name, decoded.
pub(crate) fn is_called(text: &[u8], member: &Member, name: &str) -> bool {
    text.get(member.name.clone())
        .is_some_and(|raw| Text::of(raw).is(name))
}

/// Elements of the array at `start` of a text that is known to be JSON, at most `most`.
pub(crate) fn elements(
    text: &[u8],
    start: usize,
    most: usize,
) -> Option<Vec<(Range<usize>, Kind)>> {
    let mut cursor = Cursor::new(text, start);
    cursor.eat(b'[').then_some(())?;
    let mut elements = Vec::new();
    let mut more = cursor.enter(false);
    while more && elements.len() < most {
        elements.push(value(&mut cursor)?);
        more = cursor.more(false)?;
    }
    Some(elements)
}

fn value(cursor: &mut Cursor<'_>) -> Option<(Range<usize>, Kind)> {
    let first = cursor.token()?;
    let start = cursor.at() - 1;
    cursor.skip_value(first, Limits::NONE)?;
    Some((start..cursor.at(), Kind::of(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<'t>(text: &'t str, outline: &Outline) -> Vec<(&'t str, &'t str)> {
        let at = |span: &Range<usize>| text.get(span.clone()).unwrap();
        let members = outline.members.iter();
        members
            .map(|member| (at(&member.name), at(&member.value)))
            .collect()
    }

    #[test]
    fn members_stand_where_they_are_written() {
        let text =
            r#" { "a" :1.10e+2 ,"b\"":{"x":[{}, "]"]}, "c": "}\\" ,"a":null,"t":true,"e":[] } "#;
        let outline = Outline::of(text.as_bytes(), 1).unwrap();
        assert_eq!(
            names(text, &outline),
            [
                ("a", "1.10e+2"),
                (r#"b\""#, r#"{"x":[{}, "]"]}"#),
                ("c", r#""}\\""#),
                ("a", "null"),
                ("t", "true"),
                ("e", "[]"),
            ]
        );
        assert_eq!(outline.find(text.as_bytes(), "a"), Occurs::Twice);
        assert_eq!(outline.find(text.as_bytes(), "z"), Occurs::Never);
        assert!(matches!(
            outline.find(text.as_bytes(), "b\""),
            Occurs::Once(_)
        ));
    }

    #[test]
    fn removals_leave_an_object() {
        let text = br#"{ "a": 1 , "b": 2,"c":3 }"#;
        let outline = Outline::of(text, 0).unwrap();
        for (goes, expected) in [
            ("", r#"{ "a": 1 , "b": 2,"c":3 }"#),
            ("a", r#"{ "b": 2,"c":3 }"#),
            ("b", r#"{ "a": 1 , "c":3 }"#),
            ("c", r#"{ "a": 1 , "b": 2 }"#),
            ("ab", r#"{ "c":3 }"#),
            ("ac", r#"{ "b": 2 }"#),
            ("bc", r#"{ "a": 1 }"#),
            ("abc", "{  }"),
        ] {
            let spans = outline.without(|member| {
                let name = text[member.name.start] as char;
                goes.contains(name)
            });
            let mut left = text.to_vec();
            for span in spans.into_iter().rev() {
                left.drain(span);
            }
            assert_eq!(String::from_utf8(left).unwrap(), expected, "without {goes}");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let members = |count: usize| format!("{{{}\"z\":1}}", "\"a\":1,".repeat(count - 1));
        assert!(Outline::of(members(MOST_MEMBERS).as_bytes(), 0).is_some());
        assert!(Outline::of(members(MOST_MEMBERS + 1).as_bytes(), 0).is_none());
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(500_000), "]".repeat(500_000));
        assert_eq!(Outline::of(deep.as_bytes(), 0).unwrap().members.len(), 1);
        assert_eq!(elements(b"[1,2,3]", 0, 2).unwrap().len(), 2);
        assert_eq!(elements(b" [ ] ", 1, 2).unwrap().len(), 0);
    }
}
