//! Keeps what candle computes on the thread that calls it.
//!
//! Candle hands parts of a product to rayon. Our workers already share the texts among the cores, so that would be
//! two sets of threads for one set of cores. A pool that consists of the calling thread alone is the calling thread's
//! own for good: whatever it hands to rayon later, it does itself, and rayon's global pool is never started.

use rayon::{ThreadPool, ThreadPoolBuilder};

thread_local! {
    /// Nothing on a thread that is another rayon pool's.
    static POOL: Option<ThreadPool> =
        ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().ok();
}

/// From now on, the calling thread does what it hands to rayon.
pub(super) fn here() {
    POOL.with(|_| ());
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;
    use std::collections::HashSet;
    use std::sync::Mutex;
    use std::thread;

    #[test]
    fn work_for_rayon_stays_on_the_calling_thread() {
        for _ in 0..3 {
            thread::spawn(|| {
                super::here();
                super::here();
                let seen = Mutex::new(HashSet::new());
                (0..1000).into_par_iter().for_each(|_| {
                    seen.lock().unwrap().insert(thread::current().id());
                });
                assert_eq!(seen.into_inner().unwrap(), HashSet::from([thread::current().id()]));
                assert_eq!(rayon::current_num_threads(), 1);
            })
            .join()
            .unwrap();
        }
    }
}
