//! The proxy: what a request passes on its way to an upstream, in order.

mod body;
mod credentials;
mod current;
mod destination;
mod exports;
mod future;
mod handover;
mod head;
mod places;
mod rated;
mod rest;
mod routes;
mod tracing;

use std::sync::Arc;
use std::task::{Context, Poll};

use ::tracing::Span;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower_layer::Layer as _;
use tower_service::Service;

pub use self::body::ProxyBody;
use self::body::Share;
use self::credentials::access;
pub use self::current::Current;
pub use self::destination::Destination;
pub use self::exports::Exports;
use self::exports::exports;
use self::future::Passage;
pub use self::future::ProxyFuture;
pub use self::handover::Handover;
use self::handover::{Specs, Target};
use self::places::Places;
use self::rated::Shape;
pub use self::rated::{Patience, Rated, RatedFuture};
use self::rest::Rest;
pub use self::routes::{Route, Routes, host};
pub use self::tracing::Tracing;
use crate::access::Access;
use crate::answer::{OwnAnswer, RequestId};
use crate::call::call;
use crate::config::Config;
use crate::credential::Inject;
use crate::directory::cached::{Cached, Gate};
use crate::fields::Fields;
use crate::layer::{Learned, Repair, RepairLayer};
use crate::metrics::{Metrics, ShownUpstream};
use crate::observers::Observers;
use crate::redis;
use crate::trace::journal::Sink;
use crate::upstream::{self, BuildError, Upstream};
use crate::watch::Reload;

/// What stands between a route and its upstream.
pub type Repaired = Inject<Repair<Rated<Upstream>, Cached<Upstream>>>;

/// Builds what every request passes, from the outside to the inside. `before` is what the proxy before
/// this one left, and the handover returned is what this one leaves to the next; `observers` hear of every
/// request that a rule matched.
pub fn build(
    config: &Config,
    before: &Handover,
    observers: &Observers,
) -> Result<(Proxy<Repaired>, Handover), BuildError> {
    let metrics = observers.metrics();
    metrics.show_buffered(&config.repair.buffered);
    let mut after = Handover::default();
    let specs = Specs::of(config);
    // Innermost: the upstream always answers, so that everything outside of it sees responses only. First of
    // all, since only here something can fail, and nobody may have heard of the rest by then.
    let upstreams = config.upstreams.iter().map(|route| {
        let settings = upstream::Settings::new(route, &config.limits, &config.timeouts);
        let new = |settings: &upstream::Settings| Upstream::new(settings.clone(), metrics);
        let upstream = after
            .upstreams
            .take_over(&before.upstreams, settings.clone(), new);
        Ok((settings, upstream?))
    });
    let upstreams = upstreams.collect::<Result<Vec<_>, _>>()?;
    let exports = exports(config, (before, &mut after), metrics)?;
    let reloads = upstreams
        .iter()
        .filter_map(|(_, upstream)| upstream.reload());
    let reloads = reloads.chain(exports.as_ref().and_then(|exports| exports.reload()));
    let reloads = reloads.collect();
    let access = access(config, &upstreams, (before, &mut after), metrics);
    let known = before.store.as_deref();
    let known = known.map(|store| (store, before.redis.as_ref()));
    let store = redis::store(config, known, observers);
    let (mut routes, mut shown) = (Routes::default(), Vec::new());
    for (route, (_, upstream)) in config.upstreams.iter().zip(upstreams) {
        let target = Target {
            name: route.name.clone(),
            url: route.url.clone(),
        };
        // Inside of the routes: rules name the upstream's paths, and those exist once the route has cut
        // its prefix off. The lookups that a repair needs go to the same upstream, over the same pool.
        let settings = (target.clone(), config.breaker);
        let gate = after.breakers.take(&before.breakers, settings, || {
            Arc::new(Gate::new(config.breaker, observers.breaker(&route.name)))
        });
        // What one address says is never taken for what another does that has got its name.
        let known_as: Arc<str> = format!("{} {}", route.name, route.url).into();
        shown.push(ShownUpstream {
            name: route.name.clone(),
            known_as: Arc::clone(&known_as),
        });
        let directory = Cached::new(
            Arc::clone(&store),
            Arc::clone(&known_as),
            upstream.clone(),
            config.fetch_limits(),
        )
        .spending(config.budget.lookup_share)
        .behind(gate);
        // Outside of the upstream, so that it hears what every answer says of its credential's rate, and
        // inside of the repair: what is held back has its lookup behind it. Lookups don't pass here: they
        // are refused rather than held.
        let shaped = metrics.shaped(&route.name);
        let rated = Rated::new(upstream, Arc::clone(&store), known_as, shaped);
        let settings = (target, Arc::clone(&specs));
        let learned = after.learned.take(&before.learned, settings, || {
            Learned::nothing(&config.compiled)
        });
        let repair = RepairLayer::remembering(
            Arc::clone(&config.compiled),
            directory,
            config.repair.clone(),
            observers.at(&route.name),
            learned,
        );
        // Outside of the repair: what it looks up and remembers belongs to the credential of the request.
        let injected = Inject::new(repair.layer(rated), &route.name);
        let destination = Destination::new(&route.name, injected);
        // Inside of admission: what may not be forwarded must not be routed on a guess either.
        routes = routes.with(Route::of(route, destination));
    }
    // Outermost: the id that every answer carries, the trace, the checks of the head and of who sends it, the bound on
    // what is in flight. See `Proxy::call`.
    let most = config.limits.concurrency;
    let places = match &before.places {
        Some(places) => places.sized(most),
        None => Places::new(most),
    };
    after.places = Some(places.sized(most));
    metrics.show_store(&store, shown);
    after.store = Some(Arc::clone(&store));
    after.redis.clone_from(&config.cache.redis);
    let sink = exports.map(|exports| exports as Arc<dyn Sink>);
    let tracing = Tracing::new(&config.trace, sink);
    let proxy = Proxy::of(Shared {
        routes,
        access,
        places,
        tracing,
        metrics: metrics.clone(),
        reloads,
        shape: Shape::new(config.budget.shape, store),
    });
    Ok((proxy, after))
}

/// Admits requests and routes them to a service `S` per upstream.
///
/// A request gets a [`RequestId`] in its extensions, a check of its head and of who sends it, a place among
/// those in flight (kept until the last byte of the answer has been handed over), a route, and what its
/// client may do there.
#[derive(Debug)]
pub struct Proxy<S> {
    shared: Arc<Shared<S>>,
}

#[derive(Debug)]
struct Shared<S> {
    routes: Routes<Destination<S>>,
    access: Access,
    places: Places,
    tracing: Tracing,
    metrics: Metrics,
    reloads: Vec<Arc<dyn Reload>>,
    /// How long a request may be held back, if at all.
    shape: Option<Shape>,
}

impl<S> Clone for Proxy<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S> Proxy<S> {
    /// At most `concurrency` requests are in flight; more are answered 503. Traces are left alone.
    pub fn new(
        routes: Routes<Destination<S>>,
        access: Access,
        concurrency: usize,
        metrics: Metrics,
    ) -> Self {
        Self::of(Shared {
            routes,
            access,
            places: Places::new(concurrency),
            tracing: Tracing::default(),
            metrics,
            reloads: Vec::new(),
            shape: None,
        })
    }

    fn of(shared: Shared<S>) -> Self {
        let shared = Arc::new(shared);
        Self { shared }
    }

    /// What of its upstreams is read again when its files change.
    pub fn reloads(&self) -> &[Arc<dyn Reload>] {
        &self.shared.reloads
    }
}

impl<S, B, R> Service<Request<B>> for Proxy<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    B: Body + Unpin,
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
        // Of what is refused, too: whoever follows a trace wants to see where it ended.
        let fields = Fields::of(request.headers());
        let recording = shared.tracing.enter(&mut request, fields);
        let journal = recording.as_ref().map(|it| Arc::clone(it.journal()));
        let journal = journal.as_deref();
        let admission = journal.map(|journal| journal.begin("admission"));
        if let Some(patience) = shared.shape.as_ref().and_then(Shape::patience) {
            request.extensions_mut().insert(patience);
        }
        let head = request.method() == Method::HEAD;
        // Before the checks, so that refused requests are seen too.
        let share = Share::new(shared.metrics.in_flight(), recording);
        // Before the bound: an invalid request costs nothing and gets the answer that explains it.
        if let Err(refusal) = head::check(&mut request, fields) {
            return shared.made(refusal.into_response(id), head, share, request);
        }
        // Also before the bound: strangers must not take the places of those who are known.
        let client = match shared.access.identify(&mut request) {
            Ok(client) => client,
            Err(stranger) => return shared.made(stranger.into_response(id), head, share, request),
        };
        let Some(place) = shared.places.take() else {
            return shared.made(head::overloaded().into_response(id), head, share, request);
        };
        let share = share.with(place);
        // Last, as the prefix that it strips is the caller's business with us and nobody else's.
        let host = routes::host(&request);
        let Some((destination, target)) = shared.routes.find(host, request.uri()) else {
            let answer = shared.routes.unknown(host);
            return shared.made(answer.into_response(id), head, share, request);
        };
        if let Some(journal) = journal {
            journal.say("patchwright.upstream", destination.upstream().to_owned());
        }
        let mut span = Span::none();
        let mut share = share;
        if let Some(client) = client {
            let entry = match client.enter(destination.upstream(), request.method(), id) {
                Ok(entry) => entry,
                Err(refusal) => {
                    return shared.made(refusal.into_response(id), head, share, request);
                }
            };
            share = share.with_client(entry.place);
            if let Some(journal) = journal {
                journal.say("patchwright.client", entry.name.0.to_string());
            }
            request.extensions_mut().insert(entry.name);
            if let Some(injection) = entry.injection {
                request.extensions_mut().insert(injection);
            }
            span = client.span();
        }
        if let Some(target) = target {
            *request.uri_mut() = target;
        }
        routes::to_origin_form(request.uri_mut());
        drop(admission);
        let answering = span.in_scope(|| call(destination.service(), request));
        ProxyFuture::passing(
            answering,
            Passage {
                share,
                metrics: shared.metrics.clone(),
                head,
                span,
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
        request: Request<B>,
    ) -> ProxyFuture<S, B>
    where
        S: Service<Request<B>>,
        B: Body + Unpin,
    {
        if let Some(OwnAnswer(code)) = response.extensions().get() {
            self.metrics.own_answer(code);
        }
        share.answered(&response);
        let response = if head {
            future::without_body(response)
        } else {
            response
        };
        ProxyFuture::made(response, share, Rest::of(request))
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
            .with(Route::new("/", Destination::new("all", upstream)))
            .with(Route::new("/api", Destination::new("api", upstream)).stripping("/api"));
        let metrics = Metrics::new();
        let access = Access::new(&crate::config::Access::default(), Vec::new(), &metrics);
        let mut proxy = Proxy::new(routes, access, 10, metrics);
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
