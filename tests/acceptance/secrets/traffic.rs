//! Requests of every kind, each full of secrets.

use std::net::SocketAddr;

use http::Method;
use patchwright::simulator::{Fault, FaultKind};

use crate::support::{Answer, Caller, Peer, Sending, World, request};

pub(super) const TOKEN: &str = "t0ken-9f3c61";
pub(super) const ATTRIBUTE: &str = "attribute-name-7d20";
pub(super) const VALUE: &str = "attribute-value-41aa";
pub(super) const TEXT: &str = "text-of-no-json-5e88";
pub(super) const QUERY: &str = "query-string-c3f7";
pub(super) const FIELD: &str = "value-of-a-field-b6d5";
pub(super) const PARTITION_KEY: &str = "partition-key-0e9d2b4c";

/// What is shown nowhere.
pub(super) const SECRETS: [&str; 12] = [
    TOKEN,
    ATTRIBUTE,
    VALUE,
    TEXT,
    QUERY,
    FIELD,
    PARTITION_KEY,
    "cookie-2b81",
    "proxy-credential-77e0",
    // What the upstream says of the participant.
    "somebodys-name-6c1f",
    "known-attribute-11d9",
    "known-value-8a34",
];

pub(super) const CONVERSATION: &str = "/api/v2/conversations/c1";

pub(super) const DATA: &str = r#"{"conversations":[{"id":"c1","tokens":["t0ken-9f3c61"],"participants":[
    {"id":"p1","purpose":"agent","name":"somebodys-name-6c1f","queue":{"id":"q1"},
     "attributes":{"known-attribute-11d9":"known-value-8a34"},
     "communications":[{"id":"l1","media":"call","state":"connected"},
                       {"id":"l2","media":"email","state":"disconnected"}]}]}]}"#;

/// Reads, repairs, rejects, observes; `/gone` leads to nobody.
pub(super) fn config(upstream: SocketAddr, http2: bool) -> String {
    let rule = |family: &str, more: &str| {
        format!(
            "[[rule]]\nname = \"{family}-participant\"\nmethods = [\"PATCH\"]\n\
             paths = [\"/api/v2/conversations/{family}/{{conversationId}}/participants/{{participantId}}\"]\n\
             sources = [\"conversation\"]\n{more}\n\
             fill = {{ \"/state\" = \"state\", \"/routing/queue/id\" = \"queue\" }}\n"
        )
    };
    format!(
        "[repair]\non_too_large = \"reject\"\n[limits]\nbody = \"4KiB\"\n\
         [timeouts]\nlookup = \"15s\"\nconnect = \"10s\"\n[cache]\npartition_key = \"{PARTITION_KEY}\"\n\
         [[upstream]]\nname = \"api\"\nurl = \"http://{upstream}\"\nprefix = \"/api\"\nhttp2 = {http2}\n\
         [[upstream]]\nname = \"gone\"\nurl = \"http://127.0.0.1:9\"\nprefix = \"/gone\"\n{}{}",
        rule("calls", "timing = \"on-reject\""),
        rule("emails", "mode = \"observe\""),
    )
}

pub(super) struct Traffic<'a> {
    world: &'a World,
    address: SocketAddr,
    caller: Caller,
}

impl<'a> Traffic<'a> {
    pub(super) fn new(world: &'a World, address: SocketAddr) -> Self {
        Self {
            world,
            address,
            caller: Caller::to(address),
        }
    }

    /// Sends everything; returns what callers are shown by us: our own answers, and each outcome header.
    pub(super) async fn run(&self) -> Vec<String> {
        let mut shown = Vec::new();
        for (answer, own, says) in [
            (
                self.patch("", &body()).send().await,
                None,
                "outcome=repaired",
            ),
            (self.patch("", TEXT).send().await, None, "reason=not_json"),
            (
                self.patch("/emails", &body()).send().await,
                None,
                "outcome=observed",
            ),
            // On-reject: refused first, then filled.
            (
                self.patch("/calls", &body()).send().await,
                None,
                "outcome=repaired",
            ),
            (
                self.large().await,
                Some("patchwright.body.too.large"),
                "outcome=rejected",
            ),
            (
                self.elsewhere("/unknown").await,
                Some("patchwright.route.unknown"),
                "",
            ),
            (
                self.elsewhere("/gone").await,
                Some("patchwright.upstream.unreachable"),
                "",
            ),
            (
                self.failing(503).await,
                Some("patchwright.lookup.unavailable"),
                "reason=lookup_failed",
            ),
            (
                self.broken().await,
                Some("patchwright.upstream.broken"),
                "reason=upstream_failed",
            ),
            // Last: from then on the credential has to wait.
            (
                self.failing(429).await,
                Some("patchwright.lookup.throttled"),
                "reason=lookup_throttled",
            ),
        ] {
            assert!(
                says.is_empty() || answer.says(says),
                "{says}: {}",
                answer.report()
            );
            shown.push(answer.report().to_owned());
            if let Some(code) = own {
                assert_eq!(answer.code(), code);
                shown.push(format!("{:?} {}", answer.headers, answer.text()));
            }
        }
        let path = format!("{CONVERSATION}?q={QUERY}");
        assert_eq!(self.caller.get(&path, TOKEN).await.status, 200);
        shown.extend(self.malformed().await);
        self.malformed_http2().await;
        self.hang_up().await;
        shown
    }

    fn patch(&self, family: &str, body: &str) -> Sending {
        let path = format!("/api/v2/conversations{family}/c1/participants/p1?q={QUERY}");
        let request = self.caller.request(Method::PATCH, &path);
        // Each time a lookup of its own.
        let request = request
            .header("cache-control", "no-cache")
            .header("content-type", "application/json");
        dressed(request).body(body.to_owned())
    }

    async fn large(&self) -> Answer {
        let body = body().replace(VALUE, &VALUE.repeat(400));
        self.patch("", &body).send().await
    }

    async fn elsewhere(&self, prefix: &str) -> Answer {
        let path = format!("{prefix}/{CONVERSATION}?q={QUERY}");
        let post = self.caller.request(Method::POST, &path);
        dressed(post).body(body()).send().await
    }

    async fn failing(&self, status: u16) -> Answer {
        let fault = Fault::once(FaultKind::Status(status)).on(&Method::GET);
        self.world.simulator.fault(fault).unwrap();
        self.patch("", &body()).send().await
    }

    async fn broken(&self) -> Answer {
        let fault = Fault::once(FaultKind::DropAfter).on(&Method::PATCH);
        self.world.simulator.fault(fault).unwrap();
        self.patch("", &body()).send().await
    }

    /// Heads that are refused; returns the answers.
    async fn malformed(&self) -> Vec<String> {
        let mut answers = Vec::new();
        for lines in [
            &format!("Host: {FIELD}@proxy.example")[..],
            &format!("Authorization : Bearer {TOKEN}"),
            &format!("Expect: {FIELD}"),
            &format!("Transfer-Encoding: {FIELD}"),
        ] {
            let mut peer = Peer::connect(self.address).await;
            let target = format!("{CONVERSATION}?q={QUERY}");
            peer.send(request("PATCH", &target, &[lines], body().as_bytes()))
                .await;
            let (head, body) = peer.message().await;
            assert!((400..500).contains(&head.status()), "{head:?}");
            let answer = head.0 + &body;
            answers.push(answer);
        }
        answers
    }

    /// A target that HTTP/2 forbids: its implementation has something to say about that.
    async fn malformed_http2(&self) {
        let mut headers = vec![0x82, 0x86];
        for (name, value) in [
            (0x01, "proxy.example".to_owned()),
            (0x04, format!("/a b?q={QUERY}")),
        ] {
            headers.extend([name, u8::try_from(value.len()).unwrap()]);
            headers.extend(value.bytes());
        }
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0".to_vec();
        bytes.extend([u8::try_from(headers.len()).unwrap(), 0x01, 0x05, 0, 0, 0, 1]);
        bytes.extend(headers);
        let mut peer = Peer::connect(self.address).await;
        peer.send(bytes).await;
        // RST_STREAM is frame 3: the answer to what was malformed.
        peer.until("\0\0\x04\x03\0").await;
    }

    /// Gives up in the middle of a body.
    async fn hang_up(&self) {
        let lines = [
            &format!("Authorization: Bearer {TOKEN}")[..],
            "Content-Length: 1000",
        ];
        let mut peer = Peer::connect(self.address).await;
        let target = format!("{CONVERSATION}/participants/p1?q={QUERY}");
        let head = request("PATCH", &target, &lines[..1], b"");
        let head = String::from_utf8(head)
            .unwrap()
            .replace("Length: 0", "Length: 1000");
        peer.send(head + &body()).await;
        tokio::io::AsyncWriteExt::shutdown(&mut peer.stream)
            .await
            .unwrap();
        assert_eq!(peer.message().await.0.status(), 400);
    }
}

/// With everything that a request may carry in its head.
fn dressed(sending: Sending) -> Sending {
    sending
        .bearer(TOKEN)
        .header("user-agent", "a-legacy-app/1.0")
        .header("cookie", "session=cookie-2b81")
        .header("proxy-authorization", "Basic proxy-credential-77e0")
        .header("x-field", FIELD)
}

fn body() -> String {
    format!(r#"{{"attributes":{{"{ATTRIBUTE}":"{VALUE}"}}}}"#)
}
