//! `patchwright demo`: a failing request, and the same one repaired.

use std::io;
use std::net::SocketAddr;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::serve::{ServeError, Server, stop_signal};
use super::{Failure, written};
use crate::config::{Config, Overrides, Pack};
use crate::simulator::{self, Simulator};

mod request;
mod show;

const MORE: &str = "\
Starts the simulator and the proxy on this machine, sends the two requests that the API is known to \
refuse straight (400) and through the proxy (2xx), shows both side by side, then keeps serving and \
prints the curl lines to try.

Examples:
  patchwright demo
  patchwright demo --rules official

Exit codes:
  0  stopped as asked
  1  it failed while running
  2  the command line is wrong";

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(after_help = MORE)]
pub struct DemoArgs {
    /// Where the proxy listens; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Which API to be, and the rules for it
    #[arg(long, value_name = "PACK", default_value = "strict")]
    pub rules: Pack,
}

/// Shows the difference, then serves until told to stop.
pub fn run(args: &DemoArgs) -> Result<(), Failure> {
    super::runtime()?.block_on(demo(args.listen, args.rules))
}

async fn demo(listen: SocketAddr, rules: Pack) -> Result<(), Failure> {
    let stop = stop_signal().map_err(ServeError::from)?;
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(ServeError::from)?;
    let upstream = listener.local_addr().map_err(ServeError::from)?;
    let server = Server::bind(&config(listen, upstream, rules)?)?;
    let proxy = server.address().map_err(ServeError::from)?;
    let options = simulator::Options {
        rules,
        ..simulator::Options::default()
    };
    let simulator = Simulator::new(options);

    let (stopping, stopped) = watch::channel(());
    let over =
        |mut stopped: watch::Receiver<()>| async move { while stopped.changed().await.is_ok() {} };
    let api = simulator::serve(listener, simulator.clone(), over(stopped.clone()));
    let api = tokio::spawn(api);
    written(announce(&server, upstream))?;
    let serving = tokio::spawn(server.run(over(stopped)));
    written(show::all(&simulator, upstream, proxy).await)?;
    stop.await;
    drop(stopping);
    let ended = |error: tokio::task::JoinError| Failure::Runtime(error.to_string());
    serving.await.map_err(ended)??;
    api.await.map_err(ended)?.map_err(ServeError::from)?;
    Ok(())
}

/// The defaults, before the simulator. The environment has no say: the demo is the same everywhere.
fn config(listen: SocketAddr, upstream: SocketAddr, rules: Pack) -> Result<Config, Failure> {
    let flags = Overrides {
        listen: Some(listen),
        admin: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        upstream: Some(format!("http://{upstream}")),
        pack: Some(rules),
        ..Overrides::default()
    };
    Ok(Config::load(None, [], flags)?)
}

fn announce(server: &Server, upstream: SocketAddr) -> io::Result<()> {
    use std::io::Write as _;

    server.announce()?;
    let mut out = anstream::stdout().lock();
    writeln!(out, "simulator listening on http://{upstream}")?;
    out.flush()
}
