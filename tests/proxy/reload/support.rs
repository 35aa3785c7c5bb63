//! `serve` in this process, with a configuration file that changes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use patchwright::cli::serve::Server;
use patchwright::config::{Config, Overrides};
use patchwright::live::Source;
use tokio::sync::{Notify, oneshot};

use crate::support::{Peer, within};
pub(super) use crate::tls::support::{Folder, Log};

pub(super) const GET: &str = "GET /x HTTP/1.1\r\nHost: p\r\n\r\n";
pub(super) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Between two looks at the file.
const LOOK: Duration = Duration::from_millis(20);
/// As good as never.
const RARELY: Duration = Duration::from_secs(600);

/// Where every file here begins: the sockets, and bounds that no test meets by accident.
const SOCKETS: &str = "[listen]\naddress = \"127.0.0.1:0\"\n[admin]\naddress = \"127.0.0.1:0\"\n";

/// An upstream called `name` for everything.
pub(super) fn to(name: &str, address: SocketAddr) -> String {
    format!("[[upstream]]\nname = \"{name}\"\nurl = \"http://{address}\"\n")
}

/// A file with `text` behind the sockets.
pub(super) fn whole(text: &str) -> String {
    format!("{SOCKETS}{text}")
}

pub(super) struct Reloading {
    pub(super) folder: Folder,
    pub(super) path: PathBuf,
    pub(super) address: SocketAddr,
    admin: SocketAddr,
    asked: Arc<Notify>,
    _stop: oneshot::Sender<()>,
}

impl Reloading {
    /// With a file of `text`, which is read again when a test asks for it and not before.
    pub(super) fn start(text: &str) -> Self {
        Self::started(Folder::new(), text, Overrides::default(), RARELY)
    }

    /// With a file in `folder` that is read again when it changes.
    pub(super) fn watching(folder: Folder, text: &str, flags: Overrides) -> Self {
        Self::started(folder, text, flags, LOOK)
    }

    pub(super) fn started(folder: Folder, text: &str, flags: Overrides, every: Duration) -> Self {
        let path = folder.path("c.toml");
        if !path.exists() {
            std::fs::write(&path, whole(text)).unwrap();
        }
        let source = Source {
            path: Some(path.clone()),
            flags: flags.clone(),
            ..Source::none()
        };
        let config = Config::load(Some(&path), [], flags);
        let config = config.unwrap_or_else(|faults| panic!("{faults}"));
        let server = Server::reloading(&config, source).unwrap();
        let server = server.looking_every(every);
        let (address, admin) = (server.address().unwrap(), server.admin_address().unwrap());
        let asked = server.read_again();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self {
            folder,
            path,
            address,
            admin,
            asked,
            _stop: stop,
        }
    }

    /// Replaces the file.
    pub(super) fn write(&self, text: &str) {
        self.folder.put("c.toml", &whole(text));
    }

    /// Replaces the file, asks for it to be read as SIGHUP does, and waits until it was; whether it is used.
    pub(super) async fn reads(&self, text: &str) -> bool {
        self.write(text);
        self.rereads().await
    }

    /// As [`reads`](Self::reads), of the file as it is.
    pub(super) async fn rereads(&self) -> bool {
        let before = self.read().await;
        self.asked.notify_one();
        let mut after = before;
        within("reading again", async {
            while after == before {
                after = self.read().await;
            }
        })
        .await;
        after.0 > before.0
    }

    /// How often the file was read and used, and how often it could not be.
    pub(super) async fn read(&self) -> (u32, u32) {
        let metrics = self.page("/metrics").await;
        let count = |result: &str| {
            let start =
                format!("patchwright_reloads_total{{name=\"config\",result=\"{result}\"}} ");
            let line = metrics.lines().find_map(|line| line.strip_prefix(&start));
            line.map_or(0, |count| count.parse().unwrap())
        };
        (count("ok"), count("failed"))
    }

    /// Waits until the file was used so often.
    pub(super) async fn used(&self, count: u32) {
        within("the new configuration", async {
            while self.read().await.0 < count {}
        })
        .await;
    }

    pub(super) async fn page(&self, path: &str) -> String {
        let mut operator = Peer::connect(self.admin).await;
        let admin = self.admin;
        operator
            .send(format!("GET {path} HTTP/1.1\r\nHost: {admin}\r\n\r\n"))
            .await;
        operator.message().await.1
    }

    /// Asserts a line of the metrics.
    pub(super) async fn counts(&self, line: &str) {
        let metrics = self.page("/metrics").await;
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }

    pub(super) async fn caller(&self) -> Peer {
        Peer::connect(self.address).await
    }
}

/// One request and its answer.
pub(super) async fn exchange(caller: &mut Peer, up: &mut Peer) {
    caller.send(GET).await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(caller.message().await.1, "ok");
}
