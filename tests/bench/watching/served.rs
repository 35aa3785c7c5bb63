//! The proxy of one process.

use std::io::BufRead as _;
use std::net::SocketAddr;
use std::thread;

use patchwright::cli::serve::Server;
use patchwright::config::{Config, Overrides};
use patchwright::live::{Live, Source};
use patchwright::observers::Observers;
use patchwright::server::{Workers, serve_by};
use patchwright::telemetry::{self, Format};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Serves until stdin ends. Says on stdout where it listens (where operators do, if they do), and for each line
/// on stdin how much CPU time was used, in nanoseconds.
pub(crate) fn run(watched: bool, upstream: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (over, shutdown) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        for _ in std::io::stdin().lock().lines() {
            println!("{}", cpu_nanoseconds());
        }
        drop(over);
    });
    let shutdown = async {
        let _ = shutdown.await;
    };
    let config = config(upstream);
    runtime.block_on(async {
        if watched {
            telemetry::install(Format::Text, "info").unwrap();
            let server = Server::bind(&config).unwrap();
            println!(
                "{} {}",
                server.address().unwrap(),
                server.admin_address().unwrap()
            );
            server.run(shutdown).await.unwrap();
        } else {
            let listener = TcpListener::bind(config.listen).await.unwrap();
            let address = listener.local_addr().unwrap();
            let live = Live::new(&config, Source::none(), Observers::off(), address).unwrap();
            println!("{address}");
            let cores = thread::available_parallelism().unwrap();
            let workers = Workers::start(cores.get()).unwrap();
            serve_by(listener, live.proxy(), workers, live.terms(), shutdown)
                .await
                .unwrap();
        }
    });
}

fn config(upstream: &str) -> Config {
    let anywhere: SocketAddr = ([127, 0, 0, 1], 0).into();
    let settings = [("CACHE__MAX_AGE", "5m"), ("TIMEOUTS__DRAIN", "1s")];
    let settings = settings.map(|(name, value)| (format!("PATCHWRIGHT__{name}"), value.to_owned()));
    let flags = Overrides {
        listen: Some(anywhere),
        admin: Some(anywhere),
        upstream: Some(format!("http://{upstream}")),
        ..Overrides::default()
    };
    Config::load(None, settings, flags).unwrap()
}

fn cpu_nanoseconds() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}
