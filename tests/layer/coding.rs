//! Bodies with a `Content-Encoding`: decoded for the repair, or untouched with the reason.

use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::Full;
use patchwright::layer::options::{Mode, Options, TooLarge};
use patchwright::rule::Rules;
use proptest::prelude::*;

use crate::coder::{CODERS, br, gzip, raw_deflate, zstd};
use crate::fake::{Fake, P, Proxy, WEB, patch};

pub(crate) fn coded(path: &str, lines: &[&str], body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let body = body.into();
    let mut request = patch(path, "");
    let headers = request.headers_mut();
    headers.insert("content-length", body.len().into());
    for line in lines {
        headers.append("content-encoding", HeaderValue::from_str(line).unwrap());
    }
    request.map(|_| Full::new(body))
}

#[tokio::test]
async fn a_coded_body_is_repaired_and_sent_on_as_it_is() {
    let body = br#"{ "attributes": {"note":"1.10"} }"#;
    for (name, encode) in CODERS {
        let fake = Fake::new("connected");
        let mut request = coded(P, &[name], encode(body));
        let gone = ["content-md5", "digest", "content-digest", "repr-digest"];
        for name in gone {
            request.headers_mut().insert(name, "x".parse().unwrap());
        }
        let answer = Proxy::new(&fake).send(request).await;
        let report = "rule=\"participant\", outcome=repaired, repairs=(fill coding), \
             filled=(\"/state\" \"/routing/queue/id\"), snapshot=miss, age=";
        assert!(
            answer.report.starts_with(report),
            "{name} {}",
            answer.report
        );
        let seen = &fake.writes()[0];
        assert_eq!(
            seen.body,
            r#"{"state":"connected","routing":{"queue":{"id":"q1"}}, "attributes": {"note":"1.10"} }"#
        );
        for name in ["content-encoding", "content-length"]
            .into_iter()
            .chain(gone)
        {
            assert!(!seen.headers.contains_key(name), "{name}");
        }
        assert_eq!(seen.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn a_coded_body_that_misses_nothing_keeps_its_bytes() {
    for (name, encode) in CODERS {
        let fake = Fake::new("connected");
        let body = encode(br#"{"state":"x"}"#);
        let mut request = coded(WEB, &[name], body.clone());
        request
            .headers_mut()
            .insert("content-digest", "x".parse().unwrap());
        let answer = Proxy::new(&fake).send(request).await;
        assert_eq!(
            answer.report, "rule=\"web-instance\", outcome=complete",
            "{name}"
        );
        // Nor does a type that is set change them.
        let mut untyped = coded(WEB, &[name], body.clone());
        untyped.headers_mut().remove("content-type");
        let answer = Proxy::new(&fake).send(untyped).await;
        assert!(answer.says("repairs=(content-type)"), "{}", answer.report);
        assert_eq!(fake.lookups(), 0);
        for seen in fake.writes() {
            assert_eq!(seen.bytes, body, "{name}");
            assert_eq!(seen.headers["content-encoding"], name);
            assert_eq!(seen.headers["content-length"], body.len().to_string());
            assert_eq!(seen.headers["content-type"], "application/json");
        }
        assert_eq!(fake.writes()[0].headers["content-digest"], "x");
    }
}

#[tokio::test]
async fn a_byte_order_mark_inside_is_dropped() {
    let fake = Fake::new("connected");
    let body = gzip("\u{feff}{\"state\":\"x\"}".as_bytes());
    let answer = Proxy::new(&fake).send(coded(WEB, &["gzip"], body)).await;
    assert!(answer.says("repairs=(bom coding)"), "{}", answer.report);
    assert_eq!(fake.bodies(), [r#"{"state":"x"}"#]);
    assert!(!fake.writes()[0].headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn two_codings_are_undone_and_more_are_not() {
    let (once, plain) = (gzip(b"{}"), &["identity"][..]);
    let twice = br(&once);
    for (lines, body, repaired) in [
        (&["gzip, br"][..], twice.clone(), true),
        (&["gzip", "identity, br"], twice.clone(), true),
        (&["br, gzip"], twice.clone(), false),
        (&["gzip, gzip, br"], br(&gzip(&once)), false),
        (plain, b"{}".to_vec(), true),
        (&["made-up"], b"{}".to_vec(), false),
        (&["gzip, made-up"], once.clone(), false),
    ] {
        let fake = Fake::new("connected");
        let answer = Proxy::new(&fake)
            .send(coded(WEB, lines, body.clone()))
            .await;
        let seen = &fake.writes()[0];
        if repaired {
            assert_eq!(seen.body, r#"{"state":"connected"}"#, "{lines:?}");
            assert_eq!(
                seen.headers.contains_key("content-encoding"),
                lines == plain
            );
        } else {
            let report = "rule=\"web-instance\", outcome=forwarded, reason=coding";
            assert_eq!(
                (answer.report.as_str(), &seen.bytes[..]),
                (report, &body[..])
            );
            let kept: Vec<_> = seen.headers.get_all("content-encoding").iter().collect();
            assert_eq!(kept, lines, "every line as it came");
            assert_eq!(fake.lookups(), 0);
        }
    }
}

#[tokio::test]
async fn what_is_no_such_coding_is_untouched() {
    let mut damaged = gzip(b"{\"a\":1}");
    let at = damaged.len() - 5;
    damaged[at] ^= 1;
    for (name, body) in [
        ("gzip", b"{}".to_vec()),
        ("gzip", Vec::new()),
        ("gzip", damaged),
        ("gzip", gzip(b"{}")[..20].to_vec()),
        ("br", [br(b"{}"), b"\n".to_vec()].concat()),
        ("deflate", gzip(b"{}")),
        ("zstd", raw_deflate(b"{}")),
    ] {
        let fake = Fake::new("connected");
        let mut request = coded(WEB, &[name], body.clone());
        request.headers_mut().remove("content-type");
        let answer = Proxy::new(&fake).send(request).await;
        assert!(
            answer.report.ends_with("outcome=forwarded, reason=coding"),
            "{name} {}",
            answer.report
        );
        let seen = &fake.writes()[0];
        assert_eq!((&seen.bytes[..], fake.lookups()), (&body[..], 0));
        assert_eq!(seen.headers["content-encoding"], name);
        assert!(!seen.headers.contains_key("content-type"));
    }
    // What it decodes to is judged as ever.
    let fake = Fake::new("connected");
    let body = zstd(b"[1]");
    let answer = Proxy::new(&fake)
        .send(coded(WEB, &["zstd"], body.clone()))
        .await;
    assert!(answer.says("reason=not_object"), "{}", answer.report);
    assert_eq!(fake.writes()[0].bytes, body);
}

#[tokio::test]
async fn a_body_that_is_too_large_when_decoded_is_so_at_all() {
    let text = format!("{{\"a\":\"{}\"}}", "x".repeat(92));
    assert_eq!(text.len(), 100);
    for (name, encode) in CODERS {
        let body = encode(text.as_bytes());
        for (on_too_large, mode, body_limit, outcome, status) in [
            (
                TooLarge::Forward,
                Mode::Enforce,
                100,
                "outcome=repaired",
                202,
            ),
            (
                TooLarge::Forward,
                Mode::Enforce,
                99,
                "outcome=forwarded",
                202,
            ),
            (TooLarge::Reject, Mode::Enforce, 99, "outcome=rejected", 413),
            (
                TooLarge::Reject,
                Mode::Observe,
                99,
                "outcome=forwarded",
                202,
            ),
        ] {
            let fake = Fake::new("connected");
            let options = Options {
                on_too_large,
                mode,
                body_limit,
                ..Options::default()
            };
            let proxy = Proxy::with(&fake, Rules::strict(), options);
            let answer = proxy.send(coded(WEB, &[name], body.clone())).await;
            assert!(answer.says(outcome), "{name} {}", answer.report);
            assert_eq!(answer.status, status);
            if body_limit == 99 {
                assert!(answer.says("reason=too_large"), "{}", answer.report);
                let sent = fake.writes().pop().map(|seen| seen.bytes);
                assert_eq!(sent, (status == 202).then(|| body.clone().into()));
            }
        }
    }
}

#[tokio::test]
async fn a_signed_body_is_not_repaired_for_being_coded() {
    for covered in ["content-encoding", "content-digest"] {
        let fake = Fake::new("connected");
        let body = gzip(b"{}");
        let mut request = coded(WEB, &["gzip"], body.clone());
        let input = format!(r#"s=("@method" "{covered}")"#);
        request
            .headers_mut()
            .insert("signature-input", input.parse().unwrap());
        let answer = Proxy::new(&fake).send(request).await;
        assert!(answer.says("reason=signed"), "{}", answer.report);
        assert_eq!(fake.writes()[0].bytes, body);
    }
}

#[tokio::test]
async fn a_large_body_is_decoded_beside_the_worker() {
    let text = format!("{{\"a\":\"{}\"}}", "x".repeat(3 << 20));
    for (name, encode) in CODERS {
        let fake = Fake::new("connected");
        let options = Options {
            body_limit: 4 << 20,
            ..Options::default()
        };
        let budget = options.buffered.clone();
        let answer = Proxy::with(&fake, Rules::strict(), options)
            .send(coded(WEB, &[name], encode(text.as_bytes())))
            .await;
        assert!(
            answer.says("repairs=(fill coding)"),
            "{name} {}",
            answer.report
        );
        assert_eq!(
            fake.bodies(),
            [text.replacen('{', "{\"state\":\"connected\",", 1)]
        );
        assert_eq!(budget.held(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_coded_body_is_repaired_as_its_text_is(
        members in prop::collection::btree_map("[a-z]{1,6}|state|routing|\\PC{0,4}", "\\PC{0,20}", 0..6),
        which in 0..CODERS.len()
    ) {
        let text = serde_json::to_vec(&members).unwrap();
        let (name, encode) = CODERS[which];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let sent = |request| runtime.block_on(async {
            let fake = Fake::new("connected");
            let answer = Proxy::new(&fake).send(request).await;
            let seen = fake.writes().remove(0);
            (answer.says("outcome=repaired"), seen.bytes, seen.headers.contains_key("content-encoding"))
        });
        let (repaired, plain, _) = sent(coded(P, &[], text.clone()));
        let came = encode(&text);
        let (also, bytes, still_coded) = sent(coded(P, &[name], came.clone()));
        prop_assert_eq!(also, repaired);
        prop_assert_eq!(still_coded, !repaired);
        prop_assert_eq!(&bytes[..], if repaired { &plain[..] } else { &came[..] });
    }
}
