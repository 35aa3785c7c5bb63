//! The effective configuration as text that can be read again.

use std::fmt::{Display, Write};
use std::path::PathBuf;

use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use toml_writer::{TomlKeyBuilder, TomlStringBuilder, TomlWrite};

use super::read::TOO_LARGE;
use super::trace::TRACEPARENTS;
use super::units::{duration_text, size_text};
use super::{Config, Redis, RedisAddress, Trace, Upstream};
use crate::rule::pack::{LOOKUP_FAILURES, MODES};

mod access;
mod rules;

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// How a secret is written.
#[derive(Clone, Copy, Default)]
pub(super) enum Secrets {
    #[default]
    Hidden,
    /// By a digest, to see whether it has changed. That is to be shown to nobody.
    Digested,
}

impl Config {
    /// Everything that holds, as a configuration file: defaults, file, environment and flags, and the
    /// pack's sources and rules with one's own. Secrets are hidden.
    pub fn to_toml(&self) -> String {
        self.written(Secrets::Hidden)
    }

    pub(super) fn written(&self, secrets: Secrets) -> String {
        let mut text = Text {
            secrets,
            ..Text::default()
        };
        text.string("rules", self.pack.name());
        text.section("[listen]");
        text.string("address", &self.listen.to_string());
        text.plain("allow_anyone", self.access.allow_anyone);
        if let Some(tls) = &self.listen_tls {
            text.section("[listen.tls]");
            text.path("certificate", Some(&tls.certificate));
            text.path("private_key", Some(&tls.private_key));
            text.path("client_ca", tls.client_ca.as_ref());
        }
        text.section("[admin]");
        text.string("address", &self.admin.to_string());
        self.upstreams
            .iter()
            .for_each(|upstream| text.upstream(upstream));
        text.access(&self.access);
        self.write_repair(&mut text);
        self.write_cache(&mut text);
        self.write_bounds(&mut text);
        self.sources.iter().for_each(|source| text.source(source));
        self.rules.iter().for_each(|rule| text.rule(rule));
        self.diagnoses
            .iter()
            .for_each(|known| text.rejection(known));
        text.out
    }

    fn write_repair(&self, text: &mut Text) {
        let repair = &self.repair;
        text.section("[repair]");
        text.word("mode", &MODES, repair.mode);
        text.plain("enforce_share", float(repair.enforce_share.get()));
        text.word(
            "on_lookup_failure",
            &LOOKUP_FAILURES,
            repair.on_lookup_failure,
        );
        text.word("on_too_large", &TOO_LARGE, repair.on_too_large);
        text.plain("resend_on", statuses(&repair.resend_on));
        text.plain("report", repair.report);
    }

    fn write_cache(&self, text: &mut Text) {
        let cache = &self.cache;
        text.section("[cache]");
        text.string("max_age", &duration_text(cache.max_age));
        text.plain("capacity", cache.capacity);
        text.string("max_bytes", &size_text(cache.max_bytes));
        text.plain("learn", cache.learn);
        text.secret("partition_key", cache.partition_key.as_ref());
        if let Some(redis) = &cache.redis {
            text.redis(redis);
        }
    }

    fn write_bounds(&self, text: &mut Text) {
        let breaker = &self.breaker;
        text.section("[breaker]");
        text.plain("failures", breaker.failures);
        text.string("open", &duration_text(breaker.open));
        text.string("max_open", &duration_text(breaker.max_open));
        text.section("[budget]");
        text.plain("lookup_share", self.budget.lookup_share.get());
        text.string("shape", &duration_text(self.budget.shape));
        text.trace(&self.trace);
        let limits = &self.limits;
        text.section("[limits]");
        text.string("body", &size_text(self.repair.body_limit as u64));
        text.string("buffered", &size_text(self.repair.buffered.bytes() as u64));
        text.plain("concurrency", limits.concurrency);
        text.plain("connections", limits.connections);
        text.string("header_bytes", &size_text(limits.header_bytes as u64));
        text.plain("lookups", limits.lookups);
        text.string("lookup_bytes", &size_text(limits.lookup_bytes as u64));
        text.plain("http2_connections", limits.http2_connections);
        if let Some(workers) = limits.workers {
            text.plain("workers", workers);
        }
        let timeouts = &self.timeouts;
        text.section("[timeouts]");
        for (key, time) in [
            ("connect", timeouts.connect),
            ("lookup", timeouts.lookup),
            ("request", timeouts.request),
            ("header_read", timeouts.header_read),
            ("body", self.repair.body_timeout),
            ("idle", timeouts.idle),
            ("upstream_idle", timeouts.upstream_idle),
            ("drain", timeouts.drain),
        ] {
            text.string(key, &duration_text(time));
        }
    }
}

/// TOML text that grows key by key.
#[derive(Default)]
struct Text {
    out: String,
    secrets: Secrets,
}

impl Text {
    fn section(&mut self, header: &str) {
        self.plain_line(format_args!("\n{header}"));
    }

    fn plain_line(&mut self, line: impl Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.out, "{line}");
    }

    fn plain(&mut self, key: &str, value: impl Display) {
        self.plain_line(format_args!("{key} = {value}"));
    }

    fn string(&mut self, key: &str, value: &str) {
        self.plain(key, quoted(value));
    }

    fn secret(&mut self, key: &str, secret: Option<&SecretString>) {
        if let Some(secret) = secret {
            self.string(key, &self.hidden(secret.expose_secret().as_bytes()));
        }
    }

    /// What stands in the place of a secret here.
    fn hidden(&self, secret: &[u8]) -> String {
        match self.secrets {
            Secrets::Hidden => HIDDEN.to_owned(),
            Secrets::Digested => blake3::hash(secret).to_hex().to_string(),
        }
    }

    fn path(&mut self, key: &str, path: Option<&PathBuf>) {
        if let Some(path) = path {
            self.string(key, &path.display().to_string());
        }
    }

    fn word<T: Copy + PartialEq>(&mut self, key: &str, words: &[(&str, T)], value: T) {
        if let Some((word, _)) = words.iter().find(|(_, meaning)| *meaning == value) {
            self.string(key, word);
        }
    }

    fn redis(&mut self, redis: &Redis) {
        self.section("[cache.redis]");
        let url = match &redis.address {
            RedisAddress::Tcp { .. } if redis.database != 0 => {
                format!("{}/{}", redis.address, redis.database)
            }
            address => address.to_string(),
        };
        self.string("url", &url);
        if let Some(username) = &redis.username {
            self.string("username", username);
        }
        self.secret("password", redis.password.as_ref());
        self.path("ca", redis.ca.as_ref());
        self.string("prefix", &redis.prefix);
        self.string("timeout", &duration_text(redis.sharing.timeout));
        self.plain("confirm", redis.sharing.confirm);
    }

    fn trace(&mut self, trace: &Trace) {
        self.section("[trace]");
        self.word("traceparent", &TRACEPARENTS, trace.traceparent);
        // With a point, or it would be read as an integer.
        self.plain("sample", format_args!("{:?}", trace.sample));
        let Some(otlp) = &trace.otlp else {
            return;
        };
        self.section("[trace.otlp]");
        self.string("url", &otlp.url.to_string());
        self.secret("headers", otlp.headers.as_ref());
        self.path("ca", otlp.ca.as_ref());
        self.plain("queue", otlp.queue);
        self.plain("batch", otlp.batch);
        self.string("interval", &duration_text(otlp.interval));
        self.string("timeout", &duration_text(otlp.timeout));
    }

    fn upstream(&mut self, upstream: &Upstream) {
        self.section("[[upstream]]");
        self.string("name", &upstream.name);
        self.string("url", upstream.url.to_string().trim_end_matches('/'));
        if !upstream.hosts.is_empty() {
            self.plain("host", strings(&upstream.hosts));
        }
        self.string("prefix", &upstream.prefix);
        match &upstream.strip_prefix {
            Some(part) if *part != upstream.prefix => self.string("strip_prefix", part),
            part => self.plain("strip_prefix", part.is_some()),
        }
        self.path("ca", upstream.ca.as_ref());
        let identity = upstream.identity.as_ref();
        self.path("certificate", identity.map(|files| &files.certificate));
        self.path("private_key", identity.map(|files| &files.private_key));
        self.plain("http2", upstream.http2);
    }
}

/// A number that reads as one with a point: `1.0` and not `1`.
fn float(number: f64) -> String {
    format!("{number:?}")
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    let _ = out.value(TomlStringBuilder::new(text).as_default());
    out
}

fn strings<T: AsRef<str>>(list: &[T]) -> String {
    let list: Vec<_> = list.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", list.join(", "))
}

fn statuses(list: &[StatusCode]) -> String {
    let list: Vec<_> = list
        .iter()
        .map(|status| status.as_str().to_owned())
        .collect();
    format!("[{}]", list.join(", "))
}

fn map<'a>(entries: impl Iterator<Item = (&'a String, String)>) -> String {
    let entries: Vec<_> = entries
        .map(|(name, value)| {
            let mut key = String::new();
            let _ = key.key(TomlKeyBuilder::new(name).as_default());
            format!("{key} = {value}")
        })
        .collect();
    if entries.is_empty() {
        return "{}".to_owned();
    }
    format!("{{ {} }}", entries.join(", "))
}
