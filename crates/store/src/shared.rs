//! Reads of one thing by many at once, done once for all of them.
//!
//! Whoever asks while a read is under way does not get what that one finds, which may be of before they
//! asked, but waits for the next one, together with all who ask meanwhile. So what a caller gets was read
//! after they asked: everything that was answered before is in it, as if each had read for themselves. Cost: two
//! reads one after the other at most for a caller, whatever their number.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

type Waiting<K, V> = Vec<oneshot::Sender<Turn<K, V>>>;
type All<K, V> = Mutex<HashMap<K, Waiting<K, V>>>;

/// What somebody who waits comes to.
#[derive(Debug)]
enum Turn<K: Eq + Hash + Clone, V> {
    /// This was read, after they asked.
    Done(V),
    /// They read, for these too.
    Lead(Leading<K, V>, Waiting<K, V>),
}

/// The things that are being read, with who waits for the next read.
#[derive(Debug)]
pub struct Shared<K: Eq + Hash + Clone, V>(Arc<All<K, V>>);

impl<K: Eq + Hash + Clone, V> Default for Shared<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Shared<K, V> {
    /// What `read` gives, or another's read of the same `key` that began after this was called. A failure is
    /// shared with nobody: each then reads for themselves.
    pub async fn get<F, E>(&self, key: &K, read: impl FnOnce() -> F) -> Result<V, E>
    where
        F: Future<Output = Result<V, E>>,
    {
        let (leading, mut others) = match self.queue(key) {
            Ok(leading) => (leading, Vec::new()),
            Err(turn) => match turn.await {
                Ok(Turn::Done(value)) => return Ok(value),
                Ok(Turn::Lead(leading, others)) => (leading, others),
                // Whoever was to read for us failed, or went away.
                Err(_) => return read().await,
            },
        };
        // Whoever can ask at this moment shall have asked: under load that is many, and else it takes no time.
        tokio::task::yield_now().await;
        others.append(&mut leading.waiting());
        let value = read().await?;
        for other in others {
            // Who does not wait any more needs no answer.
            let _ = other.send(Turn::Done(value.clone()));
        }
        drop(leading);
        Ok(value)
    }

    /// The lead, where nobody has it, or a place among those who wait.
    fn queue(&self, key: &K) -> Result<Leading<K, V>, oneshot::Receiver<Turn<K, V>>> {
        let mut all = lock(&self.0);
        if let Some(waiting) = all.get_mut(key) {
            let (sender, turn) = oneshot::channel();
            waiting.push(sender);
            return Err(turn);
        }
        all.insert(key.clone(), Vec::new());
        Ok(Leading { all: Arc::clone(&self.0), key: key.clone() })
    }
}

fn lock<K, V>(all: &Mutex<HashMap<K, V>>) -> MutexGuard<'_, HashMap<K, V>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Held by whoever reads. However it ends, also by being dropped on the way to its next holder, the lead is
/// passed on while there is somebody to take it.
#[derive(Debug)]
struct Leading<K: Eq + Hash + Clone, V> {
    all: Arc<All<K, V>>,
    key: K,
}

impl<K: Eq + Hash + Clone, V> Leading<K, V> {
    /// Those who have asked so far, and have no answer coming.
    fn waiting(&self) -> Waiting<K, V> {
        lock(&self.all).get_mut(&self.key).map(std::mem::take).unwrap_or_default()
    }
}

impl<K: Eq + Hash + Clone, V> Drop for Leading<K, V> {
    fn drop(&mut self) {
        let mut waiting = {
            let mut all = lock(&self.all);
            let waiting = all.get_mut(&self.key).map(std::mem::take).unwrap_or_default();
            if waiting.is_empty() {
                all.remove(&self.key);
            }
            waiting
        };
        let Some(next) = waiting.pop() else { return };
        let leading = Self { all: Arc::clone(&self.all), key: self.key.clone() };
        // If nobody takes it, it is dropped here and looks for the next one; its lock is free by now.
        let _ = next.send(Turn::Lead(leading, waiting));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::StoreError;

    /// Something that counts up, and how often it was read.
    #[derive(Default)]
    struct World {
        shared: Shared<u8, u32>,
        now: AtomicU32,
        reads: AtomicU32,
    }

    impl World {
        async fn read(&self) -> Result<u32, StoreError> {
            self.reads.fetch_add(1, Ordering::SeqCst);
            let seen = self.now.load(Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok(seen)
        }
    }

    /// Nobody gets what was so before they asked, and a read serves all who wait for it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_read_is_never_of_before_the_question() {
        let world = Arc::new(World::default());
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let world = Arc::clone(&world);
            callers.spawn(async move {
                for _ in 0..40 {
                    let before = world.now.fetch_add(1, Ordering::SeqCst) + 1;
                    let seen = world.shared.get(&1, || world.read()).await.expect("no failure");
                    assert!(seen >= before, "{seen} was so before {before}");
                }
            });
        }
        while let Some(done) = callers.join_next().await {
            done.expect("no panic");
        }
        let reads = world.reads.load(Ordering::SeqCst);
        assert!(reads < 50 * 40 / 2, "{reads} reads for 2000 questions");
        assert!(lock(&world.shared.0).is_empty(), "nothing is left");
    }

    #[tokio::test]
    async fn each_thing_is_read_for_itself() {
        let shared: Shared<u8, u8> = Shared::default();
        let of = async |key: u8| {
            shared.get(&key, async || Ok::<_, StoreError>(key)).await.expect("no failure")
        };
        let (one, two) = tokio::join!(of(1), of(2));
        assert_eq!((one, two), (1, 2));
    }

    /// Whoever leads may go away, as callers do, and so may who waits: the others are answered.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn somebody_always_reads_on() {
        let world = Arc::new(World::default());
        let ask = || {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.shared.get(&1, || world.read()).await })
        };
        for round in 0..200 {
            let all: Vec<_> = (0..8).map(|_| ask()).collect();
            // Another one each time, at another moment.
            tokio::time::sleep(Duration::from_micros(round * 10)).await;
            all[usize::try_from(round).expect("few") % 8].abort();
            all[usize::try_from(round + 3).expect("few") % 8].abort();
            for one in all {
                match tokio::time::timeout(Duration::from_secs(20), one).await.expect("an answer") {
                    Ok(answer) => assert!(answer.is_ok()),
                    Err(error) => assert!(error.is_cancelled()),
                }
            }
        }
        assert!(lock(&world.shared.0).is_empty(), "nothing is left");
    }

    #[tokio::test]
    async fn a_failure_is_ones_own() {
        let shared: Shared<u8, u8> = Shared::default();
        let failing = shared.get(&1, async || {
            tokio::task::yield_now().await;
            Err(StoreError::Stale)
        });
        let others = async || shared.get(&1, async || Ok::<_, StoreError>(7)).await;
        let (failed, one, two) = tokio::join!(failing, others(), others());
        assert!(matches!(failed, Err(StoreError::Stale)));
        assert_eq!((one.expect("its own"), two.expect("its own")), (7, 7));
        assert!(lock(&shared.0).is_empty());
    }
}
