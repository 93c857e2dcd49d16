//! What readers and the writer share: the store and the partitions that are loaded.
//!
//! Lock order: a store transaction first, then the map of partitions (held only to look one up), then one
//! partition.

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use hippocamp_simd::Kernels;
use hippocamp_store::{Lsn, NamespaceId, ReadTx, Store};

use crate::Error;
use crate::grower;
use crate::loaded::Loaded;
use crate::partition::{Needs, Partition};
use crate::sidecar::Sidecar;
use crate::target::Target;

pub(crate) type SharedPartition = Arc<RwLock<Partition>>;

pub(crate) struct Core {
    pub(crate) store: Store,
    pub(crate) kernels: &'static Kernels,
    /// Where large partitions are saved; none for a store that ends with the process.
    pub(crate) sidecar: Option<Sidecar>,
    pub(crate) loaded: Loaded,
    /// Held while a partition is being saved, so that none is saved twice at once.
    saving: Mutex<()>,
}

impl Core {
    pub(crate) fn new(
        store: Store,
        kernels: &'static Kernels,
        sidecar: Option<Sidecar>,
        index_memory: usize,
    ) -> Self {
        let (loaded, saving) = (Loaded::new(index_memory), Mutex::default());
        Self { store, kernels, sidecar, loaded, saving }
    }

    /// The partition of a namespace, empty and at LSN 0 when it was not loaded.
    pub(crate) fn partition(&self, namespace: NamespaceId, target: &Target) -> SharedPartition {
        self.loaded.get_or_insert(namespace, |last_use| {
            Partition::shared(namespace, target, self.kernels, last_use)
        })
    }

    /// Brings those of the namespaces that are loaded up to date.
    pub(crate) fn refresh(self: &Arc<Self>, namespaces: impl Iterator<Item = NamespaceId>) {
        let mut loaded: Vec<_> = namespaces.collect();
        loaded.sort_unstable();
        loaded.dedup();
        for partition in loaded.into_iter().filter_map(|namespace| self.loaded.get(namespace)) {
            // A failure here is not lost: the partition stays behind, and the next search meets it again.
            let _: Result<(), Error> = self.store.read(|tx| self.bring_up(&partition, tx));
        }
    }

    /// Brings a partition up to the transaction's snapshot, and has it rebuilt if it has grown enough.
    pub(crate) fn bring_up(
        self: &Arc<Self>,
        partition: &SharedPartition,
        tx: &ReadTx<'_>,
    ) -> Result<(), Error> {
        let mut writing = partition.write().unwrap_or_else(PoisonError::into_inner);
        writing.refresh(tx, self.sidecar.as_ref())?;
        if writing.start_growth() {
            grower::grow(self, partition);
        }
        let (namespace, bytes) = (writing.namespace(), writing.bytes());
        drop(writing);
        self.loaded.resize(namespace, bytes);
        Ok(())
    }

    /// The partition at the transaction's snapshot and knowing what is needed, unless a commit has overtaken it.
    pub(crate) fn ready<'a>(
        self: &Arc<Self>,
        partition: &'a SharedPartition,
        tx: &ReadTx<'_>,
        snapshot: Lsn,
        needs: Needs<'_>,
    ) -> Result<RwLockReadGuard<'a, Partition>, Error> {
        let read = || partition.read().unwrap_or_else(PoisonError::into_inner);
        let guard = read();
        if guard.lsn() >= snapshot && guard.has(needs) {
            return Ok(guard);
        }
        drop(guard);
        self.bring_up(partition, tx)?;
        let mut writing = partition.write().unwrap_or_else(PoisonError::into_inner);
        if writing.lsn() == snapshot && !writing.has(needs) {
            writing.learn(tx, needs)?;
            let (namespace, bytes) = (writing.namespace(), writing.bytes());
            drop(writing);
            self.loaded.resize(namespace, bytes);
        } else {
            drop(writing);
        }
        Ok(read())
    }

    /// Saves a partition, if it is large and may be saved. A failure is not told to anybody: the file is only there to
    /// save time.
    pub(crate) fn save(&self, partition: &RwLock<Partition>) {
        let _saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        self.save_alone(partition);
    }

    /// Saves every partition that has changed so much that it would take a while to be made again.
    pub(crate) fn save_changed(&self) {
        // First of all waits for one that is being saved.
        let _saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        for partition in self.loaded.all() {
            if partition.read().unwrap_or_else(PoisonError::into_inner).has_changed() {
                self.save_alone(&partition);
            }
        }
    }

    fn save_alone(&self, partition: &RwLock<Partition>) {
        let sidecar = self.sidecar.as_ref().filter(|sidecar| !sidecar.is_read_only());
        let Some(sidecar) = sidecar else { return };
        let snapshot = partition.read().unwrap_or_else(PoisonError::into_inner).snapshot();
        let Some(snapshot) = snapshot else { return };
        let namespace = snapshot.namespace();
        let Ok(name) = sidecar.save(namespace, |to| snapshot.write(to)) else { return };
        let named: Result<(), Error> = self.store.write(|tx| Ok(tx.set_derived(namespace, &name)?));
        match named {
            Ok(()) => {
                partition.write().unwrap_or_else(PoisonError::into_inner).saved(&snapshot);
                sidecar.keep_only(namespace, &name);
            }
            // The store was closed meanwhile, say.
            Err(_) => sidecar.discard(&name),
        }
    }
}
