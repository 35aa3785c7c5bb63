//! `stringify` and `wrap`: attributes are a flat map of strings.

use super::rename::{is_map, json_string};
use super::text::{At, Splice, Text};
use crate::repair::diagnosis::Flaw;
use crate::repair::scan::outline::{Kind, Occurs};
use crate::repair::target::Pointer;

/// Quotes around the numbers and booleans of a map of strings, whose spelling stays. A null stays too: to
/// the API it may mean something. `Err`: what is wrong, and the JSON pointer of the member.
pub(super) fn stringify(text: &Text<'_>, at: &Pointer) -> Result<Vec<Splice>, (Flaw, String)> {
    let flawed = |flaw| Err((flaw, at.text().to_owned()));
    let member = match text.at(at.names()) {
        At::Nothing => return Ok(Vec::new()),
        At::Twice => return flawed(Flaw::DuplicateMember),
        At::Member(_, member) => member,
    };
    match member.kind {
        Kind::Object => {}
        Kind::Null => return Ok(Vec::new()),
        _ => return flawed(Flaw::TypeConflict),
    }
    let mut splices = Vec::new();
    let Ok(inside) = text.members_of(&member, at.text()) else {
        return flawed(Flaw::TooLarge);
    };
    for entry in inside.members {
        match entry.kind {
            Kind::String | Kind::Null => {}
            Kind::Number | Kind::Bool => {
                splices.push(Splice::insert(entry.value.start, *b"\""));
                splices.push(Splice::insert(entry.value.end, *b"\""));
            }
            Kind::Object | Kind::Array => {
                let pointer = format!("{}/{}", at.text(), token(text.slice(entry.name)));
                return Err((Flaw::NestedValue, pointer));
            }
        }
    }
    Ok(splices)
}

/// The flat map that the body is, under the member that it belongs to.
pub(super) fn wrap(text: &Text<'_>, under: &str, no_attributes: &[String]) -> Option<Vec<Splice>> {
    let root = text.root();
    let is_bare =
        root.find(text.bytes(), under) == Occurs::Never && is_map(text, root, no_attributes);
    is_bare.then(|| {
        let mut opening = vec![b'{'];
        opening.extend(json_string(under));
        opening.push(b':');
        vec![
            Splice::insert(root.inside - 1, opening),
            Splice::insert(text.bytes().len(), *b"}"),
        ]
    })
}

/// A name as written, as a token of a JSON pointer (RFC 6901 section 3).
pub(super) fn token(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    name.replace('~', "~0").replace('/', "~1")
}
