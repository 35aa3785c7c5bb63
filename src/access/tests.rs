use std::net::SocketAddr;
use std::time::Duration;

use http::Method;

use super::*;
use crate::certificates::Names;
use crate::config::{Config, Overrides};

/// What `printf %s KEY | sha256sum` prints.
fn digest(key: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.as_bytes());
    let bytes = digest.as_ref().iter();
    bytes
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

struct World {
    access: Access,
    metrics: Metrics,
}

impl World {
    fn of(toml: &str) -> Self {
        let text = format!("[[upstream]]\nurl = 'http://h'\nname = 'api'\n{toml}");
        let config = Config::from_text("a.toml", &text, [], Overrides::default());
        Self::with(&config.unwrap_or_else(|faults| panic!("{faults}")).access)
    }

    fn with(config: &config::Access) -> Self {
        let metrics = Metrics::new();
        let clients = config.clients.iter();
        let clients = clients.map(|client| Arc::new(Client::new(client, None, &metrics)));
        let access = Access::new(config, clients.collect(), &metrics);
        Self { access, metrics }
    }

    /// Who that is: a client's name, `anyone`, or the code of the answer.
    fn who(&self, keys: &[&str], from: Option<&str>) -> String {
        self.who_of(keys, from.map(|from| peer(from, None)))
    }

    fn who_of(&self, keys: &[&str], peer: Option<Peer>) -> String {
        let mut request = Request::new(());
        for key in keys {
            let headers = request.headers_mut();
            headers.append("x-patchwright-key", key.parse().unwrap());
        }
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        let who = match self.access.identify(&mut request) {
            Ok(None) => "anyone".to_owned(),
            Ok(Some(client)) => client.name().to_owned(),
            Err(stranger) => stranger.answer.code().to_owned(),
        };
        assert!(request.headers().is_empty(), "a key must not go on");
        let kept = request.extensions().get::<Peer>().is_some();
        assert!(!kept || !self.access.is_on());
        who
    }

    fn counted(&self, client: &str, result: &str, count: usize) {
        let line = format!(
            "patchwright_client_requests_total{{client=\"{client}\",result=\"{result}\"}} {count}\n"
        );
        let text = self.metrics.render();
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
}

fn peer(ip: &str, certificate: Option<Names>) -> Peer {
    Peer {
        address: SocketAddr::new(ip.parse().unwrap(), 1234),
        certificate: certificate.map(Arc::new),
    }
}

fn enter(world: &World, method: &Method) -> Result<Entry, Answer> {
    enter_at(world, "api", method)
}

fn enter_at(world: &World, upstream: &str, method: &Method) -> Result<Entry, Answer> {
    let mut request = Request::new(());
    request.extensions_mut().insert(peer("10.0.0.1", None));
    let client = world.access.identify(&mut request).unwrap().unwrap();
    client.enter(upstream, method, RequestId::next())
}

fn refusal(entered: Result<Entry, Answer>) -> (u16, &'static str, http::HeaderMap, String) {
    let answer = entered.unwrap_err();
    let (status, code) = (answer.status().as_u16(), answer.code());
    let body = String::from_utf8(answer.body(RequestId::next()).to_vec()).unwrap();
    let response = answer.into_response(RequestId::next());
    (status, code, response.headers().clone(), body)
}

#[test]
fn without_a_client_anyone_is_welcome() {
    let world = World::of("");
    assert!(!world.access.is_on());
    assert_eq!(world.who(&[], None), "anyone");
    assert_eq!(world.who(&["some-key"], Some("10.0.0.1")), "anyone");
}

#[test]
fn every_criterion_must_hold_and_the_first_client_counts() {
    let (one, two) = (digest("key-1"), digest("key-2"));
    let world = World::of(&format!(
        "[[client]]\nname = 'both'\napi_keys = ['{one}', '{two}']\nnetworks = ['10.1.0.0/16', 'fd00::/8']\n\
         [[client]]\nname = 'key'\napi_keys = ['{one}']\n\
         [[client]]\nname = 'near'\nnetworks = ['192.168.0.0/16']\n"
    ));
    for (keys, from, who) in [
        (&["key-1"][..], Some("10.1.2.3"), "both"),
        (&["key-2"], Some("10.1.2.3"), "both"),
        (&["key-2"], Some("fd00::1"), "both"),
        // What a listener on all addresses takes 10.1.2.3 for.
        (&["key-2"], Some("::ffff:10.1.2.3"), "both"),
        (&["key-1"], Some("10.2.0.1"), "key"),
        (&["key-1"], None, "key"),
        (&["key-2"], Some("10.2.0.1"), "patchwright.client.unknown"),
        (&["key-3"], Some("10.1.2.3"), "patchwright.client.unknown"),
        (
            &["key-1", "key-1"],
            Some("10.1.2.3"),
            "patchwright.client.unknown",
        ),
        (&[], Some("10.1.2.3"), "patchwright.client.unknown"),
        (&[], Some("192.168.1.1"), "near"),
        (&["wrong"], Some("192.168.1.1"), "near"),
        (&[], None, "patchwright.client.unknown"),
    ] {
        assert_eq!(world.who(keys, from), who, "{keys:?} {from:?}");
    }
    world.counted("", "unknown", 5);
    world.counted("both", "admitted", 0);
}

#[test]
fn a_name_in_the_certificate_makes_a_client() {
    let named = |subjects: &[&str]| config::Client {
        subjects: subjects.iter().map(|name| name.parse().unwrap()).collect(),
        ..client()
    };
    let config = config::Access {
        clients: vec![named(&["CN=other", "dns:billing.internal"])],
        ..config::Access::default()
    };
    let world = World::with(&config);
    let of = |dns: &str| Names {
        dns: vec![dns.to_owned()],
        ..Names::default()
    };
    let who = |names| world.who_of(&[], Some(peer("10.0.0.1", names)));
    assert_eq!(who(Some(of("billing.internal"))), "app");
    assert_eq!(
        who(Some(of("other.internal"))),
        "patchwright.client.refused"
    );
    assert_eq!(who(None), "patchwright.client.refused");
}

fn client() -> config::Client {
    let text =
        "[[upstream]]\nurl = 'http://h'\n[[client]]\nname = 'app'\nnetworks = ['10.0.0.0/8']\n";
    let config = Config::from_text("a.toml", text, [], Overrides::default());
    config::Client {
        networks: Vec::new(),
        ..config.unwrap().access.clients.remove(0)
    }
}

#[test]
fn a_stranger_is_told_how_to_become_known_where_a_key_would_do() {
    let respond = |toml: &str| {
        let world = World::of(toml);
        let stranger = world.access.identify(&mut Request::new(())).unwrap_err();
        stranger.into_response(RequestId::next())
    };
    let keyed = format!("[[client]]\nname = 'a'\napi_keys = ['{}']\n", digest("k"));
    let unknown = respond(&keyed);
    assert_eq!(unknown.status(), 401);
    let challenge = "ApiKey realm=\"patchwright\", header=\"x-patchwright-key\"";
    assert_eq!(unknown.headers()[WWW_AUTHENTICATE], challenge);
    let refused = respond("[[client]]\nname = 'a'\nnetworks = ['10.0.0.0/8']\n");
    assert_eq!(refused.status(), 403);
    assert!(!refused.headers().contains_key(WWW_AUTHENTICATE));
}

#[tokio::test(start_paused = true)]
async fn a_client_may_use_what_it_is_allowed_to() {
    let all = "[[client]]\nname = 'app'\nnetworks = ['10.0.0.0/8']\n";
    let world = World::of(&format!(
        "{all}upstreams = ['api']\nmethods = ['GET', 'PATCH']"
    ));
    assert!(enter(&world, &Method::PATCH).is_ok());
    let (status, code, _, body) = refusal(enter(&world, &Method::DELETE));
    assert_eq!((status, code), (403, "patchwright.client.forbidden"));
    assert!(body.contains("method DELETE"), "{body}");
    let (status, _, _, body) = refusal(enter_at(&world, "login", &Method::GET));
    assert_eq!(status, 403);
    assert!(body.contains(r#"upstream \"login\""#), "{body}");
    world.counted("app", "admitted", 1);
    world.counted("app", "forbidden", 2);
    let world = World::of(all);
    assert!(enter_at(&world, "login", &Method::DELETE).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_client_has_so_many_places_and_each_is_free_again_when_it_is_left() {
    let all = "[[client]]\nname = 'app'\nnetworks = ['10.0.0.0/8']\n";
    let world = World::of(&format!("{all}concurrency = 2"));
    let one = enter(&world, &Method::GET).unwrap();
    let _two = enter(&world, &Method::GET).unwrap();
    let (status, code, headers, _) = refusal(enter(&world, &Method::GET));
    assert_eq!((status, code), (429, "patchwright.client.throttled"));
    assert_eq!(headers["retry-after"], "1");
    drop(one);
    assert!(enter(&world, &Method::GET).is_ok());
    world.counted("app", "throttled", 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_has_a_rate_and_what_is_refused_is_not_counted_against_it() {
    let all = "[[client]]\nname = 'app'\nnetworks = ['10.0.0.0/8']\n";
    let world = World::of(&format!(
        "{all}concurrency = 1\nrate = '2/90s'\nmethods = ['GET']"
    ));
    drop(enter(&world, &Method::GET).unwrap());
    assert!(enter(&world, &Method::PUT).is_err());
    let held = enter(&world, &Method::GET).unwrap();
    // For want of a place.
    assert_eq!(refusal(enter(&world, &Method::GET)).2["retry-after"], "1");
    drop(held);
    let (status, _, headers, _) = refusal(enter(&world, &Method::GET));
    assert_eq!(status, 429);
    assert_eq!(headers["retry-after"], "45");
    tokio::time::advance(Duration::from_secs(45)).await;
    assert!(enter(&world, &Method::GET).is_ok());
    assert!(enter(&world, &Method::GET).is_err());
}
