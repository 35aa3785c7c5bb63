//! Readers of lists and of tables whose keys are the user's.

use http::{Method, StatusCode};

use super::{Table, nearest};
use crate::document::{Entry, Node, Place};

impl<'a> Table<'a> {
    /// A list whose items are read one by one; `expected` describes the list, with an example.
    pub fn list<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        item: impl Fn(&Node) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let node = self.node(key)?;
        let path = self.path(key);
        self.items(node, &path, expected, &item)
    }

    fn items<T>(
        &self,
        node: &Node,
        path: &str,
        expected: &str,
        item: &impl Fn(&Node) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let fault = |place: &Place, path: String, problem| {
            self.faults.push(place.clone(), path, problem);
        };
        let Some(nodes) = node.as_list() else {
            fault(&node.place, path.to_owned(), node.not(expected));
            return None;
        };
        let mut good = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            match item(node) {
                Ok(value) => good.push(value),
                Err(problem) => fault(&node.place, format!("{path}[{index}]"), problem),
            }
        }
        (good.len() == nodes.len()).then_some(good)
    }

    /// A list of strings, none empty.
    pub fn strings(&mut self, key: &'static str, example: &str) -> Option<Vec<String>> {
        self.list(
            key,
            &format!("a list of strings such as {example}"),
            filled_string,
        )
    }

    /// The name of one of `known`, each of which is a `kind`, such as `upstream`.
    pub fn reference(&mut self, key: &'static str, kind: &str, known: &[&str]) -> Option<String> {
        self.read(key, |node| referred(node, kind, known))
    }

    /// Names of some of `known`, each of which is a `kind`; at least one.
    pub fn references(
        &mut self,
        key: &'static str,
        kind: &str,
        known: &[&str],
    ) -> Option<Vec<String>> {
        let expected = format!("a list of names, each of an [[{kind}]]");
        let names = self.list(key, &expected, |node| referred(node, kind, known))?;
        if names.is_empty() {
            self.fault(key, format!("expected {expected}, found an empty list"));
            return None;
        }
        Some(names)
    }

    /// A list of HTTP methods (RFC 9110 section 9), at least one.
    pub fn methods(&mut self, key: &'static str) -> Option<Vec<Method>> {
        const EXPECTED: &str = r#"a list of methods such as ["PATCH"]"#;
        let methods = self.list(key, EXPECTED, |node| {
            // Methods are case-sensitive: `patch` would be another one, and match nothing.
            let method = node
                .as_str()
                .filter(|text| !text.contains(char::is_lowercase));
            method
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| node.not("a method in capitals such as \"PATCH\""))
        })?;
        if methods.is_empty() {
            self.fault(key, format!("expected {EXPECTED}, found an empty list"));
            return None;
        }
        Some(methods)
    }

    /// A list of HTTP statuses that `allowed` agrees to; its error is the problem.
    pub fn statuses(
        &mut self,
        key: &'static str,
        allowed: impl Fn(StatusCode) -> Result<(), String>,
    ) -> Option<Vec<StatusCode>> {
        self.list(key, "a list of statuses such as [400, 409]", |node| {
            let number = node
                .as_integer()
                .and_then(|number| u16::try_from(number).ok());
            let status = number.and_then(|number| StatusCode::from_u16(number).ok());
            let status = status.ok_or_else(|| node.not("an HTTP status such as 400"))?;
            allowed(status).map(|()| status)
        })
    }

    /// A table of strings under keys of the user's choice, in the order written.
    pub fn string_map(
        &mut self,
        key: &'static str,
        example: &str,
    ) -> Option<Vec<(String, String)>> {
        let entries = self.map_entries(key, example)?;
        let mut good = Vec::with_capacity(entries.len());
        for (name, path, node) in &entries {
            match filled_string(node) {
                Ok(text) => good.push(((*name).to_owned(), text)),
                Err(problem) => self.faults.push(node.place.clone(), path.clone(), problem),
            }
        }
        (good.len() == entries.len()).then_some(good)
    }

    /// A table of lists of strings under keys of the user's choice, in the order written. A string
    /// alone counts as a list of one.
    pub fn string_list_map(
        &mut self,
        key: &'static str,
        example: &str,
    ) -> Option<Vec<(String, Vec<String>)>> {
        let entries = self.map_entries(key, example)?;
        let mut good = Vec::with_capacity(entries.len());
        for (name, path, node) in &entries {
            if let Ok(text) = filled_string(node) {
                good.push(((*name).to_owned(), vec![text]));
                continue;
            }
            let expected = r#"a string or a list of strings such as ["$.state"]"#;
            if let Some(list) = self.items(node, path, expected, &filled_string) {
                good.push(((*name).to_owned(), list));
            }
        }
        (good.len() == entries.len()).then_some(good)
    }

    /// Name, path and node of each entry of a table below this one.
    fn map_entries(
        &mut self,
        key: &'static str,
        example: &str,
    ) -> Option<Vec<(&'a str, String, &'a Node)>> {
        let node = self.node(key)?;
        let Some(entries) = node.as_table() else {
            self.fault(key, node.not(&format!("a table such as {example}")));
            return None;
        };
        let path = self.path(key);
        let described = entries
            .iter()
            .map(|Entry { key, node }| (key.as_str(), format!("{path}.{key}"), node));
        Some(described.collect())
    }
}

fn referred(node: &Node, kind: &str, known: &[&str]) -> Result<String, String> {
    let name = node.as_str().unwrap_or_default();
    if known.contains(&name) {
        return Ok(name.to_owned());
    }
    let hint = nearest(name, known.iter().copied());
    Err(node.not(&format!("the name of an [[{kind}]]")) + &hint)
}

fn filled_string(node: &Node) -> Result<String, String> {
    let text = node.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned)
        .ok_or_else(|| node.not("a string that is not empty"))
}
