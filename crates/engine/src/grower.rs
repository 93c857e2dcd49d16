//! The thread that rebuilds indexes.
//!
//! A rebuild takes seconds in which it computes without a pause. On a worker it would keep that worker from
//! serving searches, and with one worker all of them; so it has threads of its own, as many as there are cores, for one
//! rebuild at a time. They compute at a low priority: the operating system gives them what nobody else wants. The thread
//! that takes their result over has the usual one, as searches wait for it.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::thread;

use hippocamp_index::{Grown, Growth};

use crate::core::{Core, SharedPartition};
use crate::partition::Partition;
use crate::thread_priority::{BACKGROUND, yield_to_others};

/// A partition to be rebuilt, and saved where its store is.
struct Due {
    core: Weak<Core>,
    partition: Weak<RwLock<Partition>>,
}

static QUEUE: Mutex<Option<Sender<Due>>> = Mutex::new(None);

/// Queues the rebuild of a partition. Partitions that are unloaded meanwhile are left alone, and a rebuild
/// whose partition is unloaded ends at once.
pub(crate) fn grow(core: &Arc<Core>, partition: &SharedPartition) {
    let due = Due { core: Arc::downgrade(core), partition: Arc::downgrade(partition) };
    let mut queue = QUEUE.lock().unwrap_or_else(PoisonError::into_inner);
    let refused = match queue.as_ref() {
        Some(running) => running.send(due).err().map(|refused| refused.0),
        None => Some(due),
    };
    if let Some(due) = refused
        && let Some(running) = start()
        && running.send(due).is_ok()
    {
        *queue = Some(running);
    }
}

/// Nothing when no thread can be had: the partition goes on as it is, only slower.
fn start() -> Option<Sender<Due>> {
    let (send, receive) = channel::<Due>();
    let work = move || {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        for due in receive {
            // A panic is a fault of ours in one rebuild; the others, and all searches, go on.
            let _ = catch_unwind(AssertUnwindSafe(|| rebuild(&due, threads)));
        }
    };
    thread::Builder::new().name("hippocamp-grower".to_owned()).spawn(work).ok()?;
    Some(send)
}

/// Runs it on threads of low priority.
fn run(growth: Growth, threads: usize, stop: &(dyn Fn() -> bool + Sync)) -> Option<Grown> {
    let work = || {
        yield_to_others(BACKGROUND);
        growth.run(threads, stop)
    };
    thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|panic| resume_unwind(panic))
}

fn rebuild(Due { core, partition }: &Due, threads: usize) {
    let unloaded = || partition.strong_count() == 0;
    loop {
        let Some(growth) = with(partition, |partition| {
            partition.read().unwrap_or_else(PoisonError::into_inner).growth()
        }) else {
            return;
        };
        let grown = growth.and_then(|growth| run(growth, threads, &unloaded));
        let again = with(partition, |partition| {
            let mut partition = partition.write().unwrap_or_else(PoisonError::into_inner);
            partition.end_growth(grown);
            partition.start_growth()
        });
        match again {
            Some(true) => {}
            Some(false) => break,
            None => return,
        }
    }
    if let (Some(core), Some(partition)) = (core.upgrade(), partition.upgrade()) {
        core.save(&partition);
    }
}

/// Keeps the partition loaded for no longer than the call.
fn with<T>(
    partition: &Weak<RwLock<Partition>>,
    call: impl FnOnce(&RwLock<Partition>) -> T,
) -> Option<T> {
    partition.upgrade().map(|partition| call(&partition))
}
