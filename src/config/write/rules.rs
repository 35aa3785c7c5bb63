//! `[[source]]`, `[[rule]]` and `[[diagnosis]]`, as they can be read again.

use super::{Text, float, map, quoted, statuses, strings};
use crate::rule::pack::{FORMS, LOOKUP_FAILURES, MODES, TIMINGS};
use crate::rule::spec::{
    DiagnosisSpec, Form, OnRejectSpec, PickSpec, RejectionSpec, RenameSpec, ReshapeSpec, RuleSpec,
    SourceSpec,
};

impl Text {
    pub(super) fn source(&mut self, source: &SourceSpec) {
        self.section("[[source]]");
        self.string("name", &source.name);
        self.string("get", &source.get);
        self.string("participants", &source.participants);
        self.string("id", &source.id);
        let fields = source.fields.iter();
        self.plain(
            "fields",
            map(fields.map(|(name, queries)| (name, strings(queries)))),
        );
        if !source.learn {
            self.plain("learn", source.learn);
        }
    }

    pub(super) fn rule(&mut self, rule: &RuleSpec) {
        self.section("[[rule]]");
        self.string("name", &rule.name);
        self.plain("methods", strings(&rule.methods));
        self.plain("paths", strings(&rule.paths));
        if !rule.except.is_empty() {
            self.plain("except", strings(&rule.except));
        }
        self.plain("sources", strings(&rule.sources));
        if let Some(content_type) = &rule.content_type {
            self.string("content_type", content_type);
        }
        self.word("timing", &TIMINGS, rule.timing);
        let fill = rule.fill.iter();
        self.plain(
            "fill",
            map(fill.map(|(pointer, field)| (pointer, quoted(field)))),
        );
        if let Some(mode) = rule.mode {
            self.word("mode", &MODES, mode);
        }
        if let Some(share) = rule.enforce_share {
            self.plain("enforce_share", float(share.get()));
        }
        if let Some(resend_on) = &rule.resend_on {
            self.plain("resend_on", statuses(resend_on));
        }
        if let Some(on_lookup_failure) = rule.on_lookup_failure {
            self.word("on_lookup_failure", &LOOKUP_FAILURES, on_lookup_failure);
        }
        self.reshape(&rule.reshape);
    }

    fn reshape(&mut self, spec: &ReshapeSpec) {
        if let Some(method) = &spec.method {
            self.string("method", method.as_str());
        }
        for (key, text) in [
            ("path", &spec.path),
            ("body", &spec.body),
            ("wrap", &spec.wrap),
        ] {
            if let Some(text) = text {
                self.string(key, text);
            }
        }
        if let Some(accepts) = &spec.accepts {
            self.plain("accepts", strings(accepts));
        }
        for (key, list) in [
            ("reserved", &spec.reserved),
            ("identity", &spec.identity),
            ("drop", &spec.drop),
            ("mistyped", &spec.mistyped),
            ("drop_headers", &spec.drop_headers),
            ("stringify", &spec.stringify),
        ] {
            if !list.is_empty() {
                self.plain(key, strings(list));
            }
        }
        let wrapper = |(name, form): &(String, Form)| {
            table([("member", Some(quoted(name))), ("type", type_of(*form))])
        };
        self.tables("unwrap", spec.unwrap.iter().map(wrapper));
        self.tables("pick", spec.pick.iter().map(pick));
        self.tables("rename", spec.rename.iter().map(rename));
        if !spec.drop_current.is_empty() {
            let current = spec.drop_current.iter();
            let current = current.map(|(pointer, field)| (pointer, quoted(field)));
            self.plain("drop_current", map(current));
        }
        if !spec.reroute.is_empty() {
            let reroute = spec.reroute.iter();
            self.plain(
                "reroute",
                map(reroute.map(|(name, path)| (name, quoted(path)))),
            );
        }
        if spec.on_reject != OnRejectSpec::default() {
            self.plain("on_reject", on_reject(&spec.on_reject));
        }
        if let Some(diagnosis) = &spec.diagnosis {
            let DiagnosisSpec {
                reason,
                hint,
                advice,
            } = diagnosis;
            self.plain(
                "diagnosis",
                table([
                    ("reason", Some(quoted(reason.as_str()))),
                    ("hint", hint.as_deref().map(quoted)),
                    ("advice", advice.as_deref().map(quoted)),
                ]),
            );
        }
    }

    fn tables(&mut self, key: &str, entries: impl Iterator<Item = String>) {
        let entries: Vec<_> = entries.collect();
        if !entries.is_empty() {
            self.plain(key, format_args!("[{}]", entries.join(", ")));
        }
    }

    pub(super) fn rejection(&mut self, known: &RejectionSpec) {
        self.section("[[diagnosis]]");
        self.string("name", &known.name);
        self.plain("codes", strings(&known.codes));
        self.plain("messages", strings(&known.messages));
        let DiagnosisSpec {
            reason,
            hint,
            advice,
        } = &known.diagnosis;
        self.string("reason", reason.as_str());
        for (key, text) in [("hint", hint), ("advice", advice)] {
            if let Some(text) = text {
                self.string(key, text);
            }
        }
    }
}

fn type_of(form: Form) -> Option<String> {
    let (word, _) = FORMS.iter().find(|(_, known)| *known == form)?;
    Some(quoted(word))
}

fn pick(spec: &PickSpec) -> String {
    match spec {
        PickSpec::List { list, id, members } => table([
            ("list", Some(quoted(list))),
            ("id", Some(strings(id))),
            ("members", Some(strings(members))),
        ]),
        PickSpec::Ids { ids, body } => {
            table([("ids", Some(quoted(ids))), ("body", Some(quoted(body)))])
        }
        PickSpec::Map { map, to } => table([("map", Some(quoted(map))), ("to", Some(quoted(to)))]),
    }
}

fn rename(spec: &RenameSpec) -> String {
    let values = spec.values.iter();
    let values = map(values.map(|(from, to)| (from, quoted(to))));
    table([
        ("from", Some(quoted(&spec.from))),
        ("to", Some(quoted(&spec.to))),
        ("type", type_of(spec.form)),
        ("values", (!spec.values.is_empty()).then_some(values)),
    ])
}

fn on_reject(spec: &OnRejectSpec) -> String {
    let case = spec.case.iter();
    let case = map(case.map(|(pointer, words)| (pointer, strings(words))));
    table([
        ("case", (!spec.case.is_empty()).then_some(case)),
        (
            "drop_null",
            (!spec.drop_null.is_empty()).then(|| strings(&spec.drop_null)),
        ),
        ("path", spec.path.as_deref().map(quoted)),
    ])
}

/// An inline table of what is there.
fn table<const N: usize>(entries: [(&str, Option<String>); N]) -> String {
    let entries = entries.into_iter();
    let there = entries.filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let there: Vec<_> = there.collect();
    map(there.iter().map(|(key, value)| (key, value.clone())))
}
