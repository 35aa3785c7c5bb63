use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::sleep;

use super::Unread;

/// Gives back what is too old. When it is dropped, there may be another.
pub(super) struct Sweeper(pub(super) Weak<Unread>);

impl Sweeper {
    pub(super) async fn run(self, pause: Duration) {
        while self.sweep() {
            sleep(pause).await;
        }
        let unread = Weak::clone(&self.0);
        drop(self);
        // One may have come in between, and have found that there was a sweeper.
        if let Some(unread) = unread.upgrade()
            && unread.count.load(Ordering::SeqCst) > 0
        {
            unread.have_swept();
        }
    }

    /// Whether anything is left.
    fn sweep(&self) -> bool {
        self.0.upgrade().is_some_and(|unread| {
            unread.sweep(|answer| answer.read_at.elapsed() <= unread.max_age);
            unread.count.load(Ordering::SeqCst) > 0
        })
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        if let Some(unread) = self.0.upgrade() {
            unread.is_swept.store(false, Ordering::SeqCst);
        }
    }
}
