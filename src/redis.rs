//! `[cache.redis]`: the store that replicas share, in Redis.
//!
//! | key | holds | until |
//! |---|---|---|
//! | `epoch` | the run of the server, and a token | for ever |
//! | `gen:…` | a token: the generation of a conversation | a minute longer than any snapshot fills |
//! | `snap:…` | a sealed snapshot: ids of participants, and the fields of its source | `cache.max_age` after it was read |
//!
//! All below `prefix` and the version of this layout. What stands for dots are keyed digests: neither ids of
//! conversations nor credentials nor addresses are in a key, and nobody without `cache.partition_key` can make
//! one or the other.
//!
//! Other replicas' changes of `gen:…` are pushed (client-side caching in broadcasting mode, over RESP3).

mod dial;
mod session;

use std::sync::Arc;
use std::time::Duration;

use redis::{ProtocolVersion, RedisConnectionInfo};
use secrecy::ExposeSecret as _;

use self::session::RedisSession;
use crate::config::{self, Config};
use crate::directory::cached::shared::{Answer, Events, Remote, Session, Trouble};
use crate::directory::cached::{Key, Store};
use crate::observers::Observers;

/// Of the layout of keys and values. Replicas of different versions share nothing.
const VERSION: &str = "v1:";

/// How much longer than any snapshot fills a generation is kept. Longer than a lookup takes: one that expires
/// costs a needless lookup.
const SPARE: Duration = Duration::from_secs(60);

/// What all upstreams' directories remember in, shared with other replicas where the configuration says so.
/// `before` is the one that it follows, and with which Redis that one was made.
///
/// # Panics
/// Outside of a tokio runtime, where something is shared.
pub fn store(
    config: &Config,
    before: Option<(&Store, Option<&config::Redis>)>,
    observers: &Observers,
) -> Arc<Store> {
    let settings = config.directory();
    let Some(redis) = &config.cache.redis else {
        return match before {
            None => Store::new(&settings),
            Some((before, _)) => before.followed_by(&settings),
        };
    };
    let remote = || Redis::new(redis, settings.max_age);
    let watch = observers.redis(&redis.address.to_string());
    match before {
        None => Store::shared(&settings, redis.sharing, remote(), watch),
        Some((before, its)) => {
            let same = its == Some(redis) && before.would_share_alike(&settings);
            let remote = (!same).then(remote);
            before.followed_by_shared(&settings, redis.sharing, remote, watch)
        }
    }
}

/// A Redis that connects when it is told to.
#[derive(Debug)]
struct Redis {
    config: config::Redis,
    keys: Arc<Keys>,
}

impl Redis {
    fn new(config: &config::Redis, max_age: Duration) -> Self {
        let expiry = max_age.saturating_add(SPARE).as_millis();
        let keys = Keys {
            base: format!("{}{VERSION}", config.prefix),
            expiry: u64::try_from(expiry).unwrap_or(u64::MAX),
        };
        Self {
            config: config.clone(),
            keys: Arc::new(keys),
        }
    }

    /// What is said first.
    fn greeting(&self) -> RedisConnectionInfo {
        let config = &self.config;
        let mut greeting = RedisConnectionInfo::default()
            .set_protocol(ProtocolVersion::RESP3)
            .set_db(config.database)
            .set_skip_set_lib_name();
        if let Some(username) = &config.username {
            greeting = greeting.set_username(username);
        }
        if let Some(password) = &config.password {
            greeting = greeting.set_password(password.expose_secret());
        }
        greeting
    }
}

impl Remote for Redis {
    fn connect(&self, events: Events) -> Answer<'_, Arc<dyn Session>> {
        Box::pin(async move {
            let stream = dial::dial(&self.config)
                .await
                .map_err(Trouble::Unreachable)?;
            let keys = Arc::clone(&self.keys);
            let session = RedisSession::open(stream, &self.greeting(), keys, events).await?;
            Ok(Arc::new(session) as Arc<dyn Session>)
        })
    }
}

/// Where things are.
#[derive(Debug)]
struct Keys {
    base: String,
    /// Of generations, in ms.
    expiry: u64,
}

impl Keys {
    fn epoch(&self) -> String {
        format!("{}epoch", self.base)
    }

    /// What the names of all generations begin with.
    fn generations(&self) -> String {
        format!("{}gen:", self.base)
    }

    fn generation(&self, conversation: Key) -> String {
        format!("{}gen:{}", self.base, hex(conversation))
    }

    fn snapshot(&self, key: Key) -> String {
        format!("{}snap:{}", self.base, hex(key))
    }

    /// The conversation that a generation is of, by its name.
    fn conversation(&self, name: &[u8]) -> Option<Key> {
        let name = std::str::from_utf8(name).ok()?;
        let digits = name.strip_prefix(&self.base)?.strip_prefix("gen:")?;
        let number = u128::from_str_radix(digits, 16).ok()?;
        (digits.len() == 32).then(|| Key::new(number.to_be_bytes()))
    }
}

fn hex(key: Key) -> String {
    format!("{:032x}", u128::from_be_bytes(*key.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_is_found_by_its_name() {
        let keys = Keys {
            base: "patchwright:v1:".into(),
            expiry: 1,
        };
        let key = Key::new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        let name = keys.generation(key);
        assert_eq!(name, "patchwright:v1:gen:000102030405060708090a0b0c0d0eff");
        assert!(name.starts_with(&keys.generations()));
        assert_eq!(keys.conversation(name.as_bytes()), Some(key));
        for other in [
            keys.epoch(),
            keys.snapshot(key),
            name.trim_end_matches('f').to_owned(),
            format!("x{name}"),
        ] {
            assert_eq!(keys.conversation(other.as_bytes()), None, "{other}");
        }
    }
}
