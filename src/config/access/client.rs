//! Reading `[[client]]`.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;

use super::{Client, KeyDigest, Rate};
use crate::config::units::{TIMES, duration_text};
use crate::document::{Node, Table};

/// The SHA-256 of nothing, which is what a pipeline prints whose first part failed.
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// More in a time than this is no bound.
const MOST: u32 = 1_000_000;

pub(super) fn clients(
    root: &mut Table<'_>,
    certificates: bool,
    upstreams: &[&str],
    credentials: &[String],
) -> Vec<Client> {
    let credentials: Vec<_> = credentials.iter().map(String::as_str).collect();
    let mut good: Vec<Client> = Vec::new();
    for mut table in root.tables("client") {
        if let Some(client) = client(&mut table, certificates, upstreams, &credentials) {
            if good.iter().any(|other| other.name == client.name) {
                let problem = format!("another client is called {:?}", client.name);
                table.fault("name", problem);
            }
            good.push(client);
        }
        table.finish();
    }
    good
}

fn client(
    table: &mut Table<'_>,
    certificates: bool,
    upstreams: &[&str],
    credentials: &[&str],
) -> Option<Client> {
    table.require("name", "name = \"billing\"");
    let name = table.name("name", "\"billing\"");
    let api_keys = some(table, "api_keys", "a list of SHA-256 digests", key_digest);
    let subjects = some(
        table,
        "subjects",
        "a list of names in certificates such as [\"CN=billing,O=Example\"]",
        subject,
    );
    let networks = some(
        table,
        "networks",
        "a list of networks such as [\"10.1.0.0/16\"]",
        network,
    );
    if !["api_keys", "subjects", "networks"]
        .iter()
        .any(|key| table.has(key))
    {
        table.fault(
            "",
            "describes nobody: give api_keys, subjects or networks (0.0.0.0/0 and ::/0 are everyone)",
        );
    }
    if table.has("subjects") && !certificates {
        table.fault(
            "subjects",
            "is of no use without listen.tls.client_ca: nobody would be asked for a certificate",
        );
    }
    let upstreams = table.references("upstreams", "upstream", upstreams);
    let methods = table.methods("methods");
    let concurrency = table.integer("concurrency", 1, 1_000_000);
    let rate = table.read("rate", rate);
    let credential = table.reference("credential", "credential", credentials);
    let overwrite_authorization = table.bool("overwrite_authorization");
    if table.has("overwrite_authorization") && !table.has("credential") {
        table.fault(
            "overwrite_authorization",
            "is of no use without credential: there is nothing to put in its place",
        );
    }
    Some(Client {
        name: name?,
        api_keys,
        subjects,
        networks,
        upstreams,
        methods,
        concurrency: concurrency.and_then(|number| usize::try_from(number).ok()),
        rate,
        credential,
        overwrite_authorization: overwrite_authorization.unwrap_or(false),
    })
}

/// A list with something in it. An empty one would look like a criterion and be none.
fn some<T>(
    table: &mut Table<'_>,
    key: &'static str,
    expected: &str,
    item: impl Fn(&Node) -> Result<T, String>,
) -> Vec<T> {
    let list = table.list(key, expected, item);
    if list.as_ref().is_some_and(Vec::is_empty) {
        table.fault(key, format!("expected {expected}, found an empty list"));
    }
    list.unwrap_or_default()
}

/// Whoever writes the key itself in its place must not find it in a log.
fn key_digest(node: &Node) -> Result<KeyDigest, String> {
    let expected = "the SHA-256 of a key in 64 hexadecimal digits";
    let hint = "write what `printf %s \"$KEY\" | sha256sum` prints";
    let text = node.as_str().ok_or_else(|| node.not_shown(expected))?;
    let digest = hexadecimal(text);
    let digest = digest
        .ok_or_else(|| format!("expected {expected}, found another text (not shown); {hint}"))?;
    if text.eq_ignore_ascii_case(OF_NOTHING) {
        return Err(format!("is the SHA-256 of nothing; {hint}"));
    }
    Ok(KeyDigest(digest))
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let digits = text.chars().map(|digit| digit.to_digit(16));
    let digits: Vec<u32> = digits.collect::<Option<_>>()?;
    let bytes = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
    bytes.try_into().ok()
}

fn subject(node: &Node) -> Result<crate::certificates::Name, String> {
    let text = node.as_str().and_then(|text| text.parse().ok());
    text.ok_or_else(|| {
        node.not(
            "a whole subject such as \"CN=billing,O=Example\" (RFC 4514, as `openssl x509 -subject -nameopt RFC2253` prints it), \"dns:NAME\" or \"uri:URI\"",
        )
    })
}

fn network(node: &Node) -> Result<IpNet, String> {
    let text = node.as_str().unwrap_or_default();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.into());
    }
    let network: IpNet = text
        .parse()
        .map_err(|_| node.not("a network such as \"10.1.0.0/16\""))?;
    if network != network.trunc() {
        return Err(format!(
            "{text:?} has digits behind its prefix; write {:?}",
            network.trunc().to_string()
        ));
    }
    Ok(network)
}

fn rate(node: &Node) -> Result<Rate, String> {
    let (least, most) = (duration_text(*TIMES.start()), duration_text(*TIMES.end()));
    let expected = format!(
        "so many requests in such a time as in \"300/1m\", from 1 to {MOST} in {least} to {most}"
    );
    let rate = || {
        let (requests, per) = node.as_str()?.split_once('/')?;
        let requests: NonZeroU32 = requests.trim().parse().ok()?;
        let per: Duration = humantime::parse_duration(per.trim()).ok()?;
        (requests.get() <= MOST && TIMES.contains(&per)).then_some(Rate { requests, per })
    };
    rate().ok_or_else(|| node.not(&expected))
}
