//! What becomes of a request's header, and how a record is written into the answer's.

use divan::{Bencher, black_box};
use http::HeaderMap;
use patchwright::repair::header::{forget_the_bytes, misses_content_type, signs_the_content};

use crate::subjects::services::patch;

fn fields() -> HeaderMap {
    patch(bytes::Bytes::from_static(b"{}")).headers().clone()
}

#[divan::bench]
fn header_looked_at(bencher: Bencher<'_, '_>) {
    let headers = fields();
    bencher.bench(|| {
        (
            misses_content_type(black_box(&headers), &[]),
            signs_the_content(&headers),
        )
    });
}

#[divan::bench]
fn header_after_an_edit(bencher: Bencher<'_, '_>) {
    let headers = fields();
    bencher
        .with_inputs(|| headers.clone())
        .bench_refs(|headers| forget_the_bytes(black_box(headers)));
}

#[cfg(feature = "proxy")]
#[divan::bench]
fn header_rewritten_for_the_upstream(bencher: Bencher<'_, '_>) {
    use patchwright::upstream::rewrite::{Length, request_headers};

    let headers = fields();
    bencher
        .with_inputs(|| headers.clone())
        .bench_refs(|headers| {
            request_headers(
                headers,
                http::Version::HTTP_11,
                Length::Exact(200),
                None,
                None,
            );
        });
}
