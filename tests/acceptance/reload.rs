//! What a new configuration leaves as it is.

use std::sync::Arc;

use http::Method;
use patchwright::cli::serve::Server;
use patchwright::config::{Config, Overrides};
use patchwright::live::Source;
use patchwright::simulator::seed::CALL;
use patchwright::simulator::{Fault, FaultKind, Options};
use tokio::sync::{Notify, oneshot};

use crate::support::{Answer, Caller, World, agent, within};

const BODY: &str = r#"{"attributes":{"note":"test"}}"#;

/// The simulator, and `serve` with a file that is read again when a test asks for it.
pub(crate) struct Reloading {
    world: World,
    path: tempfile::TempPath,
    pub(crate) caller: Caller,
    operator: Caller,
    asked: Arc<Notify>,
    _stop: oneshot::Sender<()>,
}

impl Reloading {
    async fn start(text: &str) -> Self {
        Self::of(text, Options::default()).await
    }

    pub(crate) async fn of(text: &str, options: Options) -> Self {
        let world = World::of("", options).await;
        let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        std::fs::write(&path, whole(&world, text)).unwrap();
        let source = Source {
            path: Some(path.to_path_buf()),
            ..Source::none()
        };
        let config = Config::load(Some(&path), [], Overrides::default());
        let config = config.unwrap_or_else(|faults| panic!("{faults}"));
        let server = Server::reloading(&config, source).unwrap();
        let (address, admin) = (server.address().unwrap(), server.admin_address().unwrap());
        let asked = server.read_again();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server.run(async {
            drop(stopped.await);
        }));
        Self {
            world,
            path,
            caller: Caller::to(address),
            operator: Caller::to(admin),
            asked,
            _stop: stop,
        }
    }

    /// Puts a file with this text in force.
    pub(crate) async fn reads(&self, text: &str) {
        let whole = whole(&self.world, text);
        std::fs::write(&self.path, &whole).unwrap();
        self.asked.notify_one();
        let wanted = Config::load(Some(&self.path), [], Overrides::default());
        let wanted = wanted.unwrap_or_else(|faults| panic!("{faults}")).to_toml();
        within("the new configuration", async {
            while self.page("/config").await != wanted {}
        })
        .await;
    }

    pub(crate) async fn page(&self, path: &str) -> String {
        let page = self.operator.request(Method::GET, path).send().await;
        page.text().to_owned()
    }

    async fn patch(&self) -> Answer {
        let path = agent("", CALL);
        self.caller.patch(&path, "t", BODY).send().await
    }
}

fn whole(world: &World, text: &str) -> String {
    let text = text.replace("UPSTREAM", &world.upstream.to_string());
    let sockets = "[listen]\naddress = \"127.0.0.1:0\"\n[admin]\naddress = \"127.0.0.1:0\"";
    text.replace("SOCKETS", sockets)
}

const PLAIN: &str =
    "SOCKETS\n[[upstream]]\nurl = \"http://UPSTREAM\"\n[cache]\nmax_age = \"60s\"\n";

#[tokio::test]
async fn snapshots_outlive_a_reload_but_are_not_taken_for_those_of_another_upstream() {
    let proxy = Reloading::start(PLAIN).await;
    assert!(proxy.patch().await.says("snapshot=miss"));
    proxy
        .reads(&format!("{PLAIN}[repair]\nresend_on = [400]\n"))
        .await;
    assert!(proxy.patch().await.says("snapshot=hit"));
    // Another server under the same name.
    let other = PLAIN.replace("UPSTREAM", "UPSTREAM/base");
    proxy.reads(&other).await;
    let moved = proxy.patch().await;
    assert!(!moved.says("snapshot=hit"), "{}", moved.report());
    // What it can still be used for is still there.
    proxy.reads(PLAIN).await;
    assert!(proxy.patch().await.says("snapshot=hit"));
    proxy.reads(&PLAIN.replace("60s", "59s")).await;
    assert!(
        proxy.patch().await.says("snapshot=miss"),
        "its own settings"
    );
    let forgotten = proxy
        .operator
        .request(Method::DELETE, "/cache")
        .send()
        .await;
    assert_eq!(forgotten.status, 204);
    assert!(proxy.patch().await.says("snapshot=miss"));
}

#[tokio::test]
async fn a_write_under_way_while_the_cache_is_replaced_is_never_filled_over() {
    let proxy = Reloading::start(PLAIN).await;
    let held = Fault::once(FaultKind::Hold).on(&Method::PATCH);
    proxy.world.simulator.fault(held).unwrap();
    let state = r#"{"state":"connected","routing":{"queue":{"id":"9e0e0000-0000-4000-8000-000000000001"}}}"#;
    let writing = proxy.caller.patch(&agent("", CALL), "t", state).send();
    let writing = tokio::spawn(writing);
    proxy.world.simulator.arrived(&Method::PATCH, 1).await;
    // A new cache learns what the old one's write is about to change.
    proxy.reads(&PLAIN.replace("60s", "59s")).await;
    let path = format!("/api/v2/conversations/{CALL}");
    proxy.caller.get(&path, "t").await;
    proxy.world.simulator.release();
    assert_eq!(within("the answer", writing).await.unwrap().status, 202);
    let answer = proxy.patch().await;
    assert!(!answer.says("snapshot=hit"), "{}", answer.report());
}

#[tokio::test]
async fn suspended_lookups_stay_suspended_for_the_same_upstream_only() {
    let breaker = "[breaker]\nfailures = 2\nopen = \"60s\"\nmax_open = \"60s\"\n";
    let text = format!("{PLAIN}{breaker}");
    let proxy = Reloading::start(&text).await;
    let fault = Fault::once(FaultKind::Status(503)).on(&Method::GET);
    proxy.world.simulator.fault(fault.times(None)).unwrap();
    let state =
        |state: u8| format!("patchwright_lookup_breaker_state{{upstream=\"api\"}} {state}\n");
    while !proxy.page("/metrics").await.contains(&state(2)) {
        assert_eq!(proxy.patch().await.status, 503);
    }
    let lookups = proxy.world.saw(&Method::GET);
    for more in [
        "[repair]\nreport = false\n",
        "[timeouts]\nrequest = \"20s\"\n",
    ] {
        proxy.reads(&format!("{text}{more}")).await;
        assert_eq!(proxy.patch().await.status, 503);
    }
    assert_eq!(proxy.world.saw(&Method::GET), lookups);
    assert!(proxy.page("/metrics").await.contains(&state(2)));
    // One that is not there any more is not suspended.
    let renamed = text.replace("url =", "name = \"other\"\nurl =");
    proxy.reads(&renamed).await;
    within("the end of the suspension", async {
        while !proxy.page("/metrics").await.contains(&state(0)) {}
    })
    .await;
    // Other settings of the breaker are another breaker.
    proxy.reads(&text.replace("= 2", "= 20")).await;
    assert_eq!(proxy.patch().await.status, 503);
    assert!(proxy.world.saw(&Method::GET) > lookups);
}

#[tokio::test]
async fn what_rejections_have_taught_is_known_until_the_rules_change() {
    let text = "SOCKETS\n[[upstream]]\nurl = \"http://UPSTREAM\"\n\
                [[rule]]\nname = \"participant\"\n\
                paths = [\"/api/v2/conversations/{conversationId}/participants/{participantId}\"]\n\
                sources = [\"conversation\"]\ntiming = \"on-reject\"\n\
                fill = { \"/state\" = \"state\", \"/routing/queue/id\" = \"queue\" }\n";
    let proxy = Reloading::start(text).await;
    let sent = async || {
        let before = proxy.world.saw(&Method::PATCH);
        assert_eq!(proxy.patch().await.status, 202);
        proxy.world.saw(&Method::PATCH) - before
    };
    assert_eq!((sent().await, sent().await), (2, 1));
    proxy
        .reads(&format!(
            "{text}[repair]\nmode = \"enforce\"\nresend_on = [400]\n"
        ))
        .await;
    assert_eq!(sent().await, 1);
    proxy
        .reads(&format!(
            "{text}[[diagnosis]]\nname = \"own\"\ncodes = [\"a.b\"]\nreason = \"user_needed\"\n"
        ))
        .await;
    assert_eq!((sent().await, sent().await), (2, 1));
}
