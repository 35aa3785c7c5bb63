//! A run from its beginning to its verdict.

mod quiet;
mod storm;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use crate::ledger::Ledger;
use crate::process::Process;
use crate::report::{self, Figures};
use crate::rng::Rng;
use crate::shared::Shared;
use crate::steer::{self, Control};
use crate::world::World;
use crate::{Args, echo, relay};

/// How often the proxy is replaced.
const RESTARTS: u32 = 4;

/// What is under test, and around it.
struct Stage {
    shared: Arc<Shared>,
    simulator: Process,
    control: Control,
    /// The proxy's arguments, and itself.
    arguments: Vec<String>,
    program: String,
    proxy: Process,
    followed: Arc<AtomicU64>,
    // Its files are there as long as it is.
    _files: tempfile::TempDir,
}

pub(crate) async fn run(args: &Args, program: &str, seed: u64) -> bool {
    let mut stage = Stage::set(args, program, seed).await;
    let seconds = Duration::from_secs(args.seconds);
    // Memory is compared between the middle and the end, of one and the same process.
    let first = stage
        .storm(seconds * 2 / 5, args.callers, RESTARTS, 0)
        .await;
    let warm = stage.quiet("after the first storm").await;
    let last = stage
        .storm(seconds * 3 / 5, args.callers, 0, args.requests)
        .await;
    let end = stage.quiet("after the last storm").await;
    let struck = stage.control.struck().await;
    stage.settle().await;
    let figures = Figures {
        warm,
        end,
        took: first + last,
        struck,
    };
    let passed = report::report(&stage.shared, &figures, args.requests);
    let (proxy, simulator) = (stage.stop().await, stage.simulator.terminate().await);
    passed && proxy && simulator.is_ok()
}

impl Stage {
    async fn set(args: &Args, program: &str, seed: u64) -> Self {
        let mut rng = Rng::new(seed, "stage", 0);
        let files = tempfile::tempdir().unwrap();
        let file = |name: &str| files.path().join(name).to_string_lossy().into_owned();
        let world = Arc::new(World::new(args.seconds));
        std::fs::write(file("world.json"), world.data()).unwrap();
        let simulate = [
            "simulate",
            "--listen",
            "127.0.0.1:0",
            "--data",
            &file("world.json"),
        ];
        let simulator = Process::start(program, &simulate, 1).await.unwrap();
        let api: SocketAddr = simulator.addresses[0].parse().unwrap();

        let ledger = Arc::new(Ledger::default());
        let echo = relay::listen(0).unwrap();
        let echo_address = echo.local_addr().unwrap();
        tokio::spawn(echo::serve(echo, Arc::clone(&ledger)));

        let (to_api, to_echo, proxy) = (
            relay::port(&mut rng),
            relay::port(&mut rng),
            relay::port(&mut rng),
        );
        let config = include_str!("proxy.toml")
            .replace("{api}", &to_api.to_string())
            .replace("{echo}", &to_echo.to_string());
        std::fs::write(file("proxy.toml"), config).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], proxy));
        let arguments = format!(
            "serve --listen {address} --admin 127.0.0.1:0 --log-level error --config {}",
            file("proxy.toml")
        );
        let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
        let shared = Arc::new(Shared::new(
            seed,
            address,
            Arc::clone(&world),
            Arc::clone(&ledger),
        ));
        tokio::spawn(relay::run(Arc::clone(&shared), to_api, api));
        tokio::spawn(relay::run(Arc::clone(&shared), to_echo, echo_address));
        let followed = Arc::new(AtomicU64::new(0));
        tokio::spawn(steer::follow(
            Control::new(api),
            ledger,
            world,
            Arc::clone(&followed),
        ));
        let proxy = start(program, &arguments).await;
        let (control, program) = (Control::new(api), program.to_owned());
        Self {
            shared,
            simulator,
            control,
            arguments,
            program,
            proxy,
            followed,
            _files: files,
        }
    }

    /// Until no effect has come for a while: late ones count too.
    async fn settle(&self) {
        let mut last = u64::MAX;
        while last != self.followed.load(Ordering::Relaxed) {
            last = self.followed.load(Ordering::Relaxed);
            sleep(Duration::from_secs(1)).await;
        }
    }

    async fn stop(&mut self) -> bool {
        self.proxy.terminate().await.unwrap();
        let ended = self.proxy.ended().await;
        println!("SIGTERM: {ended:?}");
        ended.is_ok_and(|status| status.success())
    }
}

/// Starts the proxy, once its port is free.
async fn start(program: &str, arguments: &[String]) -> Process {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    for _ in 0..500 {
        match Process::start(program, &arguments, 2).await {
            Ok(process) => return process,
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
    panic!("the proxy does not start; VERBOSE=1 shows why");
}
