//! Those who call the proxy: many kinds, all at once.

mod exchange;
mod http2;
mod odd;
mod plain;
mod reading;
mod request;
mod rude;
mod stateful;
mod streaming;

use std::sync::Arc;

use self::exchange::Caller;
use crate::rng::Rng;
use crate::shared::Shared;

#[derive(Clone, Copy)]
enum Kind {
    KeepAlive,
    Pipelined,
    OneShot,
    Http10,
    Chunked,
    HalfClosed,
    Slow,
    Get,
    Attributes,
    NotJson,
    Denied,
    Large,
    HangUp,
    Garbage,
    HugeHead,
    Download,
    Upload,
    Smuggled,
    Http2,
    Staged,
}

/// Batches, not requests: keep-alive callers send several in each.
const KINDS: [(usize, Kind); 20] = [
    (22, Kind::KeepAlive),
    (8, Kind::Pipelined),
    (6, Kind::OneShot),
    (4, Kind::Http10),
    (5, Kind::Chunked),
    (4, Kind::HalfClosed),
    (3, Kind::Slow),
    (6, Kind::Get),
    (6, Kind::Attributes),
    (3, Kind::NotJson),
    (4, Kind::Denied),
    (2, Kind::Large),
    (8, Kind::HangUp),
    (3, Kind::Garbage),
    (2, Kind::HugeHead),
    (4, Kind::Download),
    (5, Kind::Upload),
    (3, Kind::Smuggled),
    (6, Kind::Http2),
    (5, Kind::Staged),
];

/// One caller, until the storm is over.
pub(crate) async fn call(shared: Arc<Shared>, number: usize, rng: Rng) {
    let mut caller = Caller::new(Arc::clone(&shared), number, rng);
    while shared.is_stormy() {
        match caller.rng.weighted(&KINDS) {
            Kind::KeepAlive => caller.keep_alive().await,
            Kind::Pipelined => caller.pipelined().await,
            Kind::OneShot => caller.one_shot().await,
            Kind::Http10 => caller.http_10().await,
            Kind::Chunked => caller.chunked().await,
            Kind::HalfClosed => caller.half_closed().await,
            Kind::Slow => caller.slow().await,
            Kind::Get => caller.get().await,
            Kind::Attributes => caller.attributes_endpoint().await,
            Kind::NotJson => caller.not_json().await,
            Kind::Denied => caller.denied().await,
            Kind::Large => caller.large().await,
            Kind::HangUp => caller.hang_up().await,
            Kind::Garbage => caller.garbage().await,
            Kind::HugeHead => caller.huge_head().await,
            Kind::Download => caller.download().await,
            Kind::Upload => caller.upload().await,
            Kind::Smuggled => caller.smuggled().await,
            Kind::Http2 => caller.http2().await,
            Kind::Staged => caller.staged().await,
        }
    }
}

/// Callers of good manners on a network that works: every answer is a success. False on the first that
/// is not.
pub(crate) async fn quietly(shared: Arc<Shared>, number: usize, requests: usize) -> bool {
    let rng = Rng::new(shared.seed, "quiet", number);
    let mut caller = Caller::new(shared, number, rng);
    for _ in 0..requests {
        if !caller.quiet().await {
            return false;
        }
    }
    true
}
