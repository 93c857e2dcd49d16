//! What readers and the writer share: the store and the partitions that are loaded.
//!
//! Lock order: a store transaction first, then the map of partitions (held only to look one up), then one
//! partition.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hippocamp_simd::Kernels;
use hippocamp_store::{NamespaceId, ReadTx, Store};

use crate::Error;
use crate::grower;
use crate::partition::Partition;
use crate::target::Target;

pub(crate) type SharedPartition = Arc<RwLock<Partition>>;

pub(crate) struct Core {
    pub(crate) store: Store,
    pub(crate) kernels: &'static Kernels,
    partitions: Mutex<HashMap<NamespaceId, SharedPartition>>,
}

impl Core {
    pub(crate) fn new(store: Store, kernels: &'static Kernels) -> Self {
        Self { store, kernels, partitions: Mutex::default() }
    }

    /// The partition of a namespace, empty and at LSN 0 when it was not loaded.
    pub(crate) fn partition(&self, namespace: NamespaceId, target: &Target) -> SharedPartition {
        let mut partitions = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        let partition = partitions.entry(namespace).or_insert_with(|| {
            Partition::shared(namespace, target.dimension, target.metric, self.kernels)
        });
        Arc::clone(partition)
    }

    pub(crate) fn loaded_partition(&self, namespace: NamespaceId) -> Option<SharedPartition> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner).get(&namespace).cloned()
    }

    /// Brings those of the namespaces that are loaded up to date.
    pub(crate) fn refresh(&self, namespaces: impl Iterator<Item = NamespaceId>) {
        let mut loaded: Vec<_> = namespaces.collect();
        loaded.sort_unstable();
        loaded.dedup();
        for partition in loaded.into_iter().filter_map(|namespace| self.loaded_partition(namespace))
        {
            // A failure here is not lost: the partition stays behind, and the next search meets it again.
            let _: Result<(), Error> = self.store.read(|tx| refresh(&partition, tx));
        }
    }

    /// Unloads every partition.
    pub(crate) fn forget_partitions(&self) {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Brings a partition up to the transaction's snapshot, and has it rebuilt if it has grown enough.
pub(crate) fn refresh(partition: &SharedPartition, tx: &ReadTx<'_>) -> Result<(), Error> {
    let mut writing = partition.write().unwrap_or_else(PoisonError::into_inner);
    writing.refresh(tx)?;
    if writing.start_growth() {
        grower::grow(partition);
    }
    Ok(())
}
