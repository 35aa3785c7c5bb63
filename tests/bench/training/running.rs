//! A program that runs for as long as it is wanted.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::Result;

/// It is killed where nobody stops it.
pub(crate) struct Running {
    child: Child,
    url: String,
    // What it says later goes nowhere, but it must be able to say it.
    _says: BufReader<ChildStdout>,
}

impl Running {
    /// Waits until it says where `what` listens. What it logs goes to a file.
    pub(crate) fn start(command: &mut Command, what: &str, log: &Path) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log)?)
            .spawn()?;
        let mut says = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let said = format!("{what} listening on ");
        let mut line = String::new();
        while !line.starts_with(&said) {
            line.clear();
            if says.read_line(&mut line)? == 0 {
                let said = fs::read_to_string(log)?;
                return Err(format!("{command:?} ended: {}\n{said}", child.wait()?).into());
            }
        }
        let url = line.trim_start_matches(&said).trim().to_owned();
        Ok(Self {
            child,
            url,
            _says: says,
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn port(&self) -> u16 {
        let port = self.url.rsplit(':').next();
        port.and_then(|port| port.parse().ok()).unwrap_or_default()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let status = self.child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("it ended with {status}").into())
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Where it has ended already, there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
