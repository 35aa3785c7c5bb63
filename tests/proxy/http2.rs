//! HTTP/2 on either side, well-behaved and not.

mod abandoned;
mod alpn;
mod counting;
mod floods;
mod frames;
mod malformed;
mod resets;
mod slow;
mod speak;
mod upstream;
mod upstream_faults;
mod upstream_streams;
mod wire;
