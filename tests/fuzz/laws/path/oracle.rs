//! Templates as DESIGN has them, compared one by one.

/// A path template.
pub struct Template<'c>(Vec<Piece<'c>>);

enum Piece<'c> {
    Literal(&'c str),
    Param(&'c str),
}

/// Which paths a template stands for.
#[derive(Clone, Copy, PartialEq)]
pub enum Reach {
    /// Those with as many segments.
    Exact,
    /// Those with more.
    Below,
}

/// How a segment was matched; less goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Literal,
    Param,
    Below,
}

impl<'c> Template<'c> {
    pub fn parse(text: &'c str) -> Option<Self> {
        let pieces = text.strip_prefix('/')?.split('/').map(Piece::parse);
        let template = Self(pieces.collect::<Option<_>>()?);
        let params: Vec<_> = template.params().collect();
        let once = |name| params.iter().filter(|other| *other == name).count() == 1;
        (params.len() <= 6 && params.iter().all(once)).then_some(template)
    }

    pub fn params(&self) -> impl Iterator<Item = &'c str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Param(name) => Some(*name),
            Piece::Literal(_) => None,
        })
    }

    /// What tells it from others: names of parameters don't.
    pub fn shape(&self) -> Vec<Option<&'c str>> {
        let shape = self.0.iter().map(|piece| match piece {
            Piece::Param(_) => None,
            Piece::Literal(text) => Some(*text),
        });
        shape.collect()
    }

    /// The path with these values.
    pub fn filled(&self, values: &[&str]) -> String {
        let mut values = values.iter();
        let segments = self.0.iter().map(|piece| match piece {
            Piece::Param(_) => values.next().unwrap(),
            Piece::Literal(text) => text,
        });
        segments.flat_map(|segment| ["/", segment]).collect()
    }

    fn matches<'p>(&self, reach: Reach, path: &'p str) -> Option<(Vec<By>, Vec<&'p str>)> {
        let segments: Vec<_> = path.strip_prefix('/')?.split('/').collect();
        let mut pieces = &self.0[..];
        if reach == Reach::Below
            && let [before @ .., Piece::Literal("")] = pieces
        {
            pieces = before;
        }
        let fits = match reach {
            Reach::Exact => segments.len() == pieces.len(),
            Reach::Below => segments.len() > pieces.len(),
        };
        if !fits {
            return None;
        }
        let (mut by, mut values) = (Vec::new(), Vec::new());
        for (piece, segment) in pieces.iter().zip(segments) {
            match piece {
                Piece::Literal(text) if *text == segment => by.push(By::Literal),
                Piece::Param(_) if is_value(segment) => {
                    by.push(By::Param);
                    values.push(segment);
                }
                _ => return None,
            }
        }
        if reach == Reach::Below {
            by.push(By::Below);
        }
        Some((by, values))
    }
}

impl<'c> Piece<'c> {
    fn parse(text: &'c str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix('{') {
            let name = rest.strip_suffix('}').filter(|name| !name.is_empty())?;
            let word = |char: char| char.is_ascii_alphanumeric() || char == '_';
            return name.chars().all(word).then_some(Self::Param(name));
        }
        // RFC 3986 section 3.3: pchar.
        let pchar =
            |char: char| char.is_ascii_alphanumeric() || "-._~%!$&'()*+,;=:@".contains(char);
        text.chars().all(pchar).then_some(Self::Literal(text))
    }
}

/// DESIGN section 4: `[A-Za-z0-9._~-]{1,128}` on the undecoded target, and never `.` or `..`.
pub fn is_value(segment: &str) -> bool {
    let allowed = |char: char| char.is_ascii_alphanumeric() || "._~-".contains(char);
    let length = segment.chars().count();
    (1..=128).contains(&length) && segment.chars().all(allowed) && ![".", ".."].contains(&segment)
}

/// The template that a path belongs to, by its number, and the values of its parameters: literal segments
/// go before parameters, and both before what stands for everything below.
pub fn best<'t, 'c: 't, 'p>(
    templates: impl IntoIterator<Item = (&'t Template<'c>, Reach)>,
    path: &'p str,
) -> Option<(usize, Vec<&'p str>)> {
    let numbered = templates.into_iter().enumerate();
    let matching = numbered.filter_map(|(index, (template, reach))| {
        let (by, values) = template.matches(reach, path)?;
        Some((by, index, values))
    });
    let (_, index, values) = matching.min()?;
    Some((index, values))
}
