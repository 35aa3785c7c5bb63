//! `patchwright serve`: the proxy.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, watch};

use super::Failure;
use super::descriptors;
use super::listen::{ListenError, listen};
use super::settings::{ConfigArgs, LogArgs, environment};
use crate::admin::{self, Admin, Content, Figures, Readiness, Recent};
use crate::config::Config;
use crate::live::{Live, Source, Unusable};
use crate::metrics::Metrics;
use crate::observers::Observers;
use crate::server::{Workers, serve, serve_by};
use crate::telemetry::Switch;
use crate::watch::{EVERY, Reload, Watch};

const MORE: &str = "\
Prints one line on stdout per socket (\"proxy listening on http://…\"); logs go to stderr.
SIGTERM and SIGINT let requests in flight finish, up to timeouts.drain. SIGHUP has the
configuration and the certificates read again; so does a change of their files.

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
    /// The configuration can't be used here and now.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// The system failed us.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Serves until told to stop.
pub fn run(args: &ServeArgs) -> Result<(), Failure> {
    let config = args.config.load()?;
    let log = args.log.install()?;
    let source = Source {
        path: args.config.config.clone(),
        env: environment().collect(),
        flags: args.config.overrides(),
        fit: |limits| descriptors::fit(limits, descriptors::raise()),
    };
    let runtime = super::runtime()?;
    let served = runtime.block_on(serve_until_signal(&config, source, log));
    // Not waiting for threads of the runtime: a name that is being resolved, or a file that is looked at on
    // a file system that hangs, must not hold the exit up.
    runtime.shutdown_background();
    Ok(served?)
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Unusable(_) => Self::Usage(error.to_string()),
            _ => Self::Runtime(error.to_string()),
        }
    }
}

/// Serves until SIGTERM or SIGINT, drains, and returns; a second signal ends the draining.
async fn serve_until_signal(
    config: &Config,
    source: Source,
    log: Switch,
) -> Result<(), ServeError> {
    // Before anything is announced: whoever reads the announcement may send a signal at once.
    let mut signals = Signals::new()?;
    let mut hangup = signal(SignalKind::hangup())?;
    let server = Server::reloading(config, source)?.switching(log);
    server.announce()?;
    let (read_again, has_file) = (server.read_again(), server.live.has_file());
    let hangups = async {
        while hangup.recv().await.is_some() {
            if !has_file {
                tracing::info!("SIGHUP: there is no configuration file to read again (--config)");
            }
            read_again.notify_one();
        }
        std::future::pending::<()>().await;
    };
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
        () = hangups => Ok(()),
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

/// As many as the process may use, be it by affinity or by the quota of its container.
fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Ends when the other side of the channel is dropped.
async fn dropped(mut other: watch::Receiver<()>) {
    while other.changed().await.is_ok() {}
}

/// The proxy and its admin listener, bound and not yet serving.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    workers: Workers,
    live: Arc<Live>,
    watch: Watch,
    read_again: Arc<Notify>,
    every: Duration,
    operators: TcpListener,
    content: Content,
}

impl Server {
    /// Checks what only the system can tell, and binds both listeners.
    pub fn bind(config: &Config) -> Result<Self, ServeError> {
        Self::reloading(config, Source::none())
    }

    /// As [`bind`](Self::bind), with a configuration that is read again from `source`.
    pub fn reloading(config: &Config, source: Source) -> Result<Self, ServeError> {
        let (metrics, recent) = (Metrics::new(), Recent::default());
        let observers = Observers::new(metrics.clone(), recent.clone());
        let listener = listen(config.listen, "listen")?;
        let workers = config.limits.workers.unwrap_or_else(cores);
        let workers = Workers::start(workers)?;
        let live = Live::new(config, source, observers, listener.local_addr()?)?;
        let live = Arc::new(live);
        let operators = listen(config.admin, "admin")?;
        let root = Arc::clone(&live) as Arc<dyn Reload>;
        let (shown, reporting) = (Arc::clone(&live), Arc::clone(&live));
        let (forgetting, moded) = (Arc::clone(&live), Arc::clone(&live));
        let figures = Figures::new(metrics.tally(), Box::new(move || moded.mode()));
        Ok(Self {
            listener,
            workers,
            live,
            watch: Watch::new([root], metrics.clone()),
            read_again: Arc::default(),
            every: EVERY,
            operators,
            content: Content {
                metrics,
                recent,
                figures,
                config: Box::new(move || shown.to_toml()),
                report: Box::new(move || reporting.report()),
                forget: Box::new(move || forgetting.forget()),
                log: None,
            },
        })
    }

    /// Lets operators switch what is logged.
    #[must_use]
    pub fn switching(self, log: Switch) -> Self {
        let content = Content {
            log: Some(log),
            ..self.content
        };
        Self { content, ..self }
    }

    /// Looks for changed files so often.
    #[must_use]
    pub fn looking_every(self, every: Duration) -> Self {
        Self { every, ..self }
    }

    /// Has all files read again at once when it is notified.
    pub fn read_again(&self) -> Arc<Notify> {
        Arc::clone(&self.read_again)
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
        let tls = self.live.terms().borrow().tls.is_some();
        let scheme = if tls { "https" } else { "http" };
        writeln!(stdout, "proxy listening on {scheme}://{}", self.address()?)?;
        let admin = self.admin_address()?;
        writeln!(stdout, "admin listening on http://{admin}")?;
        stdout.flush()
    }

    /// Serves until `shutdown` ends, drains, and returns.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let ready = Readiness::default();
        ready.set(true);
        let reading = tokio::spawn(self.content.figures.clone().keep());
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
        let (proxy, terms) = (self.live.proxy(), self.live.terms());
        let live = self.live;
        let serving = async move {
            let served = serve_by(self.listener, proxy, self.workers, terms, shutdown).await;
            // Of the last requests, too.
            live.flush().await;
            drop(serving);
            served
        };
        // While draining, too: requests in flight may need new connections to the upstream.
        let watching = tokio::spawn(self.watch.run(self.every, self.read_again));
        let (served, operated) = tokio::join!(serving, operating);
        watching.abort();
        reading.abort();
        served?;
        operated?;
        tracing::info!("stopped");
        Ok(())
    }
}
