//! The thread that rebuilds indexes.
//!
//! A rebuild takes seconds in which it computes without a pause. On a worker it would keep that worker from
//! serving searches, and with one worker all of them; so it has a thread of its own, one for the process,
//! which leaves the sharing of cores to the operating system.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError, RwLock, Weak};
use std::thread;

use crate::core::SharedPartition;
use crate::partition::Partition;

type Queue = Mutex<Option<Sender<Weak<RwLock<Partition>>>>>;
static QUEUE: Queue = Mutex::new(None);

/// Queues the rebuild of a partition. Partitions that are unloaded meanwhile are left alone, and a rebuild
/// whose partition is unloaded ends at once.
pub(crate) fn grow(partition: &SharedPartition) {
    let weak = std::sync::Arc::downgrade(partition);
    let mut queue = QUEUE.lock().unwrap_or_else(PoisonError::into_inner);
    let refused = match queue.as_ref() {
        Some(running) => running.send(weak).err().map(|refused| refused.0),
        None => Some(weak),
    };
    if let Some(weak) = refused
        && let Some(running) = start()
        && running.send(weak).is_ok()
    {
        *queue = Some(running);
    }
}

/// Nothing when no thread can be had: the partition goes on as it is, only slower.
fn start() -> Option<Sender<Weak<RwLock<Partition>>>> {
    let (send, receive) = channel::<Weak<RwLock<Partition>>>();
    let work = move || {
        for partition in receive {
            // A panic is a fault of ours in one rebuild; the others, and all searches, go on.
            let _ = catch_unwind(AssertUnwindSafe(|| rebuild(&partition)));
        }
    };
    thread::Builder::new().name("hippocamp-grower".to_owned()).spawn(work).ok()?;
    Some(send)
}

fn rebuild(partition: &Weak<RwLock<Partition>>) {
    let unloaded = || partition.strong_count() == 0;
    loop {
        let Some(growth) = with(partition, |partition| {
            partition.read().unwrap_or_else(PoisonError::into_inner).growth()
        }) else {
            return;
        };
        let grown = growth.and_then(|growth| growth.run(1, &unloaded));
        let again = with(partition, |partition| {
            let mut partition = partition.write().unwrap_or_else(PoisonError::into_inner);
            partition.end_growth(grown);
            partition.start_growth()
        });
        if again != Some(true) {
            return;
        }
    }
}

/// Keeps the partition loaded for no longer than the call.
fn with<T>(
    partition: &Weak<RwLock<Partition>>,
    call: impl FnOnce(&RwLock<Partition>) -> T,
) -> Option<T> {
    partition.upgrade().map(|partition| call(&partition))
}
