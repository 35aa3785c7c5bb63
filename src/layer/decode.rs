//! Decoding, where an async worker has other things to do.

use std::sync::Arc;

use bytes::Bytes;

use super::budget::Share;
use crate::directory::{Lesson, Passing};
use crate::repair::coding::{Codings, DecodeError};

/// What is decoded on the spot. It takes a few milliseconds at worst, about as long as it takes to read
/// that much JSON, and what a decoder needs meanwhile exists once per worker. Handing every small body to
/// another thread would cost more than to decode it.
const INLINE: usize = 1 << 20;

/// Why there is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoText {
    /// The bytes can't be read, or are too many.
    Fault(DecodeError),
    /// There is no room to decode them now.
    Crowded,
}

impl From<DecodeError> for NoText {
    fn from(fault: DecodeError) -> Self {
        Self::Fault(fault)
    }
}

/// Undoes `codings`. The text may be held `copies` times over, and is charged to `share` so often.
pub(crate) async fn decode(
    codings: Codings,
    coded: &Bytes,
    bound: usize,
    copies: usize,
    share: &Arc<Share>,
) -> Result<Bytes, NoText> {
    match codings.decode(coded, bound.min(INLINE)) {
        Err(DecodeError::OverBound) if bound > INLINE => {
            large(codings, coded.clone(), bound, copies, Arc::clone(share)).await
        }
        text => {
            let text = text?;
            let fits = share.take(text.len().saturating_mul(copies));
            fits.then(|| text.into()).ok_or(NoText::Crowded)
        }
    }
}

/// On a thread that may be kept busy. All that may come out is charged beforehand: of these more than a
/// few can be under way, and they go on when nobody waits for them any more.
#[cfg(feature = "coding")]
async fn large(
    codings: Codings,
    coded: Bytes,
    bound: usize,
    copies: usize,
    share: Arc<Share>,
) -> Result<Bytes, NoText> {
    let most = bound.saturating_mul(copies);
    if !share.take(most) {
        return Err(NoText::Crowded);
    }
    let work = move || {
        let text = codings.decode(&coded, bound);
        let held = text.as_ref().map_or(0, Vec::len).saturating_mul(copies);
        share.give_back(most.saturating_sub(held));
        text
    };
    // It fails only when the runtime shuts down.
    let text = tokio::task::spawn_blocking(work).await;
    let text = text.unwrap_or(Err(DecodeError::Undecodable))?;
    Ok(text.into())
}

/// Without decoders nothing is ever found to be too large.
#[cfg(not(feature = "coding"))]
fn large(
    _: Codings,
    _: Bytes,
    _: usize,
    _: usize,
    _: Arc<Share>,
) -> std::future::Ready<Result<Bytes, NoText>> {
    std::future::ready(Err(DecodeError::Unknown.into()))
}

/// Gives `lesson` an answer, on the spot, so that it is known before the caller sees the end. What may become
/// more than can be decoded on the spot is decoded here, and where it does, some time later.
pub(crate) fn teach(answer: Passing<'_>, share: impl FnOnce() -> Arc<Share>, lesson: Lesson) {
    let Passing {
        body,
        codings,
        limit,
    } = answer;
    if codings.is_identity() || limit <= INLINE {
        return lesson(answer);
    }
    match codings.decode(body, INLINE) {
        Ok(text) => lesson(text.as_slice().into()),
        Err(DecodeError::OverBound) => {
            let share = share();
            if !share.take(body.len()) {
                return;
            }
            let coded = Bytes::copy_from_slice(body);
            let later = async move {
                let text = decode(codings, &coded, limit, 1, &share).await;
                if let Ok(text) = text {
                    lesson((&*text).into());
                }
            };
            detach(later);
        }
        // Nothing is learned from what can't be read.
        Err(_) => {}
    }
}

#[cfg(feature = "coding")]
fn detach(work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(work);
    }
}

#[cfg(not(feature = "coding"))]
fn detach(_: impl Future<Output = ()> + Send + 'static) {}
