//! A file that changes under a process that looks.

use std::os::unix::fs::symlink;
use std::time::Duration;

use patchwright::config::Overrides;

use super::support::{Folder, GET, Log, OK, Reloading, to, whole};
use crate::support::{Listening, within};

/// Whether a new request reaches this upstream.
async fn reaches(gateway: &Reloading, upstream: &Listening) {
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(caller.message().await.1, "ok");
}

/// Several looks.
async fn looks() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}

#[tokio::test]
async fn the_symlink_that_kubernetes_swaps_is_followed() {
    let (old, new) = (Listening::new().await, Listening::new().await);
    let folder = Folder::new();
    for (name, upstream) in [("..2001", &old), ("..2002", &new)] {
        std::fs::create_dir(folder.path(name)).unwrap();
        let text = whole(&to("api", upstream.address));
        folder.put(&format!("{name}/c.toml"), &text);
    }
    symlink("..2001", folder.path("..data")).unwrap();
    symlink("..data/c.toml", folder.path("c.toml")).unwrap();
    let gateway = Reloading::watching(folder, "", Overrides::default());
    reaches(&gateway, &old).await;
    symlink("..2002", gateway.folder.path("..tmp")).unwrap();
    std::fs::rename(gateway.folder.path("..tmp"), gateway.folder.path("..data")).unwrap();
    gateway.used(1).await;
    reaches(&gateway, &new).await;
}

#[tokio::test]
async fn an_editor_that_truncates_and_writes_causes_neither_a_fault_nor_the_half() {
    let old = Listening::new().await;
    // With these flags an empty file would be a configuration.
    let flags = Overrides {
        upstream: Some(format!("http://{}", old.address)),
        listen: "127.0.0.1:0".parse().ok(),
        admin: "127.0.0.1:0".parse().ok(),
        ..Overrides::default()
    };
    let (text, look) = ("[repair]\nreport = false\n", Duration::from_millis(200));
    let gateway = Reloading::started(Folder::new(), text, flags, look);
    tokio::time::sleep(look * 3).await;
    let log = Log::here();
    let text = whole("[repair]\nreport = false\nmode = \"observe\"\n[limits]\nlookups = 5\n");
    // Each of these but the first is a configuration, if it is taken for the whole.
    let ends = ["", "report = false\n", "\"observe\"\n"];
    let ends = ends.map(|end| text.find(end).map_or(0, |at| at + end.len()));
    for _ in 0..3 {
        for end in ends {
            std::fs::write(&gateway.path, &text.as_bytes()[..end]).unwrap();
            tokio::time::sleep(look / 4).await;
        }
    }
    std::fs::write(&gateway.path, &text).unwrap();
    gateway.used(1).await;
    assert_eq!(gateway.read().await, (1, 0), "{}", log.text());
    assert!(!log.text().contains("WARN"), "{}", log.text());
    let said = "in limits, repair";
    assert!(log.text().contains(said), "{}", log.text());
    reaches(&gateway, &old).await;

    // What stays empty is said, once, and does not count.
    std::fs::write(&gateway.path, "").unwrap();
    log.has("c.toml: is empty").await;
    tokio::time::sleep(look * 3).await;
    assert_eq!(gateway.read().await, (1, 1));
    assert_eq!(log.text().matches("is empty").count(), 1, "{}", log.text());
    assert!(gateway.page("/config").await.contains("mode = \"observe\""));
    std::fs::write(&gateway.path, &text).unwrap();
    log.has("what they held before").await;
}

#[tokio::test]
async fn what_a_file_names_is_read_with_it_and_again_when_it_changes() {
    let upstream = Listening::new().await;
    let text = to("api", upstream.address);
    let gateway = Reloading::watching(Folder::new(), &text, Overrides::default());
    let log = Log::here();
    gateway.write(&format!("{text}[cache]\npartition_key_file = \"p.key\"\n"));
    log.has("p.key cannot be read").await;
    looks().await;
    assert_eq!(gateway.read().await, (0, 1));
    // A Secret may come later than the ConfigMap that names it.
    for (count, key) in [(1, "0123456789-hunter1"), (2, "0123456789-hunter2")] {
        gateway.folder.put("p.key", key);
        gateway.used(count).await;
    }
    gateway.folder.put("p.key", "short");
    log.has("cache.partition_key_file: expected at least 16 characters")
        .await;
    let text = log.text();
    assert!(
        text.contains("configuration 3, changed in cache name="),
        "{text}"
    );
    assert!(!text.contains("hunter"), "{text}");
}

#[tokio::test]
async fn certificates_of_an_upstream_that_came_with_a_reload_are_looked_after() {
    let upstream = Listening::new().await;
    let authority = crate::tls::support::Authority::new();
    let text = to("api", upstream.address);
    let gateway = Reloading::watching(Folder::new(), &text, Overrides::default());
    gateway.folder.put_pair(&authority.sign());
    let secured = "[[upstream]]\nname = \"secured\"\nurl = \"https://127.0.0.1:1\"\nprefix = \"/s\"\n\
                   certificate = \"c.pem\"\nprivate_key = \"k.pem\"\n";
    gateway.write(&format!("{text}{secured}"));
    gateway.used(1).await;
    let expiry = "patchwright_certificate_expiry_timestamp_seconds{name=\"upstream.secured\"}";
    gateway.counts(&format!("{expiry} 67090118400\n")).await;
    gateway.folder.put_pair(&authority.sign());
    let line = "patchwright_reloads_total{name=\"upstream.secured\",result=\"ok\"} 1\n";
    within("the new certificate", async {
        while !gateway.page("/metrics").await.contains(line) {}
    })
    .await;
    gateway.write(&text);
    gateway.used(2).await;
    within("the end of the series", async {
        while !gateway
            .page("/metrics")
            .await
            .contains(&format!("{expiry} NaN\n"))
        {}
    })
    .await;
}
