//! The partitions in memory, within a budget.
//!
//! A partition is loaded when it is first searched. When all of them together have outgrown the budget, those
//! are unloaded that have not been used for longest, but never the one that is being used: the budget may be
//! smaller than a single partition.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hippocamp_store::NamespaceId;

use crate::core::SharedPartition;

/// When a partition was used last, counted in partitions that were loaded meanwhile.
#[derive(Default)]
pub(crate) struct LastUse(AtomicU64);

/// All partitions of a store that are in memory.
pub(crate) struct Loaded {
    budget: AtomicUsize,
    clock: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    partitions: HashMap<NamespaceId, Entry>,
    /// Of all of them.
    bytes: usize,
}

struct Entry {
    partition: SharedPartition,
    last_use: Arc<LastUse>,
    bytes: usize,
}

impl Loaded {
    pub(crate) fn new(budget: usize) -> Self {
        Self { budget: budget.into(), clock: AtomicU64::new(0), state: Mutex::default() }
    }

    /// Allows so many bytes at least.
    pub(crate) fn raise_budget(&self, budget: usize) {
        self.budget.fetch_max(budget, Ordering::Relaxed);
    }

    /// Notes that a partition is being used.
    pub(crate) fn touch(&self, last_use: &LastUse) {
        last_use.0.store(self.clock.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// The partition of a namespace, made if it is not there.
    pub(crate) fn get_or_insert(
        &self,
        namespace: NamespaceId,
        make: impl FnOnce(Arc<LastUse>) -> SharedPartition,
    ) -> SharedPartition {
        let mut state = self.lock();
        let entry = state.partitions.entry(namespace).or_insert_with(|| {
            self.clock.fetch_add(1, Ordering::Relaxed);
            let last_use = Arc::new(LastUse::default());
            Entry { partition: make(Arc::clone(&last_use)), last_use, bytes: 0 }
        });
        self.touch(&entry.last_use);
        Arc::clone(&entry.partition)
    }

    pub(crate) fn get(&self, namespace: NamespaceId) -> Option<SharedPartition> {
        self.lock().partitions.get(&namespace).map(|entry| Arc::clone(&entry.partition))
    }

    /// Notes the size of a partition that is being used, and unloads others if that is too much.
    pub(crate) fn resize(&self, namespace: NamespaceId, bytes: usize) {
        let mut state = self.lock();
        let State { partitions, bytes: all } = &mut *state;
        let Some(entry) = partitions.get_mut(&namespace) else { return };
        *all = all.saturating_sub(entry.bytes).saturating_add(bytes);
        entry.bytes = bytes;
        let budget = self.budget.load(Ordering::Relaxed);
        if *all > budget {
            let unloaded = state.unload(budget - budget / 8, namespace);
            drop(state);
            // Which takes a while, and nobody has to wait for it.
            drop(unloaded);
        }
    }

    /// How many partitions there are, and their bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        let state = self.lock();
        (state.partitions.len(), state.bytes)
    }

    /// Every partition.
    pub(crate) fn all(&self) -> Vec<SharedPartition> {
        self.lock().partitions.values().map(|entry| Arc::clone(&entry.partition)).collect()
    }

    /// Unloads every partition.
    pub(crate) fn clear(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes out the partitions that have not been used for longest, until the others have no more than `bytes`.
    fn unload(&mut self, bytes: usize, but: NamespaceId) -> Vec<Entry> {
        let mut oldest: Vec<_> = self
            .partitions
            .iter()
            .filter(|(namespace, _)| **namespace != but)
            .map(|(namespace, entry)| (entry.last_use.0.load(Ordering::Relaxed), *namespace))
            .collect();
        oldest.sort_unstable();
        let mut unloaded = Vec::new();
        for (_, namespace) in oldest {
            if self.bytes <= bytes {
                break;
            }
            if let Some(entry) = self.partitions.remove(&namespace) {
                self.bytes = self.bytes.saturating_sub(entry.bytes);
                unloaded.push(entry);
            }
        }
        unloaded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::Partition;
    use crate::target::Target;
    use hippocamp_simd::Kernels;

    fn load(loaded: &Loaded, namespace: i64, bytes: usize) {
        let namespace = NamespaceId(namespace);
        let target = Target { dimension: 1, ..Target::bare("c".into(), Arc::from([])) };
        loaded.get_or_insert(namespace, |last_use| {
            Partition::shared(namespace, &target, Kernels::detect().unwrap(), last_use)
        });
        loaded.resize(namespace, bytes);
    }

    fn there(loaded: &Loaded) -> Vec<i64> {
        (0..10).filter(|namespace| loaded.get(NamespaceId(*namespace)).is_some()).collect()
    }

    #[test]
    fn what_was_not_used_for_longest_is_unloaded_first() {
        let loaded = Loaded::new(40);
        for namespace in [1, 2, 3, 4] {
            load(&loaded, namespace, 10);
        }
        assert_eq!(there(&loaded), [1, 2, 3, 4]);
        load(&loaded, 1, 10);
        load(&loaded, 5, 5);
        assert_eq!(there(&loaded), [1, 3, 4, 5], "35 bytes are left: 40 less an eighth, at most");
        load(&loaded, 6, 100);
        assert_eq!(there(&loaded), [6], "more than the budget, but in use");
        load(&loaded, 7, 1);
        assert_eq!(there(&loaded), [7]);
    }

    #[test]
    fn a_partition_that_shrinks_makes_room() {
        let loaded = Loaded::new(30);
        load(&loaded, 1, 20);
        load(&loaded, 1, 5);
        load(&loaded, 2, 20);
        assert_eq!(there(&loaded), [1, 2]);
        loaded.raise_budget(50);
        loaded.raise_budget(10);
        load(&loaded, 3, 25);
        assert_eq!(there(&loaded), [1, 2, 3]);
        loaded.clear();
        load(&loaded, 4, 50);
        assert_eq!(there(&loaded), [4]);
    }
}
