use std::io::Write as _;
use std::net::SocketAddr;

use http::Method;
use patchwright::cli::serve::{ServeError, Server};
use patchwright::config::{Config, Overrides, Pack};
use patchwright::simulator::{Data, Options, Received, Simulator, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Caller, within};

/// Bounds that no test meets by accident, and snapshots that outlast every test.
const ROOMY: [(&str, &str); 2] = [
    ("[cache]", "max_age = \"60s\""),
    ("[timeouts]", "connect = \"10s\"\nlookup = \"15s\""),
];

/// The strict simulator, and the proxy in front of it as `serve` runs it.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    /// Where the simulator listens.
    pub(crate) upstream: SocketAddr,
    /// Callers that go through the proxy.
    pub(crate) proxied: Caller,
    /// Callers that go straight to the simulator.
    pub(crate) straight: Caller,
    pub(crate) operator: Caller,
    pub(crate) proxy: Running,
    stop_upstream: Option<oneshot::Sender<()>>,
    serving: JoinHandle<std::io::Result<()>>,
}

/// A proxy as `serve` runs it.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// The proxy drains when this is dropped.
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) ended: JoinHandle<Result<(), ServeError>>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with("").await
    }

    /// With the configuration file `toml`; see [`proxy`].
    pub(crate) async fn with(toml: &str) -> Self {
        Self::of(toml, Options::default()).await
    }

    /// With the simulator's data file `json`.
    pub(crate) async fn knowing(json: &str) -> Self {
        let data = Data::parse(json).unwrap();
        let options = Options {
            data,
            ..Options::default()
        };
        Self::of("", options).await
    }

    /// With the published API and the rules for it.
    pub(crate) async fn official() -> Self {
        let options = Options {
            rules: Pack::Official,
            ..Options::default()
        };
        Self::of("rules = \"official\"", options).await
    }

    pub(crate) async fn of(toml: &str, options: Options) -> Self {
        let simulator = Simulator::new(options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(serve(listener, simulator.clone(), async {
            drop(stopped.await);
        }));
        let proxy = proxy(toml, upstream);
        Self {
            simulator,
            upstream,
            proxied: Caller::to(proxy.address),
            straight: Caller::to(upstream),
            operator: Caller::to(proxy.admin),
            proxy,
            stop_upstream: Some(stop),
            serving,
        }
    }

    /// How many requests with this method reached the upstream.
    pub(crate) fn saw(&self, method: &Method) -> u64 {
        self.simulator.count(method)
    }

    /// The PATCHes that reached the upstream, oldest first.
    pub(crate) fn patches(&self) -> Vec<Received> {
        let mut requests = self.simulator.requests();
        requests.retain(|request| request.method == Method::PATCH);
        requests
    }

    /// Ends the upstream; its address refuses connections from then on.
    pub(crate) async fn end_upstream(&mut self) {
        drop(self.stop_upstream.take());
        let ended = within("the upstream's end", &mut self.serving).await;
        ended.unwrap().unwrap();
    }

    /// The counters, as text.
    pub(crate) async fn metrics(&self) -> String {
        let page = self.operator.request(Method::GET, "/metrics").send().await;
        page.text().to_owned()
    }

    /// Waits until so many requests are being answered by the proxy.
    pub(crate) async fn in_flight(&self, count: usize) {
        let line = format!("patchwright_in_flight {count}\n");
        within(&line, async {
            while !self.metrics().await.contains(&line) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

/// A proxy with the configuration file `toml`, where `UPSTREAM` stands for the upstream's address; with
/// no `[[upstream]]` there is one for everything. Sections that it doesn't have are roomy.
pub(crate) fn proxy(toml: &str, upstream: SocketAddr) -> Running {
    let missing = ROOMY.iter().filter(|(section, _)| !toml.contains(section));
    let missing = missing.map(|(section, keys)| format!("\n{section}\n{keys}\n"));
    let text = toml.replace("UPSTREAM", &upstream.to_string()) + &missing.collect::<String>();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let loopback = "127.0.0.1:0".parse().ok();
    let url = || format!("http://{upstream}");
    let flags = Overrides {
        listen: loopback,
        admin: loopback,
        upstream: (!toml.contains("[[upstream]]")).then(url),
        ..Overrides::default()
    };
    let config = Config::load(Some(file.path()), [], flags).unwrap_or_else(|f| panic!("{f}"));
    let server = Server::bind(&config).unwrap();
    let (address, admin) = (server.address().unwrap(), server.admin_address().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = tokio::spawn(server.run(async {
        drop(stopped.await);
    }));
    Running {
        address,
        admin,
        stop: Some(stop),
        ended,
    }
}
