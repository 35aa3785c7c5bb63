use std::sync::OnceLock;

/// A list that only grows. What is in it is found without a lock and without memory of its own, which is
/// why counters are kept in it: one for each set of labels, and those are few.
#[derive(Debug)]
pub(super) struct Chain<T>(OnceLock<Box<Link<T>>>);

#[derive(Debug)]
struct Link<T> {
    value: T,
    next: Chain<T>,
}

impl<T> Default for Chain<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> Chain<T> {
    /// What `is` says is it, made by `new` if there is none.
    pub(super) fn find_or(&self, is: impl Fn(&T) -> bool, new: impl Fn() -> T) -> &T {
        let mut chain = self;
        loop {
            // Where two make one at a time, one of them goes on behind the other's.
            let link = chain.0.get_or_init(|| {
                Box::new(Link {
                    value: new(),
                    next: Self::default(),
                })
            });
            if is(&link.value) {
                return &link.value;
            }
            chain = &link.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn each_is_made_once_whoever_asks_first() {
        let (chain, made) = (Chain::default(), AtomicUsize::new(0));
        let find = |number: usize| {
            let new = || {
                made.fetch_add(1, Ordering::Relaxed);
                (number, AtomicUsize::new(0))
            };
            let (_, count) = chain.find_or(|(known, _)| *known == number, new);
            count.fetch_add(1, Ordering::Relaxed);
        };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|turn| find(turn % 7)));
            }
        });
        let count = |number| {
            let (_, count) = chain.find_or(|(known, _)| *known == number, || unreachable!());
            count.load(Ordering::Relaxed)
        };
        assert_eq!((0..7).map(count).sum::<usize>(), 400);
        assert_eq!(made.into_inner(), 7);
    }
}
