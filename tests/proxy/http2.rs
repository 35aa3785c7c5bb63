//! HTTP/2 on either side, well-behaved and not.

mod alpn;
mod speak;
mod upstream;
mod upstream_faults;
mod upstream_streams;
mod wire;
