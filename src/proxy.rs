//! The proxy: what a request passes on its way to an upstream, in order.

mod body;
mod future;
mod head;
mod routes;

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use hyper_util::service::TowerToHyperService;
use tokio::sync::Semaphore;
use tower_layer::Layer as _;
use tower_service::Service;

pub use self::body::ProxyBody;
use self::body::Share;
use self::future::Passage;
pub use self::future::ProxyFuture;
pub use self::routes::Routes;
use crate::answer::{OwnAnswer, RequestId};
use crate::config::Config;
use crate::directory::cached::{Cached, Store};
use crate::layer::{Repair, RepairLayer};
use crate::metrics::Metrics;
use crate::observers::Observers;
use crate::upstream::{BuildError, Upstream};
use crate::watch::Reload;

/// What stands between a route and its upstream.
pub type Repaired = Repair<Upstream, Cached<Upstream>>;

/// Builds what every request passes, from the outside to the inside. `store` is what all upstreams'
/// directories remember in; `observers` hear of every request that a rule matched.
pub fn build(
    config: &Config,
    store: &Arc<Store>,
    observers: &Observers,
) -> Result<Proxy<Repaired>, BuildError> {
    let metrics = observers.metrics();
    metrics.show_buffered(&config.repair.buffered);
    let mut routes = Routes::default();
    let mut reloads = Vec::new();
    for route in &config.upstreams {
        // Innermost: the upstream always answers, so that everything outside of it sees responses only.
        let upstream = Upstream::new(route, &config.limits, &config.timeouts, metrics)?;
        reloads.extend(upstream.reload());
        // Inside of the routes: rules name the upstream's paths, and those exist once the route has cut
        // its prefix off. The lookups that a repair needs go to the same upstream, over the same pool.
        // Named by its address, too: what replicas or configurations that differ in it have read elsewhere is
        // not for this one.
        let directory = Cached::new(
            Arc::clone(store),
            &format!("{} {}", route.name, route.url),
            upstream.clone(),
            config.fetch_limits(),
        )
        .watched_by(observers.breaker(&route.name));
        let repair = RepairLayer::new(
            Arc::clone(&config.compiled),
            directory,
            config.repair.clone(),
            observers.clone(),
        );
        let repaired = repair.layer(upstream);
        // Inside of admission: what may not be forwarded must not be routed on a guess either.
        routes = routes.add(&route.prefix, route.strip_prefix, repaired);
    }
    // Outermost: the id that every answer carries, the bound on what is in flight, the checks of the
    // head. See `Proxy::call`.
    let proxy = Proxy::new(routes, config.limits.concurrency, metrics.clone());
    Ok(Proxy {
        reloads: reloads.into(),
        ..proxy
    })
}

/// Admits requests and routes them to a service `S` per upstream.
///
/// A request gets a [`RequestId`] in its extensions, a check of its head, a place among those in flight
/// (kept until the last byte of the answer has been handed over), and a route.
#[derive(Debug)]
pub struct Proxy<S> {
    shared: Arc<Shared<S>>,
    reloads: Arc<[Arc<dyn Reload>]>,
}

#[derive(Debug)]
struct Shared<S> {
    routes: Routes<S>,
    places: Arc<Semaphore>,
    metrics: Metrics,
}

impl<S> Clone for Proxy<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            reloads: Arc::clone(&self.reloads),
        }
    }
}

impl<S> Proxy<S> {
    /// At most `concurrency` requests are in flight; more are answered 503.
    pub fn new(routes: Routes<S>, concurrency: usize, metrics: Metrics) -> Self {
        let places = concurrency.min(Semaphore::MAX_PERMITS);
        Self {
            shared: Arc::new(Shared {
                routes,
                places: Arc::new(Semaphore::new(places)),
                metrics,
            }),
            reloads: Arc::default(),
        }
    }

    /// What of its upstreams is read again when its files change.
    pub fn reloads(&self) -> &[Arc<dyn Reload>] {
        &self.reloads
    }
}

impl<S, B, R> Service<Request<B>> for Proxy<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: Body<Data = Bytes>,
{
    type Response = Response<ProxyBody<R>>;
    type Error = S::Error;
    type Future = ProxyFuture<S, B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        // Too much is answered, never queued: a caller that is told so can decide for itself.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let shared = &*self.shared;
        // First, so that every answer and log line can name the request.
        let id = RequestId::next();
        request.extensions_mut().insert(id);
        let head = request.method() == Method::HEAD;
        // Before the checks, so that refused requests are seen too.
        let share = Share::new(shared.metrics.in_flight());
        // Before the bound: an invalid request costs nothing and gets the answer that explains it.
        if let Err(refusal) = head::check(&mut request) {
            return shared.made(refusal.into_response(id), head, share);
        }
        let Ok(place) = Arc::clone(&shared.places).try_acquire_owned() else {
            return shared.made(head::overloaded().into_response(id), head, share);
        };
        let share = share.with(place);
        // Last, as the prefix that it strips is the caller's business with us and nobody else's.
        let Some((service, target)) = shared.routes.find(request.uri()) else {
            let answer = shared.routes.unknown();
            return shared.made(answer.into_response(id), head, share);
        };
        if let Some(target) = target {
            *request.uri_mut() = target;
        }
        routes::to_origin_form(request.uri_mut());
        let service = TowerToHyperService::new(service.clone());
        ProxyFuture::passing(
            hyper::service::Service::call(&service, request),
            Passage {
                share,
                metrics: shared.metrics.clone(),
                head,
            },
        )
    }
}

impl<S> Shared<S> {
    /// Ends a request with an answer of our own. When its body is unread, hyper closes the connection
    /// after the answer: what is left of the body is never taken for a request.
    fn made<B>(
        &self,
        response: Response<Full<Bytes>>,
        head: bool,
        share: Share,
    ) -> ProxyFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        if let Some(OwnAnswer(code)) = response.extensions().get() {
            self.metrics.own_answer(code);
        }
        let response = if head {
            future::without_body(response)
        } else {
            response
        };
        ProxyFuture::made(response, share)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::Empty;

    use super::*;

    #[tokio::test]
    async fn what_is_behind_sees_path_and_query_only() {
        let upstream = tower::service_fn(|request: Request<Empty<Bytes>>| async move {
            let mut response = Response::new(Empty::<Bytes>::new());
            response.extensions_mut().insert(request.uri().clone());
            Ok::<_, Infallible>(response)
        });
        let routes = Routes::default()
            .add("/", false, upstream)
            .add("/api", true, upstream);
        let mut proxy = Proxy::new(routes, 10, Metrics::new().unwrap());
        for (target, seen) in [
            ("/x?y", "/x?y"),
            ("http://a:1/x?y", "/x?y"),
            ("/api/x", "/x"),
            ("http://a/api/x?y", "/x?y"),
        ] {
            let mut request = Request::new(Empty::new());
            *request.uri_mut() = target.parse().unwrap();
            request.headers_mut().insert("host", "a".parse().unwrap());
            let response = proxy.call(request).await.unwrap();
            assert_eq!(
                response.extensions().get::<http::Uri>().unwrap(),
                seen,
                "{target}"
            );
        }
    }
}
