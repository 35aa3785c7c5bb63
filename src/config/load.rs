//! From file, environment and flags to a [`Config`].

use std::net::SocketAddr;
use std::path::Path;

use super::{Config, Pack, fixed, overlay, read};
use crate::document::{FaultSink, Faults, Node, Place, Table, parse};

/// What flags say; they win over the environment and the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--listen`.
    pub listen: Option<SocketAddr>,
    /// `--admin`.
    pub admin: Option<SocketAddr>,
    /// `--upstream`: the URL of the only upstream.
    pub upstream: Option<String>,
    /// `--region`: the region that is the only upstream.
    pub region: Option<String>,
    /// `--rules`.
    pub pack: Option<Pack>,
}

impl Config {
    /// Reads the file (if there is one), puts the `PATCHWRIGHT__…` variables of `env` over it and the
    /// flags over both, and checks everything. The error holds every fault.
    pub fn load(
        path: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        flags: Overrides,
    ) -> Result<Self, Faults> {
        Self::load_over(path, env, flags, None)
    }

    /// As [`Config::load`], for a process that runs already, with `running`: what would need a restart is
    /// a fault, and so is a file without a word in it.
    ///
    /// An empty file is what is there between the two steps of an editor that truncates and then writes, or
    /// what is left when the disk is full. Where flags or variables name an upstream it would be valid, and
    /// everything that the file said would be gone. At a start there is nothing to lose by that.
    pub fn load_again(
        path: &Path,
        env: impl IntoIterator<Item = (String, String)>,
        flags: Overrides,
        running: &Self,
    ) -> Result<Self, Faults> {
        Self::load_over(Some(path), env, flags, Some(running))
    }

    fn load_over(
        path: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        flags: Overrides,
        running: Option<&Self>,
    ) -> Result<Self, Faults> {
        let faults = FaultSink::default();
        let root = match path {
            Some(path) => file(path, running.is_some(), &faults),
            None => Node::empty(Place::CommandLine),
        };
        // Without all of the file the rest would be told what it misses in vain.
        if !faults.is_empty() {
            return Err(faults.into_faults());
        }
        Self::assemble(
            root,
            path.and_then(Path::parent),
            env,
            flags,
            running,
            faults,
        )
    }

    /// As [`Config::load`], from the text of a file that the user knows as `name`. Files that it names are
    /// looked for in the working directory.
    pub fn from_text(
        name: &str,
        text: &str,
        env: impl IntoIterator<Item = (String, String)>,
        flags: Overrides,
    ) -> Result<Self, Faults> {
        let faults = FaultSink::default();
        let root = parse(name, text, &faults);
        if !faults.is_empty() {
            return Err(faults.into_faults());
        }
        Self::assemble(root, None, env, flags, None, faults)
    }

    fn assemble(
        mut root: Node,
        folder: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        flags: Overrides,
        running: Option<&Self>,
        faults: FaultSink,
    ) -> Result<Self, Faults> {
        overlay::environment(&mut root, env, &faults);
        overlay::flags(&mut root, flags, &faults);
        let mut table = Table::root(&root, &faults);
        let config = read::config(&mut table, folder);
        if let Some(running) = running {
            fixed::refuse(&mut table, &config, running, &faults);
        }
        table.finish();
        faults.finish(config)
    }
}

fn file(path: &Path, says_something: bool, faults: &FaultSink) -> Node {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) if says_something && text.trim().is_empty() => {
            let place = Place::File(name.into());
            let problem = "is empty: if the defaults are what you mean, write a comment into it";
            faults.push(place.clone(), "", problem);
            Node::empty(place)
        }
        Ok(text) => parse(&name, &text, faults),
        Err(error) => {
            let place = Place::File(name.into());
            faults.push(place.clone(), "", format!("cannot be read: {error}"));
            Node::empty(place)
        }
    }
}
