//! `patchwright serve`: the proxy.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::Failure;
use super::descriptors;
use super::listen::{ListenError, listen};
use super::settings::{ConfigArgs, LogArgs};
use crate::admin::{self, Admin, Content, Readiness, Recent};
use crate::certificates;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::observers::Observers;
use crate::proxy::{self, Proxy, Repaired};
use crate::redis;
use crate::server::{Listener, Settings, Tls, serve};
use crate::upstream::BuildError;
use crate::watch::{EVERY, Reload, Watch};

const MORE: &str = "\
Prints one line on stdout per socket (\"proxy listening on http://…\"); logs go to stderr.
SIGTERM and SIGINT let requests in flight finish, up to timeouts.drain.

Examples:
  patchwright serve --upstream https://api.mypurecloud.com
  patchwright serve --config patchwright.toml --log-format json
  PATCHWRIGHT__CACHE__MAX_AGE=5s patchwright serve --config patchwright.toml

Exit codes:
  0  stopped as asked
  1  it failed while running, such as when an address is taken
  2  the configuration or the command line is wrong";

/// Arguments of `serve`.
#[derive(Debug, Args)]
#[command(after_help = MORE)]
pub struct ServeArgs {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// What is logged.
    #[command(flatten)]
    pub log: LogArgs,
}

/// Nobody waits for more than a page here.
const ADMIN_DRAIN: Duration = Duration::from_millis(200);

/// Why `serve` gave up.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A listener could not be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
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
    /// The metrics could not be set up.
    #[error("can't set up metrics: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// The system failed us.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Serves until told to stop.
pub fn run(args: &ServeArgs) -> Result<(), Failure> {
    let mut config = args.config.load()?;
    args.log.install()?;
    descriptors::fit(&mut config.limits, descriptors::raise());
    let runtime = tokio::runtime::Runtime::new().map_err(ServeError::from)?;
    let served = runtime.block_on(serve_until_signal(&config));
    // Not waiting for threads of the runtime: a name that is being resolved, or a file that is looked at on
    // a file system that hangs, must not hold the exit up.
    runtime.shutdown_background();
    Ok(served?)
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Upstream(_) | ServeError::Tls(_) | ServeError::Loop(_) => {
                Self::Usage(error.to_string())
            }
            _ => Self::Runtime(error.to_string()),
        }
    }
}

/// Serves until SIGTERM or SIGINT, drains, and returns; a second signal ends the draining.
async fn serve_until_signal(config: &Config) -> Result<(), ServeError> {
    // Before anything is announced: whoever reads the announcement may send a signal at once.
    let mut signals = Signals::new()?;
    let server = Server::bind(config)?;
    server.announce()?;
    let (first, stop) = watch::channel(());
    let twice = async {
        signals.next().await;
        drop(first);
        signals.next().await;
        tracing::warn!("stopped by a second signal");
    };
    tokio::select! {
        ended = server.run(dropped(stop)) => ended,
        () = twice => Ok(()),
    }
}

/// Ends at the first SIGTERM or SIGINT from now on.
pub(super) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut signals = Signals::new()?;
    Ok(async move { signals.next().await })
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ends when the other side of the channel is dropped.
async fn dropped(mut other: watch::Receiver<()>) {
    while other.changed().await.is_ok() {}
}

/// The proxy and its admin listener, bound and not yet serving.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    tls: Option<Tls>,
    watch: Watch,
    proxy: Proxy<Repaired>,
    settings: Settings,
    operators: TcpListener,
    content: Content,
}

impl Server {
    /// Checks what only the system can tell, and binds both listeners.
    pub fn bind(config: &Config) -> Result<Self, ServeError> {
        let (metrics, recent) = (Metrics::new()?, Recent::default());
        let observers = Observers::new(metrics.clone(), recent.clone());
        let store = redis::store(config, &observers);
        let proxy = proxy::build(config, &store, &observers)?;
        let tls = config.listen_tls.as_ref();
        let tls = tls.map(|files| Tls::new(files, &metrics)).transpose()?;
        let watched = proxy.reloads().iter().cloned();
        let own = tls.clone().map(|tls| Arc::new(tls) as Arc<dyn Reload>);
        let watch = Watch::new(watched.chain(own), metrics.clone());
        let listener = listen(config.listen, "listen")?;
        refuse_loop(config, listener.local_addr()?)?;
        let operators = listen(config.admin, "admin")?;
        Ok(Self {
            listener,
            tls,
            watch,
            proxy,
            settings: Settings {
                metrics: Some(metrics.clone()),
                ..Settings::new(&config.limits, &config.timeouts)
            },
            operators,
            content: Content {
                metrics,
                recent,
                config: config.to_toml(),
                forget: Box::new(move || store.clear()),
            },
        })
    }

    /// Where callers connect.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Where operators connect.
    pub fn admin_address(&self) -> io::Result<SocketAddr> {
        self.operators.local_addr()
    }

    /// Says on stdout where the sockets are bound. Scripts read it, above all with port 0.
    pub fn announce(&self) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        writeln!(stdout, "proxy listening on {scheme}://{}", self.address()?)?;
        let admin = self.admin_address()?;
        writeln!(stdout, "admin listening on http://{admin}")?;
        stdout.flush()
    }

    /// Serves until `shutdown` ends, drains, and returns.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let ready = Readiness::default();
        ready.set(true);
        let admin = Admin::new(self.content, ready.clone());
        let shutdown = async move {
            shutdown.await;
            // First of all: load balancers stop sending while what they sent already is still served.
            ready.set(false);
            tracing::info!("draining");
        };
        // The admin listener outlives the proxy's: it says that the process is draining.
        let (serving, over) = watch::channel(());
        let bounds = admin::settings(ADMIN_DRAIN);
        let operating = serve(self.operators, admin, bounds, dropped(over));
        let listener = Listener::new(self.listener, self.tls);
        let serving = async move {
            let served = serve(listener, self.proxy, self.settings, shutdown).await;
            drop(serving);
            served
        };
        // While draining, too: requests in flight may need new connections to the upstream.
        let watching = tokio::spawn(self.watch.run(EVERY));
        let (served, operated) = tokio::join!(serving, operating);
        watching.abort();
        served?;
        operated?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// An upstream that is our own listener answers nothing: each request would become another one.
fn refuse_loop(config: &Config, own: SocketAddr) -> Result<(), ServeError> {
    let mut upstreams = config.upstreams.iter();
    match upstreams.find(|upstream| upstream.leads_to(own)) {
        Some(upstream) => Err(ServeError::Loop(upstream.name.clone())),
        None => Ok(()),
    }
}
