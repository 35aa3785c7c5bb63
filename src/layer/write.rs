use http::Method;

use crate::directory::{Directory, Told};
use crate::rule::ConversationId;

/// A write that is under way. The directory is told before it is forwarded, and again when it was
/// answered or given up: what is read in between may show either state.
#[derive(Debug)]
pub(super) struct WriteGuard<D: Directory> {
    directory: D,
    conversation: ConversationId,
    is_answered: bool,
}

impl<D: Directory> WriteGuard<D> {
    pub(super) fn new(directory: &D, conversation: ConversationId) -> Self {
        // Nobody has to know yet: until it is answered, either state will do.
        drop(directory.wrote(conversation));
        Self {
            directory: directory.clone(),
            conversation,
            is_answered: false,
        }
    }

    /// The write was answered. The caller must not know before others do, where there are any.
    pub(super) fn answered(mut self) -> Option<Told> {
        self.is_answered = true;
        self.directory.wrote(self.conversation)
    }
}

impl<D: Directory> Drop for WriteGuard<D> {
    fn drop(&mut self) {
        if !self.is_answered {
            drop(self.directory.wrote(self.conversation));
        }
    }
}

/// Whether a request may change what a conversation's participants look like. A PATCH of
/// `…/attributes` touches neither state nor queue, and comes in bursts.
pub(super) fn may_change_state(method: &Method, path: &str) -> bool {
    let is_attributes = *method == Method::PATCH && path.ends_with("/attributes");
    !method.is_safe() && !is_attributes
}
