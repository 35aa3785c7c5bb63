//! Configuration: what loads prints to what loads again and means the same, every fault says where, and no
//! secret is shown.
//!
//! A case is TOML, a line `%%`, and environment variables, one `NAME=VALUE` per line.

use patchwright::config::{Config, Overrides};
use patchwright::document::{FaultSink, Node, Place, Value, parse};

const FILE: &str = "case.toml";
const SECRET: &str = "partition_key";

/// See the module.
pub fn check(data: &[u8]) -> Option<()> {
    let text = str::from_utf8(data).ok()?;
    let (text, env) = text.split_once("\n%%\n").unwrap_or((text, ""));
    let env: Vec<_> = env
        .lines()
        .map(|line| line.split_once('='))
        .map(|pair| pair.map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect::<Option<_>>()?;
    let case = Case {
        text: text.to_owned(),
        env,
    };
    if case.names_a_file_elsewhere() {
        return None;
    }
    match case.load() {
        Ok(config) => it_prints_what_it_means(&config),
        Err(faults) => every_fault_says_where(&case, &faults),
    }
    no_secret_is_shown(&case);
    Some(())
}

type Faults = Vec<patchwright::document::Fault>;

struct Case {
    text: String,
    env: Vec<(String, String)>,
}

impl Case {
    fn load(&self) -> Result<Config, Faults> {
        let config = Config::from_text(FILE, &self.text, self.env.clone(), Overrides::default());
        config.map_err(|faults| faults.as_slice().to_vec())
    }

    /// Such as `/dev/zero`: a case must not depend on the machine.
    fn names_a_file_elsewhere(&self) -> bool {
        let elsewhere = |text: &str| {
            let path = std::path::Path::new(text);
            (text.contains("..") || path.is_absolute()) && path.exists() && !path.is_dir()
        };
        let values = self.env.iter().map(|(_, value)| value);
        let in_values = values
            .clone()
            .any(|value| elsewhere(value.trim_matches(['"', '\'', ' '])));
        // Text of a variable that is a table or a list holds strings of its own.
        let nested = values
            .clone()
            .any(|value| value.contains(['{', '[']) && value.contains("_file"));
        in_values
            || nested
            || strings(&parse(FILE, &self.text, &FaultSink::default()))
                .iter()
                .any(|text| elsewhere(text))
    }
}

fn strings(node: &Node) -> Vec<&str> {
    match &node.value {
        Value::String(text) => vec![text],
        Value::List(items) => items.iter().flat_map(strings).collect(),
        Value::Table(entries) => entries
            .iter()
            .flat_map(|entry| strings(&entry.node))
            .collect(),
        _ => Vec::new(),
    }
}

/// Printing and reading again changes nothing: neither the text nor what is meant.
fn it_prints_what_it_means(config: &Config) {
    let printed = config.to_toml();
    // A key that is hidden can't be read again, and too short a one is refused.
    let hidden = format!("{SECRET} = \"***\"");
    let readable = printed.replace(&hidden, &format!("{SECRET} = \"0123456789abcdef\""));
    let again = Config::from_text("printed", &readable, [], Overrides::default());
    let again = again.unwrap_or_else(|faults| panic!("{faults}\n{printed}"));
    assert_eq!(again.to_toml(), printed);
    assert_eq!(format!("{again:#?}"), format!("{config:#?}"), "{printed}");
}

fn every_fault_says_where(case: &Case, faults: &Faults) {
    assert!(!faults.is_empty());
    assert!(faults.windows(2).all(|pair| pair[0].place <= pair[1].place));
    for fault in faults {
        let shown = fault.to_string();
        assert!(!shown.contains(char::is_control), "not one line: {shown:?}");
        assert!(!fault.problem.is_empty(), "{shown}");
        let is_named = !fault.key.is_empty() || matches!(fault.place, Place::Variable(_));
        assert!(is_named || fault.problem.starts_with("not TOML"), "{shown}");
        match &fault.place {
            // A source of one's own may lack what a rule of the pack reads.
            Place::Line { file, .. } if file.starts_with("built-in rules") => {}
            Place::Line { file, line, .. } => {
                let lines = case.text.split('\n').count();
                assert!(&**file == FILE && (1..=lines).contains(line), "{shown}");
            }
            Place::File(file) => assert_eq!(&**file, FILE, "{shown}"),
            Place::Variable(name) => {
                assert!(case.env.iter().any(|(own, _)| *own == **name), "{shown}");
            }
            Place::Flag(_) | Place::CommandLine => panic!("no flags were given: {shown}"),
        }
    }
}

/// Another secret in its place changes nothing of what is shown.
fn no_secret_is_shown(case: &Case) {
    let syntax = FaultSink::default();
    let tree = parse(FILE, &case.text, &syntax);
    let tables = tree.as_table().unwrap_or_default().iter();
    let mut cache = tables
        .filter(|entry| entry.key == "cache")
        .filter_map(|entry| entry.node.as_table());
    let secret = cache.find_map(|entries| entries.iter().find(|entry| entry.key == SECRET));
    if let Some(secret) = secret.and_then(|entry| entry.node.as_str())
        && syntax.is_empty()
        && case.text.matches(secret).count() == 1
        && secret.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        let other = case.text.replace(secret, &"z".repeat(secret.len()));
        let other = Case {
            text: other,
            env: case.env.clone(),
        };
        assert_eq!(shown(&other), shown(case), "it depends on {secret:?}");
    }
    for (at, (name, value)) in case.env.iter().enumerate() {
        if name == "PATCHWRIGHT__CACHE__PARTITION_KEY" && value.len() >= 16 {
            let mut other = Case {
                text: case.text.clone(),
                env: case.env.clone(),
            };
            other.env[at].1 = "z".repeat(value.len());
            assert_eq!(shown(&other), shown(case), "it depends on {value:?}");
        }
    }
}

/// Everything that `check` would print.
fn shown(case: &Case) -> String {
    match case.load() {
        Ok(config) => format!("{}\n{config:?}", config.to_toml()),
        Err(faults) => {
            let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
            lines.join("\n")
        }
    }
}
