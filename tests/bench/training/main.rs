//! Puts a program to the work that it is built for, so that one which keeps a profile of itself has all of it in
//! there (`config/deploy/build`). What is not in a profile is taken for what is never done, and built to be small.
//!
//! `training PATCHWRIGHT LOAD UPSTREAM`, the last two being programs of the comparison. Most requests are what the
//! comparison sends; the rest go through TLS and HTTP/2, and have bodies of other sizes and codings.
#![allow(
    clippy::print_stderr,
    reason = "a tool: stderr is where it says what went wrong"
)]

mod bodies;
mod running;

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use running::Running;

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// Requests of each kind, of which a fifth go the other ways.
const REQUESTS: u32 = 20_000;

fn main() -> ExitCode {
    let words: Vec<_> = env::args_os().skip(1).collect();
    let [patchwright, load, upstream] = words.as_slice() else {
        eprintln!("training PATCHWRIGHT LOAD UPSTREAM");
        return ExitCode::from(2);
    };
    match train(patchwright, load, upstream) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("training: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn train(patchwright: &OsString, load: &OsString, upstream: &OsString) -> Result<()> {
    let folder = env::temp_dir().join(format!("patchwright-training-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let trained = work(patchwright, load, upstream, &folder);
    fs::remove_dir_all(&folder)?;
    trained
}

fn work(patchwright: &OsString, load: &OsString, upstream: &OsString, folder: &Path) -> Result<()> {
    let mut command = Command::new(upstream);
    command.arg("127.0.0.1:0");
    let upstream = Running::start(&mut command, "upstream", &folder.join("upstream"))?;
    let proxy = |name: &str, settings: &[(&str, String)]| {
        let mut command = Command::new(patchwright);
        command.args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        // With its defaults, whatever is set here.
        command.env_clear();
        for (key, value) in settings {
            command.env(format!("PATCHWRIGHT__{key}"), value);
        }
        Running::start(&mut command, "proxy", &folder.join(name))
    };
    let plain = proxy("plain", &[("UPSTREAM__0__URL", upstream.url().to_owned())])?;

    let [certificate, key] = certificate(folder)?;
    let settings = [
        ("UPSTREAM__0__URL", upstream.url().to_owned()),
        ("LISTEN__TLS__CERTIFICATE", certificate.clone()),
        ("LISTEN__TLS__PRIVATE_KEY", key),
    ];
    let secure = proxy("secure", &settings)?;
    let towards_it = |name: &str, http2: &str| {
        let settings = [
            ("UPSTREAM__0__URL", secure.url().to_owned()),
            ("UPSTREAM__0__CA", certificate.clone()),
            ("UPSTREAM__0__HTTP2", http2.to_owned()),
        ];
        proxy(name, &settings)
    };
    let by_http1 = towards_it("http1", "false")?;
    let by_http2 = towards_it("http2", "true")?;

    for (proxy, share) in [(&plain, 1), (&by_http1, 10), (&by_http2, 10)] {
        for kind in ["read", "whole", "gap"] {
            for connections in ["1", "32"] {
                let requests = (REQUESTS / share).to_string();
                let words = [kind, "--connections", connections, "--requests", &requests];
                send(load, proxy, &words)?;
            }
        }
        // Nothing is known of these.
        let (requests, first) = ((REQUESTS / share / 2).to_string(), "1000000");
        let zipf = ["--conversations", "10000", "--first", first, "--skew", "1"];
        send(
            load,
            proxy,
            &[&["gap", "--requests", &requests], &zipf[..]].concat(),
        )?;
        bodies::send(proxy.port())?;
    }

    // A profile is written at the end of a process that ends well.
    for proxy in [by_http1, by_http2, secure, plain] {
        proxy.stop()?;
    }
    // It knows no other end than to be killed.
    drop(upstream);
    Ok(())
}

fn send(load: &OsString, proxy: &Running, words: &[&str]) -> Result<()> {
    let address = format!("127.0.0.1:{}", proxy.port());
    let mut command = Command::new(load);
    let sent = command
        .arg(address)
        .args(words)
        .args(["--seconds", "120"])
        .output()?;
    let report = String::from_utf8(sent.stdout)?;
    if !sent.status.success() || !report.contains("\"errors\":0") {
        return Err(format!("load {words:?}: {}, {report}", sent.status).into());
    }
    Ok(())
}

/// Paths of a certificate for loopback that vouches for itself, and of its key.
fn certificate(folder: &Path) -> Result<[String; 2]> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let texts = [
        ("certificate.pem", made.cert.pem()),
        ("key.pem", made.signing_key.serialize_pem()),
    ];
    let mut paths = [String::new(), String::new()];
    for (path, (name, text)) in paths.iter_mut().zip(texts) {
        let file = folder.join(name);
        fs::write(&file, text)?;
        *path = file.to_string_lossy().into_owned();
    }
    Ok(paths)
}
