//! A curl command as people paste it, as the request that curl would send.

mod options;
mod words;

use std::collections::VecDeque;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, RANGE, REFERER, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use self::options::Argument;
use super::asked::{Asked, Target};

/// Reads a file that the command names, `-` for stdin.
pub(super) type Read<'a> = &'a dyn Fn(&Path) -> Result<Bytes, String>;

/// The request that `command` makes curl send.
pub(super) fn asked(command: &str, read: Read<'_>) -> Result<Asked, String> {
    let mut words = VecDeque::from(words::words(command)?);
    // A prompt, or variables set for the command alone.
    while words.front().is_some_and(|word| {
        matches!(word.as_str(), "$" | ">" | "%")
            || word.split_once('=').is_some_and(|it| !it.0.contains('/'))
    }) {
        words.pop_front();
    }
    let program = words.pop_front().unwrap_or_default();
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
    if !matches!(name, "curl" | "curl.exe") {
        return Err(
            "it does not begin with curl: copy the request \"as cURL\", for bash or for cmd"
                .to_owned(),
        );
    }
    let mut command = Command::default();
    for argument in options::arguments(words.into())? {
        command.take(argument, read)?;
    }
    command.request()
}

/// What the options have said so far.
#[derive(Default)]
struct Command {
    method: Option<String>,
    url: Option<String>,
    query: Vec<String>,
    /// As written; a later one of the same name does not replace an earlier one.
    headers: Vec<String>,
    /// What curl sets where no header does.
    defaults: Vec<(HeaderName, String)>,
    body: Option<Vec<u8>>,
    json: bool,
    get: bool,
    head: bool,
}

impl Command {
    fn take(&mut self, argument: Argument, read: Read<'_>) -> Result<(), String> {
        let (name, value) = match argument {
            Argument::Plain(url) => ("url", url),
            Argument::Flag(name) => {
                match name {
                    "get" => self.get = true,
                    "head" => self.head = true,
                    "next" => {
                        return Err(
                            "--next begins another request: explain them one by one".to_owned()
                        );
                    }
                    _ => {}
                }
                return Ok(());
            }
            Argument::Value(name, value) => (name, value),
        };
        match name {
            "url" if self.url.is_some() => {
                return Err("it has two URLs: is something missing a quote?".to_owned());
            }
            "url" => self.url = Some(value),
            "request" => self.method = Some(value),
            "header" if value.starts_with('@') => {
                let file = self::text(read(Path::new(value.trim_start_matches('@')))?)?;
                self.headers.extend(file.lines().map(str::to_owned));
            }
            "header" => self.headers.push(value),
            "data" | "data-ascii" => self.data(from_file(&value, read, without_breaks)?),
            "data-raw" => self.data(value.into_bytes()),
            "data-binary" => self.data(from_file(&value, read, <[u8]>::to_vec)?),
            "data-urlencode" => self.data(urlencoded(&value, read)?),
            "json" => {
                self.json = true;
                let more = from_file(&value, read, <[u8]>::to_vec)?;
                self.body.get_or_insert_default().extend(more);
            }
            "url-query" => self.query.push(value.trim_start_matches('+').to_owned()),
            "user" => self.defaults.push((AUTHORIZATION, basic(&value))),
            "oauth2-bearer" => self
                .defaults
                .push((AUTHORIZATION, format!("Bearer {value}"))),
            // Without a `=` it names a file that curl reads cookies from.
            "cookie" if value.contains('=') => self.defaults.push((COOKIE, value)),
            "user-agent" => self.defaults.push((USER_AGENT, value)),
            "referer" => {
                let value = value.trim_end_matches(";auto").to_owned();
                self.defaults.push((REFERER, value));
            }
            "range" => self.defaults.push((RANGE, format!("bytes={value}"))),
            "form" | "form-string" => {
                return Err(
                    "-F sends a form with parts, which is never the JSON that the API takes"
                        .to_owned(),
                );
            }
            "upload-file" => {
                self.method.get_or_insert_with(|| "PUT".to_owned());
                self.body = Some(read(Path::new(&value))?.to_vec());
            }
            "config" => {
                return Err("-K reads options from a file: write them into the command".to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    /// Several are joined, as the fields of a form.
    fn data(&mut self, more: Vec<u8>) {
        match &mut self.body {
            Some(body) => {
                body.push(b'&');
                body.extend(more);
            }
            None => self.body = Some(more),
        }
    }

    fn request(mut self) -> Result<Asked, String> {
        let url = self.url.take().ok_or("it has no URL")?;
        if self.get {
            let body = self.body.take().unwrap_or_default();
            let body = String::from_utf8(body).map_err(|_| "with -G the data must be text")?;
            self.query.extend((!body.is_empty()).then_some(body));
        }
        let mut target = Target::of_url(&with_query(&url, &self.query))?;
        let method = match &self.method {
            Some(method) => method
                .parse()
                .map_err(|_| format!("{method:?} is no method"))?,
            None if self.head => Method::HEAD,
            None if self.body.is_some() => Method::POST,
            None => Method::GET,
        };
        if self.json {
            for name in [CONTENT_TYPE, ACCEPT] {
                self.defaults.push((name, "application/json".to_owned()));
            }
        } else if self.body.is_some() {
            let form = "application/x-www-form-urlencoded".to_owned();
            self.defaults.push((CONTENT_TYPE, form));
        }
        if let Some(user) = target.user.take() {
            self.defaults.push((AUTHORIZATION, basic(&user)));
        }
        Ok(Asked {
            method,
            headers: headers(&self.headers, self.defaults)?,
            target,
            body: Bytes::from(self.body.unwrap_or_default()),
        })
    }
}

fn with_query(url: &str, query: &[String]) -> String {
    let url = url.split('#').next().unwrap_or_default().to_owned();
    query.iter().fold(url, |url, more| {
        let sign = if url.contains('?') { '&' } else { '?' };
        format!("{url}{sign}{more}")
    })
}

/// `Name: value` sets a field, `Name;` an empty one, and `Name:` takes away what curl would set.
fn headers(lines: &[String], defaults: Vec<(HeaderName, String)>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let mut settled = Vec::new();
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        let line = match line.trim_end().strip_suffix(';') {
            Some(name) if !name.contains(':') => format!("{name}:"),
            _ => line.clone(),
        };
        // Copied from a browser, HTTP/2's own fields come along.
        if line.starts_with(':') {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else {
            return Err("a -H has no colon: write it as 'Name: value'".to_owned());
        };
        let name = name.trim().to_owned();
        let (field, value) =
            super::asked::header(&line).map_err(|problem| format!("-H {name:?}: {problem}"))?;
        settled.push(field.clone());
        let is_empty =
            value.is_empty() && lines.iter().any(|line| line.trim() == format!("{name}:"));
        if !is_empty {
            headers.append(field, value);
        }
    }
    for (name, value) in defaults {
        if settled.contains(&name) {
            continue;
        }
        let value = HeaderValue::from_str(&value)
            .map_err(|_| format!("the value for {name} has characters that no header has"))?;
        headers.entry(name).or_insert(value);
    }
    Ok(headers)
}

fn basic(user: &str) -> String {
    let user = if user.contains(':') {
        user.to_owned()
    } else {
        // curl would ask for the password.
        format!("{user}:")
    };
    format!("Basic {}", STANDARD.encode(user))
}

fn text(bytes: Bytes) -> Result<String, String> {
    String::from_utf8(bytes.into()).map_err(|_| "a file of header lines must be text".to_owned())
}

fn from_file(value: &str, read: Read<'_>, kept: fn(&[u8]) -> Vec<u8>) -> Result<Vec<u8>, String> {
    match value.strip_prefix('@') {
        Some(file) => Ok(kept(&read(Path::new(file))?)),
        None => Ok(value.as_bytes().to_vec()),
    }
}

/// What curl's `-d @FILE` leaves out.
fn without_breaks(bytes: &[u8]) -> Vec<u8> {
    let kept = bytes
        .iter()
        .filter(|byte| !matches!(byte, b'\r' | b'\n' | 0));
    kept.copied().collect()
}

/// `content`, `=content`, `name=content`, `@file` or `name@file`.
fn urlencoded(value: &str, read: Read<'_>) -> Result<Vec<u8>, String> {
    let (name, content) = match value.find(['=', '@']) {
        None => ("", Bytes::copy_from_slice(value.as_bytes())),
        Some(at) => {
            let (name, rest) = value.split_at_checked(at).unwrap_or((value, ""));
            let content = match rest.strip_prefix('@') {
                Some(file) => read(Path::new(file))?,
                None => Bytes::copy_from_slice(rest.strip_prefix('=').unwrap_or(rest).as_bytes()),
            };
            (name, content)
        }
    };
    let mut encoded = name.as_bytes().to_vec();
    if !name.is_empty() {
        encoded.push(b'=');
    }
    for byte in &content {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(*byte);
            }
            byte => encoded.extend(format!("%{byte:02X}").into_bytes()),
        }
    }
    Ok(encoded)
}

#[cfg(test)]
mod tests;
