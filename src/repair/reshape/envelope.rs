//! `unwrap` and `pick`: what was meant stands inside of an object or a list around it.

use super::map::token;
use super::rename::{Form, json_string};
use super::text::{At, Text};
use crate::repair::diagnosis::{Diagnosis, Flaw};
use crate::repair::scan::outline::{Kind, Member, elements};
use crate::repair::target::Pointer;

/// One `unwrap`: a member whose value is the whole body that was meant.
#[derive(Clone, Debug)]
pub(crate) struct Wrapper {
    pub(crate) name: String,
    pub(crate) form: Form,
}

impl Wrapper {
    /// What stands inside, if the wrapper is all that the body has and `knows` every name in it.
    pub(super) fn open(
        &self,
        text: &Text<'_>,
        no_attributes: &[String],
        knows: impl Fn(&Member) -> bool,
    ) -> Result<Option<Vec<u8>>, Diagnosis> {
        let [member] = text.root().members.as_slice() else {
            return Ok(None);
        };
        let is_wrapper = text.is_called(member, &self.name)
            && member.kind == Kind::Object
            && self.form.fits(text, member, no_attributes);
        if !is_wrapper {
            return Ok(None);
        }
        let inside = text.members_of(member, &format!("/{}", self.name))?;
        let is_known = !inside.members.is_empty() && inside.members.iter().all(knows);
        Ok(is_known.then(|| text.slice(member.value.clone()).to_vec()))
    }
}

/// One `pick`: where the body names the participant that the path does not.
#[derive(Clone, Debug)]
pub(crate) enum Envelope {
    /// A list of participants.
    List {
        at: Pointer,
        /// Names of the member that holds the id; an element has one of them.
        id: Vec<String>,
        /// Names that the element may have besides. With any other it could mean more than is known.
        members: Vec<String>,
    },
    /// An object with ids for names, whose values belong under a member.
    Map { at: Pointer, to: String },
    /// A list of ids alone, where the path says what is to happen.
    Ids { at: Pointer, body: Vec<u8> },
}

/// A participant that was picked, and the body for it.
#[derive(Debug)]
pub(super) struct Picked {
    pub(super) participant: String,
    pub(super) body: Vec<u8>,
}

impl Envelope {
    /// `None` where the body is no such envelope.
    pub(super) fn pick(&self, text: &Text<'_>) -> Result<Option<Picked>, Diagnosis> {
        let at = match self {
            Self::List { at, .. } | Self::Map { at, .. } | Self::Ids { at, .. } => at,
        };
        let At::Member(_, member) = text.at(at.names()) else {
            return Ok(None);
        };
        let picked = match self {
            Self::List { id, members, .. } => Self::element(text, &member, at, id, members),
            Self::Map { to, .. } => Self::entry(text, &member, at, to),
            Self::Ids { body, .. } => Self::id(text, &member, at, body),
        }?;
        // Beside the envelope stands something that is not for this participant alone.
        let alone = text.stands_alone(at.names(), 1);
        match picked {
            Some(_) if !alone => Err(Diagnosis::of(Flaw::Ambiguous, at.text())),
            picked => Ok(picked),
        }
    }

    fn element(
        text: &Text<'_>,
        list: &Member,
        at: &Pointer,
        id: &[String],
        known: &[String],
    ) -> Result<Option<Picked>, Diagnosis> {
        let found = elements(text.bytes(), list.value.start, 2).unwrap_or_default();
        let [(span, Kind::Object)] = found.as_slice() else {
            return several(&found, at);
        };
        let outline = Text::new(text.slice(span.clone()).into())?;
        let is_id = |member: &&Member| id.iter().any(|name| outline.is_called(member, name));
        let mut ids = outline.root().members.iter().filter(is_id);
        let (Some(named), None) = (ids.next(), ids.next()) else {
            return Ok(None);
        };
        let others = || outline.root().members.iter().filter(|m| !is_id(m));
        if let Some(odd) = others().find(|m| !known.iter().any(|name| outline.is_called(m, name))) {
            let odd = token(outline.slice(odd.name.clone()));
            return Err(Diagnosis::of(
                Flaw::Ambiguous,
                &format!("{}/0/{odd}", at.text()),
            ));
        }
        let value = outline.slice(named.value.clone());
        let Some(participant) = quoted_id(value).filter(|_| others().next().is_some()) else {
            return Ok(None);
        };
        let goes = outline.root().without(|member| member == named);
        let goes: Vec<_> = goes.into_iter().map(super::text::Splice::remove).collect();
        Ok(Some(Picked {
            participant,
            body: super::text::spliced(outline.bytes(), &goes),
        }))
    }

    fn id(
        text: &Text<'_>,
        list: &Member,
        at: &Pointer,
        body: &[u8],
    ) -> Result<Option<Picked>, Diagnosis> {
        let found = elements(text.bytes(), list.value.start, 2).unwrap_or_default();
        let [(span, Kind::String)] = found.as_slice() else {
            return several(&found, at);
        };
        let participant = quoted_id(text.slice(span.clone()));
        Ok(participant.map(|participant| Picked {
            participant,
            body: body.to_vec(),
        }))
    }

    fn entry(
        text: &Text<'_>,
        map: &Member,
        at: &Pointer,
        to: &str,
    ) -> Result<Option<Picked>, Diagnosis> {
        if map.kind != Kind::Object {
            return Ok(None);
        }
        let inside = text.members_of(map, at.text())?;
        let [entry] = inside.members.as_slice() else {
            let found: Vec<_> = inside
                .members
                .iter()
                .map(|m| (m.value.clone(), m.kind))
                .collect();
            return several(&found, at);
        };
        let name = text.slice(entry.name.start - 1..entry.name.end + 1);
        let Some(participant) = quoted_id(name).filter(|_| entry.kind == Kind::Object) else {
            return Ok(None);
        };
        let mut body = vec![b'{'];
        body.extend(json_string(to));
        body.push(b':');
        body.extend_from_slice(text.slice(entry.value.clone()));
        body.push(b'}');
        Ok(Some(Picked { participant, body }))
    }
}

fn several<T>(found: &[T], at: &Pointer) -> Result<Option<Picked>, Diagnosis> {
    if found.len() > 1 {
        return Err(Diagnosis::of(Flaw::SeveralParticipants, at.text()));
    }
    Ok(None)
}

/// A string as written, with its quotes, if it could be the id of a path. No such id has an escape.
fn quoted_id(raw: &[u8]) -> Option<String> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let text = std::str::from_utf8(inner).ok()?;
    crate::rule::template::is_value(text).then(|| text.to_owned())
}
