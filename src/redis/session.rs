//! What is said over one connection.

use std::sync::Arc;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Cmd, InfoDict, Pipeline, PushInfo, PushKind, RedisConnectionInfo,
    RedisError, Value, cmd, pipe,
};
use tokio::task::AbortHandle;

use super::Keys;
use super::dial::Stream;
use crate::directory::cached::Key;
use crate::directory::cached::shared::{Answer, Events, Mark, Session, Sight, Trouble};

pub(super) struct RedisSession {
    connection: MultiplexedConnection,
    driver: AbortHandle,
    keys: Arc<Keys>,
    /// What the epochs of this run of the server begin with.
    run: String,
}

impl RedisSession {
    pub(super) async fn open(
        stream: Box<dyn Stream>,
        greeting: &RedisConnectionInfo,
        keys: Arc<Keys>,
        events: Events,
    ) -> Result<Self, Trouble> {
        let named = Arc::clone(&keys);
        let heard = events.clone();
        let config = AsyncConnectionConfig::new()
            // Whoever asks has a bound of its own.
            .set_response_timeout(None)
            .set_push_sender(move |push: PushInfo| {
                hear(&named, &heard, push);
                Ok::<_, std::convert::Infallible>(())
            });
        let opened = MultiplexedConnection::new_with_config(greeting, stream, config).await;
        let (mut connection, driver) = opened.map_err(trouble)?;
        let driver = tokio::spawn(async move {
            driver.await;
            events.ended();
        });
        let mut session = Self {
            driver: driver.abort_handle(),
            connection: connection.clone(),
            keys,
            run: String::new(),
        };
        // Before anything is read: what is changed from now on is heard of. Not what is changed over this very
        // connection.
        cmd("CLIENT")
            .arg(&["TRACKING", "ON", "BCAST", "NOLOOP", "PREFIX"])
            .arg(session.keys.generations())
            .exec_async(&mut connection)
            .await
            .map_err(trouble)?;
        session.run = run(&mut connection).await?;
        Ok(session)
    }

    fn epoch(&self, token: &[u8]) -> Vec<u8> {
        [self.run.as_bytes(), token].concat()
    }

    fn ask<T: redis::FromRedisValue + Send + 'static>(&self, cmd: Cmd) -> Answer<'_, T> {
        let mut connection = self.connection.clone();
        Box::pin(async move { cmd.query_async(&mut connection).await.map_err(trouble) })
    }

    fn ask_all<T: redis::FromRedisValue + Send + 'static>(&self, pipe: Pipeline) -> Answer<'_, T> {
        let mut connection = self.connection.clone();
        Box::pin(async move { pipe.query_async(&mut connection).await.map_err(trouble) })
    }

    fn set_generation(&self, conversation: Key, token: &[u8]) -> Cmd {
        let mut set = cmd("SET");
        set.arg(self.keys.generation(conversation)).arg(token);
        set.arg("PX").arg(self.keys.expiry);
        set
    }
}

/// What is found in one look: epoch, generation, a value, and the time in s and µs.
type Found = (Option<Bytes>, Option<Bytes>, Option<Bytes>, (u64, u64));

/// What names the run of the server. Where that may not be asked, every connection is taken for another run: then
/// what is shared is lost more often than it must be, and never too seldom.
async fn run(connection: &mut MultiplexedConnection) -> Result<String, Trouble> {
    let info: Result<InfoDict, _> = cmd("INFO").arg("server").query_async(connection).await;
    let run = match info {
        Ok(info) => info.get::<String>("run_id"),
        Err(error) if error.code() == Some("NOPERM") => None,
        Err(error) => return Err(trouble(error)),
    };
    Ok(run.map_or_else(
        || format!("unknown-{:032x}:", rand()),
        |run| format!("{run}:"),
    ))
}

/// Without randomness it is the same for all, and a restart goes unnoticed where its rights are cut.
fn rand() -> u128 {
    let mut bytes = [0; 16];
    let _ = getrandom::fill(&mut bytes);
    u128::from_be_bytes(bytes)
}

/// Tells of pushes: `["invalidate", [key, …]]`, or no list when everything was flushed.
fn hear(keys: &Keys, events: &Events, push: PushInfo) {
    if push.kind != PushKind::Invalidate {
        return;
    }
    match push.data.into_iter().next() {
        Some(Value::Array(names)) => {
            for name in names {
                if let Value::BulkString(name) = name
                    && let Some(conversation) = keys.conversation(&name)
                {
                    events.pushed(Some(conversation));
                }
            }
        }
        _ => events.pushed(None),
    }
}

impl Session for RedisSession {
    fn is_of_this_run(&self) -> Answer<'_, bool> {
        let mut get = cmd("GET");
        get.arg(self.keys.epoch());
        let epoch = self.ask::<Option<Bytes>>(get);
        Box::pin(async move {
            let epoch = epoch.await?.unwrap_or_default();
            Ok(epoch.starts_with(self.run.as_bytes()))
        })
    }

    fn renew(&self, token: Bytes) -> Answer<'_, ()> {
        let mut set = cmd("SET");
        set.arg(self.keys.epoch()).arg(self.epoch(&token));
        self.ask(set)
    }

    fn mark(&self, conversation: Key) -> Answer<'_, Option<Mark>> {
        let mut get = cmd("MGET");
        get.arg(self.keys.epoch())
            .arg(self.keys.generation(conversation));
        let found = self.ask::<(Option<Bytes>, Option<Bytes>)>(get);
        Box::pin(async move {
            let (epoch, generation) = found.await?;
            let mark = epoch.zip(generation);
            Ok(mark.map(|(epoch, generation)| Mark { epoch, generation }))
        })
    }

    fn look(&self, conversation: Key, value: Option<Key>, token: Bytes) -> Answer<'_, Sight> {
        let own = Mark {
            epoch: self.epoch(&token).into(),
            generation: token,
        };
        // With NX and GET a SET answers what is there, and sets what is not.
        let mut epoch = cmd("SET");
        epoch.arg(self.keys.epoch()).arg(&own.epoch[..]);
        let mut generation = self.set_generation(conversation, &own.generation);
        for set in [&mut epoch, &mut generation] {
            set.arg("NX").arg("GET");
        }
        let mut get = cmd("GET");
        // Where none is asked for it is any other: the answer has the same form then.
        let name = value.map(|key| self.keys.snapshot(key));
        get.arg(name.unwrap_or_else(|| self.keys.epoch()));
        let mut all = pipe();
        // The order is that of the trait: first the mark, last the time.
        for command in [epoch, generation, get, cmd("TIME")] {
            all.add_command(command);
        }
        let found = self.ask_all::<Found>(all);
        Box::pin(async move {
            let (epoch, generation, kept, (seconds, micros)) = found.await?;
            Ok(Sight {
                mark: Mark {
                    epoch: epoch.unwrap_or(own.epoch),
                    generation: generation.unwrap_or(own.generation),
                },
                now: seconds.saturating_mul(1000).saturating_add(micros / 1000),
                value: kept.filter(|_| value.is_some()),
            })
        })
    }

    fn bump(&self, conversations: Vec<Key>, token: Bytes) -> Answer<'_, ()> {
        let mut all = pipe();
        for conversation in conversations {
            all.add_command(self.set_generation(conversation, &token))
                .ignore();
        }
        self.ask_all(all)
    }

    fn keep(&self, key: Key, value: Bytes, until: u64) -> Answer<'_, ()> {
        let mut set = cmd("SET");
        set.arg(self.keys.snapshot(key)).arg(&value[..]);
        set.arg("PXAT").arg(until);
        self.ask(set)
    }
}

impl Drop for RedisSession {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what errors are mapped with"
)]
fn trouble(error: RedisError) -> Trouble {
    let text = error.to_string();
    if error.is_io_error() || error.is_connection_dropped() {
        Trouble::Unreachable(text)
    } else {
        Trouble::Refused(text)
    }
}
