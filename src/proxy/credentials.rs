//! The clients, and the credentials that they are given, over the pools of the upstreams that hand out their
//! tokens.

use std::sync::Arc;

use super::handover::{Handover, TokenSource};
use crate::access::{Access, Client};
use crate::config::Config;
use crate::credential::{Credential, Grant};
use crate::metrics::Metrics;
use crate::upstream::{Settings, Upstream};

/// `upstreams` are all there are. What did not change is taken over from `before`: tokens, and what clients
/// have used of their rates and places.
pub(super) fn access(
    config: &Config,
    upstreams: &[(Settings, Upstream)],
    (before, after): (&Handover, &mut Handover),
    metrics: &Metrics,
) -> Access {
    let mut credentials = Vec::new();
    for credential in &config.access.credentials {
        let mut all = upstreams.iter();
        let Some((settings, upstream)) = all.find(|(one, _)| one.name == credential.upstream)
        else {
            continue;
        };
        let timeout = config.timeouts.lookup;
        let source = TokenSource(credential.clone(), settings.clone(), timeout);
        let make = |TokenSource(credential, ..): &TokenSource| {
            let grant = Arc::new(Grant::new(credential, timeout).ok_or(())?);
            let upstream = upstream.clone();
            let fetch = move || {
                let (grant, upstream) = (Arc::clone(&grant), upstream.clone());
                async move { grant.fetch(upstream).await }
            };
            let endpoint = (settings.name.clone(), credential.path.clone());
            Ok::<_, ()>(Credential::new(&credential.name, endpoint, metrics, fetch))
        };
        credentials.extend(
            after
                .credentials
                .take_over(&before.credentials, source, make),
        );
    }
    let mut clients = Vec::new();
    for client in &config.access.clients {
        let wanted = client.credential.as_ref();
        let given = credentials
            .iter()
            .find(|one| wanted.is_some_and(|name| one.name() == name));
        let settings = (client.clone(), given.cloned());
        let make = || Arc::new(Client::new(client, given, metrics));
        clients.push(after.clients.take(&before.clients, settings, make));
    }
    Access::new(&config.access, clients, metrics)
}
