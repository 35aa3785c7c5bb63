use std::net::SocketAddr;
use std::time::Duration;

use patchwright::admin::Recent;
use patchwright::config::{Config, Overrides, Pack, Timeouts};
use patchwright::directory::cached::Store;
use patchwright::metrics::Metrics;
use patchwright::observers::Observers;
use patchwright::proxy::{self, Proxy, Repaired};
use patchwright::server::{Settings, serve};
use patchwright::upstream::BuildError;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Peer, within};

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
        };
        let mut config = Config::load(None, [], flags).unwrap();
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
        proxy::build(
            &self.config,
            &Store::new(&self.config.directory()),
            &observers,
        )
    }

    pub(crate) async fn start(self) -> Running {
        let metrics = Metrics::new().unwrap();
        let service = self.build(&metrics).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = Settings::new(&self.config.limits, &self.config.timeouts);
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
