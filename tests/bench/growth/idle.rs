//! What a request costs the program while others hold connections and send nothing.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::series::{Series, Shape};

/// Requests of one measurement, on one connection.
const REQUESTS: u32 = 4000;

const PATH: &str = "/api/v2/conversations/c0000000-0000-4000-8000-000000000001/participants/b3000000-0000-4000-8000-000000000001";
const BODY: &str = r#"{"attributes":{"note":"call back after three"}}"#;

fn request() -> Vec<u8> {
    let length = BODY.len();
    format!(
        "PATCH {PATH} HTTP/1.1\r\nhost: growth\r\nauthorization: Bearer growth\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{BODY}"
    )
    .into_bytes()
}

/// A program, until it is dropped.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    /// It says on its first line where it listens.
    fn start(name: &str, arguments: &[&str]) -> io::Result<Self> {
        let mut child = Command::new(name)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.as_mut() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.trim().rsplit("http://").next().unwrap_or_default();
        Ok(Self {
            address: address.to_owned(),
            child,
        })
    }

    /// Ticks of the clock that it has used: fields 14 and 15 of `proc_pid_stat(5)`.
    fn used(&self) -> io::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let ticks = fields.split_whitespace().skip(11).take(2);
        Ok(ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `None` without the programs.
pub(crate) fn connections() -> io::Result<Option<Series>> {
    let (Ok(patchwright), Ok(upstream)) = (std::env::var("PATCHWRIGHT"), std::env::var("UPSTREAM"))
    else {
        return Ok(None);
    };
    let upstream = Program::start(&upstream, &["127.0.0.1:0"])?;
    let url = format!("http://{}", upstream.address);
    let listen = ["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let proxy = Program::start(&patchwright, &[&listen[..], &["--upstream", &url]].concat())?;
    let mut series = Series {
        title: "repaired PATCH",
        what: "idle connections",
        unit: "µs",
        shape: Shape::Flat(1.5),
        points: Vec::new(),
        baseline: Vec::new(),
    };
    let mut busy = TcpStream::connect(&proxy.address)?;
    busy.set_nodelay(true)?;
    let mut idle = Vec::new();
    cost(&proxy, &mut busy)?;
    for count in [1_u32, 10, 100, 1000, 3000] {
        while idle.len() < count as usize {
            idle.push(TcpStream::connect(&proxy.address)?);
        }
        let tries = [cost(&proxy, &mut busy)?, cost(&proxy, &mut busy)?];
        let least = tries.into_iter().fold(f64::INFINITY, f64::min);
        series.points.push((f64::from(count), least));
    }
    Ok(Some(series))
}

/// Microseconds of processor time for each request.
fn cost(proxy: &Program, busy: &mut TcpStream) -> io::Result<f64> {
    // USER_HZ is 100 on Linux, whatever the kernel's own clock is.
    const MICROSECONDS: f64 = 10_000.0;
    let before = proxy.used()?;
    let (request, mut buffer) = (request(), [0; 4096]);
    for _ in 0..REQUESTS {
        busy.write_all(&request)?;
        let count = busy.read(&mut buffer)?;
        let answer = buffer.get(..count).unwrap_or_default();
        if !answer.starts_with(b"HTTP/1.1 204") || !answer.ends_with(b"\r\n\r\n") {
            return Err(io::Error::other(String::from_utf8_lossy(answer)));
        }
    }
    Ok((proxy.used()? - before) * MICROSECONDS / f64::from(REQUESTS))
}
