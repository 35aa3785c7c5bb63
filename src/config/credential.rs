//! `[[credential]]`: what clients may be given.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::defaults;
use super::secret::secret;
use crate::document::{Node, Table};

/// A client of the API's login host (RFC 6749 section 4.4), whose tokens clients of ours are given.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its name in logs and metrics, unique.
    pub name: String,
    /// The id of the OAuth client.
    pub client_id: SecretString,
    /// Its secret.
    pub client_secret: SecretString,
    /// The upstream that is the login host.
    pub upstream: String,
    /// The path of its token endpoint.
    pub path: String,
    /// The files that id and secret were read from, if they were.
    pub files: Vec<PathBuf>,
}

impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        let said = |of: &Self| (of.name.clone(), of.upstream.clone(), of.path.clone());
        let same =
            |one: &SecretString, other: &SecretString| one.expose_secret() == other.expose_secret();
        said(self) == said(other)
            && same(&self.client_id, &other.client_id)
            && same(&self.client_secret, &other.client_secret)
    }
}

/// The credentials, and the names of all that were written, so that one with a fault of its own is not said to
/// be missing, too.
pub(super) fn credentials(
    root: &mut Table<'_>,
    folder: Option<&Path>,
    upstreams: &[&str],
) -> (Vec<Credential>, Vec<String>) {
    let (mut good, mut names) = (Vec::new(), Vec::new());
    for mut table in root.tables("credential") {
        table.require("name", "name = \"billing\"");
        let name = table.name("name", "\"billing\"");
        if let Some(name) = &name {
            if names.contains(name) {
                table.fault("name", format!("another credential is called {name:?}"));
            }
            names.push(name.clone());
        }
        good.extend(credential(&mut table, name, folder, upstreams));
        table.finish();
    }
    (good, names)
}

fn credential(
    table: &mut Table<'_>,
    name: Option<String>,
    folder: Option<&Path>,
    upstreams: &[&str],
) -> Option<Credential> {
    table.require("upstream", "upstream = \"login\"");
    let upstream = table.reference("upstream", "upstream", upstreams);
    let path = table.read("path", path);
    for (key, file_key) in [ID, SECRET] {
        if !table.has(key) && !table.has(file_key) {
            table.fault(key, format!("is missing; give this or {file_key}"));
        }
    }
    let (client_id, id_file) = secret(table, ID, folder, filled);
    let (client_secret, secret_file) = secret(table, SECRET, folder, filled);
    Some(Credential {
        name: name?,
        client_id: client_id?,
        client_secret: client_secret?,
        upstream: upstream?,
        path: path.unwrap_or_else(|| defaults::TOKEN_PATH.to_owned()),
        files: id_file.into_iter().chain(secret_file).collect(),
    })
}

const ID: (&str, &str) = ("client_id", "client_id_file");
const SECRET: (&str, &str) = ("client_secret", "client_secret_file");

/// RFC 6749 appendix A: printable ASCII.
fn filled(text: &str) -> Result<(), String> {
    let printable = !text.is_empty() && text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    let problem =
        "expected printable ASCII characters on one line (not shown), found something else";
    printable.then_some(()).ok_or_else(|| problem.to_owned())
}

fn path(node: &Node) -> Result<String, String> {
    let text = node.as_str().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._~-".contains(&byte);
    let good = text.starts_with('/') && text.bytes().all(plain);
    good.then(|| text.to_owned())
        .ok_or_else(|| node.not("a path such as \"/oauth/token\""))
}
