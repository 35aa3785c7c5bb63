//! `patchwright simulate`: a stand-in for the API.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::config::Pack;

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Where callers connect; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,
    /// How strict it is
    #[arg(long, value_name = "PACK", default_value = "strict")]
    pub rules: Pack,
    /// Conversations to begin with (JSON)
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Milliseconds before every answer
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub latency: u64,
    /// Requests per minute and credential before it answers 429
    #[arg(long, value_name = "N")]
    pub rate_limit: Option<u32>,
}

/// Serves until told to stop.
pub fn run(_args: &SimulateArgs) -> Result<(), Failure> {
    Err(Failure::Runtime("not part of this build".to_owned()))
}
