use std::path::Path;

use super::*;
use crate::document::Faults;

mod access;
mod again;
mod faults;
mod files;
mod redis;
mod regions;
mod sources;
mod tls;
mod trace;
mod upstreams;

const URL: &str = "https://api.mypurecloud.com";

/// Loads `text` as the file `a.toml` in a folder of its own, with no environment and no flags.
fn load(text: &str) -> Result<Config, Faults> {
    load_with(text, &[], Overrides::default())
}

fn load_with(text: &str, env: &[(&str, &str)], flags: Overrides) -> Result<Config, Faults> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    std::fs::write(&path, text).unwrap();
    load_file(Some(&path), env, flags)
}

fn load_file(
    path: Option<&Path>,
    env: &[(&str, &str)],
    flags: Overrides,
) -> Result<Config, Faults> {
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(path, env, flags)
}

/// A file with one upstream and `rest`, which begins at line 3.
fn with_upstream(rest: &str) -> String {
    format!("upstream = [{{ url = \"{URL}\" }}]\n\n{rest}")
}

/// The faults of `text` without the folder in front.
fn faults_of(text: &str) -> Vec<String> {
    let faults = load(text).unwrap_err().to_string();
    let lines = faults.lines();
    lines
        .map(|line| {
            line.split_once("a.toml")
                .map_or(line, |(_, rest)| rest)
                .to_owned()
        })
        .collect()
}

/// What can be compared of a configuration: secrets show as such only.
fn shown(config: &Config) -> String {
    format!("{config:#?}")
}

/// The one fault of `text`, from its line on.
#[track_caller]
fn fault_of(text: &str) -> String {
    let mut faults = faults_of(text);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    faults.remove(0)
}
