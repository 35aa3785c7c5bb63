use std::sync::atomic::AtomicUsize;

use http_body_util::BodyExt as _;

use super::*;

struct Page {
    status: u16,
    allow: String,
    content_type: String,
    length: String,
    body: String,
}

async fn ask(admin: &Admin, method: Method, path: &str) -> Page {
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::HOST, "127.0.0.1:9901").body(());
    let response = admin.clone().call(request.unwrap()).await.unwrap();
    let field = |name| {
        let value = response.headers().get(name);
        value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    };
    Page {
        status: response.status().as_u16(),
        allow: field(header::ALLOW),
        content_type: field(header::CONTENT_TYPE),
        length: field(header::CONTENT_LENGTH),
        body: {
            let body = response.into_body().collect().await.unwrap().to_bytes();
            String::from_utf8(body.to_vec()).unwrap()
        },
    }
}

fn admin() -> (Admin, Readiness, Arc<AtomicUsize>) {
    let forgotten = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&forgotten);
    let content = Content {
        metrics: Metrics::new(),
        recent: Recent::default(),
        config: Box::new(|| "rules = \"strict\"\n".to_owned()),
        forget: Box::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
        }),
    };
    let ready = Readiness::default();
    (Admin::new(content, ready.clone()), ready, forgotten)
}

#[tokio::test]
async fn every_page_of_the_index_is_there() {
    let (admin, ready, _) = admin();
    ready.set(true);
    let index = ask(&admin, Method::GET, "/").await;
    let pages = index
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("GET"));
    let mut count = 0;
    for line in pages {
        let path = line.split_whitespace().next().unwrap();
        assert_eq!(ask(&admin, Method::GET, path).await.status, 200, "{path}");
        count += 1;
    }
    assert_eq!(count, 5);
    assert_eq!(ask(&admin, Method::GET, "/repairs").await.body, "[]");
    let config = ask(&admin, Method::GET, "/config").await;
    assert_eq!(config.body, "rules = \"strict\"\n");
    let metrics = ask(&admin, Method::GET, "/metrics").await;
    assert!(metrics.content_type.contains("version=0.0.4"));
    assert!(metrics.body.contains("patchwright_build_info"));
}

#[tokio::test]
async fn readiness_is_asked_for_each_time() {
    let (admin, ready, _) = admin();
    assert_eq!(ask(&admin, Method::GET, "/readyz").await.status, 503);
    ready.set(true);
    assert_eq!(ask(&admin, Method::GET, "/readyz").await.status, 200);
    ready.set(false);
    assert_eq!(ask(&admin, Method::GET, "/readyz").await.status, 503);
    assert_eq!(ask(&admin, Method::GET, "/healthz").await.status, 200);
}

#[tokio::test]
async fn head_is_get_without_the_content() {
    let (admin, ..) = admin();
    let head = ask(&admin, Method::HEAD, "/healthz").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.length, "3");
}

#[tokio::test]
async fn only_delete_empties_the_cache() {
    let (admin, _, forgotten) = admin();
    let get = ask(&admin, Method::GET, "/cache").await;
    assert_eq!((get.status, get.allow.as_str()), (405, "DELETE"));
    assert_eq!(forgotten.load(Ordering::Relaxed), 0);
    assert_eq!(ask(&admin, Method::DELETE, "/cache").await.status, 204);
    assert_eq!(forgotten.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn other_methods_and_paths_are_told_what_there_is() {
    let (admin, ..) = admin();
    let post = ask(&admin, Method::POST, "/metrics").await;
    assert_eq!((post.status, post.allow.as_str()), (405, "GET, HEAD"));
    assert_eq!(ask(&admin, Method::GET, "/metrics/").await.status, 404);
    assert_eq!(ask(&admin, Method::POST, "/nowhere").await.status, 404);
}

#[tokio::test]
async fn a_foreign_name_is_not_answered() {
    let (admin, _, forgotten) = admin();
    let request = Request::delete("/cache").header(header::HOST, "evil.example:9901");
    let response = admin.clone().call(request.body(()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(forgotten.load(Ordering::Relaxed), 0);
}
