//! `patchwright explain` takes what people have at hand, a curl command or a HAR file, and tells programs.

use std::io::Write as _;
use std::process::Output;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::bytes::CONVERSATION;
use crate::support::patchwright;

const URL: &str = "https://api.mypurecloud.com/api/v2/conversations/c1/participants/p1";
const SOURCE: &str = "https://api.mypurecloud.com/api/v2/conversations/c1";

fn file(text: &str) -> (NamedTempFile, String) {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let name = file.path().to_str().unwrap().to_owned();
    (file, name)
}

async fn explain(arguments: &[&str]) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = patchwright(&[&["explain"], arguments].concat()).await;
    let said = String::from_utf8([stdout, stderr].concat()).unwrap();
    assert!(!said.contains("planted"), "{said}");
    (status.code(), said)
}

async fn json_of(arguments: &[&str], code: i32) -> Value {
    let (ended, said) = explain(&[&["--format", "json"], arguments].concat()).await;
    assert_eq!(ended, Some(code), "{said}");
    serde_json::from_str(&said).unwrap()
}

#[tokio::test]
async fn a_curl_command_is_explained_as_it_was_pasted() {
    let (_kept, conversation) = file(CONVERSATION);
    let command = format!(
        "curl '{URL}' \\\n -X PATCH -H 'authorization: Bearer planted' -b 'planted=planted' \\\n \
         --data-raw '{{\"attributes\":{{}}}}' --compressed"
    );
    let told = json_of(&["--curl", &command, "--conversation", &conversation], 0).await;
    assert_eq!(told["result"], "repaired");
    assert_eq!(
        told["rule"],
        json!({ "name": "participant", "mode": "enforce" })
    );
    assert_eq!(told["gaps"], json!(["/state", "/routing/queue/id"]));
    assert_eq!(told["credential_assumed"], false);
    let sent = &told["sent"][0];
    // curl's own Content-Type is one of those that are mended.
    assert_eq!(
        sent["headers"],
        json!({ "content-type": "application/json" })
    );
    let (body, spans) = (
        sent["body"].as_str().unwrap(),
        sent["spans"].as_array().unwrap(),
    );
    let inserted: u64 = spans
        .iter()
        .map(|span| span["inserted"].as_u64().unwrap())
        .sum();
    assert_eq!(
        body.len(),
        "{\"attributes\":{}}".len() + usize::try_from(inserted).unwrap()
    );
    // Behind a byte-order mark the fill is about bytes that nobody sent.
    let marked = command.replace("'{\"", "$'\\ufeff{\"");
    let told = json_of(&["--curl", &marked, "--conversation", &conversation], 0).await;
    assert_eq!(told["repairs"], json!(["fill", "content-type", "bom"]));
    assert_eq!(told["sent"][0]["body"], body);
    assert_eq!(told["sent"][0]["spans"], json!([]));
    let (code, said) = explain(&["--curl", &command, "--conversation", &conversation]).await;
    assert_eq!(code, Some(0));
    assert!(said.contains("\n- {\"attributes\":{}}\n+ {"), "{said}");
    let (_, coloured) = explain(&[
        "--color",
        "always",
        "--curl",
        &command,
        "--conversation",
        &conversation,
    ])
    .await;
    assert!(
        coloured.contains('\u{1b}') && !said.contains('\u{1b}'),
        "{coloured}"
    );
}

/// `explain` looks for what is planted in everything that it prints.
#[tokio::test]
async fn no_credential_is_shown_in_whatever_form_it_came() {
    let (_kept, conversation) = file(CONVERSATION);
    let with_user = URL.replace("https://", "https://planted:planted@");
    for credential in [
        "-u planted:planted",
        "-uplanted",
        "--oauth2-bearer planted",
        "--cookie planted=planted",
        "-H 'Proxy-Authorization: Basic planted'",
        "-H 'X-API-Key: planted' -e https://planted/ -A planted",
        "--proxy http://planted:planted@h --proxy-user planted:planted -E planted:planted",
    ] {
        for url in [URL, &with_user] {
            let command = format!("curl -X PATCH {url} {credential} -d '{{\"attributes\":{{}}}}'");
            for format in ["text", "json"] {
                let arguments = ["--format", format, "--curl", &command];
                let (code, said) =
                    explain(&[&arguments[..], &["--conversation", &conversation]].concat()).await;
                assert_eq!(code, Some(0), "{command}: {said}");
            }
        }
    }
    for (arguments, told) in [
        (
            &["--curl", "curl --user=planted h"][..],
            "a space after --user",
        ),
        (
            &["--curl", "curl --pass-word=planted h"],
            "--pass-word is not known",
        ),
        (&["--curl", "curl -H 'Authorization planted' h"], "no colon"),
        (
            &["--curl", "curl h -H Authorization: Bearer planted"],
            "two URLs",
        ),
        (
            &["--curl", "curl -H 'Authorization: planted"],
            "never closed",
        ),
        (&["--curl", "Authorization: planted"], "begin with curl"),
        (
            &["-H", "A: b", "-H", "Authorization planted", "/p"],
            "-H number 2",
        ),
        (&["-H", "Authorization: planted\u{1}", "/p"], "-H number 1"),
        (&["/a b?access_token=planted"], "%20"),
        (&["a?access_token=planted"], "starts with"),
    ] {
        let (code, said) = explain(arguments).await;
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(told), "{said}");
    }
}

fn entry(method: &str, url: &str, body: Option<&str>, status: u16, answer: &str) -> Value {
    json!({
        "request": { "method": method, "url": url, "headers": [
            { "name": ":authority", "value": "api.mypurecloud.com" },
            { "name": "Authorization", "value": "Bearer planted" },
            { "name": "Cookie", "value": "planted" },
            { "name": "content-type", "value": "application/json" }
        ], "postData": body.map(|text| json!({ "mimeType": "application/json", "text": text })) },
        "response": { "status": status, "content": { "text": answer } }
    })
}

#[tokio::test]
async fn every_request_of_a_har_file_that_a_rule_is_about_is_explained() {
    let refusal = r#"{"status":400,"message":"m"}"#;
    let gaps = r#"{"attributes":{}}"#;
    let complete = r#"{"state":"connected","routing":{"queue":{"id":"q"}}}"#;
    let other = URL.replace("c1", "c2");
    let entries = json!([
        entry(
            "GET",
            "https://api.mypurecloud.com/picture.png",
            None,
            200,
            ""
        ),
        entry("GET", SOURCE, None, 200, CONVERSATION),
        entry("PATCH", URL, Some(gaps), 400, refusal),
        entry("PATCH", URL, Some(complete), 202, ""),
        entry("PATCH", &other, Some(gaps), 400, refusal),
        entry("PATCH", URL, Some("no JSON"), 400, refusal),
    ]);
    let (_har, har) = file(&json!({ "log": { "version": "1.2", "entries": entries } }).to_string());
    let told = json_of(&["--har", &har], 4).await;
    let told = told.as_array().unwrap().iter();
    let results: Vec<_> = told
        .map(|told| {
            (
                told["entry"].as_u64().unwrap(),
                told["result"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        results,
        [
            (3, "repaired"),
            (4, "unchanged"),
            (5, "unknown"),
            (6, "unrepairable")
        ]
    );

    let (code, said) = explain(&["--har", &har]).await;
    assert_eq!(code, Some(4));
    for line in [
        "#3  PATCH /api/v2/conversations/c1/participants/p1",
        "    repaired by rule participant",
        "    filled   /state /routing/queue/id",
        "    it hangs on the answer to GET /api/v2/conversations/c2, which is not in the file before it",
        "    reason   not_json",
        "1 repaired, 1 unchanged, 1 unknown, 1 unrepairable; 2 that no rule is about",
    ] {
        assert!(said.lines().any(|said| said == line), "{line}\n{said}");
    }
    let (code, said) = explain(&["--har", &har, "--entry", "3"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("\n- {\"attributes\":{}}\n+ {"), "{said}");
    let (_kept, conversation) = file(CONVERSATION);
    let (code, _) = explain(&[
        "--har",
        &har,
        "--entry",
        "5",
        "--conversation",
        &conversation,
    ])
    .await;
    assert_eq!(code, Some(0), "what is not in the file is given");
    for arguments in [
        &["--har", &*har, "--entry", "7"][..],
        &["--har", &har, "--entry", "0"],
        &["--har", &har, "--raw"],
    ] {
        assert_eq!(explain(arguments).await.0, Some(2), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_rule_that_only_observes_is_told() {
    let config = "rules = \"strict\"\n[[upstream]]\nurl = \"http://127.0.0.1:9\"\n[repair]\nmode = \"observe\"\n";
    let ((_config, config), (_kept, conversation)) = (file(config), file(CONVERSATION));
    let path = "/api/v2/conversations/c1/participants/p1";
    let arguments = [
        "--config",
        &config,
        "--conversation",
        &conversation,
        "-d",
        "{}",
        path,
    ];
    let (code, said) = explain(&arguments).await;
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("mode       observe"), "{said}");
}
