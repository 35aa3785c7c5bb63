//! The page and its files, as browsers get them.

use http::HeaderMap;

use super::*;
use crate::admin::page::FILES;

async fn get(path: &str, accept: &str) -> (HeaderMap, String) {
    let (admin, ..) = admin();
    let request = Request::get(path)
        .header(header::HOST, "localhost:9901")
        .header(header::ACCEPT, accept);
    let response = admin
        .clone()
        .call(request.body(String::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn browsers_get_a_page_and_programs_a_list() {
    for (accept, content_type, begin) in [
        (
            "text/html,*/*;q=0.8",
            "text/html; charset=utf-8",
            "<!doctype html>",
        ),
        ("*/*", TEXT, "patchwright admin\n"),
    ] {
        let (headers, body) = get("/", accept).await;
        assert_eq!(headers[header::CONTENT_TYPE], content_type);
        assert_eq!(headers[header::VARY], "accept");
        assert!(body.starts_with(begin), "{body}");
    }
}

#[tokio::test]
async fn whatever_is_shown_can_neither_run_nor_load_nor_be_framed() {
    let paths = [
        "/", "/healthz", "/repairs", "/figures", "/config", "/metrics",
    ];
    for path in paths.into_iter().chain(FILES.map(|(path, ..)| path)) {
        let (headers, _) = get(path, "text/html").await;
        let policy = headers["content-security-policy"].to_str().unwrap();
        let directives: Vec<_> = policy.split("; ").collect();
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(directives.contains(&directive), "{path} lacks {directive}");
        }
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(headers[name], value, "{path}");
        }
    }
}

#[tokio::test]
async fn refusals_are_guarded_as_well() {
    let (admin, ..) = admin();
    let request = Request::get("/nowhere").header(header::HOST, "evil.example");
    let response = admin
        .clone()
        .call(request.body(String::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
}

/// What is named between `begin` and a quote.
fn named<'a>(text: &'a str, begin: &'a str) -> impl Iterator<Item = &'a str> {
    let rests = text.split(begin).skip(1);
    rests.filter_map(|rest| rest.split(['\'', '"']).next())
}

#[tokio::test]
async fn the_page_is_made_of_its_own_files_and_of_all_of_them() {
    let (_, index) = get("/", "text/html").await;
    assert!(!index.contains("<style") && !index.contains(" style=") && !index.contains(" on"));
    assert_eq!(index.matches("<script").count(), 1);
    let mut wanted: Vec<_> = ["src=\"page/", "href=\"page/"]
        .into_iter()
        .flat_map(|begin| named(&index, begin))
        .collect();
    for (_, _, text) in FILES {
        wanted.extend(named(text, "from './"));
        for sink in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "eval(",
            "://",
        ] {
            let is_name = text.contains("http://www.w3.org/2000/svg") && sink == "://";
            assert!(is_name || !text.contains(sink), "{sink}");
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    let mut files = FILES.map(|(path, ..)| path.strip_prefix("/page/").unwrap());
    files.sort_unstable();
    assert_eq!(wanted, files);
}
