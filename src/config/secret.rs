//! Secrets: written into the configuration, or into a file of their own, as orchestrators hand them out.
//! None is ever shown.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::upstream::located;
use crate::document::Table;

/// The secret at `key`, or the one in the file at `file_key`, and then that file. `check` says what is wrong with it, without
/// showing it.
pub(super) fn secret(
    table: &mut Table<'_>,
    (key, file_key): (&'static str, &'static str),
    folder: Option<&Path>,
    check: impl Fn(&str) -> Result<(), String>,
) -> (Option<SecretString>, Option<PathBuf>) {
    let checked = |text: &str| check(text).map(|()| SecretString::from(text));
    let inline = table.read(key, |node| {
        let text = node.as_str().ok_or_else(|| node.not_shown("a string"))?;
        checked(text)
    });
    let file = table.read(file_key, |node| {
        let path = located(node, folder)?;
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        Ok((checked(text.trim_end())?, path))
    });
    if table.has(key) && table.has(file_key) {
        table.fault(file_key, format!("give either this or {key}"));
    }
    match file {
        Some((secret, path)) if inline.is_none() => (Some(secret), Some(path)),
        _ => (inline, None),
    }
}
