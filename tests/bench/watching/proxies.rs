//! The processes, as their parent sees them.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A process that ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    /// Where it listens.
    pub(crate) addresses: Vec<SocketAddr>,
}

impl Process {
    pub(crate) fn upstream() -> Self {
        Self::start(&mut this(&[]), &["upstream"], Stdio::inherit())
    }

    /// A proxy, started by `under` if there is any, whose log goes to `log`.
    pub(crate) fn proxy(under: &[&str], watched: bool, upstream: &Self, log: &File) -> Self {
        let upstream = upstream.addresses.first().unwrap().to_string();
        let kind = if watched { "on" } else { "off" };
        let log = log.try_clone().unwrap();
        Self::start(&mut this(under), &["serve", kind, &upstream], log.into())
    }

    fn start(command: &mut Command, arguments: &[&str], stderr: Stdio) -> Self {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.args(arguments).stderr(stderr).spawn().unwrap();
        let (stdin, mut stdout) = (
            child.stdin.take(),
            BufReader::new(child.stdout.take().unwrap()),
        );
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let addresses = line.split_whitespace().map(|word| word.parse().unwrap());
        Self {
            addresses: addresses.collect(),
            child,
            stdin,
            stdout,
        }
    }

    /// CPU time that it used so far, in microseconds.
    pub(crate) fn cpu(&mut self) -> f64 {
        self.stdin.as_ref().unwrap().write_all(b"cpu\n").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim().parse::<f64>().unwrap() / 1000.0
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn end(&mut self) {
        drop(self.stdin.take());
        assert!(self.child.wait().unwrap().success(), "the proxy failed");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program once more.
fn this(under: &[&str]) -> Command {
    let this = std::env::current_exe().unwrap();
    let Some((first, rest)) = under.split_first() else {
        return Command::new(this);
    };
    let mut command = Command::new(first);
    command.args(rest).arg(this);
    command
}
