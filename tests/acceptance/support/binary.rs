use std::net::SocketAddr;
use std::path::Path;
use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::within;

/// The program, run to its end.
pub(crate) async fn patchwright(arguments: &[&str]) -> Output {
    let mut program = program();
    program.args(arguments).stdin(Stdio::null());
    within("the program's end", program.output()).await.unwrap()
}

/// `patchwright serve`, a process of its own.
pub(crate) struct Process {
    child: Child,
    _stdout: BufReader<ChildStdout>,
    log: JoinHandle<String>,
    pub(crate) proxy: SocketAddr,
    pub(crate) admin: SocketAddr,
}

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_patchwright"));
    program.env_remove("PATCHWRIGHT_LOG").kill_on_drop(true);
    program
}

impl Process {
    pub(crate) async fn serve(config: &Path, arguments: &[&str]) -> Self {
        let mut program = program();
        program
            .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .arg("--config")
            .arg(config)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = program.spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        // Read as it comes: a full pipe would block whoever logs.
        let log = tokio::spawn(async move {
            let mut log = Vec::new();
            stderr.read_to_end(&mut log).await.unwrap();
            String::from_utf8(log).unwrap()
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut address = async || {
            let mut line = String::new();
            let read = within("the announcement", stdout.read_line(&mut line)).await;
            assert!(read.unwrap() > 0, "it ended before it listened");
            let (_, address) = line.trim().split_once("http://").unwrap();
            address.parse::<SocketAddr>().unwrap()
        };
        let (proxy, admin) = (address().await, address().await);
        Self {
            child,
            _stdout: stdout,
            log,
            proxy,
            admin,
        }
    }

    /// Ends it as an orchestrator does, and returns its whole log.
    pub(crate) async fn terminate(mut self) -> String {
        let id = self.child.id().unwrap().to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(killed.unwrap().success());
        let status = within("the program's end", self.child.wait())
            .await
            .unwrap();
        assert!(status.success(), "{status}");
        within("the end of the log", self.log).await.unwrap()
    }
}
