use std::net::SocketAddr;
use std::sync::Arc;

use patchwright::cli::serve::{ServeError, Server};
use patchwright::config::{Config, Overrides};
use patchwright::simulator::seed::CALL;
use patchwright::simulator::{Options, Simulator, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::peer::{Head, Peer, within};

pub(crate) const TOKEN: &str = "t0ken-9f3c61";
pub(crate) const BODY: &str = r#"{"attributes":{"attribute-name-7d20":"attribute-value-41aa"}}"#;
pub(crate) const AGENT: &str = "some-agent-77aa";

/// The strict simulator, and the proxy in front of it as `serve` runs it.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) upstream: SocketAddr,
    pub(crate) address: SocketAddr,
    admin: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<Result<(), ServeError>>,
}

impl World {
    /// With `toml` for the traces.
    pub(crate) async fn with(toml: &str) -> Self {
        let simulator = Simulator::new(Options::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, simulator.clone(), std::future::pending()));
        let loopback = "127.0.0.1:0".parse().ok();
        let flags = Overrides {
            listen: loopback,
            admin: loopback,
            ..Overrides::default()
        };
        let text = format!(
            "{toml}\n[cache]\nmax_age = \"60s\"\n[[upstream]]\nname = \"cloud\"\nurl = \"http://{upstream}\"\n\
             [[client]]\nname = \"legacy\"\nnetworks = [\"127.0.0.0/8\"]\n"
        );
        let config = Config::from_text("a.toml", &text, [], flags);
        let server = Server::bind(&config.unwrap_or_else(|faults| panic!("{faults}"))).unwrap();
        let (address, admin) = (server.address().unwrap(), server.admin_address().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(server.run(async {
            drop(stopped.await);
        }));
        Self {
            simulator,
            upstream,
            address,
            admin,
            stop: Some(stop),
            ended,
        }
    }

    /// A PATCH that is repaired, with these lines more. The answer was read whole.
    pub(crate) async fn patch(&self, lines: &str) -> Head {
        let path = format!("{}?query-string-c3f7", path());
        self.send("PATCH", &path, lines, BODY).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, lines: &str, body: &str) -> Head {
        let mut caller = Peer::connect(self.address).await;
        let length = body.len();
        caller
            .send(format!(
                "{method} {path} HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer {TOKEN}\r\nUser-Agent: {AGENT}\r\n\
                 Content-Type: application/json\r\nContent-Length: {length}\r\n{lines}\r\n{body}"
            ))
            .await;
        caller.message().await.0
    }

    /// Drains, and waits for the end.
    pub(crate) async fn end(mut self) {
        drop(self.stop.take());
        within("the end", self.ended).await.unwrap().unwrap();
    }

    pub(crate) async fn metrics(&self) -> String {
        let mut operator = Peer::connect(self.admin).await;
        operator
            .send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await;
        operator.message().await.1
    }

    /// Waits until there is such a line among the metrics.
    pub(crate) async fn counted(self: &Arc<Self>, line: &str) {
        within(line, async {
            while !self.metrics().await.lines().any(|one| one == line) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

pub(crate) fn path() -> String {
    format!(
        "/api/v2/conversations/{CALL}/participants/{}",
        patchwright::simulator::seed::participant(CALL, 3)
    )
}
