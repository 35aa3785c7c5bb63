//! Tokens on the wire: how they are fetched, and whose requests they are put on.

use crate::support::{Gateway, Listening, Peer, Running, within};

/// The upstream is API and login host in one, by prefix.
struct World {
    api: Listening,
    login: Listening,
    gateway: Running,
}

const TOKEN: &str = r#"{"access_token":"t-1","token_type":"bearer","expires_in":86399}"#;

impl World {
    async fn with(client: &str) -> Self {
        let (api, login) = (Listening::new().await, Listening::new().await);
        let toml = format!(
            "[[upstream]]\nname = 'api'\nurl = 'http://{}'\n\
             [[upstream]]\nname = 'login'\nurl = 'http://{}/base'\nprefix = '/login'\nstrip_prefix = true\n\
             [[client]]\nname = 'app'\nnetworks = ['127.0.0.0/8']\ncredential = 'c'\n{client}\n\
             [[credential]]\nname = 'c'\nclient_id = 'id-1'\nclient_secret = 'secret-1'\nupstream = 'login'\n",
            api.address, login.address
        );
        let gateway = Gateway::configured(&toml).start().await;
        Self {
            api,
            login,
            gateway,
        }
    }

    async fn sends(&self, lines: &str) -> Peer {
        let mut caller = self.gateway.caller().await;
        let head = format!("GET /x HTTP/1.1\r\nHost: p\r\n{lines}\r\n");
        caller.send(head).await;
        caller
    }

    /// Answers the next request on `api`; returns the `Authorization` that came.
    async fn api_sees(&self) -> Option<String> {
        let mut up = self.api.accept().await;
        let head = up.head().await;
        up.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
            .await;
        head.one("authorization").map(str::to_owned)
    }
}

async fn answer(login: &mut Peer, status: &str, body: &str) {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n");
    login
        .send(format!("{head}Content-Length: {length}\r\n\r\n{body}"))
        .await;
}

#[tokio::test]
async fn a_token_is_fetched_through_the_login_upstream_and_put_on_the_request() {
    let world = World::with("").await;
    let mut caller = world.sends("").await;
    let mut login = world.login.accept().await;
    let (head, body) = login.message().await;
    assert_eq!(head.start(), "POST /base/oauth/token HTTP/1.1");
    assert_eq!(
        head.one("authorization"),
        Some("Basic aWQtMTpzZWNyZXQtMQ==")
    );
    assert_eq!(head.one("host"), Some(&*world.login.address.to_string()));
    assert_eq!(
        head.one("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(body, "grant_type=client_credentials");
    assert!(
        world.api.is_left_alone().await,
        "not before there is a token"
    );
    answer(&mut login, "200 OK", TOKEN).await;
    assert_eq!(world.api_sees().await.as_deref(), Some("Bearer t-1"));
    let (head, _) = caller.message().await;
    assert_eq!(head.status(), 200);
    assert!(!head.0.contains("t-1"), "{}", head.0);
    // The next one needs no login.
    let mut caller = world.sends("").await;
    assert_eq!(world.api_sees().await.as_deref(), Some("Bearer t-1"));
    assert_eq!(caller.message().await.0.status(), 200);
    let line = r#"patchwright_credential_fetches_total{credential="c",result="ok"} 1"#;
    world.gateway.counted(line);
}

#[tokio::test]
async fn a_callers_own_authorization_stays_unless_told_otherwise() {
    let world = World::with("").await;
    let mut caller = world.sends("Authorization: Bearer own\r\n").await;
    assert_eq!(world.api_sees().await.as_deref(), Some("Bearer own"));
    assert_eq!(caller.message().await.0.status(), 200);
    // An empty one is one, too.
    let mut caller = world.sends("Authorization:\r\n").await;
    assert_eq!(world.api_sees().await.as_deref(), Some(""));
    assert_eq!(caller.message().await.0.status(), 200);
    assert!(world.login.is_left_alone().await);

    let world = World::with("overwrite_authorization = true").await;
    let lines = "Authorization: Bearer own\r\nAuthorization: Bearer own-2\r\n";
    let mut caller = world.sends(lines).await;
    let mut login = world.login.accept().await;
    login.message().await;
    answer(&mut login, "200 OK", TOKEN).await;
    assert_eq!(world.api_sees().await.as_deref(), Some("Bearer t-1"));
    assert_eq!(caller.message().await.0.status(), 200);
}

#[tokio::test]
async fn who_hangs_up_while_the_token_is_fetched_takes_it_from_nobody() {
    let world = World::with("").await;
    let first = world.sends("").await;
    let mut login = world.login.accept().await;
    login.message().await;
    let mut second = world.sends("").await;
    let in_flight = "patchwright_in_flight 2";
    within("the second request", async {
        while !world.gateway.metrics.render().contains(in_flight) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    drop(first);
    answer(&mut login, "200 OK", TOKEN).await;
    // One of the two may be that of who has hung up: it is not noticed before its answer.
    let mut served = 0;
    let answered = async { second.message().await.0.status() };
    let serving = async {
        loop {
            assert_eq!(world.api_sees().await.as_deref(), Some("Bearer t-1"));
            served += 1;
        }
    };
    let status = tokio::select! {
        status = answered => status,
        () = serving => unreachable!(),
    };
    assert_eq!(status, 200);
    assert!(served <= 2);
    assert!(world.login.is_left_alone().await, "there was one login");
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_caller_is_told_when_to_come_back() {
    let world = World::with("").await;
    let mut caller = world.sends("").await;
    let mut login = world.login.accept().await;
    login.message().await;
    let body = r#"{"error":"invalid_client","description":"hunter2"}"#;
    answer(&mut login, "401 Unauthorized", body).await;
    let (head, body) = caller.message().await;
    assert_eq!((head.status(), head.one("retry-after")), (503, Some("1")));
    assert!(
        body.contains("\"patchwright.credential.unavailable\""),
        "{body}"
    );
    assert!(
        !body.contains("hunter2") && !body.contains("secret-1"),
        "{body}"
    );
    assert!(world.api.is_left_alone().await);
    let line = r#"patchwright_credential_fetches_total{credential="c",result="refused"} 1"#;
    world.gateway.counted(line);
}

#[tokio::test]
async fn a_login_host_that_cannot_be_reached_is_no_token() {
    let World {
        login,
        gateway,
        api,
    } = World::with("").await;
    drop(login);
    let mut caller = gateway.caller().await;
    caller.send("GET /x HTTP/1.1\r\nHost: p\r\n\r\n").await;
    assert_eq!(caller.message().await.0.status(), 503);
    assert!(api.is_left_alone().await);
    gateway.counted(r#"patchwright_credential_fetches_total{credential="c",result="failed"} 1"#);
}

#[tokio::test]
async fn a_client_that_logs_in_itself_is_let_alone() {
    let world = World::with("overwrite_authorization = true").await;
    let mut caller = world.gateway.caller().await;
    let login = "POST /login/oauth/token HTTP/1.1\r\nHost: p\r\n\
                 Authorization: Basic b3duOm93bg==\r\nContent-Length: 0\r\n\r\n";
    caller.send(login).await;
    let mut login = world.login.accept().await;
    let head = login.head().await;
    assert_eq!(head.start(), "POST /base/oauth/token HTTP/1.1");
    assert_eq!(head.one("authorization"), Some("Basic b3duOm93bg=="));
    answer(&mut login, "200 OK", "{}").await;
    assert_eq!(caller.message().await.0.status(), 200);
}
