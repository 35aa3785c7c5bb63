//! What one configuration has otherwise than another, by the names of sections.

use std::collections::BTreeMap;

use super::Config;
use super::write::Secrets;

/// A configuration as what its sections say. Nothing secret is in it, but for digests.
#[derive(Clone, PartialEq, Eq)]
pub struct Sections(BTreeMap<String, String>);

impl Config {
    /// All that it says, to be compared with what another one says.
    pub fn sections(&self) -> Sections {
        let mut sections = BTreeMap::<String, String>::new();
        let text = self.written(Secrets::Digested);
        // What stands above all sections.
        let mut section = "rules";
        let mut lists = Vec::new();
        for line in text.lines() {
            if let Some(name) = header(line) {
                if line.starts_with("[[") {
                    lists.push(name);
                }
                // What belongs to an entry of a list is a part of that list.
                let outer = name.split('.').next().unwrap_or(name);
                section = if lists.contains(&outer) { outer } else { name };
            }
            let text = sections.entry(section.to_owned()).or_default();
            text.push_str(line);
            text.push('\n');
        }
        Sections(sections)
    }
}

/// The name in a line such as `[cache]` or `[[rule]]`.
fn header(line: &str) -> Option<&str> {
    let name = line.strip_prefix('[')?.strip_suffix(']')?;
    let name = name.trim_matches(['[', ']']);
    let plain = |byte: u8| byte.is_ascii_lowercase() || b"._".contains(&byte);
    name.bytes().all(plain).then_some(name)
}

impl Sections {
    /// The names of the sections that are not the same in both, such as `cache` or `listen.tls`.
    pub fn differing<'s>(&'s self, other: &'s Self) -> Vec<&'s str> {
        let both = self.0.keys().chain(other.0.keys());
        let mut names: Vec<_> = both
            .filter(|name| self.0.get(*name) != other.0.get(*name))
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl std::fmt::Debug for Sections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Sections").field(&self.0.keys()).finish()
    }
}
