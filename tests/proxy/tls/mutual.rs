//! Callers that must present a certificate.

use rustls::HandshakeKind;
use rustls::version::{TLS12, TLS13};

use super::support::{Authority, BOTH, Caller, Folder, GET, Log, OK, Pair};
use crate::support::{Gateway, Listening, Peer, Running, within};

struct World {
    gateway: Running,
    upstream: Listening,
    servers: Authority,
    callers: Authority,
    _folder: Folder,
}

impl World {
    async fn new() -> Self {
        let upstream = Listening::new().await;
        let (servers, callers) = (Authority::new(), Authority::new());
        let folder = Folder::with(&servers.sign());
        let mut files = folder.listen();
        files.client_ca = Some(folder.put("ca.pem", &callers.pem()));
        let gateway = Gateway::at(upstream.address).with_tls(files).start().await;
        Self {
            gateway,
            upstream,
            servers,
            callers,
            _folder: folder,
        }
    }

    /// What becomes of a caller with this certificate; an error or its end is a refusal.
    async fn refuses(&self, pair: Option<&Pair>) {
        for version in BOTH {
            let caller = Caller::of(&self.servers, pair, &[version]);
            // With TLS 1.3 the caller has finished before we have seen its certificate.
            let Ok(stream) = caller.connect(self.gateway.address).await else {
                continue;
            };
            assert_eq!(version, &TLS13);
            let mut stream = stream;
            let mut answer = Vec::new();
            let sent = tokio::io::AsyncWriteExt::write_all(&mut stream, GET.as_bytes()).await;
            let read = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer);
            let read = within("the end", read).await;
            // The reason arrives, it is not lost to a reset.
            let error = read.unwrap_err().to_string();
            assert!(error.contains("received fatal alert"), "{sent:?} {error}");
            assert!(answer.is_empty());
        }
        assert!(self.upstream.is_left_alone().await);
    }
}

#[tokio::test]
async fn a_caller_with_a_certificate_of_that_ca_is_served() {
    let world = World::new().await;
    let pair = world.callers.sign();
    for version in [&TLS12, &TLS13] {
        let caller = Caller::of(&world.servers, Some(&pair), &[version]);
        let mut caller = Peer::new(caller.connect(world.gateway.address).await.unwrap());
        caller.send(GET).await;
        let mut up = world.upstream.accept().await;
        up.head().await;
        up.send(OK).await;
        assert_eq!(caller.message().await.1, "ok");
    }
}

#[tokio::test]
async fn a_caller_without_a_certificate_is_refused() {
    let world = World::new().await;
    let log = Log::here();
    world.refuses(None).await;
    log.has("listen.tls.client_ca demands a certificate").await;
    let line = r#"patchwright_tls_handshakes_total{result="no_certificate"} 2"#;
    world.gateway.counted(line);
}

#[tokio::test]
async fn a_caller_with_a_certificate_of_another_ca_is_refused() {
    let world = World::new().await;
    world.refuses(Some(&Authority::new().sign())).await;
    // Nor does the CA that signed our own count.
    world.refuses(Some(&world.servers.sign())).await;
    let line = r#"patchwright_tls_handshakes_total{result="untrusted_certificate"} 4"#;
    world.gateway.counted(line);
}

#[tokio::test]
async fn a_caller_with_an_expired_certificate_is_refused() {
    let world = World::new().await;
    let expired = |params: &mut rcgen::CertificateParams| {
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    };
    let expired = world.callers.sign_with(expired);
    world.refuses(Some(&expired)).await;
    let line = r#"patchwright_tls_handshakes_total{result="expired_certificate"} 2"#;
    world.gateway.counted(line);
}

/// A session outlives the certificate that began it.
#[tokio::test]
async fn each_connection_shows_its_certificate_anew() {
    let world = World::new().await;
    let pair = world.callers.sign();
    for version in [&TLS12, &TLS13] {
        let caller = Caller::of(&world.servers, Some(&pair), &[version]);
        for _ in 0..2 {
            let mut caller = caller.peer(world.gateway.address).await;
            caller.send(GET).await;
            let mut up = world.upstream.accept().await;
            up.head().await;
            up.send(OK).await;
            // After an answer any tickets have arrived.
            caller.message().await;
            let kind = caller.stream.get_ref().1.handshake_kind();
            assert_eq!(kind, Some(HandshakeKind::Full));
        }
    }
}
