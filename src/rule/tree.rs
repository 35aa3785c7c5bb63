//! Values by path template.
//!
//! Every request is looked up here, also those that no rule is about, so a lookup allocates nothing.
//! (Routers on the shelf note in a vector where they may have to come back to.) It costs a search per
//! segment, however many templates there are.

use super::template::{MAX_PARAMS, Segment, Template, is_value};

#[derive(Debug)]
pub(crate) struct Tree<T> {
    root: Node<T>,
}

#[derive(Debug)]
struct Node<T> {
    /// Ordered by length, then by name: most comparisons end with the length.
    literals: Vec<(String, Node<T>)>,
    param: Option<Box<Node<T>>>,
    here: Option<T>,
    below: Option<T>,
}

/// Which paths a template stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Those that it matches.
    Exact,
    /// All longer ones that begin like these.
    Below,
}

/// What a path leads to.
#[derive(Debug)]
pub(crate) struct Found<'t, T> {
    pub(crate) value: &'t T,
    pub(crate) params: Params,
}

/// Where in a path the values of its parameters are, in order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Params {
    /// The first byte, and how many.
    places: [(usize, usize); MAX_PARAMS],
    count: usize,
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Self {
            root: Node::default(),
        }
    }
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self {
            literals: Vec::new(),
            param: None,
            here: None,
            below: None,
        }
    }
}

impl<T> Tree<T> {
    /// The value of a template, `new` if there was none. Names of parameters make no difference.
    pub(crate) fn entry(
        &mut self,
        template: &Template,
        reach: Reach,
        new: impl FnOnce() -> T,
    ) -> &mut T {
        let mut node = &mut self.root;
        let mut segments = template.segments().peekable();
        while let Some(segment) = segments.next() {
            node = match segment {
                // What is below `/a/` is what begins with `/a/`: as below `/a`.
                Segment::Literal(text)
                    if text.is_empty() && reach == Reach::Below && segments.peek().is_none() =>
                {
                    node
                }
                Segment::Literal(text) => node.literal(text),
                Segment::Param(_) => node.param.get_or_insert_default(),
            };
        }
        let slot = match reach {
            Reach::Exact => &mut node.here,
            Reach::Below => &mut node.below,
        };
        slot.get_or_insert_with(new)
    }

    /// The value for an undecoded path. Literal segments go before parameters, and both before what
    /// stands for everything below.
    pub(crate) fn at(&self, path: &str) -> Option<Found<'_, T>> {
        let mut params = Params::default();
        let rest = Some(path.strip_prefix('/')?);
        let value = self.root.find(path.len(), rest, &mut params)?;
        Some(Found { value, params })
    }
}

impl<T> Node<T> {
    fn literal(&mut self, text: &str) -> &mut Self {
        let at = self.position(text).unwrap_or_else(|at| {
            self.literals.insert(at, (text.to_owned(), Self::default()));
            at
        });
        #[expect(clippy::indexing_slicing, reason = "found or inserted there just now")]
        &mut self.literals[at].1
    }

    fn position(&self, text: &str) -> Result<usize, usize> {
        let order = |(name, _): &(String, Self)| {
            let by_length = name.len().cmp(&text.len());
            by_length.then_with(|| name.as_str().cmp(text))
        };
        self.literals.binary_search_by(order)
    }

    /// As deep as the templates are, whatever the path, of which this is the rest.
    fn find(&self, length: usize, rest: Option<&str>, params: &mut Params) -> Option<&T> {
        let Some(rest) = rest else {
            return self.here.as_ref();
        };
        let start = length - rest.len();
        let (segment, rest) = split(rest);
        let literal = self.position(segment).ok();
        let literal = literal.and_then(|at| self.literals.get(at));
        if let Some(found) = literal.and_then(|(_, node)| node.find(length, rest, params)) {
            return Some(found);
        }
        if let Some(node) = &self.param
            && params.push(start, segment)
        {
            if let Some(found) = node.find(length, rest, params) {
                return Some(found);
            }
            params.count -= 1;
        }
        self.below.as_ref()
    }
}

/// A segment and what follows its slash.
fn split(path: &str) -> (&str, Option<&str>) {
    let slash = memchr::memchr(b'/', path.as_bytes());
    match slash.and_then(|at| path.split_at_checked(at)) {
        Some((segment, rest)) => (segment, rest.get(1..)),
        None => (path, None),
    }
}

impl Params {
    /// Takes a segment, unless it can't be a value.
    fn push(&mut self, start: usize, segment: &str) -> bool {
        let Some(slot) = self
            .places
            .get_mut(self.count)
            .filter(|_| is_value(segment))
        else {
            return false;
        };
        *slot = (start, segment.len());
        self.count += 1;
        true
    }

    /// The value at a position of the path that they are of, empty where there is none.
    pub(crate) fn get<'p>(&self, path: &'p str, position: usize) -> &'p str {
        let place = self.places.get(position).filter(|_| position < self.count);
        let value = place.and_then(|&(start, length)| path.get(start..start + length));
        value.unwrap_or_default()
    }

    pub(crate) fn iter<'p>(&self, path: &'p str) -> impl Iterator<Item = &'p str> + use<'p> {
        let params = *self;
        (0..params.count).map(move |position| params.get(path, position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every template under its own text, and everything below those that end in `/*`.
    fn tree(templates: &[&'static str]) -> Tree<&'static str> {
        let mut tree = Tree::default();
        for text in templates {
            let (path, reach) = match text.strip_suffix("/*") {
                Some(path) => (path, Reach::Below),
                None => (*text, Reach::Exact),
            };
            let template = Template::parse(if path.is_empty() { "/" } else { path }).unwrap();
            tree.entry(&template, reach, || *text);
        }
        tree
    }

    fn found(tree: &Tree<&'static str>, path: &str) -> Option<(&'static str, String)> {
        let found = tree.at(path)?;
        let params: Vec<_> = found.params.iter(path).collect();
        Some((found.value, params.join(" ")))
    }

    #[test]
    fn literals_go_before_parameters_and_both_before_everything_below() {
        let tree = tree(&[
            "/a/{x}",
            "/a/b",
            "/a/{x}/c/{y}",
            "/a/b/d",
            "/a/b/*",
            "/a/{x}/*",
        ]);
        for (path, expected) in [
            ("/a/b", Some(("/a/b", ""))),
            ("/a/c", Some(("/a/{x}", "c"))),
            ("/a/b/d", Some(("/a/b/d", ""))),
            ("/a/b/e/f", Some(("/a/b/*", ""))),
            ("/a/1/c/2", Some(("/a/{x}/c/{y}", "1 2"))),
            ("/a/1/c/2/e", Some(("/a/{x}/*", "1"))),
            ("/a/1/c", Some(("/a/{x}/*", "1"))),
            ("/a/1/", Some(("/a/{x}/*", "1"))),
            ("/a", None),
            ("/a/", None),
            ("/", None),
            ("", None),
            ("a/b", None),
            ("/A/b", None),
        ] {
            let expected = expected.map(|(value, params)| (value, params.to_owned()));
            assert_eq!(found(&tree, path), expected, "{path}");
        }
    }

    #[test]
    fn a_literal_that_leads_nowhere_may_be_a_value_after_all() {
        let tree = tree(&["/a/b/c", "/a/{x}/{y}/d", "/{x}/{y}"]);
        assert_eq!(
            found(&tree, "/a/b/c/d"),
            Some(("/a/{x}/{y}/d", "b c".into()))
        );
        assert_eq!(found(&tree, "/a/b"), Some(("/{x}/{y}", "a b".into())));
        assert_eq!(found(&tree, "/a/b/x"), None);
    }

    #[test]
    fn what_can_be_no_value_matches_no_parameter() {
        let tree = tree(&["/a/{x}", "/a/{x}/*", "/b/*"]);
        for segment in ["", ".", "..", "%61", "a;b", "a b", "é"] {
            assert_eq!(found(&tree, &format!("/a/{segment}")), None);
            assert_eq!(found(&tree, &format!("/a/{segment}/c")), None);
            assert_eq!(
                found(&tree, &format!("/b/{segment}")),
                Some(("/b/*", String::new()))
            );
        }
    }

    #[test]
    fn a_slash_at_the_end_is_a_segment_of_its_own() {
        let tree = tree(&["/", "/a/", "/{x}", "/a//b"]);
        for (path, template) in [
            ("/", "/"),
            ("/a/", "/a/"),
            ("/a", "/{x}"),
            ("/a//b", "/a//b"),
        ] {
            assert_eq!(found(&tree, path).unwrap().0, template);
        }
        assert_eq!(found(&tree, "//"), None);
        let tree = self::tree(&["/a//*", "/b//c/*"]);
        assert_eq!(found(&tree, "/a/x").unwrap().0, "/a//*");
        assert_eq!(found(&tree, "/b//c/x").unwrap().0, "/b//c/*");
        assert_eq!(found(&tree, "/b/c/x"), None);
    }

    #[test]
    fn a_template_has_one_value_whatever_its_parameters_are_called() {
        let mut tree = Tree::default();
        for name in ["x", "y"] {
            let template = Template::parse(&format!("/a/{{{name}}}")).unwrap();
            let value = tree.entry(&template, Reach::Exact, || name);
            assert_eq!(*value, "x");
        }
    }
}
