//! `patchwright explain`: what would be done to one request, offline.

use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::AutoStream;
use bytes::Bytes;
use clap::{Args, ValueEnum};
use http::{Method, Uri};

use super::settings::environment;
use super::{Failure, written};
use crate::config::{Config, Overrides, Pack};

mod archive;
mod asked;
mod curl;
mod diff;
mod ending;
mod har;
mod json;
mod lines;
mod notebook;
mod rehearsal;
mod seen;
mod show;

use asked::{Asked, Target, header};
use notebook::{Answers, Refusal};
use rehearsal::{Explained, rehearse};

const MORE: &str = "\
Takes a request as curl does, or a whole curl command, or what a browser recorded, and the conversation \
as the API would answer it, and shows the rule that applies, what is missing, and what would be sent, as a \
diff. What is wrong and can't be repaired without guessing is explained, with the right call to make \
instead. It is the code of the proxy itself; nothing is sent.

Examples:
  patchwright explain -d '{\"attributes\":{\"a\":\"1\"}}' --conversation conversation.json \\
      /api/v2/conversations/c1/participants/p1
  patchwright explain --raw -d @body.json --conversation conversation.json PATH > sent.json
  patchwright explain --rules official -d '{\"state\":\"DISCONNECTED\"}' --answer refusal.json PATH
  patchwright explain --curl \"curl -X PATCH https://… -d '{…}'\" --conversation conversation.json
  patchwright explain --curl - --format json < copied-as-curl.txt
  patchwright explain --har recorded.har
  patchwright explain --har recorded.har --entry 12

--curl takes what browsers (\"Copy as cURL\", for bash or cmd), Postman and documentation have. The URL's \
host counts only where [[upstream]] host names it. In a --har file the answer recorded for a request \
counts as --answer where it is 4xx, and the last GET of the conversation before it, by the same \
credential, as --conversation. Credentials and cookies are never shown.

Exit codes:
  0  it would be repaired (with --raw: explained, whatever the result)
  1  a file cannot be read
  2  the configuration or the command line is wrong
  3  nothing would be changed, nor is anything known to be wrong
  4  it is wrong and would not be repaired
  5  that hangs on the conversation: give it with --conversation
Of several requests (--har) the most urgent: 4, else 5, else 0, else 3.";

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = MORE)]
pub struct ExplainArgs {
    /// Configuration file (TOML); without one the defaults hold
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The rules that the upstream's behaviour calls for
    #[arg(long, value_name = "PACK")]
    pub rules: Option<Pack>,
    /// The request's method
    #[arg(
        short = 'X',
        long = "request",
        value_name = "METHOD",
        default_value = "PATCH",
        conflicts_with_all = ["curl", "har"]
    )]
    pub method: Method,
    /// A header of the request; may be repeated
    // Not parsed by clap, whose errors repeat what they refuse: it may be a credential.
    #[arg(short = 'H', long = "header", value_name = "K: V", conflicts_with_all = ["curl", "har"])]
    pub headers: Vec<String>,
    /// The request's body: itself, @FILE, or - for stdin
    #[arg(
        short = 'd',
        long = "data",
        value_name = "BODY|@FILE|-",
        value_parser = data,
        allow_hyphen_values = true,
        conflicts_with_all = ["curl", "har"]
    )]
    pub data: Option<Data>,
    /// The request as a curl command, in quotes; - reads it from stdin
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["har", "path"], allow_hyphen_values = true)]
    pub curl: Option<String>,
    /// Every request of a HAR file (as browsers and proxies export) that a rule is about; - for stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["path", "answer"])]
    pub har: Option<PathBuf>,
    /// Only this request of the HAR file, counted from 1, and in whole
    #[arg(long, value_name = "N", requires = "har", conflicts_with_all = ["path", "curl"])]
    pub entry: Option<usize>,
    /// The conversation as the API would answer it (JSON)
    #[arg(long, value_name = "FILE")]
    pub conversation: Option<PathBuf>,
    /// The API's refusal (its error body, JSON), to see what would be made of it
    #[arg(long, value_name = "FILE")]
    pub answer: Option<PathBuf>,
    /// Print exactly the bytes that would be sent, and nothing else; those of a second request follow on a
    /// new line
    #[arg(long, conflicts_with = "format")]
    pub raw: bool,
    /// For people, or for programs: an object, with --har an array of them
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Whether there are colours
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    pub color: Color,
    /// The request's path, with its query if it has one
    #[arg(value_name = "PATH", required_unless_present_any = ["curl", "har"])]
    pub path: Option<String>,
}

/// Whom the explanation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// People.
    Text,
    /// Programs.
    Json,
}

/// Whether there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On terminals that know them, and unless `NO_COLOR` is set
    Auto,
    /// In any case
    Always,
    /// In no case
    Never,
}

impl Color {
    fn choice(self) -> anstream::ColorChoice {
        match self {
            Self::Auto => AutoStream::choice(&io::stdout()),
            Self::Always => anstream::ColorChoice::AlwaysAnsi,
            Self::Never => anstream::ColorChoice::Never,
        }
    }
}

/// Where a body comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// The argument itself.
    Text(String),
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

/// As curl does, but every byte counts: curl's `-d @FILE` drops line breaks.
#[expect(clippy::unnecessary_wraps, reason = "the form of a clap value parser")]
fn data(text: &str) -> Result<Data, std::convert::Infallible> {
    Ok(match (text, text.strip_prefix('@')) {
        ("-", _) | (_, Some("-")) => Data::Stdin,
        (_, Some(file)) => Data::File(PathBuf::from(file)),
        (text, None) => Data::Text(text.to_owned()),
    })
}

/// Prints what would be done. The exit code says what it comes to.
pub fn run(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let config = config(args)?;
    let conversation = args.conversation.as_deref().map(read).transpose()?;
    let runtime = super::runtime()?;
    if let Some(file) = &args.har {
        let text = read_at_most(file, har::LIMIT)?;
        let entries = har::entries(&text)
            .map_err(|problem| Failure::Usage(format!("{}: {problem}", file.display())))?;
        return runtime.block_on(archive::run(args, &config, conversation, &entries));
    }
    let request = asked(args)?.request(&config);
    let refusal = args.answer.as_deref().map(read).transpose()?;
    let refusal = refusal.map(|body| Refusal { status: None, body });
    let answers = Answers {
        conversation,
        refusal,
    };
    let explained = runtime.block_on(rehearse(&config, request, answers))?;
    tell(args, &explained)
}

/// One request in whole.
fn tell(args: &ExplainArgs, explained: &Explained) -> Result<ExitCode, Failure> {
    if args.raw {
        if explained.misses_conversation() {
            return Err(Failure::Usage(MISSING_CONVERSATION.to_owned()));
        }
        // Not through anstream: from a pipe it keeps control characters, which bodies may hold.
        let mut out = io::stdout().lock();
        let bodies: Vec<_> = explained.sent.iter().map(|sent| &*sent.body).collect();
        let body = bodies.join(&b'\n');
        written(out.write_all(&body).and_then(|()| out.flush()))?;
        return Ok(ExitCode::SUCCESS);
    }
    match args.format {
        Format::Json => written(print_json(&json::explained(explained)))?,
        Format::Text => written(show::explained(&mut out(args), explained))?,
    }
    Ok(explained.ending().exit_code())
}

fn print_json(value: &serde_json::Value) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{value:#}")
}

fn out(args: &ExplainArgs) -> impl Write {
    AutoStream::new(io::stdout().lock(), args.color.choice())
}

const MISSING_CONVERSATION: &str = "\
what becomes of it hangs on what the participant is now, which is in the API's answer to the lookup: save \
that answer and give it with --conversation FILE";

/// Without a file no upstream is needed: nothing is sent.
fn config(args: &ExplainArgs) -> Result<Config, Failure> {
    let nowhere = || "http://upstream.invalid".to_owned();
    // A region is an upstream already.
    let has_region = environment().any(|(name, _)| name == "PATCHWRIGHT__REGION");
    let flags = Overrides {
        upstream: (args.config.is_none() && !has_region).then(nowhere),
        pack: args.rules,
        ..Overrides::default()
    };
    Ok(Config::load(args.config.as_deref(), environment(), flags)?)
}

/// The request of the command line, in curl's words or ours.
fn asked(args: &ExplainArgs) -> Result<Asked, Failure> {
    if let Some(command) = &args.curl {
        let command = match command.as_str() {
            "-" => {
                let text = read(Path::new("-"))?;
                String::from_utf8_lossy(&text).into_owned()
            }
            command => command.to_owned(),
        };
        let file = |file: &Path| read(file).map_err(|failure| failure.to_string());
        return curl::asked(&command, &file)
            .map_err(|problem| Failure::Usage(format!("--curl: {problem}")));
    }
    let path = args.path.as_deref().unwrap_or_default();
    let target = path.parse::<Uri>().ok();
    let target = target.and_then(|target| target.into_parts().path_and_query);
    let target = target.filter(|target| target.as_str().starts_with('/'));
    let target = target.ok_or_else(|| {
        // A query may hold a credential.
        let shown = path.split('?').next().unwrap_or_default();
        Failure::Usage(format!(
            "{shown:?}: a path starts with \"/\", and spaces and the like are written as %20"
        ))
    })?;
    let headers = args.headers.iter().zip(1..).map(|(line, number)| {
        header(line).map_err(|problem| Failure::Usage(format!("-H number {number}: {problem}")))
    });
    Ok(Asked {
        method: args.method.clone(),
        target: Target {
            path: target,
            ..Target::default()
        },
        headers: headers.collect::<Result<_, _>>()?,
        body: match &args.data {
            None => Bytes::new(),
            Some(Data::Text(text)) => Bytes::from(text.clone()),
            Some(Data::File(file)) => read(file)?,
            Some(Data::Stdin) => read(Path::new("-"))?,
        },
    })
}

fn read(file: &Path) -> Result<Bytes, Failure> {
    read_at_most(file, usize::MAX)
}

/// A file, or stdin for `-`.
fn read_at_most(file: &Path, limit: usize) -> Result<Bytes, Failure> {
    let name = match file.to_str() {
        Some("-") => "stdin".to_owned(),
        _ => file.display().to_string(),
    };
    let mut bytes = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let done = match file.to_str() {
        Some("-") => io::stdin().lock().take(bound).read_to_end(&mut bytes),
        _ => std::fs::File::open(file).and_then(|file| file.take(bound).read_to_end(&mut bytes)),
    };
    done.map_err(|error| Failure::Runtime(format!("cannot read {name}: {error}")))?;
    if bytes.len() > limit {
        let limit = limit >> 20;
        return Err(Failure::Runtime(format!(
            "{name} is larger than {limit} MiB"
        )));
    }
    Ok(Bytes::from(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_the_argument_a_file_or_stdin() {
        let read = |text| data(text).unwrap();
        assert_eq!(read("{}"), Data::Text("{}".to_owned()));
        assert_eq!(read(""), Data::Text(String::new()));
        assert_eq!(read("@a b.json"), Data::File(PathBuf::from("a b.json")));
        assert_eq!((read("-"), read("@-")), (Data::Stdin, Data::Stdin));
        assert_eq!(read("-1"), Data::Text("-1".to_owned()));
    }
}
