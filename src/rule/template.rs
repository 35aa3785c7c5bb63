//! Path templates such as `/api/v2/conversations/{conversationId}`.

use thiserror::Error;

/// Most parameters of one template. The API's paths have three at most.
pub(crate) const MAX_PARAMS: usize = 6;

/// Longest parameter value, in bytes. The API's ids have 36.
const MAX_VALUE: usize = 128;

/// Why a text is no path template.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum TemplateError {
    /// No leading slash.
    #[error("a path template starts with \"/\"")]
    NoSlash,
    /// A segment that is neither literal nor one whole parameter.
    #[error(
        "segment {0:?} is neither literal text nor one \"{{name}}\"; a parameter fills a whole segment"
    )]
    Segment(String),
    /// A query or fragment.
    #[error("a path template has no query and no fragment")]
    Query,
    /// The same parameter twice.
    #[error("parameter {0:?} occurs twice")]
    Twice(String),
    /// More than six parameters.
    #[error("more than {MAX_PARAMS} parameters")]
    TooMany,
}

/// A compiled path template.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug)]
pub(crate) enum Segment {
    /// Exactly this.
    Literal(String),
    /// Any value; the name of the parameter.
    Param(String),
}

impl Template {
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let path = text.strip_prefix('/').ok_or(TemplateError::NoSlash)?;
        if path.contains(['?', '#']) {
            return Err(TemplateError::Query);
        }
        let segments = path
            .split('/')
            .map(Segment::parse)
            .collect::<Result<Vec<_>, _>>()?;
        let template = Self { segments };
        let params: Vec<_> = template.params().collect();
        if params.len() > MAX_PARAMS {
            return Err(TemplateError::TooMany);
        }
        for (index, param) in params.iter().enumerate() {
            if params.iter().take(index).any(|earlier| earlier == param) {
                return Err(TemplateError::Twice((*param).to_owned()));
            }
        }
        Ok(template)
    }

    /// Names of the parameters, in order.
    pub(crate) fn params(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Param(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter()
    }

    /// The path with each parameter filled by `value`, which is told its position.
    pub(crate) fn path<'v>(&self, value: impl Fn(usize) -> &'v str) -> String {
        let mut path = String::with_capacity(96);
        let mut position = 0;
        for segment in &self.segments {
            path.push('/');
            match segment {
                Segment::Literal(text) => path.push_str(text),
                Segment::Param(_) => {
                    path.push_str(value(position));
                    position += 1;
                }
            }
        }
        path
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, TemplateError> {
        let malformed = || TemplateError::Segment(text.to_owned());
        if let Some(name) = text
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
        {
            let is_name =
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            return if is_name {
                Ok(Self::Param(name.to_owned()))
            } else {
                Err(malformed())
            };
        }
        // pchar of RFC 3986 section 3.3; braces are the template's own.
        let is_literal = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&b));
        if is_literal {
            Ok(Self::Literal(text.to_owned()))
        } else {
            Err(malformed())
        }
    }
}

/// Whether an undecoded path segment may be a parameter's value. What is encoded, empty or a dot
/// segment might mean another resource to the upstream, so no rule applies to it.
pub(crate) fn is_value(text: &str) -> bool {
    (1..=MAX_VALUE).contains(&text.len())
        // All of them, whatever the first ones are: nearly all are, and without a way out it takes half the time.
        && text
            .bytes()
            .fold(true, |all, byte| all & (UNRESERVED.get(usize::from(byte)) == Some(&true)))
        && text != "."
        && text != ".."
}

/// RFC 3986 section 2.3, as a table: each byte of each path is asked about.
#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "every byte has its place, and this runs when it is compiled"
)]
const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0;
    while at < table.len() {
        let byte = at as u8;
        table[at] = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'-');
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_render_back() {
        let template = Template::parse("/api/v2/conversations/{c}/participants/{p}").unwrap();
        assert_eq!(template.params().collect::<Vec<_>>(), ["c", "p"]);
        assert_eq!(
            template.path(|at| ["C", "P"][at]),
            "/api/v2/conversations/C/participants/P"
        );
        assert_eq!(Template::parse("/").unwrap().path(|_| ""), "/");
    }

    #[test]
    fn what_is_no_template_is_refused_with_the_reason() {
        for (text, error) in [
            ("api", TemplateError::NoSlash),
            ("/a/{}", TemplateError::Segment("{}".into())),
            ("/a/{x}y", TemplateError::Segment("{x}y".into())),
            ("/a/{x", TemplateError::Segment("{x".into())),
            ("/a/{*x}", TemplateError::Segment("{*x}".into())),
            ("/a b", TemplateError::Segment("a b".into())),
            ("/a?b=c", TemplateError::Query),
            ("/{a}/{a}", TemplateError::Twice("a".into())),
            ("/{a}/{b}/{c}/{d}/{e}/{f}/{g}", TemplateError::TooMany),
        ] {
            assert_eq!(Template::parse(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn values_are_undecoded_unreserved_characters() {
        for value in [
            "a",
            "0ae82ce3-1b5c-4e2d-9c0a-aaaaaaaaaaaa",
            "A_z.~-",
            "...",
            &"x".repeat(128),
        ] {
            assert!(is_value(value), "{value}");
        }
        for value in [
            "",
            ".",
            "..",
            "a%20",
            "a;b",
            "a b",
            "é",
            "{x}",
            &"x".repeat(129),
        ] {
            assert!(!is_value(value), "{value}");
        }
    }
}
