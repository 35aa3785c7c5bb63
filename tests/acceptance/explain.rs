//! `patchwright explain --raw` prints what the proxy sends.

use std::io::Write as _;

use tempfile::NamedTempFile;

use crate::bytes::CONVERSATION;
use crate::bytes::bodies::bodies;
use crate::support::{Caller, Peer, Recorder, patchwright, proxy, request};

const PATHS: [&str; 5] = [
    "/api/v2/conversations/c1/participants/p1",
    "/api/v2/conversations/web/instances/c1/participants/p1",
    "/conversations/web/instances/c1/participants/p1?a=b",
    // Nobody is called so, and this no rule matches.
    "/api/v2/conversations/calls/c1/participants/p2",
    "/api/v2/conversations/c1/participants/p%31",
];

/// A rule of the user's own, which replaces one of the pack.
const OWN_RULE: &str = r#"
[[upstream]]
url = "http://UPSTREAM"
[[rule]]
name = "participant"
methods = ["PATCH", "PUT"]
paths = ["/api/v2/conversations/{conversationId}/participants/{participantId}"]
sources = ["conversation"]
fill = { "/meta~1data/current/state" = "state", "/state" = "state" }
"#;

#[tokio::test]
async fn explain_prints_exactly_the_bytes_that_the_proxy_sends() {
    let upstream = Recorder::new(CONVERSATION).await;
    let proxy = proxy("", upstream.address);
    let mut caller = Peer::connect(proxy.address).await;
    for (name, body, _) in bodies() {
        let lines = ["Authorization: Bearer x"];
        caller.send(request("PATCH", PATHS[0], &lines, &body)).await;
        caller.message().await;
        let (_, sent) = upstream.take().pop().unwrap();
        let explained = explain(&["-H", lines[0], PATHS[0]], &body).await;
        assert!(explained == sent, "{name}");
    }
}

#[tokio::test]
async fn explain_follows_the_path_the_headers_and_the_method() {
    let upstream = Recorder::new(CONVERSATION).await;
    let proxy = proxy("", upstream.address);
    let mut caller = Peer::connect(proxy.address).await;
    let body = b"\xef\xbb\xbf{\"attributes\":{}}";
    let mut different = std::collections::HashSet::new();
    for path in PATHS {
        for more in [
            "X-Nothing: 1",
            "Content-Encoding: gzip",
            "Signature-Input: a=(\"digest\")",
        ] {
            for method in ["PATCH", "POST"] {
                let lines = ["Authorization: Bearer x", more];
                caller.send(request(method, path, &lines, body)).await;
                caller.message().await;
                let (_, sent) = upstream.take().pop().unwrap();
                let arguments = ["-H", lines[0], "-H", more, "-X", method, path];
                let explained = explain(&arguments, body).await;
                assert_eq!(explained, sent, "{method} {path} {more}");
                different.insert(sent);
            }
        }
    }
    let texts = different.iter().map(|sent| String::from_utf8_lossy(sent));
    let texts: Vec<_> = texts.collect();
    assert_eq!(texts.len(), 3, "both members filled, one, none: {texts:?}");
}

#[tokio::test]
async fn explain_goes_by_the_users_own_configuration() {
    let upstream = Recorder::new(CONVERSATION).await;
    let proxy = proxy(OWN_RULE, upstream.address);
    let body = r#"{"state":null,"meta/data":{"x":1}}"#;
    let answer = Caller::to(proxy.address)
        .request(http::Method::PUT, PATHS[0])
        .bearer("x")
        .body(body)
        .send()
        .await;
    assert!(answer.says("outcome=repaired"), "{}", answer.report());
    let (_, sent) = upstream.take().pop().unwrap();
    let expected = r#"{"state":"connected","meta/data":{"current":{"state":"connected"},"x":1}}"#;
    assert_eq!(String::from_utf8(sent).unwrap(), expected);

    let mut config = NamedTempFile::new().unwrap();
    let text = OWN_RULE.replace("UPSTREAM", "127.0.0.1:9");
    config.write_all(text.as_bytes()).unwrap();
    let config = config.path().to_str().unwrap();
    let header = "Authorization: Bearer x";
    let arguments = ["--config", config, "-X", "PUT", "-H", header, PATHS[0]];
    let explained = explain(&arguments, body.as_bytes()).await;
    assert_eq!(String::from_utf8(explained).unwrap(), expected);
}

async fn explain(arguments: &[&str], body: &[u8]) -> Vec<u8> {
    let (mut data, mut conversation) =
        (NamedTempFile::new().unwrap(), NamedTempFile::new().unwrap());
    data.write_all(body).unwrap();
    conversation.write_all(CONVERSATION.as_bytes()).unwrap();
    let data = format!("@{}", data.path().to_str().unwrap());
    let mut all = vec!["explain", "--raw", "-d", &data, "--conversation"];
    all.push(conversation.path().to_str().unwrap());
    all.extend(arguments);
    let output = patchwright(&all).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    output.stdout
}
