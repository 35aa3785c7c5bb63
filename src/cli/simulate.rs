//! `patchwright simulate`: an upstream to try things on, on a socket of its own.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;

use super::serve::stop_signal;

use crate::rule::pack::Pack;
use crate::simulator::{Data, Fault, Options, Simulator, serve};

/// A data file is read into memory; this is far above any that was written by hand.
const DATA_BYTES: u64 = 64 << 20;

/// Ids, answers, control endpoints and data files, in the words of the manual.
const AFTER_HELP: &str = include_str!("simulate.txt");

/// The API, as the rule pack says it is: something to send requests to without an organisation.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub struct SimulateArgs {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,

    /// Which upstream to be: the one that these rules are made for.
    #[arg(long, value_name = "PACK", value_enum, default_value_t = Pack::Strict)]
    pub rules: Pack,

    /// JSON file with conversations that replace the built-in ones, faults and changes.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,

    /// Milliseconds that every answer takes longer.
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=600_000))]
    pub latency: u64,

    /// Requests per minute and token; those above are answered 429 with `Retry-After`.
    #[arg(long, value_name = "N")]
    pub rate_limit: Option<NonZeroU32>,

    /// A fault: drop-before, drop-after, hold, slow, slow=MS or a status, and the share of requests that
    /// it meets (0.1 is every tenth), for example drop-after:0.1:PATCH. May be repeated.
    #[arg(long = "fault", value_name = "KIND:RATE[:METHOD]")]
    pub faults: Vec<Fault>,

    /// Adds this many conversations with ids that follow from their number, for load tests.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub generate: u32,
}

/// Why it ended.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{}: {problem}", file.display())]
    Data { file: PathBuf, problem: String },
    #[error("cannot listen on {address}: {source}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("{0}")]
    Serve(#[from] io::Error),
}

/// Serves until SIGINT or SIGTERM.
pub fn run(args: &SimulateArgs) -> Result<(), super::Failure> {
    super::runtime()?.block_on(async {
        // Before the listening line: who has read that may send a signal.
        let stop = stop_signal().map_err(Failure::from)?;
        simulate(args.clone(), stop).await
    })?;
    Ok(())
}

impl From<Failure> for super::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Data { .. } => Self::Usage(failure.to_string()),
            Failure::Listen { .. } | Failure::Serve(_) => Self::Runtime(failure.to_string()),
        }
    }
}

async fn simulate(args: SimulateArgs, shutdown: impl Future<Output = ()>) -> Result<(), Failure> {
    let address = args.listen;
    let simulator = Simulator::new(options(args)?);
    let refused = |source| Failure::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    announce(listener.local_addr()?)?;
    Ok(serve(listener, simulator, shutdown).await?)
}

fn options(args: SimulateArgs) -> Result<Options, Failure> {
    let mut data = args
        .data
        .as_deref()
        .map(read)
        .transpose()?
        .unwrap_or_default();
    data.faults.extend(args.faults);
    Ok(Options {
        rules: args.rules,
        latency: Duration::from_millis(args.latency),
        rate_limit: args.rate_limit,
        generate: args.generate,
        data,
    })
}

fn read(file: &Path) -> Result<Data, Failure> {
    let wrong = |problem| Failure::Data {
        file: file.to_owned(),
        problem,
    };
    let size = std::fs::metadata(file)
        .map_err(|error| wrong(error.to_string()))?
        .len();
    if size > DATA_BYTES {
        return Err(wrong(format!("larger than {DATA_BYTES} bytes")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    Data::parse(&text).map_err(|error| wrong(error.to_string()))
}

fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = anstream::stdout();
    writeln!(out, "simulator listening on http://{address}")?;
    // Whoever waits for this line waits for it through a pipe.
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::seed;
    use clap::{CommandFactory, Parser};

    #[derive(Parser)]
    enum Cli {
        Simulate(SimulateArgs),
    }

    fn parse(flags: &[&str]) -> Result<SimulateArgs, clap::Error> {
        let flags = ["patchwright", "simulate"].iter().chain(flags);
        Cli::try_parse_from(flags).map(|Cli::Simulate(args)| args)
    }

    #[test]
    fn flags_become_options() {
        let flags = [
            "--latency",
            "20",
            "--rate-limit",
            "300",
            "--fault",
            "drop-after:0.1:PATCH",
            "--generate",
            "5",
        ];
        let options = options(parse(&flags).unwrap()).unwrap();
        assert_eq!(options.latency, Duration::from_millis(20));
        assert_eq!(options.rate_limit, NonZeroU32::new(300));
        assert_eq!(options.generate, 5);
        assert_eq!(
            options.data.faults,
            ["drop-after:0.1:PATCH".parse::<Fault>().unwrap()]
        );
    }

    #[test]
    fn flags_that_make_no_sense_are_refused() {
        for flags in [
            ["--rate-limit", "0"],
            ["--fault", "503"],
            ["--generate", "100001"],
            ["--latency", "x"],
            ["--rules", "lax"],
        ] {
            assert!(parse(&flags).is_err(), "{flags:?}");
        }
    }

    #[test]
    fn the_upstream_is_the_strict_one_unless_told_otherwise() {
        for (flags, rules) in [
            (&[][..], Pack::Strict),
            (&["--rules", "strict"], Pack::Strict),
            (&["--rules", "official"], Pack::Official),
        ] {
            assert_eq!(
                options(parse(flags).unwrap()).unwrap().rules,
                rules,
                "{flags:?}"
            );
        }
    }

    #[tokio::test]
    async fn either_upstream_is_served() {
        for rules in ["strict", "official"] {
            let flags = ["--rules", rules, "--listen", "127.0.0.1:0"];
            let ended = simulate(parse(&flags).unwrap(), async {}).await;
            assert!(ended.is_ok(), "{rules}: {ended:?}");
        }
    }

    #[tokio::test]
    async fn exit_codes_tell_usage_from_failure() {
        let occupied = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let taken = occupied.local_addr().unwrap().to_string();
        for (flags, code) in [
            (["--data", "/does/not/exist.json"], Some(2)),
            (["--listen", &taken], Some(1)),
            (["--listen", "127.0.0.1:0"], None),
        ] {
            let ended = simulate(parse(&flags).unwrap(), async {}).await;
            let ended = ended.err().map(|failure| match failure.into() {
                crate::cli::Failure::Runtime(_) => 1,
                _ => 2,
            });
            assert_eq!(ended, code, "{flags:?}");
        }
        drop(occupied);
    }

    #[test]
    fn the_ids_in_the_help_are_those_of_the_seed() {
        let mut command = Cli::command();
        let command = command.find_subcommand_mut("simulate").unwrap();
        let help = command.render_long_help().to_string();
        for id in [
            seed::CALL,
            seed::MESSAGE,
            seed::CHAT,
            seed::EMAIL,
            seed::CALLBACK,
            seed::COBROWSE,
        ] {
            let short = id.replacen("-0000-4000-8000-", "-..-", 1);
            assert!(help.contains(&short), "{id}");
        }
        assert!(help.contains(&seed::participant(seed::CALL, 3)));
        let [first, second] =
            seed::WRAPUP_CODES.map(|code| code.replacen("-0000-4000-8000-", "-..-", 1));
        let tail = second.strip_prefix("3a9c0000-..-000000000").unwrap();
        assert!(help.contains(&format!("{first} and ..{tail}")), "{first}");
    }

    #[test]
    fn the_manual_fits_a_terminal() {
        for line in AFTER_HELP.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
