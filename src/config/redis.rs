//! `[cache.redis]`: where replicas share what they remember. Nothing is connected to here.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Uri;
use secrecy::{ExposeSecret as _, SecretString};

use super::secret::secret;
use super::units::duration;
use super::{defaults, tls};
use crate::directory::cached::shared;
use crate::document::{Node, Table};

const URL: &str = "redis://127.0.0.1:6379";

/// A request may wait that long twice.
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(5);

/// `[cache.redis]`.
#[derive(Clone, Debug)]
pub struct Redis {
    /// Where it is.
    pub address: RedisAddress,
    /// The number of the database there.
    pub database: i64,
    /// Who we say that we are; without one, the user called `default`.
    pub username: Option<String>,
    /// And what proves it.
    pub password: Option<SecretString>,
    /// The file that it was read from, if it was.
    pub password_file: Option<PathBuf>,
    /// PEM file with roots trusted besides the platform's.
    pub ca: Option<PathBuf>,
    /// What the names of all keys begin with.
    pub prefix: String,
    /// `timeout` and `confirm`.
    pub sharing: shared::Settings,
}

impl PartialEq for Redis {
    fn eq(&self, other: &Self) -> bool {
        let said = |of: &Self| {
            let names = (of.username.clone(), of.prefix.clone(), of.ca.clone());
            (of.address.clone(), of.database, names, of.sharing)
        };
        let password = |of: &Self| of.password.as_ref().map(|it| it.expose_secret().to_owned());
        said(self) == said(other) && password(self) == password(other)
    }
}

/// Where a Redis is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisAddress {
    /// At a port, with TLS or without.
    Tcp {
        /// A name or an IP address.
        host: String,
        /// The port.
        port: u16,
        /// Whether TLS is spoken.
        tls: bool,
    },
    /// At a socket in the file system.
    Unix(PathBuf),
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port, tls } => {
                let scheme = if *tls { "rediss" } else { "redis" };
                if host.contains(':') {
                    write!(f, "{scheme}://[{host}]:{port}")
                } else {
                    write!(f, "{scheme}://{host}:{port}")
                }
            }
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

/// The section, if it is there. `is_keyed` says whether the key is configured without which replicas could not
/// find what they share.
pub(super) fn redis(cache: &mut Table<'_>, folder: Option<&Path>, is_keyed: bool) -> Option<Redis> {
    cache.node("redis")?;
    let mut table = cache.table("redis");
    table.require("url", &format!("url = \"{URL}\""));
    let url = table.read("url", url);
    let username = table.string("username", "\"patchwright\"");
    let keys = ("password", "password_file");
    let (password, password_file) = secret(&mut table, keys, folder, |text| match text {
        "" => Err("expected a string that is not empty (not shown)".to_owned()),
        _ => Ok(()),
    });
    let ca = tls::authorities(&mut table, "ca", folder);
    let prefix = table.read("prefix", prefix);
    let default = shared::Settings::default();
    let sharing = shared::Settings {
        timeout: duration(&mut table, "timeout", &TIMEOUTS).unwrap_or(default.timeout),
        confirm: table.bool("confirm").unwrap_or(default.confirm),
    };
    if table.has("username") && !table.has("password") && !table.has("password_file") {
        table.fault("username", "is of no use without password or password_file");
    }
    let speaks_tls =
        |(address, _): &(RedisAddress, i64)| matches!(address, RedisAddress::Tcp { tls: true, .. });
    if table.has("ca") && url.as_ref().is_some_and(|url| !speaks_tls(url)) {
        table.fault(
            "ca",
            "is for rediss:// only: change the url, or remove this",
        );
    }
    table.finish();
    if !is_keyed {
        let problem = "needs a key that all replicas have: set cache.partition_key_file (or cache.partition_key), for example to a file with what `openssl rand -hex 32` prints";
        cache.fault("redis", problem);
    }
    let (address, database) = url?;
    Some(Redis {
        address,
        database,
        username,
        password,
        password_file,
        ca,
        prefix: prefix.unwrap_or_else(|| defaults::REDIS_PREFIX.to_owned()),
        sharing,
    })
}

/// Address and number of the database. A URL may hold a password, so none is shown in a fault.
fn url(node: &Node) -> Result<(RedisAddress, i64), String> {
    let expected = format!("a URL such as \"{URL}\"");
    let text = node.as_str().ok_or_else(|| node.not_shown(&expected))?;
    if let Some(path) = text.strip_prefix("unix://") {
        let path = Path::new(path);
        let is_good = path.is_absolute() && !text.contains(['?', '#', '@']);
        return is_good
            .then(|| (RedisAddress::Unix(path.to_owned()), 0))
            .ok_or_else(|| {
                "expected the path of a socket, as in \"unix:///run/redis.sock\"".into()
            });
    }
    let invalid = || format!("expected {expected}, found something else");
    let uri: Uri = text.parse().map_err(|_| invalid())?;
    let tls = match uri.scheme_str() {
        Some("redis") => false,
        Some("rediss") => true,
        _ => {
            return Err(format!(
                "expected {expected}, beginning with redis://, rediss:// (TLS) or unix://"
            ));
        }
    };
    let authority = uri.authority().ok_or_else(invalid)?;
    if authority.as_str().contains('@') {
        return Err(format!(
            "expected {expected}, without a user name or password: write them as username and password_file, where nobody shows them"
        ));
    }
    if uri.query().is_some() || text.contains('#') {
        return Err(format!("expected {expected}, without a query or fragment"));
    }
    let port = authority
        .port_u16()
        .map_or(String::new(), |port| format!(":{port}"));
    let host = authority.host();
    if host.is_empty() || authority.as_str() != format!("{host}{port}") || port == ":0" {
        return Err(invalid());
    }
    let database = match uri.path().trim_start_matches('/') {
        "" => 0,
        number => number.parse::<u16>().map_err(|_| {
            format!("expected {expected}, whose path is nothing or the number of a database")
        })?,
    };
    let address = RedisAddress::Tcp {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: authority.port_u16().unwrap_or(defaults::REDIS_PORT),
        tls,
    };
    Ok((address, i64::from(database)))
}

fn prefix(node: &Node) -> Result<String, String> {
    let text = node.as_str().unwrap_or_default();
    let good = |text: &&str| {
        (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    Some(text)
        .filter(good)
        .map(str::to_owned)
        .ok_or_else(|| node.not("1 to 64 visible ASCII characters such as \"patchwright:\""))
}
