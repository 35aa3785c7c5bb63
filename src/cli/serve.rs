//! `patchwright serve`.

use std::io::{self, Write as _};
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::listen::{ListenError, listen};
use crate::admin::{self, Admin, Content, Readiness, Recent};
use crate::config::Config;
use crate::metrics::Metrics;
use crate::server::{Settings, serve};
use crate::upstream::BuildError;
use crate::{proxy, server};

/// Why `serve` gave up.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A listener could not be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// An upstream can't be used.
    #[error(transparent)]
    Upstream(#[from] BuildError),
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

/// Serves until SIGTERM or SIGINT, drains, and returns. `shown` is the effective configuration as the
/// admin listener shows it, with nothing secret in it.
pub async fn run(config: Config, shown: String) -> Result<(), ServeError> {
    // Before anything is announced: whoever reads the announcement may send a signal at once.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    serve_until(config, shown, shutdown).await
}

/// Serves until `shutdown` ends, drains, and returns.
pub async fn serve_until(
    config: Config,
    shown: String,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let metrics = Metrics::new()?;
    let recent = Recent::default();
    let proxy = proxy::build(&config, &metrics)?;
    let content = Content {
        metrics,
        recent,
        config: shown,
        forget: Box::new(|| {}),
    };

    let listener = listen(config.listen, "listen")?;
    refuse_loop(&config, listener.local_addr()?)?;
    let operators = listen(config.admin, "admin")?;
    announce("proxy", &listener)?;
    announce("admin", &operators)?;

    let ready = Readiness::default();
    ready.set(true);
    let draining = ready.clone();
    let shutdown = async move {
        shutdown.await;
        // First of all: load balancers stop sending while what they sent already is still served.
        draining.set(false);
        tracing::info!("draining");
    };
    let admin = Admin::new(content, ready);
    let settings = Settings::new(&config.limits, &config.timeouts);
    // The admin listener outlives the proxy's: it says that the process is draining.
    let (finished, mut over) = watch::channel(());
    let operating = serve(operators, admin, admin::settings(ADMIN_DRAIN), async move {
        let _ = over.changed().await;
    });
    let serving = async {
        let served = server::serve(listener, proxy, settings, shutdown).await;
        drop(finished);
        served
    };
    let (served, operated) = tokio::join!(serving, operating);
    served?;
    operated?;
    tracing::info!("stopped");
    Ok(())
}

/// Nobody waits for more than a page here.
const ADMIN_DRAIN: std::time::Duration = std::time::Duration::from_millis(200);

/// An upstream that is our own listener answers nothing: each request would become another one.
fn refuse_loop(config: &Config, own: SocketAddr) -> Result<(), ServeError> {
    for upstream in &config.upstreams {
        let url = &upstream.url;
        let default = if url.scheme_str() == Some("https") {
            443
        } else {
            80
        };
        let same_port = url.port_u16().unwrap_or(default) == own.port();
        let host = url.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let same_host = match bare.parse::<std::net::IpAddr>() {
            Ok(address) => {
                address == own.ip() || (own.ip().is_unspecified() && address.is_loopback())
            }
            Err(_) => {
                bare.eq_ignore_ascii_case("localhost")
                    && (own.ip().is_loopback() || own.ip().is_unspecified())
            }
        };
        if same_port && same_host {
            return Err(ServeError::Loop(upstream.name.clone()));
        }
    }
    Ok(())
}

/// Says on stdout where a socket is bound. Scripts read it, above all with port 0.
fn announce(what: &str, listener: &TcpListener) -> io::Result<()> {
    let address = listener.local_addr()?;
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{what} listening on http://{address}")?;
    stdout.flush()
}
