//! What a route leads to.

/// A service, and the name of the upstream behind it.
#[derive(Clone, Debug)]
pub struct Destination<S> {
    upstream: String,
    service: S,
}

impl<S> Destination<S> {
    /// `service` leads to the upstream that the configuration calls `upstream`.
    pub fn new(upstream: &str, service: S) -> Self {
        let upstream = upstream.to_owned();
        Self { upstream, service }
    }

    /// The upstream's name.
    pub fn upstream(&self) -> &str {
        &self.upstream
    }
}

impl<S> Destination<S> {
    /// The service, for one request.
    pub(super) fn service(&self) -> &S {
        &self.service
    }
}
