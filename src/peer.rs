//! Who is at the other end of a caller's connection.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::certificates::Names;

/// The other end of a connection, as the server found it. Where the server is told to
/// ([`Settings::peers`](crate::server::Settings::peers)), every request has it in its extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where the connection comes from.
    pub address: SocketAddr,
    /// What the certificate names that was presented and verified.
    pub certificate: Option<Arc<Names>>,
}
