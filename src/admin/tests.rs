use std::sync::atomic::AtomicUsize;

use std::sync::atomic::Ordering;

use http_body_util::{BodyExt as _, Full};

use super::*;

mod events;
mod files;

struct Page {
    status: u16,
    allow: String,
    content_type: String,
    length: String,
    body: String,
}

async fn ask(admin: &Admin, method: Method, path: &str) -> Page {
    say(admin, method, path, "").await
}

async fn say(admin: &Admin, method: Method, path: &str, body: &'static str) -> Page {
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::HOST, "127.0.0.1:9901");
    sent(admin, request.body(Full::from(body)).unwrap()).await
}

async fn sent(admin: &Admin, request: Request<Full<Bytes>>) -> Page {
    let response = admin.clone().call(request).await.unwrap();
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
    let metrics = Metrics::new();
    let content = Content {
        figures: Figures::new(metrics.tally(), Box::new(|| "enforce")),
        metrics,
        recent: Recent::default(),
        config: Box::new(|| "rules = \"strict\"\n".to_owned()),
        report: Box::new(|| "{}".to_owned()),
        forget: Box::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
        }),
        log: Some(Switch::of_nothing("info")),
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
        count += 1;
        // It never ends.
        if path != "/events" {
            assert_eq!(ask(&admin, Method::GET, path).await.status, 200, "{path}");
        }
    }
    assert_eq!(count, 10);
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
    for (method, path, allow) in [
        (Method::POST, "/metrics", "GET, HEAD"),
        (Method::POST, "/page/main.js", "GET, HEAD"),
        (Method::HEAD, "/events", "GET"),
    ] {
        let refused = ask(&admin, method, path).await;
        assert_eq!(
            (refused.status, refused.allow.as_str()),
            (405, allow),
            "{path}"
        );
    }
    assert_eq!(ask(&admin, Method::GET, "/page/").await.status, 404);
    assert_eq!(ask(&admin, Method::GET, "/metrics/").await.status, 404);
    assert_eq!(ask(&admin, Method::POST, "/nowhere").await.status, 404);
}

#[tokio::test]
async fn a_foreign_name_is_not_answered() {
    let (admin, _, forgotten) = admin();
    let request = Request::delete("/cache").header(header::HOST, "evil.example:9901");
    let response = admin
        .clone()
        .call(request.body(Full::<Bytes>::default()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(forgotten.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn the_log_is_switched_and_switched_back() {
    let (admin, ..) = admin();
    let get = ask(&admin, Method::GET, "/log").await;
    assert_eq!((get.status, get.body.as_str()), (200, "info\n"));
    let filter = "info,patchwright::directory=debug";
    let put = say(&admin, Method::PUT, "/log", filter).await;
    assert_eq!((put.status, put.body.trim()), (200, filter));
    assert_eq!(ask(&admin, Method::GET, "/log").await.body.trim(), filter);
    assert_eq!(ask(&admin, Method::HEAD, "/log").await.length, "34");
    let delete = ask(&admin, Method::DELETE, "/log").await;
    assert_eq!((delete.status, delete.body.as_str()), (200, "info\n"));
    assert_eq!(ask(&admin, Method::GET, "/log").await.body, "info\n");
    let post = say(&admin, Method::POST, "/log", "debug").await;
    assert_eq!(
        (post.status, post.allow.as_str()),
        (405, "GET, HEAD, PUT, DELETE")
    );
}

#[tokio::test]
async fn what_is_no_filter_is_told_so_and_changes_nothing() {
    let (admin, ..) = admin();
    let long = format!("info,{}", "patchwright::layer=debug,".repeat(50));
    let long: &'static str = long.leak();
    for (body, hint) in [
        ("debgu", "did you mean \\\"debug\\\"?"),
        ("patchwright=loud", "is no log level"),
        ("", "such as"),
        (" \n", "such as"),
        (long, "at most 1 KiB"),
    ] {
        let put = say(&admin, Method::PUT, "/log", body).await;
        assert_eq!(
            (put.status, put.content_type.as_str()),
            (400, JSON),
            "{body}"
        );
        assert!(
            put.body.contains("\"code\":\"patchwright.admin.log\""),
            "{}",
            put.body
        );
        assert!(put.body.contains(hint), "{}", put.body);
        assert_eq!(ask(&admin, Method::GET, "/log").await.body, "info\n");
    }
}

#[tokio::test]
async fn a_page_from_elsewhere_changes_nothing() {
    let (admin, _, forgotten) = admin();
    let from = |origin: &'static str, method, path| {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::HOST, "127.0.0.1:9901");
        request
            .header(header::ORIGIN, origin)
            .body(Full::from("debug"))
            .unwrap()
    };
    for (method, path) in [
        (Method::PUT, "/log"),
        (Method::DELETE, "/log"),
        (Method::DELETE, "/cache"),
    ] {
        for origin in ["http://evil.example", "http://127.0.0.1:8080", "null"] {
            let page = sent(&admin, from(origin, method.clone(), path)).await;
            assert_eq!(page.status, 403, "{method} {path} {origin}");
            assert!(page.body.contains("patchwright.admin.origin"));
        }
        // What a browser asks before it sends one of these.
        let asked = sent(&admin, from("http://127.0.0.1:9901", Method::OPTIONS, path)).await;
        assert_eq!(asked.status, 405);
    }
    assert_eq!(ask(&admin, Method::GET, "/log").await.body, "info\n");
    assert_eq!(forgotten.load(Ordering::Relaxed), 0);
    let own = sent(&admin, from("http://127.0.0.1:9901", Method::PUT, "/log")).await;
    assert_eq!(own.body, "debug\n");
}
