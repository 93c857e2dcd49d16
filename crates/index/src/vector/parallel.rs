//! Work on ranges by a few threads of its own: for the rebuilding of an index, which takes seconds.

use std::ops::Range;
use std::thread;

/// `work` on `0..count` cut into ranges, the results in order; nothing as soon as one of them gave nothing.
pub(crate) fn map<T: Send>(
    threads: usize,
    count: usize,
    stop: &(dyn Fn() -> bool + Sync),
    work: impl Fn(Range<usize>) -> Option<Vec<T>> + Sync,
) -> Option<Vec<T>> {
    let threads = threads.clamp(1, count.max(1));
    if threads == 1 {
        return if stop() { None } else { work(0..count) };
    }
    let part = |i: usize| i * count / threads..(i + 1) * count / threads;
    let parts: Vec<Option<Vec<T>>> = thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> = (1..threads).map(|i| scope.spawn(move || work(part(i)))).collect();
        let mut parts = vec![work(part(0))];
        // A panic of a part is one of the whole: there is no result then.
        parts.extend(others.into_iter().map(|other| other.join().unwrap_or(None)));
        parts
    });
    let mut all = Vec::with_capacity(count);
    for part in parts {
        all.extend(part?);
    }
    Some(all)
}
