//! Futures in boxes, made where they stay.

use std::pin::Pin;

/// As `Box::pin(make())`, which makes the future on the stack and then copies all its room into the box, of
/// which a future that has not been polled has filled a small part.
pub(crate) fn boxed<F>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    let room = Box::new_uninit();
    Box::into_pin(Box::write(room, make()))
}
