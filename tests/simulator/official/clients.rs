//! Tokens that no user is behind.

use http::Method;
use patchwright::simulator::seed::CALL;

use super::rows::rows;
use super::support::{official, refused, send_as};
use crate::support::participant;

const CLIENT: &str = "Bearer simulated.app";

#[tokio::test]
async fn a_client_writes_attributes_and_gives_no_orders() {
    for row in rows() {
        let api = official().await;
        let answer = send_as(&api, CLIENT, Method::PATCH, &row.path, row.body).await;
        if row.path.ends_with("/attributes") {
            assert_eq!(answer.status, 202, "{}", row.path);
            assert_eq!(api.simulator.effects_total(), 1, "{}", row.path);
            continue;
        }
        let expected = if row.path.contains("/calls/") {
            (400, "not.a.user".to_owned(), vec![])
        } else {
            (403, "not.authorized".to_owned(), vec![])
        };
        assert_eq!(refused(&answer), expected, "{}", row.path);
        assert_eq!(api.simulator.effects(), [], "{}", row.path);
    }
}

#[tokio::test]
async fn the_token_endpoint_hands_out_such_tokens() {
    let api = official().await;
    let form = "grant_type=client_credentials&client_id=app&client_secret=s";
    let granted = api
        .send(Method::POST, "/oauth/token", &[], form)
        .await
        .unwrap();
    assert_eq!(granted.json()["access_token"], "simulated.app");
    let other = api
        .send(Method::GET, "/oauth/token", &[], "")
        .await
        .unwrap();
    assert_eq!(
        (other.error().0, &other.headers["allow"]),
        (405, &"POST".parse().unwrap())
    );
    let path = participant("", CALL, 3);
    // What cannot be read is refused first; what orders nothing is not refused.
    for (body, status) in [("{\"x\":1}", 400), ("{}", 202), ("{\"wrapup\":{}}", 403)] {
        let answer = send_as(&api, CLIENT, Method::PATCH, &path, body).await;
        assert_eq!(answer.status, status, "{body}");
    }
    let shown = format!("/api/v2/conversations/{CALL}");
    assert_eq!(
        send_as(&api, CLIENT, Method::GET, &shown, "").await.status,
        200
    );
}
