use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use patchwright::admin::Recent;
use patchwright::config::{Config, Overrides, Pack, Timeouts};
use patchwright::metrics::Metrics;
use patchwright::observers::Observers;
use patchwright::proxy::{self, Handover, Proxy, Repaired};
use patchwright::server::{Listener, Settings, Tls, serve};
use patchwright::upstream::BuildError;
use patchwright::watch::Watch;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Peer, within};

/// Between two looks at the files of certificates: no test wants to wait for as long as the
/// program does.
const LOOK: Duration = Duration::from_millis(20);

/// A proxy about to be started.
pub(crate) struct Gateway {
    pub(crate) config: Config,
}

/// A proxy that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Metrics,
    shutdown: Option<oneshot::Sender<()>>,
    served: JoinHandle<std::io::Result<()>>,
}

impl Gateway {
    /// With one upstream at `url`, and bounds that no test meets by accident.
    pub(crate) fn to(url: &str) -> Self {
        let loopback = "127.0.0.1:0".parse().ok();
        let flags = Overrides {
            upstream: Some(url.to_owned()),
            listen: loopback,
            admin: loopback,
            pack: Some(Pack::Strict),
            ..Overrides::default()
        };
        Self::of(Config::load(None, [], flags).unwrap())
    }

    /// As the configuration file `toml` says, on loopback, with bounds that no test meets by accident.
    pub(crate) fn configured(toml: &str) -> Self {
        let loopback = "127.0.0.1:0".parse().ok();
        let flags = Overrides {
            listen: loopback,
            admin: loopback,
            ..Overrides::default()
        };
        let config = Config::from_text("a.toml", toml, [], flags);
        Self::of(config.unwrap_or_else(|faults| panic!("{faults}")))
    }

    fn of(mut config: Config) -> Self {
        let long = Duration::from_secs(60);
        config.timeouts = Timeouts {
            connect: Duration::from_secs(5),
            lookup: Duration::from_secs(5),
            request: long,
            header_read: long,
            idle: long,
            upstream_idle: long,
            drain: long,
        };
        Self { config }
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        Self::to(&format!("http://{address}"))
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    pub(crate) fn build(&self, metrics: &Metrics) -> Result<Proxy<Repaired>, BuildError> {
        let observers = Observers::new(metrics.clone(), Recent::default());
        let (proxy, _) = proxy::build(&self.config, &Handover::default(), &observers)?;
        Ok(proxy)
    }

    pub(crate) async fn start(self) -> Running {
        let metrics = Metrics::new();
        let service = self.build(&metrics).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = Settings {
            metrics: Some(metrics.clone()),
            peers: Arc::new(AtomicBool::new(!self.config.access.clients.is_empty())),
            ..Settings::new(&self.config.limits, &self.config.timeouts)
        };
        let tls = self.config.listen_tls.as_ref();
        let tls = tls.map(|files| Tls::new(files, &metrics).unwrap());
        let own = tls.as_ref().map(Tls::reload);
        let watched = service.reloads().iter().cloned().chain(own);
        tokio::spawn(Watch::new(watched, metrics.clone()).run(LOOK, Arc::default()));
        let listener = Listener::new(listener, tls);
        let (shutdown, stopped) = oneshot::channel();
        let served = tokio::spawn(serve(listener, service, settings, async {
            let _ = stopped.await;
        }));
        Running {
            address,
            metrics,
            shutdown: Some(shutdown),
            served,
        }
    }
}

impl Running {
    pub(crate) async fn caller(&self) -> Peer {
        Peer::connect(self.address).await
    }

    pub(crate) fn shut_down(&mut self) {
        self.shutdown.take().unwrap().send(()).unwrap();
    }

    /// Waits until new connections are refused. Before that they are ignored for a moment, and one that
    /// was ignored would try again only after a second.
    pub(crate) async fn refuses(&self) {
        let refused = || async {
            let connect = TcpStream::connect(self.address);
            let tried = tokio::time::timeout(Duration::from_millis(5), connect).await;
            tried.is_ok_and(|connected| connected.is_err())
        };
        within("the listener's end", async { while !refused().await {} }).await;
    }

    /// Whether `serve` has not returned.
    pub(crate) fn is_serving(&self) -> bool {
        !self.served.is_finished()
    }

    pub(crate) async fn stopped(self) {
        within("the end of serve", self.served)
            .await
            .unwrap()
            .unwrap();
    }

    /// Asserts a line of the metrics.
    pub(crate) fn counted(&self, line: &str) {
        let text = self.metrics.render();
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
