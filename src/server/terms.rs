//! What holds for connections that begin now.

use tokio::sync::watch;

use super::Settings;
use super::room::Room;
use super::tls::Tls;

/// What a server goes by, as far as it can be changed while it serves.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Bounds.
    pub settings: Settings,
    /// Whether connections begin with a handshake, and with what.
    pub tls: Option<Tls>,
}

/// Makes room for as many connections as the terms allow, whenever they change. For ever.
pub(super) async fn resize(room: &Room, mut terms: watch::Receiver<Terms>) {
    while terms.changed().await.is_ok() {
        let connections = terms.borrow_and_update().settings.connections;
        room.resize(connections);
    }
    std::future::pending::<()>().await;
}
