//! What can't be used, and what is said of it.

use super::support::{GET, Log, OK, Reloading, to, whole};
use crate::support::Listening;

const FAILED: &str = "patchwright_config_last_reload_successful 0\n";
const USED: &str = "patchwright_config_last_reload_successful 1\n";

#[tokio::test]
async fn all_faults_are_said_and_the_one_in_force_stays_until_it_is_mended() {
    let (upstream, other) = (Listening::new().await, Listening::new().await);
    let good = to("api", upstream.address);
    let gateway = Reloading::start(&good);
    gateway.counts(USED).await;
    let log = Log::here();
    let bad = to("api", other.address) + "[limts]\nbody = \"1MiB\"\n[cache]\ncapacity = 0\n";
    assert!(!gateway.reads(&bad).await);
    let (text, file) = (log.text(), gateway.path.display());
    for fault in [
        format!("{file}:8: limts: unknown key; did you mean \"limits\"?"),
        format!("{file}:11: cache.capacity: expected an integer from 1 to 100000000, found 0"),
    ] {
        let said = format!("cannot be used, so what was read before stays in use: {fault}");
        assert_eq!(text.matches(&said).count(), 1, "{said}: {text}");
    }
    gateway.counts(FAILED).await;
    // Nothing of it: not the other upstream either.
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(caller.message().await.1, "ok");
    assert!(
        gateway
            .page("/config")
            .await
            .contains(&upstream.address.to_string())
    );
    assert_eq!(gateway.page("/readyz").await, "ready\n");

    let time = || async {
        let metrics = gateway.page("/metrics").await;
        let name = "patchwright_config_last_reload_success_timestamp_seconds ";
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().parse::<f64>().unwrap()
    };
    let before = time().await;
    let mended = bad.replace("limts", "limits").replace("= 0", "= 5");
    assert!(gateway.reads(&mended).await);
    gateway.counts(USED).await;
    assert!(time().await > before);
    let said = "configuration 2, changed in cache, upstream";
    assert!(log.text().contains(said), "{}", log.text());
    caller.send(GET).await;
    other.accept().await.head().await;
}

#[tokio::test]
async fn what_needs_a_restart_is_refused_with_all_that_comes_with_it() {
    let (upstream, other) = (Listening::new().await, Listening::new().await);
    let gateway = Reloading::start(&to("api", upstream.address));
    for section in ["listen", "admin"] {
        let log = Log::here();
        let text = whole(&to("api", other.address));
        let address = format!("[{section}]\naddress = \"127.0.0.1:1\"");
        let text = text.replace(&format!("[{section}]\naddress = \"127.0.0.1:0\""), &address);
        std::fs::write(&gateway.path, text).unwrap();
        let before = gateway.page("/config").await;
        assert!(!gateway.rereads().await);
        let said = format!("{section}.address: 127.0.0.1:1 needs a restart");
        assert!(log.text().contains(&said), "{}", log.text());
        assert_eq!(gateway.page("/config").await, before);
    }
}

#[tokio::test]
async fn what_only_the_system_can_tell_is_refused_too() {
    let upstream = Listening::new().await;
    let gateway = Reloading::start(&to("api", upstream.address));
    let log = Log::here();
    // The file says port 0.
    assert!(!gateway.reads(&to("api", gateway.address)).await);
    assert!(
        log.text().contains("is this proxy's own address"),
        "{}",
        log.text()
    );
}

#[tokio::test]
async fn whoever_asks_is_told_that_nothing_has_changed() {
    let upstream = Listening::new().await;
    let text = to("api", upstream.address);
    let gateway = Reloading::start(&text);
    let log = Log::here();
    assert!(gateway.reads(&format!("# other words\n{text}")).await);
    assert!(log.text().contains("nothing has changed"), "{}", log.text());
    assert!(!log.text().contains("configuration 2"), "{}", log.text());
}
