//! The credentials that clients are given, over the pools of the upstreams that hand out their tokens.

use std::sync::Arc;

use crate::config::Config;
use crate::credential::{Credential, Grant};
use crate::metrics::Metrics;
use crate::upstream::Upstream;

/// `upstreams` are all there are, by name.
pub(super) fn credentials(
    config: &Config,
    upstreams: &[(&str, Upstream)],
    metrics: &Metrics,
) -> Vec<Credential> {
    let made = config.access.credentials.iter().filter_map(|credential| {
        let (name, upstream) = upstreams
            .iter()
            .find(|(name, _)| *name == credential.upstream)?;
        let grant = Arc::new(Grant::new(credential, config.timeouts.lookup)?);
        let upstream = upstream.clone();
        let fetch = move || {
            let (grant, upstream) = (Arc::clone(&grant), upstream.clone());
            async move { grant.fetch(upstream).await }
        };
        let endpoint = ((*name).to_owned(), credential.path.clone());
        Some(Credential::new(&credential.name, endpoint, metrics, fetch))
    });
    made.collect()
}
