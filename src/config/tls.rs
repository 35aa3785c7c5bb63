//! Files of certificates and keys. They are read here only to be checked: what is used is read when it is
//! needed, and again when it changes.

use std::path::{Path, PathBuf};

use super::upstream::located;
use super::{IdentityFiles, ListenTls};
use crate::certificates::{Authorities, Identity};
use crate::document::Table;

const CERTIFICATE: &str = "certificate = \"chain.pem\"";
const PRIVATE_KEY: &str = "private_key = \"key.pem\"";

/// `[listen.tls]`, if there is one, and whether it asks callers for certificates, right or not.
pub(super) fn listen(table: &mut Table<'_>, folder: Option<&Path>) -> (Option<ListenTls>, bool) {
    if !table.has("tls") {
        return (None, false);
    }
    let mut table = table.table("tls");
    table.require("certificate", CERTIFICATE);
    table.require("private_key", PRIVATE_KEY);
    let files = identity(&mut table, folder);
    let client_ca = authorities(&mut table, "client_ca", folder);
    let asks = table.has("client_ca");
    table.finish();
    let files = files.map(
        |IdentityFiles {
             certificate,
             private_key,
         }| ListenTls {
            certificate,
            private_key,
            client_ca,
        },
    );
    (files, asks)
}

/// The certificate for an upstream that asks for one.
pub(super) fn client(table: &mut Table<'_>, folder: Option<&Path>) -> Option<IdentityFiles> {
    for (key, other, example) in [
        ("certificate", "private_key", PRIVATE_KEY),
        ("private_key", "certificate", CERTIFICATE),
    ] {
        if table.has(key) && !table.has(other) {
            table.fault(
                key,
                format!("is of no use without {other}; add for example: {example}"),
            );
        }
    }
    identity(table, folder)
}

fn identity(table: &mut Table<'_>, folder: Option<&Path>) -> Option<IdentityFiles> {
    let certificate = table.read("certificate", |node| located(node, folder));
    let private_key = table.read("private_key", |node| located(node, folder));
    let (certificate, private_key) = (certificate?, private_key?);
    if let Err(fault) = Identity::load(&certificate, &private_key) {
        let key = if fault.is_of_key(&private_key) {
            "private_key"
        } else {
            "certificate"
        };
        table.fault(key, fault.to_string());
        return None;
    }
    Some(IdentityFiles {
        certificate,
        private_key,
    })
}

/// A file of certificates that are trusted, by its absolute path.
pub(super) fn authorities(
    table: &mut Table<'_>,
    key: &'static str,
    folder: Option<&Path>,
) -> Option<PathBuf> {
    table.read(key, |node| {
        let path = located(node, folder)?;
        Authorities::load(&path).map_err(|fault| fault.to_string())?;
        Ok(path)
    })
}

/// Notes the keys of TLS on an upstream that is spoken to without it.
pub(super) fn refuse_without_tls(table: &Table<'_>) {
    for key in ["ca", "certificate", "private_key"] {
        if table.has(key) {
            table.fault(
                key,
                "is for https:// only, and this upstream's url begins with http://: change the url, or remove this",
            );
        }
    }
}
