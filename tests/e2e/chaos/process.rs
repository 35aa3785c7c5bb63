//! The released program as processes of their own.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longest time to start or to end.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Process {
    child: Child,
    pub(crate) pid: u32,
    /// What its `… listening on http://…` lines name, in order.
    pub(crate) addresses: Vec<String>,
}

/// What a process holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) rss_kib: u64,
    pub(crate) descriptors: usize,
    pub(crate) threads: u64,
}

impl Process {
    pub(crate) async fn start(
        program: &str,
        arguments: &[&str],
        sockets: usize,
    ) -> io::Result<Self> {
        let verbose = std::env::var_os("VERBOSE").is_some();
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        command.stderr(if verbose {
            Stdio::inherit()
        } else {
            Stdio::null()
        });
        for (name, _) in std::env::vars_os() {
            // A setting of the machine's own proxy must not become one of this one.
            if name.to_string_lossy().starts_with("PATCHWRIGHT__") {
                command.env_remove(name);
            }
        }
        let mut child = command.spawn()?;
        let pid = child.id().unwrap_or_default();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut addresses = Vec::new();
        while addresses.len() < sockets {
            let line = timeout(PATIENCE, lines.next_line()).await??;
            let Some(line) = line else {
                return Err(io::Error::other(format!(
                    "{arguments:?} did not start; VERBOSE=1 shows why"
                )));
            };
            if let Some((_, address)) = line.split_once(" listening on http://") {
                addresses.push(address.trim().to_owned());
            }
        }
        Ok(Self {
            child,
            pid,
            addresses,
        })
    }

    /// SIGTERM. There is no signal in std, and a crate for one line is one too many.
    pub(crate) async fn terminate(&self) -> io::Result<()> {
        let sent = Command::new("kill")
            .args(["-TERM", &self.pid.to_string()])
            .status()
            .await?;
        if sent.success() {
            Ok(())
        } else {
            Err(io::Error::other("it is gone already"))
        }
    }

    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        timeout(PATIENCE, self.child.wait()).await?
    }

    pub(crate) fn held(&self) -> io::Result<Held> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
                .unwrap_or(0)
        };
        let descriptors = std::fs::read_dir(format!("/proc/{}/fd", self.pid))?.count();
        Ok(Held {
            rss_kib: field("VmRSS:"),
            descriptors,
            threads: field("Threads:"),
        })
    }
}
