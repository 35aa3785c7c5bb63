//! Callers that are known by what their certificates name.

use patchwright::config::Client;
use rcgen::{DistinguishedName, DnType, SanType};

use super::support::{Authority, BOTH, Caller, Folder, GET, OK, Pair};
use crate::support::{Gateway, Listening, Peer, Running, within};

struct World {
    gateway: Running,
    upstream: Listening,
    servers: Authority,
    callers: Authority,
    _folder: Folder,
}

impl World {
    /// With a client for each list of names.
    async fn knowing(clients: &[(&str, &[&str])]) -> Self {
        let upstream = Listening::new().await;
        let (servers, callers) = (Authority::new(), Authority::new());
        let folder = Folder::with(&servers.sign());
        let mut files = folder.listen();
        files.client_ca = Some(folder.put("ca.pem", &callers.pem()));
        let toml = format!(
            "[[upstream]]\nurl = 'http://{}'\n[[client]]\nname = 'x'\nnetworks = ['::/0']\n",
            upstream.address
        );
        let gateway = Gateway::configured(&toml).with_tls(files).with(|config| {
            let any = config.access.clients.remove(0);
            let client = |(name, subjects): &(&str, &[&str])| Client {
                name: (*name).to_owned(),
                subjects: subjects.iter().map(|name| name.parse().unwrap()).collect(),
                networks: Vec::new(),
                ..any.clone()
            };
            config.access.clients = clients.iter().map(client).collect();
        });
        Self {
            gateway: gateway.start().await,
            upstream,
            servers,
            callers,
            _folder: folder,
        }
    }

    fn pair(&self, subject: &[(DnType, &str)], uri: Option<&str>) -> Pair {
        self.callers.sign_with(|params| {
            params.distinguished_name = DistinguishedName::new();
            for (kind, value) in subject {
                params.distinguished_name.push(kind.clone(), *value);
            }
            if let Some(uri) = uri {
                let uri = SanType::URI(uri.try_into().unwrap());
                params.subject_alt_names = vec![uri];
            }
        })
    }

    /// The status of a request with this certificate, in both versions of TLS.
    async fn status(&self, pair: &Pair) -> u16 {
        let mut seen = None;
        for version in BOTH {
            let caller = Caller::of(&self.servers, Some(pair), &[version]);
            let mut caller = Peer::new(caller.connect(self.gateway.address).await.unwrap());
            caller.send(GET).await;
            let answered = async { caller.message().await.0.status() };
            let served = async {
                let mut up = self.upstream.accept().await;
                up.head().await;
                up.send(OK).await;
                std::future::pending::<u16>().await
            };
            let status = within("an answer", async {
                tokio::select! {
                    status = answered => status,
                    status = served => status,
                }
            })
            .await;
            assert_eq!(*seen.get_or_insert(status), status);
        }
        seen.unwrap()
    }
}

#[tokio::test]
async fn the_whole_subject_or_an_alternative_name_makes_a_client() {
    let world = World::knowing(&[
        (
            "billing",
            &["CN=billing,O=Example", "uri:spiffe://example/billing"],
        ),
        ("reports", &["dns:other.test"]),
    ])
    .await;
    let organization = (DnType::OrganizationName, "Example");
    let name = |name| (DnType::CommonName, name);
    let none = Some("spiffe://example/other");
    for (pair, status) in [
        (
            world.pair(&[organization.clone(), name("billing")], none),
            200,
        ),
        // Only a part of it, the same in another order, and a name that begins alike.
        (world.pair(&[name("billing")], none), 403),
        (
            world.pair(&[name("billing"), organization.clone()], none),
            403,
        ),
        (
            world.pair(&[organization.clone(), name("billing2")], none),
            403,
        ),
        // A name cannot pretend to be two.
        (world.pair(&[name("billing,O=Example")], none), 403),
        (
            world.pair(&[name("x")], Some("spiffe://example/billing")),
            200,
        ),
        (
            world.pair(&[name("x")], Some("spiffe://example/billing/x")),
            403,
        ),
        // With the names that certificates here have unless told otherwise.
        (world.pair(&[name("x")], None), 200),
        (
            world.pair(&[(DnType::CommonName, "dns:other.test")], none),
            403,
        ),
    ] {
        assert_eq!(world.status(&pair).await, status);
    }
    let counted = |line: &str| world.gateway.counted(line);
    counted(r#"patchwright_client_requests_total{client="billing",result="admitted"} 4"#);
    counted(r#"patchwright_client_requests_total{client="reports",result="admitted"} 2"#);
    counted(r#"patchwright_client_requests_total{client="",result="unknown"} 12"#);
}
