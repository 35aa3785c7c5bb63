//! Arguments that several subcommands share.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::Failure;
use crate::config::{Config, Overrides, Pack};
use crate::document::Faults;
use crate::telemetry::{self, Format, LEVEL_VARIABLE, Switch};

/// Where the configuration comes from.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub struct ConfigArgs {
    /// Configuration file (TOML); without one the defaults hold
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where callers connect, such as 127.0.0.1:8080; port 0 picks a free one
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Where operators connect: health, metrics, recent repairs
    #[arg(long, value_name = "ADDR")]
    pub admin: Option<SocketAddr>,
    /// The API host of your region
    #[arg(
        long,
        value_name = "URL",
        help = "The API host of your region, such as https://api.mypurecloud.com"
    )]
    pub upstream: Option<String>,
    /// The region, for its API and its login, in the place of --upstream
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "upstream",
        help = "The region, for its API and its login, such as mypurecloud.jp or ap_northeast_1"
    )]
    pub region: Option<String>,
    /// The rules that the upstream's behaviour calls for
    #[arg(long, value_name = "PACK")]
    pub rules: Option<Pack>,
}

impl ConfigArgs {
    /// The configuration that these arguments, the file and the environment come to.
    pub fn load(&self) -> Result<Config, Faults> {
        Config::load(self.config.as_deref(), environment(), self.overrides())
    }

    /// The flags among them.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            listen: self.listen,
            admin: self.admin,
            upstream: self.upstream.clone(),
            region: self.region.clone(),
            pack: self.rules,
        }
    }
}

/// The process's environment. Values that are not Unicode are kept as nearly as possible: one that
/// matters is then reported as wrong, instead of being overlooked.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        Some((name, value.to_string_lossy().into_owned()))
    })
}

/// What is logged to stderr, and how.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Logging")]
pub struct LogArgs {
    /// Form of the log lines on stderr
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// The least important lines that are still written
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,
}

impl LogArgs {
    /// Installs the log. The environment's filter wins over the flag. What it says can be switched by the result.
    pub fn install(self) -> Result<Switch, Failure> {
        let format = match self.log_format {
            LogFormat::Text => Format::Text,
            LogFormat::Json => Format::Json,
        };
        let flag = self.log_level.to_possible_value();
        let flag = flag.as_ref().map_or("info", PossibleValue::get_name);
        let level = telemetry::level(std::env::var(LEVEL_VARIABLE).ok(), flag);
        telemetry::install(format, &level).map_err(|error| Failure::Usage(error.to_string()))
    }
}

/// Form of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object per line, for collectors
    Json,
}

/// Importance of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// What an operator must look at
    Error,
    /// What an operator should know
    Warn,
    /// One line per repaired request
    Info,
    /// How each decision came about
    Debug,
    /// Everything that patchwright itself does
    Trace,
}

impl ValueEnum for Pack {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Strict, Self::Official]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Strict => "The upstream answers 400 to a PATCH that lacks state or routing",
            Self::Official => "The API as published: nothing is required, nothing is filled",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}
