use std::net::SocketAddr;
use std::time::Duration;

use patchwright::config::{Cache, Config, Limits, Pack, Timeouts, Upstream};
use patchwright::layer::options::Options;
use patchwright::metrics::Metrics;
use patchwright::proxy;
use patchwright::server::{Settings, serve};
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
        let loopback = "127.0.0.1:0".parse().unwrap();
        Self {
            config: Config {
                pack: Pack::Strict,
                listen: loopback,
                admin: loopback,
                upstreams: vec![upstream("api", "/", url)],
                repair: Options::default(),
                cache: Cache {
                    max_age: Duration::from_secs(2),
                    capacity: 100,
                    max_bytes: 1 << 20,
                    learn: true,
                    partition_key: None,
                },
                limits: Limits {
                    concurrency: 1024,
                    connections: 1024,
                    header_bytes: 64 << 10,
                    lookups: 16,
                    lookup_bytes: 1 << 20,
                },
                timeouts: Timeouts {
                    connect: Duration::from_secs(5),
                    lookup: Duration::from_secs(5),
                    request: Duration::from_secs(60),
                    header_read: Duration::from_secs(60),
                    idle: Duration::from_secs(60),
                    upstream_idle: Duration::from_secs(60),
                    drain: Duration::from_secs(60),
                },
                sources: Vec::new(),
                rules: Vec::new(),
            },
        }
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        Self::to(&format!("http://{address}"))
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    pub(crate) async fn start(self) -> Running {
        let metrics = Metrics::new().unwrap();
        let service = proxy::build(&self.config, &metrics).unwrap();
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

pub(crate) fn upstream(name: &str, prefix: &str, url: &str) -> Upstream {
    Upstream {
        name: name.to_owned(),
        url: url.parse().unwrap(),
        prefix: prefix.to_owned(),
        strip_prefix: false,
        ca: None,
        http2: false,
    }
}

impl Running {
    pub(crate) async fn caller(&self) -> Peer {
        Peer::connect(self.address).await
    }

    pub(crate) fn shut_down(&mut self) {
        self.shutdown.take().unwrap().send(()).unwrap();
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
