//! Open stores.
//!
//! One file has one engine in a process, however often it is opened and from whichever thread: the indexes
//! are built once, and writes are grouped together. A file is known by device and inode, not by its name.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use crate::core::Core;
use crate::sidecar::Sidecar;
use crate::target::Target;
use crate::temporary::TemporaryFolder;
use crate::writer::{Request, Work, Writer};
use crate::{
    Cancel, Collection, CollectionOptions, Error, Limits, Metric, Priority, Runtime, TextEncoder,
};
use hippocamp_simd::Kernels;
use hippocamp_store::{Durability, OpenOptions, Store};

/// Where a store lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file, with its write-ahead log beside it.
    Path(PathBuf),
    /// A file in the temporary folder that is deleted when the store is closed.
    Temporary,
}

/// How to open a store.
#[derive(Clone)]
pub struct StoreOptions {
    /// Where it lives.
    pub location: Location,
    /// What an acknowledged write has survived.
    pub durability: Durability,
    /// Refuse every write.
    pub read_only: bool,
    /// Make the file if there is none.
    pub create: bool,
    /// How long to wait for another process's write.
    pub busy_timeout: Duration,
    /// Bytes that all indexes in memory may take. Beyond that those of namespaces that were not searched for longest
    /// are unloaded; they are loaded again when they are searched. Of several handles on one file the largest counts.
    pub index_memory: usize,
    /// Upper bounds.
    pub limits: Limits,
    /// Encoder of the collections that are not given one of their own.
    pub encoder: Option<TextEncoder>,
}

impl StoreOptions {
    /// Durable, created when absent, with all the memory there is, the default limits and no encoder.
    #[must_use]
    pub fn new(location: Location) -> Self {
        Self {
            location,
            durability: Durability::Durable,
            read_only: false,
            create: true,
            busy_timeout: Duration::from_secs(5),
            index_memory: usize::MAX,
            limits: Limits::default(),
            encoder: None,
        }
    }
}

/// A collection in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionInfo {
    /// Its name.
    pub name: String,
    /// Values in its vectors.
    pub dimension: usize,
    /// How they are compared.
    pub metric: Metric,
    /// Fingerprint of its encoder, if it has one.
    pub encoder: Option<String>,
    /// Live records in all its namespaces.
    pub records: u64,
}

/// A store in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreStats {
    /// The file.
    pub path: PathBuf,
    /// Bytes on disk, the write-ahead log included.
    pub bytes: u64,
    /// Number of the last committed change.
    pub lsn: i64,
    /// How many collections there are.
    pub collections: usize,
    /// How many namespaces have their indexes in memory.
    pub partitions: usize,
    /// Bytes of these indexes.
    pub index_bytes: usize,
}

/// An open store. Clones are the same handle: closing one closes them all.
#[derive(Clone)]
pub struct Engine(Arc<Handle>);

pub(crate) struct Handle {
    shared: Arc<Shared>,
    closed: AtomicBool,
    pub(crate) limits: Limits,
    pub(crate) encoder: Option<TextEncoder>,
}

/// What all handles on one file share.
struct Shared {
    id: FileId,
    settings: Settings,
    core: Arc<Core>,
    writer: Writer,
    temporary: Mutex<Option<TemporaryFolder>>,
    /// Open handles; changed under the registry's lock.
    handles: Mutex<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Settings {
    durability: Durability,
    read_only: bool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum FileId {
    #[cfg(unix)]
    Inode(u64, u64),
    #[cfg(not(unix))]
    Path(PathBuf),
}

type Registry = HashMap<FileId, Arc<Shared>>;
static REGISTRY: Mutex<Option<Registry>> = Mutex::new(None);

impl Engine {
    /// Opens a store, or another handle on one that is open in this process.
    ///
    /// # Errors
    /// A path that cannot be opened or is not a store, a store of a newer version, or one that is
    /// open in this process with another durability.
    pub fn open(options: StoreOptions) -> Result<Self, Error> {
        Runtime::configured_threads()?;
        let shared = Shared::open(&options)?;
        let StoreOptions { limits, encoder, .. } = options;
        Ok(Self(Arc::new(Handle { shared, closed: AtomicBool::new(false), limits, encoder })))
    }

    /// A handle on a collection; nothing is read or written before its first operation.
    ///
    /// # Errors
    /// A name that is empty, too long or contains NUL; a dimension of 0 or above the limit, or other
    /// than the given encoder's.
    pub fn collection(&self, name: &str, options: CollectionOptions) -> Result<Collection, Error> {
        Collection::new(self.clone(), name, options)
    }

    /// Every collection, by name.
    ///
    /// # Errors
    /// [`Error::Closed`], or a store that cannot be read.
    pub fn collections(&self) -> Result<Vec<CollectionInfo>, Error> {
        self.core()?.store.read(|tx| {
            let mut infos = Vec::new();
            for row in tx.collections()? {
                let target = Target::of(&row, &Arc::from([]))?;
                let records = tx.namespaces(row.id)?.iter().map(|(_, _, live)| live).sum();
                infos.push(CollectionInfo {
                    name: row.name,
                    dimension: if target.vectors { row.dimension } else { 0 },
                    metric: target.metric,
                    encoder: row.fingerprint,
                    records,
                });
            }
            Ok(infos)
        })
    }

    /// Removes a collection with everything in it; false if there was none.
    ///
    /// # Errors
    /// [`Error::Closed`], or a store that cannot be written.
    pub fn drop_collection(&self, name: &str) -> Result<bool, Error> {
        let target = Target::bare(name.into(), Arc::from([]));
        let (send, receive) = mpsc::channel();
        let done = Box::new(move |result| drop(send.send(result)));
        self.submit(Request { target, work: Work::DropCollection, cancel: Cancel::new(), done });
        Ok(receive.recv().map_err(|_| Error::Internal("the writer ended".to_owned()))?? > 0)
    }

    /// The store in numbers.
    ///
    /// # Errors
    /// [`Error::Closed`], or a store that cannot be read.
    pub fn stats(&self) -> Result<StoreStats, Error> {
        let core = self.core()?;
        let store = &core.store;
        let (partitions, index_bytes) = core.loaded.size();
        store.read(|tx| {
            Ok(StoreStats {
                path: store.path().to_owned(),
                bytes: store.bytes(),
                lsn: tx.lsn()?.0,
                collections: tx.collections()?.len(),
                partitions,
                index_bytes,
            })
        })
    }

    /// Finishes what is queued and closes the file, if this is the last open handle on it. Later calls do
    /// nothing; later operations fail with [`Error::Closed`].
    ///
    /// # Errors
    /// A file that cannot be closed cleanly; it is closed all the same.
    pub fn close(&self) -> Result<(), Error> {
        self.0.close()
    }

    pub(crate) fn core(&self) -> Result<&Arc<Core>, Error> {
        if self.0.closed.load(Ordering::Acquire) {
            Err(Error::Closed)
        } else {
            Ok(&self.0.shared.core)
        }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.0
    }

    /// Queues a request; its `done` is called in any case.
    pub(crate) fn submit(&self, request: Request) {
        match self.core() {
            Ok(_) => self.0.shared.writer.submit(request),
            Err(closed) => (request.done)(Err(closed)),
        }
    }
}

impl Handle {
    fn close(&self) -> Result<(), Error> {
        if self.closed.swap(true, Ordering::AcqRel) { Ok(()) } else { self.shared.release() }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            // Closing waits for the disk, and whoever drops a handle does not expect to.
            let shared = Arc::clone(&self.shared);
            Runtime::shared().spawn(Priority::Bulk, move || drop(shared.release()));
        }
    }
}

impl Shared {
    fn open(options: &StoreOptions) -> Result<Arc<Self>, Error> {
        let settings = Settings { durability: options.durability, read_only: options.read_only };
        let (path, temporary) = match &options.location {
            Location::Path(path) => (path.clone(), None),
            Location::Temporary => {
                let folder = TemporaryFolder::new()?;
                (folder.store(), Some(folder))
            }
        };
        let mut registry = lock_registry();
        let open = registry.get_or_insert_default();
        if let Some(shared) = FileId::of(&path).and_then(|id| open.get(&id)) {
            let shared = shared.share(settings)?;
            shared.core.loaded.raise_budget(options.index_memory);
            return Ok(shared);
        }
        let kernels = Kernels::detect()?;
        let store = Store::open(
            &path,
            &OpenOptions {
                durability: options.durability,
                read_only: options.read_only,
                create: options.create,
                busy_timeout: options.busy_timeout,
                private: temporary.is_some(),
            },
        )?;
        let id = FileId::of(&path).ok_or_else(|| Error::Io {
            what: format!("cannot find {} again after opening it", path.display()),
            source: std::io::ErrorKind::NotFound.into(),
        })?;
        let sidecar = temporary.is_none().then(|| Sidecar::of(store.path(), options.read_only));
        let core = Arc::new(Core::new(store, kernels, sidecar, options.index_memory));
        let writer = Writer::start(Arc::clone(&core))?;
        let shared = Arc::new(Self {
            id: id.clone(),
            settings,
            core,
            writer,
            temporary: Mutex::new(temporary),
            handles: Mutex::new(1),
        });
        open.insert(id, Arc::clone(&shared));
        Ok(shared)
    }

    fn share(self: &Arc<Self>, settings: Settings) -> Result<Arc<Self>, Error> {
        if settings != self.settings {
            return Err(Error::InvalidArgument(format!(
                "{} is open in this process with another durability or readOnly: use the same options, or \
                 close it first",
                self.core.store.path().display()
            )));
        }
        *self.handles.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Ok(Arc::clone(self))
    }

    /// One handle less; the last one closes the file.
    fn release(&self) -> Result<(), Error> {
        let mut registry = lock_registry();
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        *handles = handles.saturating_sub(1);
        if *handles > 0 {
            return Ok(());
        }
        if let Some(open) = registry.as_mut() {
            open.remove(&self.id);
        }
        drop(handles);
        drop(registry);
        self.writer.stop();
        self.core.save_changed();
        let closed = self.core.store.close();
        self.core.loaded.clear();
        drop(self.temporary.lock().unwrap_or_else(PoisonError::into_inner).take());
        Ok(closed?)
    }
}

impl FileId {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = fs::metadata(path).ok()?;
        Some(Self::Inode(metadata.dev(), metadata.ino()))
    }

    #[cfg(not(unix))]
    fn of(path: &Path) -> Option<Self> {
        fs::canonicalize(path).ok().map(Self::Path)
    }
}

fn lock_registry() -> MutexGuard<'static, Option<Registry>> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}
