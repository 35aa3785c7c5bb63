//! The upstream of the comparison: answers as the API does, on one thread and with as little as possible
//! around the system calls, so that its own cost stays below that of every proxy.
//!
//! `upstream ADDRESS` says "upstream listening on http://…" once it does. A conversation of any id has the
//! same three participants, whose ids end as the conversation's; a PATCH of a participant is accepted (204)
//! when it has `state` and `routing.queue.id`, and else refused (400). `GET /__counts` says what it has
//! answered, and `PUT /__delay/MS` has it answer everything else that much later.
#![allow(
    clippy::print_stdout,
    reason = "a tool: stdout is how it says where it listens"
)]

mod answers;
mod counts;
mod request;
mod serve;

use std::io;
use std::net::TcpListener;

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.ok_or_else(|| io::Error::other("upstream ADDRESS"))?;
    let listener = TcpListener::bind(address)?;
    println!("upstream listening on http://{}", listener.local_addr()?);
    serve::Upstream::new(listener)?.serve()
}
