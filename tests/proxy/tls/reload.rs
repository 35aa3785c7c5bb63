//! Files that change while connections come and go.

use std::os::unix::fs::symlink;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio_rustls::client::TlsStream;

use super::support::{Authority, BOTH, Caller, Folder, GET, Log, OK_AND_CLOSE, Secured};
use crate::support::{Gateway, Listening, Peer, Running, within};

type Stream = TlsStream<tokio::net::TcpStream>;

fn shown(stream: &Stream) -> CertificateDer<'static> {
    let chain = stream.get_ref().1.peer_certificates().unwrap();
    chain[0].clone().into_owned()
}

/// Waits until new connections see this certificate.
async fn shows(gateway: &Running, caller: &Caller, certificate: &CertificateDer<'static>) {
    let swapped = async {
        while shown(&caller.connect(gateway.address).await.unwrap()) != *certificate {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within("the new certificate", swapped).await;
}

async fn exchange(caller: &mut Peer<Stream>, upstream: &Listening) {
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK_AND_CLOSE).await;
    assert_eq!(caller.message().await.1, "ok");
}

#[tokio::test]
async fn new_files_are_for_new_connections_and_old_connections_live_on() {
    let (upstream, authority) = (Listening::new().await, Authority::new());
    let (old, new) = (authority.sign(), authority.sign());
    let folder = Folder::with(&old);
    let gateway = Gateway::at(upstream.address).with_tls(folder.listen());
    let gateway = gateway.start().await;
    let caller = Caller::trusting(&authority);
    let mut before = caller.peer(gateway.address).await;
    assert_eq!(shown(&before.stream), old.der());
    exchange(&mut before, &upstream).await;

    let log = Log::here();
    folder.put_pair(&new);
    shows(&gateway, &caller, &new.der()).await;
    log.has("files have changed and are in use").await;
    assert!(
        log.text().contains("valid until 4096-01-01"),
        "{}",
        log.text()
    );
    gateway.counted(r#"patchwright_reloads_total{name="listen.tls",result="ok"} 1"#);
    gateway.counted(
        r#"patchwright_certificate_expiry_timestamp_seconds{name="listen.tls"} 67090118400"#,
    );
    exchange(&mut before, &upstream).await;
}

#[tokio::test]
async fn the_symlink_that_kubernetes_swaps_is_followed() {
    let (upstream, authority) = (Listening::new().await, Authority::new());
    let (old, new) = (authority.sign(), authority.sign());
    let folder = Folder::new();
    for (name, pair) in [("..2001", &old), ("..2002", &new)] {
        std::fs::create_dir(folder.path(name)).unwrap();
        folder.put(&format!("{name}/c.pem"), &pair.certificate);
        folder.put(&format!("{name}/k.pem"), &pair.key);
    }
    symlink("..2001", folder.path("..data")).unwrap();
    for name in ["c.pem", "k.pem"] {
        symlink(format!("..data/{name}"), folder.path(name)).unwrap();
    }
    let gateway = Gateway::at(upstream.address).with_tls(folder.listen());
    let gateway = gateway.start().await;
    let caller = Caller::trusting(&authority);
    shows(&gateway, &caller, &old.der()).await;
    symlink("..2002", folder.path("..tmp")).unwrap();
    std::fs::rename(folder.path("..tmp"), folder.path("..data")).unwrap();
    shows(&gateway, &caller, &new.der()).await;
}

#[tokio::test]
async fn files_that_cannot_be_used_leave_the_old_ones_in_use_until_they_are_mended() {
    let (upstream, authority) = (Listening::new().await, Authority::new());
    let (old, new) = (authority.sign(), authority.sign());
    let expired = authority.sign_with(|params| {
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    });
    let folder = Folder::with(&old);
    let gateway = Gateway::at(upstream.address).with_tls(folder.listen());
    let gateway = gateway.start().await;
    let caller = Caller::trusting(&authority);
    let half: String = new.certificate.chars().take(100).collect();
    // Key before certificate: none of what is there in between could be used either.
    let said = [
        (
            &*new.certificate,
            &*old.key,
            "does not belong to the certificate",
        ),
        (&half, &old.key, "it breaks off before -----END"),
        ("", &old.key, "c.pem is empty"),
        (&expired.certificate, &expired.key, "has expired"),
    ];
    for (number, (certificate, key, why)) in said.into_iter().enumerate() {
        let log = Log::here();
        folder.put("k.pem", key);
        folder.put("c.pem", certificate);
        log.has(why).await;
        // Several looks later.
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(
            log.text().matches("cannot be used").count(),
            1,
            "{}",
            log.text()
        );
        let stream = caller.connect(gateway.address).await.unwrap();
        assert_eq!(shown(&stream), old.der());
        let count = number + 1;
        gateway.counted(&format!(
            r#"patchwright_reloads_total{{name="listen.tls",result="failed"}} {count}"#
        ));
    }
    folder.put_pair(&new);
    shows(&gateway, &caller, &new.der()).await;
}

#[tokio::test]
async fn the_cas_of_callers_are_read_again_too() {
    let upstream = Listening::new().await;
    let (servers, old, new) = (Authority::new(), Authority::new(), Authority::new());
    let folder = Folder::with(&servers.sign());
    let mut files = folder.listen();
    files.client_ca = Some(folder.put("ca.pem", &old.pem()));
    let gateway = Gateway::at(upstream.address).with_tls(files).start().await;
    let of = |authority: &Authority| {
        let versions = &BOTH[..1];
        Caller::of(&servers, Some(&authority.sign()), versions)
    };
    of(&old).connect(gateway.address).await.unwrap();
    of(&new).connect(gateway.address).await.unwrap_err();
    folder.put("ca.pem", &new.pem());
    within("the new CA", async {
        while of(&new).connect(gateway.address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    of(&old).connect(gateway.address).await.unwrap_err();
}

#[tokio::test]
async fn an_upstreams_roots_and_our_certificate_for_it_are_read_again() {
    let (old, new, callers) = (Authority::new(), Authority::new(), Authority::new());
    let (first, second) = (callers.sign(), callers.sign());
    let upstream = Secured::demanding(&new.sign(), Some(&callers), &BOTH).await;
    let folder = Folder::with(&first);
    let ca = folder.put("ca.pem", &old.pem());
    let gateway = Gateway::to(&upstream.url())
        .with(|config| {
            let files = folder.listen();
            config.upstreams[0].ca = Some(ca);
            config.upstreams[0].identity = Some(patchwright::config::IdentityFiles {
                certificate: files.certificate,
                private_key: files.private_key,
            });
        })
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    upstream.try_accept().await.unwrap_err();
    assert_eq!(caller.message().await.0.status(), 502);

    let log = Log::here();
    folder.put("ca.pem", &new.pem());
    log.has("files have changed and are in use").await;
    let mut shown = Vec::new();
    for pair in [&first, &second] {
        folder.put_pair(pair);
        let line = r#"patchwright_reloads_total{name="upstream.api",result="ok"}"#;
        let wanted = format!("{line} {}", shown.len() + 1);
        within("the reload", async {
            while !gateway.metrics.render().contains(&wanted) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        caller.send(GET).await;
        let mut up = upstream.accept().await;
        let chain = up.stream.get_ref().1.peer_certificates().unwrap();
        shown.push(chain[0].clone().into_owned());
        up.head().await;
        up.send(OK_AND_CLOSE).await;
        assert_eq!(caller.message().await.1, "ok");
    }
    assert_eq!(shown, [first.der(), second.der()]);
    folder.put_pair(&callers.sign_with(|params| {
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    }));
    log.has("has expired").await;
}
