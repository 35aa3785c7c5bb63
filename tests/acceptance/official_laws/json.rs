//! JSON as a tree that keeps what a parser would not: order, duplicates and the spelling of numbers. What is
//! judged is text; this knows what stands in it without reading it.

use std::fmt;

#[derive(Clone, Debug)]
pub(super) enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    String(String),
    /// Anything else, as it is spelled.
    Bare(&'static str),
}

/// A scalar, where it stands (a JSON pointer, RFC 6901), and its text without quotes.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) pointer: String,
    pub(super) text: String,
}

impl Leaf {
    pub(super) fn name(&self) -> &str {
        self.pointer.rsplit('/').next().unwrap_or_default()
    }

    pub(super) fn stands_below(&self, name: &str) -> bool {
        let above = self.pointer.rsplit_once('/').map_or("", |(above, _)| above);
        above.split('/').any(|each| each == name)
    }
}

impl Json {
    pub(super) fn string(text: &str) -> Self {
        Self::String(text.to_owned())
    }

    pub(super) fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        let members = members.map(|(name, value)| (name.to_owned(), value));
        Self::Object(members.into())
    }

    /// Every scalar but null, in order.
    pub(super) fn leaves(&self) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        self.walk("", &mut |pointer, value| {
            let text = match value {
                Self::String(text) => text,
                Self::Bare(text) if *text != "null" => *text,
                _ => return,
            };
            leaves.push(Leaf {
                pointer: pointer.to_owned(),
                text: text.to_owned(),
            });
        });
        leaves
    }

    /// Every name, at any depth.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.walk("", &mut |pointer, _| {
            names.extend(pointer.rsplit('/').next().map(str::to_owned));
        });
        names
    }

    fn walk(&self, pointer: &str, visit: &mut impl FnMut(&str, &Self)) {
        visit(pointer, self);
        match self {
            Self::Object(members) => {
                for (name, value) in members {
                    value.walk(&format!("{pointer}/{name}"), visit);
                }
            }
            Self::Array(elements) => {
                for (index, value) in elements.iter().enumerate() {
                    value.walk(&format!("{pointer}/{index}"), visit);
                }
            }
            Self::String(_) | Self::Bare(_) => {}
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(members) => {
                let members = members
                    .iter()
                    .map(|(name, value)| format!("\"{name}\": {value}"));
                write!(f, "{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
            Self::Array(elements) => {
                let elements = elements.iter().map(ToString::to_string);
                write!(f, "[{}]", elements.collect::<Vec<_>>().join(", "))
            }
            Self::String(text) => write!(f, "\"{text}\""),
            Self::Bare(text) => f.write_str(text),
        }
    }
}
