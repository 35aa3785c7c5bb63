//! `patchwright serve` without its command line: both listeners together.

use patchwright::cli::serve::{ServeError, Server};
use patchwright::live::Unusable;
use tokio::sync::oneshot;

use crate::support::{Gateway, Listening, Peer, within};

const GET: &str = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

async fn page(admin: std::net::SocketAddr, path: &str) -> (u16, String) {
    let mut operator = Peer::connect(admin).await;
    operator
        .send(format!("GET {path} HTTP/1.1\r\nHost: {admin}\r\n\r\n"))
        .await;
    let (head, body) = operator.message().await;
    (head.status(), body)
}

#[tokio::test]
async fn while_draining_the_admin_listener_says_not_ready_and_the_answer_is_finished() {
    let upstream = Listening::new().await;
    let config = Gateway::at(upstream.address).config;
    let server = Server::bind(&config).unwrap();
    let (proxy, admin) = (server.address().unwrap(), server.admin_address().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    assert_eq!(page(admin, "/readyz").await.0, 200);
    assert_eq!(page(admin, "/config").await.1, config.to_toml());

    let mut caller = Peer::connect(proxy).await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    let metrics = page(admin, "/metrics").await.1;
    assert!(metrics.contains("patchwright_in_flight 1"), "{metrics}");

    drop(stop);
    within("readiness to end", async {
        while page(admin, "/readyz").await.0 != 503 {}
    })
    .await;
    assert_eq!(page(admin, "/healthz").await.0, 200);
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .await;
    assert_eq!(caller.message().await.1, "ok");
    within("the end", running).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_address_that_is_taken_and_an_upstream_that_is_the_proxy_are_refused() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).with(|config| config.listen = upstream.address);
    let error = Server::bind(&gateway.config).unwrap_err();
    assert!(error.to_string().starts_with("address in use"), "{error}");

    let free = Listening::new().await.address;
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}", free.port());
        let gateway = Gateway::to(&url).with(|config| config.listen = free);
        let error = Server::bind(&gateway.config).unwrap_err();
        assert!(
            matches!(error, ServeError::Unusable(Unusable::Loop(_))),
            "{error}"
        );
    }
}
