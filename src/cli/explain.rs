//! `patchwright explain`: what would be done to one request, offline.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;

use super::settings::environment;
use super::{Failure, written};
use crate::config::{Config, Overrides, Pack};

mod notebook;
mod rehearsal;
mod seen;
mod show;

use notebook::Answers;
use rehearsal::rehearse;

const MORE: &str = "\
Takes a request as curl does, and the conversation as the API would answer it, and shows the rule \
that applies, what is missing, and what would be sent, as a diff. What is wrong and can't be repaired \
without guessing is explained, with the right call to make instead. It is the code of the proxy itself; \
nothing is sent.

Examples:
  patchwright explain -d '{\"attributes\":{\"a\":\"1\"}}' --conversation conversation.json \\
      /api/v2/conversations/c1/participants/p1
  patchwright explain --raw -d @body.json --conversation conversation.json PATH > sent.json
  patchwright explain --rules official -d '{\"state\":\"DISCONNECTED\"}' --answer refusal.json PATH

Exit codes:
  0  explained, whatever the result
  1  a file cannot be read
  2  the configuration or the command line is wrong";

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
        default_value = "PATCH"
    )]
    pub method: Method,
    /// A header of the request; may be repeated
    #[arg(short = 'H', long = "header", value_name = "K: V", value_parser = header)]
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The request's body: itself, @FILE, or - for stdin
    #[arg(
        short = 'd',
        long = "data",
        value_name = "BODY|@FILE|-",
        value_parser = data,
        allow_hyphen_values = true
    )]
    pub data: Option<Data>,
    /// The conversation as the API would answer it (JSON)
    #[arg(long, value_name = "FILE")]
    pub conversation: Option<PathBuf>,
    /// The API's refusal (its error body, JSON), to see what would be made of it
    #[arg(long, value_name = "FILE")]
    pub answer: Option<PathBuf>,
    /// Print exactly the bytes that would be sent, and nothing else; those of a second request follow on a
    /// new line
    #[arg(long)]
    pub raw: bool,
    /// The request's path, with its query if it has one
    #[arg(value_name = "PATH")]
    pub path: String,
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

/// The problem does not repeat the value: it may be a credential.
fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("write it as 'Name: value'")?;
    let name = name
        .trim()
        .parse()
        .map_err(|_| "the name is no header name")?;
    let value = HeaderValue::from_str(value.trim())
        .map_err(|_| "the value has characters that no header has")?;
    Ok((name, value))
}

/// Prints what would be done.
pub fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let config = config(args)?;
    let request = request(args)?;
    let conversation = args.conversation.as_deref().map(read).transpose()?;
    let answer = args.answer.as_deref().map(read).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.map_err(|error| Failure::Runtime(error.to_string()))?;
    let answers = Answers {
        conversation,
        refusal: answer,
    };
    let explained = runtime.block_on(rehearse(&config, request, answers))?;
    if args.raw {
        if explained.misses_conversation() {
            return Err(Failure::Usage(MISSING_CONVERSATION.to_owned()));
        }
        // Not through anstream: from a pipe it keeps control characters, which bodies may hold.
        let mut out = io::stdout().lock();
        let bodies: Vec<_> = explained.sent.iter().map(|sent| &*sent.body).collect();
        let body = bodies.join(&b'\n');
        return written(out.write_all(&body).and_then(|()| out.flush()));
    }
    let mut out = anstream::stdout().lock();
    written(show::explained(&mut out, &explained))
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

fn request(args: &ExplainArgs) -> Result<Request<Full<Bytes>>, Failure> {
    let body = match &args.data {
        None => Vec::new(),
        Some(Data::Text(text)) => text.clone().into_bytes(),
        Some(Data::File(file)) => read(file)?.into(),
        Some(Data::Stdin) => {
            let mut body = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut body);
            read.map_err(|error| {
                Failure::Runtime(format!("cannot read the body from stdin: {error}"))
            })?;
            body
        }
    };
    let target: Uri = args
        .path
        .parse()
        .map_err(|_| Failure::Usage(format!("{:?} is no path", args.path)))?;
    let target = target
        .into_parts()
        .path_and_query
        .filter(|target| target.as_str().starts_with('/'));
    let target = target
        .ok_or_else(|| Failure::Usage(format!("{:?}: a path starts with \"/\"", args.path)))?;
    let mut request = Request::new(Full::from(body));
    *request.method_mut() = args.method.clone();
    *request.uri_mut() = Uri::from(target);
    for (name, value) in &args.headers {
        request.headers_mut().append(name, value.clone());
    }
    Ok(request)
}

fn read(file: &Path) -> Result<Bytes, Failure> {
    let bytes = std::fs::read(file);
    let bytes = bytes
        .map_err(|error| Failure::Runtime(format!("cannot read {}: {error}", file.display())))?;
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

    #[test]
    fn headers_are_read_as_curl_does() {
        let (name, value) = header("Authorization:  Bearer a:b ").unwrap();
        assert_eq!(
            (name.as_str(), value.to_str().unwrap()),
            ("authorization", "Bearer a:b")
        );
        for text in ["no colon", "a b: c", ": x", "a: \n"] {
            assert!(header(text).is_err() || text == "a: \n", "{text}");
        }
        assert!(header("a: x\u{1}y").is_err());
    }
}
