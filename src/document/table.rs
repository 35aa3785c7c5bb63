//! Typed readers on a table. Each notes what is wrong and goes on.

mod lists;

use super::{Entry, Fault, FaultSink, Node, Place};

/// Reads one table key by key. A reader answers `None` where the key is absent, and where it is wrong,
/// which is then in the sink. [`Table::finish`] reports the keys that nobody asked for.
#[derive(Debug)]
#[must_use = "finish() reports unknown keys"]
pub struct Table<'a> {
    entries: &'a [Entry],
    place: Place,
    path: String,
    known: Vec<&'static str>,
    faults: &'a FaultSink,
}

impl<'a> Table<'a> {
    /// The outermost table of a document.
    pub fn root(node: &'a Node, faults: &'a FaultSink) -> Self {
        Self::new(node, String::new(), faults)
    }

    // What stands where a section should may be anything, a URL with a password included: only its type
    // is shown.
    fn new(node: &'a Node, path: String, faults: &'a FaultSink) -> Self {
        let entries = node.as_table().unwrap_or_else(|| {
            faults.push(node.place.clone(), path.clone(), node.not_shown("a table"));
            &[]
        });
        Self {
            entries,
            place: node.place.clone(),
            path,
            known: Vec::new(),
            faults,
        }
    }

    /// The path of a key of this table.
    pub fn path(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }

    /// Every key of this table with its value, in the order written.
    pub fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    /// Where a key was written, or else where the table was.
    pub fn place(&self, key: &str) -> Place {
        self.peek(key)
            .map_or_else(|| self.place.clone(), |node| node.place.clone())
    }

    /// Notes a fault of a key.
    pub fn fault(&self, key: &str, problem: impl Into<String>) {
        self.faults.push(self.place(key), self.path(key), problem);
    }

    /// Notes a fault that was found elsewhere.
    pub fn add(&self, fault: Fault) {
        self.faults.add(fault);
    }

    /// Whether the key was written.
    pub fn has(&self, key: &str) -> bool {
        self.peek(key).is_some()
    }

    /// The node of a key, which counts as known from now on.
    pub fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        self.known.push(key);
        self.peek(key)
    }

    fn peek(&self, key: &str) -> Option<&'a Node> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(&entry.node)
    }

    /// Notes a fault when the key is absent; `example` is a line that would do.
    pub fn require(&self, key: &str, example: &str) {
        if !self.has(key) {
            self.fault(key, format!("is missing; write for example: {example}"));
        }
    }

    /// Reads a key with a reader of one's own, whose error is the problem.
    pub fn read<T>(
        &mut self,
        key: &'static str,
        reader: impl FnOnce(&'a Node) -> Result<T, String>,
    ) -> Option<T> {
        let read = reader(self.node(key)?);
        read.map_err(|problem| self.fault(key, problem)).ok()
    }

    /// A string that is not empty. `example` is one as it would be written, quotes included.
    pub fn string(&mut self, key: &'static str, example: &str) -> Option<String> {
        self.read(key, |node| {
            let text = node.as_str().filter(|text| !text.is_empty());
            text.map(str::to_owned)
                .ok_or_else(|| node.not(&format!("a string such as {example}")))
        })
    }

    /// A name as headers, logs and metric labels may carry it.
    pub fn name(&mut self, key: &'static str, example: &str) -> Option<String> {
        self.read(key, |node| {
            let text = node.as_str().filter(|text| is_name(text));
            text.map(str::to_owned).ok_or_else(|| {
                let expected = "a name of 1 to 64 letters, digits, dots, underscores or hyphens";
                node.not(&format!("{expected} such as {example}"))
            })
        })
    }

    /// A boolean.
    pub fn bool(&mut self, key: &'static str) -> Option<bool> {
        self.read(key, |node| {
            node.as_bool().ok_or_else(|| node.not("true or false"))
        })
    }

    /// An integer from `least` to `most`.
    pub fn integer(&mut self, key: &'static str, least: u64, most: u64) -> Option<u64> {
        self.read(key, |node| {
            let number = node
                .as_integer()
                .and_then(|number| u64::try_from(number).ok());
            number
                .filter(|number| (least..=most).contains(number))
                .ok_or_else(|| node.not(&format!("an integer from {least} to {most}")))
        })
    }

    /// One of a few words.
    pub fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.read(key, |node| {
            let word = node.as_str().unwrap_or_default();
            let found = words.iter().find(|(known, _)| *known == word);
            found.map(|(_, meaning)| *meaning).ok_or_else(|| {
                let names: Vec<_> = words.iter().map(|(known, _)| *known).collect();
                let hint = nearest(word, names.iter().copied());
                let quoted: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
                node.not(&quoted.join(" or ")) + &hint
            })
        })
    }

    /// A table below this one; an absent one reads as empty.
    pub fn table(&mut self, key: &'static str) -> Table<'a> {
        let path = self.path(key);
        match self.node(key) {
            Some(node) => Table::new(node, path, self.faults),
            None => Table {
                entries: &[],
                place: self.place.clone(),
                path,
                known: Vec::new(),
                faults: self.faults,
            },
        }
    }

    /// The tables of a list, such as `[[rule]]` gives; entries with a name are called by it.
    pub fn tables(&mut self, key: &'static str) -> Vec<Table<'a>> {
        let Some(node) = self.node(key) else {
            return Vec::new();
        };
        let Some(items) = node.as_list() else {
            self.fault(
                key,
                node.not_shown(&format!("a list of tables, each written [[{key}]]")),
            );
            return Vec::new();
        };
        let path = self.path(key);
        let called = |(index, item): (usize, &'a Node)| {
            let name = item.as_table().and_then(|entries| {
                let entry = entries.iter().find(|entry| entry.key == "name")?;
                entry.node.as_str().filter(|name| is_name(name))
            });
            let path = match name {
                Some(name) => format!("{path} {name:?}"),
                None => format!("{path}[{index}]"),
            };
            Table::new(item, path, self.faults)
        };
        items.iter().enumerate().map(called).collect()
    }

    /// Reports every key that was not asked for.
    pub fn finish(self) {
        for Entry { key, node } in self.entries {
            if !self.known.contains(&key.as_str()) {
                let hint = nearest(key, self.known.iter().copied());
                let problem = format!("unknown key{hint}");
                self.faults
                    .push(node.place.clone(), self.path(key), problem);
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(safe)
}

/// `; did you mean "…"?`, when one of the names is near.
pub(crate) fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> String {
    // Jaro-Winkler forgives swapped letters and rewards a common beginning, as in `timeout`.
    const NEAR: f64 = 0.8;
    let lower = word.to_lowercase();
    let best = names
        .map(|name| (strsim::jaro_winkler(&lower, name), name))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map_or_else(String::new, |(_, name)| format!("; did you mean {name:?}?"))
}
