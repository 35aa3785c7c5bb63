//! The rows.

mod editing;
mod framing;
mod http2;
mod rest;

use super::Row;

pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    let all = [
        framing::FRAMING,
        framing::UPGRADES,
        editing::EDITING,
        editing::TENANTS,
        http2::HTTP2,
        rest::TIME,
        rest::LIBRARIES,
        rest::SEMANTICS,
    ];
    all.into_iter().flatten()
}
