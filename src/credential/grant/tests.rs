use std::convert::Infallible;

use http_body_util::BodyExt as _;
use tower::service_fn;

use super::*;

fn grant(id: &str, secret: &str) -> Grant {
    let credential = config::Credential {
        name: "c".to_owned(),
        client_id: id.into(),
        client_secret: secret.into(),
        upstream: "login".to_owned(),
        files: Vec::new(),
        path: "/oauth/token".to_owned(),
    };
    Grant::new(&credential, Duration::from_secs(3)).unwrap()
}

/// What is made of this answer.
async fn made_of(status: u16, body: &str) -> Result<Fresh, Problem> {
    let response = Response::builder().status(status);
    let response = response.body(Full::<Bytes>::from(body.to_owned())).unwrap();
    answered(response).await
}

async fn answered(response: Response<Full<Bytes>>) -> Result<Fresh, Problem> {
    let host = service_fn(move |_: Request<Full<Bytes>>| {
        let response = response.clone();
        async move { Ok::<_, Infallible>(response) }
    });
    grant("id", "secret").fetch(host).await
}

#[tokio::test]
async fn the_request_is_the_client_credentials_grant() {
    let host = service_fn(async |request: Request<Full<Bytes>>| {
        let (head, body) = request.into_parts();
        assert_eq!(
            (head.method.as_str(), head.uri.path()),
            ("POST", "/oauth/token")
        );
        // RFC 6749 section 2.3.1: `a:b` and `p&q c`, each form-encoded, joined by a colon.
        let basic = BASE64_STANDARD.encode("a%3Ab:p%26q+c");
        assert_eq!(head.headers["authorization"], format!("Basic {basic}"));
        assert!(head.headers["authorization"].is_sensitive());
        let form = "application/x-www-form-urlencoded";
        assert_eq!(head.headers["content-type"], form);
        let body = body.collect().await.unwrap().to_bytes();
        assert_eq!(body, "grant_type=client_credentials");
        let answer = r#"{"access_token":"t","token_type":"bearer","expires_in":60}"#;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(answer)))
    });
    let fresh = grant("a:b", "p&q c").fetch(host).await.unwrap();
    assert_eq!(fresh.header, "Bearer t");
    assert!(fresh.header.is_sensitive());
    assert_eq!(fresh.life, Duration::from_secs(60));
}

#[tokio::test]
async fn the_life_of_a_token_is_bounded_whatever_the_answer_says() {
    for (said, seconds) in [
        ("", 300),
        (r#","expires_in":null"#, 300),
        (r#","expires_in":86399"#, 86_399),
        (r#","expires_in":"120""#, 120),
        (r#","expires_in":1e300"#, 0),
        (r#","expires_in":9999999999"#, 30 * 86_400),
        (r#","expires_in":0"#, 0),
        (r#","expires_in":-1"#, 0),
        (r#","expires_in":"soon""#, 0),
    ] {
        let body = format!(r#"{{"access_token":"t","token_type":"Bearer"{said}}}"#);
        let life = made_of(200, &body).await.map(|fresh| fresh.life.as_secs());
        let expected = if seconds == 0 {
            Err(Problem::Unusable)
        } else {
            Ok(seconds)
        };
        assert_eq!(life, expected, "{said}");
    }
}

#[tokio::test]
async fn what_holds_no_token_that_could_be_sent_is_unusable() {
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"access_token":"t"}"#,
        r#"{"access_token":"","token_type":"bearer"}"#,
        r#"{"access_token":"t","token_type":"mac"}"#,
        r#"{"access_token":"a b","token_type":"bearer"}"#,
        r#"{"access_token":"a\nb","token_type":"bearer"}"#,
        &format!(
            r#"{{"access_token":"{}","token_type":"bearer"}}"#,
            "t".repeat(MOST)
        ),
    ] {
        let problem = made_of(200, body).await.unwrap_err();
        assert_eq!(problem, Problem::Unusable, "{}", body.len());
    }
    let problem = made_of(302, "").await.unwrap_err();
    assert!(matches!(problem, Problem::Refused { status: 302, .. }));
}

#[tokio::test]
async fn a_refusal_repeats_only_words_that_are_known() {
    let problem = made_of(401, r#"{"error":"invalid_client","description":"hunter2"}"#).await;
    let problem = problem.unwrap_err();
    assert_eq!(
        problem.to_string(),
        "the login host answered 401 invalid_client"
    );
    assert_eq!(problem.hint(), Some("check client_id and client_secret"));
    for body in ["", r#"{"error":"hunter2"}"#, r#"{"error":7}"#] {
        let problem = made_of(400, body).await.unwrap_err();
        assert_eq!(problem.to_string(), "the login host answered 400");
    }
}

#[tokio::test]
async fn a_login_host_may_ask_to_wait_within_reason() {
    for (asked, waits) in [("7", 7), ("99999", 60)] {
        let response = Response::builder().status(429).header("retry-after", asked);
        let response = response.body(Full::default()).unwrap();
        let problem = answered(response).await.unwrap_err();
        assert_eq!(problem.wait(), Duration::from_secs(waits));
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_host_that_does_not_answer_is_given_up() {
    let host = service_fn(|_: Request<Full<Bytes>>| {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
    });
    let problem = grant("id", "secret").fetch(host).await.unwrap_err();
    assert_eq!(problem, Problem::Timeout);
}

#[tokio::test]
async fn an_answer_of_our_own_is_none_of_the_login_hosts() {
    let mut response = Response::new(Full::from(r#"{"access_token":"t","token_type":"bearer"}"#));
    response.extensions_mut().insert(NoAnswer);
    assert_eq!(answered(response).await.unwrap_err(), Problem::Unreachable);
}
