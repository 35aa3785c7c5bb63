//! The keys of a `[[rule]]` about the request itself, and `[[diagnosis]]` → specs.

use http::Method;

use crate::document::{Node, Table};
use crate::repair::diagnosis::Flaw;
use crate::rule::spec::{
    DiagnosisSpec, Form, OnRejectSpec, PickSpec, RejectionSpec, RenameSpec, ReshapeSpec,
};

pub(crate) const FORMS: [(&str, Form); 5] = [
    ("any", Form::Any),
    ("string", Form::Text),
    ("object", Form::Object),
    ("map", Form::Map),
    ("nested", Form::Nested),
];

const BODY: &str = r#"'{"state":"disconnected"}'"#;
const MEMBERS: &str = r#"["attributes"]"#;
const PATH: &str = r#""/api/v2/conversations/{conversationId}/participants/{participantId}""#;

pub(super) fn read(table: &mut Table<'_>) -> ReshapeSpec {
    ReshapeSpec {
        method: table.read("method", method),
        path: table.string("path", PATH),
        body: table.string("body", BODY),
        accepts: table.strings("accepts", MEMBERS),
        reserved: table
            .strings("reserved", r#"["state"]"#)
            .unwrap_or_default(),
        unwrap: each(table, "unwrap", wrapper),
        pick: each(table, "pick", pick),
        rename: each(table, "rename", rename),
        identity: table.strings("identity", r#"["id"]"#).unwrap_or_default(),
        drop: table.strings("drop", r#"["id"]"#).unwrap_or_default(),
        drop_current: table
            .string_map("drop_current", r#"{ "/routing/queue/id" = "queue" }"#)
            .unwrap_or_default(),
        mistyped: table
            .strings("mistyped", r#"["application/json-patch+json"]"#)
            .unwrap_or_default(),
        drop_headers: table
            .strings("drop_headers", r#"["If-Match"]"#)
            .unwrap_or_default(),
        wrap: table.string("wrap", "\"attributes\""),
        stringify: table
            .strings("stringify", r#"["/attributes"]"#)
            .unwrap_or_default(),
        reroute: table
            .string_map("reroute", &format!("{{ attributes = {PATH} }}"))
            .unwrap_or_default(),
        on_reject: on_reject(table),
        diagnosis: table
            .has("diagnosis")
            .then(|| rule_diagnosis(table))
            .flatten(),
    }
}

fn each<T>(
    table: &mut Table<'_>,
    key: &'static str,
    read: impl Fn(&mut Table<'_>) -> Option<T>,
) -> Vec<T> {
    let entry = |mut entry: Table<'_>| {
        let value = read(&mut entry);
        entry.finish();
        value
    };
    table.tables(key).into_iter().filter_map(entry).collect()
}

fn method(node: &Node) -> Result<Method, String> {
    let text = node
        .as_str()
        .filter(|text| !text.contains(char::is_lowercase));
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| node.not("a method in capitals such as \"PATCH\""))
}

fn wrapper(table: &mut Table<'_>) -> Option<(String, Form)> {
    table.require("member", "member = \"body\"");
    let form = table.word("type", &FORMS);
    let member = table.string("member", "\"body\"")?;
    Some((member, form.unwrap_or(Form::Any)))
}

fn pick(table: &mut Table<'_>) -> Option<PickSpec> {
    if table.has("map") {
        table.require("to", "to = \"attributes\"");
        let map = table.string("map", "\"/attributes/participantAttributes\"");
        let to = table.string("to", "\"attributes\"");
        return Some(PickSpec::Map { map: map?, to: to? });
    }
    if table.has("ids") {
        table.require("body", &format!("body = {BODY}"));
        let ids = table.string("ids", "\"/participantIds\"");
        let body = table.string("body", BODY);
        return Some(PickSpec::Ids {
            ids: ids?,
            body: body?,
        });
    }
    table.require("list", "list = \"/participants\"");
    let list = table.string("list", "\"/participants\"");
    let id = table.strings("id", r#"["id"]"#);
    let members = table.strings("members", MEMBERS);
    Some(PickSpec::List {
        list: list?,
        id: id.unwrap_or_else(|| vec!["id".to_owned()]),
        members: members.unwrap_or_default(),
    })
}

fn rename(table: &mut Table<'_>) -> Option<RenameSpec> {
    table.require("from", "from = \"/customAttributes\"");
    table.require("to", "to = \"/attributes\"");
    let from = table.string("from", "\"/customAttributes\"");
    let to = table.string("to", "\"/attributes\"");
    let form = table.word("type", &FORMS);
    let values = table.string_map("values", "{ disconnect = \"disconnected\" }");
    Some(RenameSpec {
        from: from?,
        to: to?,
        form: form.unwrap_or(Form::Any),
        values: values.unwrap_or_default(),
    })
}

fn on_reject(table: &mut Table<'_>) -> OnRejectSpec {
    let mut table = table.table("on_reject");
    let case = table.string_list_map("case", r#"{ "/state" = ["connected"] }"#);
    let drop_null = table.list(
        "drop_null",
        r#"a list of JSON pointers such as ["/attributes"], "" for the body itself"#,
        |node| {
            let text = node.as_str().map(str::to_owned);
            text.ok_or_else(|| node.not("a JSON pointer"))
        },
    );
    let path = table.string("path", PATH);
    table.finish();
    OnRejectSpec {
        case: case.unwrap_or_default(),
        drop_null: drop_null.unwrap_or_default(),
        path,
    }
}

fn rule_diagnosis(table: &mut Table<'_>) -> Option<DiagnosisSpec> {
    let mut table = table.table("diagnosis");
    let diagnosis = diagnosis(&mut table);
    table.finish();
    diagnosis
}

fn diagnosis(table: &mut Table<'_>) -> Option<DiagnosisSpec> {
    table.require("reason", "reason = \"participant_missing\"");
    let words: Vec<_> = Flaw::ALL
        .iter()
        .map(|&flaw| (flaw.as_str(), flaw))
        .collect();
    let reason = table.word("reason", &words);
    let hint = table.string("hint", "\"the path names no participant\"");
    let advice = table.string("advice", "\"Send one request for each participant.\"");
    Some(DiagnosisSpec {
        reason: reason?,
        hint,
        advice,
    })
}

/// A `[[diagnosis]]` without its name or its reason is none.
pub(in crate::rule::pack) fn rejection(table: &mut Table<'_>) -> Option<RejectionSpec> {
    table.require("name", "name = \"user-needed\"");
    let name = table.name("name", "\"user-needed\"");
    let codes = table.strings("codes", r#"["not.a.user"]"#);
    let messages = table.strings("messages", r#"["wrap-up code"]"#);
    let diagnosis = diagnosis(table);
    Some(RejectionSpec {
        name: name?,
        codes: codes.unwrap_or_default(),
        messages: messages.unwrap_or_default(),
        diagnosis: diagnosis?,
    })
}
