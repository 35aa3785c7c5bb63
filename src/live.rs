//! The configuration in force, and how another one takes its place while requests are served.
//!
//! All or nothing: a configuration is read as a whole and everything is made that it asks for before
//! anything is changed. If any of that fails, all that was found wrong is said, and the one in force stays.
//! What the proxy before leaves to the next is a [`Handover`]: what is made from settings that did not
//! change stays, connections above all. A request goes by the configuration that was in force when it came,
//! to its end; a connection has the bounds and the certificate of when it was accepted.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use tokio::sync::watch;

use crate::certificates;
use crate::config::{Config, Limits, Overrides, Sections};
use crate::observers::Observers;
use crate::proxy::{self, Current, Handover, Proxy, Repaired};
use crate::rule::pack::mode_word;
use crate::server::{Settings, Terms, Tls};
use crate::upstream::BuildError;
use crate::watch::{Reload, Reloaded};

/// Where the configuration is read again.
pub struct Source {
    /// The file. Without one nothing is.
    pub path: Option<PathBuf>,
    /// The environment as it was at the start.
    pub env: Vec<(String, String)>,
    /// The flags of the command line.
    pub flags: Overrides,
    /// Fits what is configured to what the system allows.
    pub fit: fn(&mut Limits),
}

impl Source {
    /// Nowhere.
    pub fn none() -> Self {
        Self {
            path: None,
            env: Vec::new(),
            flags: Overrides::default(),
            fit: |_| {},
        }
    }
}

/// Variables may hold secrets.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Why a configuration that is right by itself can't be used here and now.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// An upstream can't be used.
    #[error(transparent)]
    Upstream(#[from] BuildError),
    /// The listener's certificate can't be used.
    #[error("listen.tls: {0}")]
    Tls(#[from] certificates::Fault),
    /// An upstream is this proxy itself.
    #[error(
        "upstream {0:?} is this proxy's own address: every request would come back to it for ever"
    )]
    Loop(String),
}

/// The configuration in force, and what serves by it.
#[derive(Debug)]
pub struct Live {
    source: Source,
    observers: Observers,
    /// Where callers connect.
    address: SocketAddr,
    proxy: Current<Proxy<Repaired>>,
    terms: watch::Sender<Terms>,
    in_force: RwLock<Arc<InForce>>,
    /// Held while another one is read: one at a time.
    reading: Mutex<()>,
}

#[derive(Debug)]
struct InForce {
    /// Counts from 1, which is that of the start.
    number: u64,
    config: Config,
    /// What was read, before it was fitted to the system.
    read: Sections,
    left: Left,
}

/// What is taken over by the next one as far as it asks for the same.
#[derive(Debug, Default)]
struct Left {
    tls: Option<Tls>,
    /// Whether callers are told apart: connections of before must say who they are, too.
    peers: Arc<AtomicBool>,
    handover: Handover,
    /// What is looked after for as long as this is in force.
    reloads: Vec<Arc<dyn Reload>>,
}

impl Live {
    /// Begins with `config`, for a listener at `address`. `source` is where it came from.
    pub fn new(
        config: &Config,
        source: Source,
        observers: Observers,
        address: SocketAddr,
    ) -> Result<Self, Unusable> {
        let read = config.sections();
        let mut config = config.clone();
        (source.fit)(&mut config.limits);
        let made = Made::new(&config, &Left::default(), &observers, address)?;
        let tells_apart = !config.access.clients.is_empty();
        made.left.peers.store(tells_apart, Ordering::Relaxed);
        warn_if_open(&config);
        observers.metrics().config_read(true);
        Ok(Self {
            source,
            address,
            proxy: Current::new(made.proxy),
            terms: watch::Sender::new(made.terms),
            in_force: RwLock::new(Arc::new(InForce {
                number: 1,
                config,
                read,
                left: made.left,
            })),
            observers,
            reading: Mutex::new(()),
        })
    }

    /// What answers requests, by whatever is in force when they come.
    pub fn proxy(&self) -> Current<Proxy<Repaired>> {
        self.proxy.clone()
    }

    /// What holds for connections.
    pub fn terms(&self) -> watch::Receiver<Terms> {
        self.terms.subscribe()
    }

    /// The configuration in force, as a file, with nothing secret in it.
    pub fn to_toml(&self) -> String {
        self.in_force().config.to_toml()
    }

    /// Which callers still send what is broken, and what the rules in force make of it, as JSON.
    pub fn report(&self) -> String {
        let in_force = self.in_force();
        let Config {
            compiled, repair, ..
        } = &in_force.config;
        let ledger = self.observers.ledger();
        ledger
            .report(compiled, repair, SystemTime::now())
            .to_string()
    }

    /// How far rules go that don't say so themselves, in the configuration's word.
    pub fn mode(&self) -> &'static str {
        mode_word(self.in_force().config.repair.mode)
    }

    /// Forgets every snapshot.
    pub fn forget(&self) {
        if let Some(store) = self.in_force().left.handover.store() {
            store.clear();
        }
    }

    /// Sends the traces that wait, within the bound that is configured for it.
    pub async fn flush(&self) {
        let in_force = self.in_force();
        if let Some(exports) = in_force.left.handover.exports() {
            exports.flush().await;
        }
    }

    /// Whether there is a file that can be read again.
    pub fn has_file(&self) -> bool {
        self.source.path.is_some()
    }

    fn in_force(&self) -> Arc<InForce> {
        // It is replaced as a whole: a panic elsewhere can't leave it half changed.
        let in_force = self.in_force.read();
        Arc::clone(&in_force.unwrap_or_else(PoisonError::into_inner))
    }

    fn read_again(&self) -> Result<Reloaded, String> {
        let Some(path) = &self.source.path else {
            return Ok(Reloaded::Same);
        };
        let before = self.in_force();
        let (env, flags) = (self.source.env.iter().cloned(), self.source.flags.clone());
        let config = Config::load_again(path, env, flags, &before.config);
        let mut config = config.map_err(|faults| faults.to_string())?;
        let read = config.sections();
        if read == before.read {
            return Ok(Reloaded::Same);
        }
        (self.source.fit)(&mut config.limits);
        config.follow(&before.config);
        let made = Made::new(&config, &before.left, &self.observers, self.address)
            .map_err(|unusable| format!("{}: {unusable}", path.display()))?;
        warn_if_open(&config);
        let number = before.number + 1;
        let changed = read.differing(&before.read).join(", ");
        self.put_in_force(
            made.proxy,
            made.terms,
            InForce {
                number,
                config,
                read,
                left: made.left,
            },
        );
        Ok(Reloaded::New(format!(
            "configuration {number}, changed in {changed}"
        )))
    }

    /// From here on nothing can fail.
    fn put_in_force(&self, proxy: Proxy<Repaired>, terms: Terms, next: InForce) {
        let (peers, tells_apart) = (
            Arc::clone(&next.left.peers),
            !next.config.access.clients.is_empty(),
        );
        // Before anybody asks who a caller is, and for as long as somebody does.
        peers.fetch_or(tells_apart, Ordering::SeqCst);
        self.proxy.replace(proxy);
        peers.store(tells_apart, Ordering::SeqCst);
        self.terms.send_replace(terms);
        let mut in_force = self
            .in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *in_force, Arc::new(next));
        drop(in_force);
        // Not under the lock: with it goes what nobody took over.
        drop(before);
    }
}

fn warn_if_open(config: &Config) {
    if config.is_open() {
        tracing::warn!(
            address = %config.listen,
            "whoever reaches this proxy may use it: listen.allow_anyone is true, and there is no [[client]]"
        );
    }
}

impl Reload for Live {
    fn name(&self) -> &'static str {
        "config"
    }

    fn files(&self) -> Vec<PathBuf> {
        let Some(path) = &self.source.path else {
            return Vec::new();
        };
        let mut files = self.in_force().config.files();
        files.insert(0, path.clone());
        files
    }

    fn reload(&self) -> Result<Reloaded, String> {
        let reading = self.reading.lock();
        let _reading = reading.unwrap_or_else(PoisonError::into_inner);
        let result = self.read_again();
        self.observers.metrics().config_read(result.is_ok());
        result
    }

    fn not_after(&self) -> Option<SystemTime> {
        None
    }

    /// The beginning of a configuration may well be one.
    fn may_look_whole(&self) -> bool {
        true
    }

    fn parts(&self) -> Vec<Arc<dyn Reload>> {
        self.in_force().left.reloads.clone()
    }
}

/// What a configuration asks for, made and not yet in use.
struct Made {
    proxy: Proxy<Repaired>,
    terms: Terms,
    left: Left,
}

impl Made {
    fn new(
        config: &Config,
        before: &Left,
        observers: &Observers,
        address: SocketAddr,
    ) -> Result<Self, Unusable> {
        // An upstream that is our own listener answers nothing: each request would become another one. With
        // port 0 only the system can tell.
        let mut upstreams = config.upstreams.iter();
        if let Some(upstream) = upstreams.find(|upstream| upstream.leads_to(address)) {
            return Err(Unusable::Loop(upstream.name.clone()));
        }
        let metrics = observers.metrics();
        let files = config.listen_tls.as_ref();
        let tls = files.map(|files| {
            let kept = before.tls.as_ref().filter(|tls| tls.made_of() == files);
            kept.map_or_else(|| Tls::new(files, metrics), |tls| Ok(tls.clone()))
        });
        let tls = tls.transpose()?;
        let (proxy, handover) = proxy::build(config, &before.handover, observers)?;
        let mut reloads = proxy.reloads().to_vec();
        reloads.extend(tls.as_ref().map(Tls::reload));
        let peers = Arc::clone(&before.peers);
        let settings = Settings {
            metrics: Some(metrics.clone()),
            peers: Arc::clone(&peers),
            ..Settings::new(&config.limits, &config.timeouts)
        };
        Ok(Self {
            proxy,
            terms: Terms {
                settings,
                tls: tls.clone(),
            },
            left: Left {
                tls,
                peers,
                handover,
                reloads,
            },
        })
    }
}
