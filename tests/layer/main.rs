//! The layer around services in memory: no sockets, no sleeping.

mod bodies;
mod coherence;
mod fake;
mod lookup;
mod modes;
mod passing;
mod resend;
