//! Imports the indexes that usearch has saved.
//!
//! Everything about the file is checked before anything is written: its description, its keys and each of its
//! vectors. Then its entries are written in batches, so that other writes get their turn between two of them. What
//! fails then, or is aborted, leaves the batches before it; imported again in mode `upsert`, the file is complete.
//!
//! The bytes of the file are in memory, eight more for each entry while its keys are compared, and one batch.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use hippocamp_index::{UsearchError, UsearchFile};

use crate::limits::within;
use crate::namespace::check_label;
use crate::record::PreparedRecord;
use crate::target::Target;
use crate::writer::{Done, Work};
use crate::{Cancel, Collection, Error, Limits, WriteMode, validate};

/// Records in a batch, at most.
const BATCH_RECORDS: usize = 1_024;
/// Bytes of vectors in a batch, unless one of them has more.
const BATCH_BYTES: usize = 4 << 20;
/// Bytes that are read between two looks at whether to stop.
const READ_BYTES: u64 = 16 << 20;
/// Entries that are checked between two looks at whether to stop.
const CHECK_ENTRIES: usize = 4_096;

impl Collection {
    /// Writes the entries of an index that usearch has saved as records without text or metadata, whose ids are the
    /// keys in decimal; `done` gets how many, on another thread, once they are durable and visible. A collection that does not
    /// exist yet takes dimension and metric from the file, unless this handle names others.
    ///
    /// This has a thread of its own: it waits for the disk and for the writer, which would keep a worker from serving searches.
    pub fn import_usearch(
        &self,
        path: PathBuf,
        mode: WriteMode,
        cancel: &Cancel,
        done: impl FnOnce(Result<u64, Error>) + Send + 'static,
    ) {
        let (collection, cancel) = (self.clone(), cancel.clone());
        // Handed over by a channel, so that it can be called here if there is no thread to call it.
        let (hand, take) = mpsc::sync_channel::<Done>(1);
        let work = move || {
            if let Ok(done) = take.recv() {
                let import = || collection.import(&path, mode, &cancel);
                let result = catch_unwind(AssertUnwindSafe(import));
                done(result.unwrap_or_else(|panic| Err(Error::of_panic(panic.as_ref()))));
            }
        };
        let done = Box::new(done);
        match thread::Builder::new().name("hippocamp-import".to_owned()).spawn(work) {
            // The thread waits for it.
            Ok(_) => drop(hand.send(done)),
            Err(source) => {
                done(Err(Error::Io { what: "cannot start a thread".to_owned(), source }));
            }
        }
    }

    fn import(&self, path: &Path, mode: WriteMode, cancel: &Cancel) -> Result<u64, Error> {
        cancel.check()?;
        let invalid = |source| Error::IndexFile { path: path.to_owned(), source };
        let bytes = read(path, self.limits(), cancel)?;
        let file = UsearchFile::parse(&bytes).map_err(invalid)?;
        let metric = file.metric().map_err(invalid)?;
        let target = self.import_target(path, &file)?;
        if target.metric != metric {
            return Err(Error::CollectionMismatch(format!(
                "{} compares vectors by metric {metric}, collection \"{}\" by {}: import it into a collection with \
                 metric {metric}",
                path.display(),
                self.name,
                target.metric,
            )));
        }
        file.check_keys().map_err(invalid)?;
        self.check_entries(path, &file, &target, mode, cancel)?;
        self.write_entries(&file, &target, mode, cancel)
    }

    /// The collection as it is, or as it is to be.
    fn import_target(&self, path: &Path, file: &UsearchFile<'_>) -> Result<Target, Error> {
        let core = self.engine.core()?;
        let stored = core.store.read(|tx| Ok::<_, Error>(tx.collection(&self.name)?))?;
        let target = match stored {
            Some(row) => self.stored_target(&row)?,
            None => self.new_target(Some(file.dimension()), file.metric().ok())?.0,
        };
        target.needs_vectors("an import")?;
        if target.dimension != file.dimension() {
            return Err(Error::DimensionMismatch {
                what: path.display().to_string(),
                found: file.dimension(),
                collection: self.name.to_string(),
                expected: target.dimension,
            });
        }
        Ok(target)
    }

    /// That every entry may be written.
    fn check_entries(
        &self,
        path: &Path,
        file: &UsearchFile<'_>,
        target: &Target,
        mode: WriteMode,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let mut ids = Vec::new();
        for (at, (key, vector)) in file.entries().enumerate() {
            if at % CHECK_ENTRIES == 0 {
                cancel.check()?;
                self.check_new(&ids, mode)?;
                ids.clear();
            }
            let what = || format!("key {key} in {}", path.display());
            validate::vector(what, &vector, &self.name, target.dimension, target.metric)?;
            let id = key.to_string();
            check_label("an id", &id, self.limits())?;
            ids.push(id);
        }
        self.check_new(&ids, mode)
    }

    /// That none of the ids is there yet, where that matters.
    fn check_new(&self, ids: &[String], mode: WriteMode) -> Result<(), Error> {
        if mode == WriteMode::Upsert || ids.is_empty() {
            return Ok(());
        }
        self.engine.core()?.store.read(|tx| {
            let Some(row) = tx.collection(&self.name)? else { return Ok(()) };
            let Some(namespace) = tx.namespace(row.id, &self.namespace)? else { return Ok(()) };
            for id in ids {
                if tx.get(namespace, id, false)?.is_some() {
                    return Err(hippocamp_store::Error::Exists { key: id.clone() }.into());
                }
            }
            Ok(())
        })
    }

    fn write_entries(
        &self,
        file: &UsearchFile<'_>,
        target: &Target,
        mode: WriteMode,
        cancel: &Cancel,
    ) -> Result<u64, Error> {
        let row_bytes = target.dimension.saturating_mul(size_of::<f32>()).max(1);
        let batch = (BATCH_BYTES / row_bytes).clamp(1, BATCH_RECORDS);
        let mut entries = file.entries();
        let mut written = 0;
        loop {
            let records: Vec<PreparedRecord> = entries
                .by_ref()
                .take(batch)
                .map(|(key, vector)| PreparedRecord {
                    id: key.to_string(),
                    text: None,
                    metadata: None,
                    vectors: vector,
                })
                .collect();
            if records.is_empty() {
                return Ok(written);
            }
            match cancel.check() {
                Err(_) if written > 0 => return Err(Error::ImportAborted { written }),
                checked => checked?,
            }
            let (send, receive) = mpsc::channel();
            // The token of the whole would refuse to be cancelled after the first batch.
            self.submit(
                target.clone(),
                Work::Put { records, mode },
                &Cancel::new(),
                move |count| {
                    drop(send.send(count));
                },
            );
            let ended = |_| Error::Internal("the writer ended".to_owned());
            written += receive.recv().map_err(ended)??;
        }
    }
}

/// The bytes of a file that may be a usearch index; a large file that is none is not read.
fn read(path: &Path, limits: &Limits, cancel: &Cancel) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Io { what: format!("cannot read {}", path.display()), source };
    let metadata = fs::metadata(path).map_err(failed)?;
    // Looked at before it is opened: opening a pipe waits for a writer.
    if !metadata.is_file() {
        return Err(Error::InvalidArgument(format!(
            "{} is not a file: give the path of an index that usearch has saved",
            path.display()
        )));
    }
    let length = metadata.len();
    let mut file = File::open(path).map_err(failed)?;
    if !has_header(&mut file, length).map_err(failed)? {
        let source = UsearchError::NotUsearch;
        return Err(Error::IndexFile { path: path.to_owned(), source });
    }
    file.rewind().map_err(failed)?;
    let mut bytes = Vec::new();
    let size = usize::try_from(length).unwrap_or(usize::MAX);
    within(|| path.display().to_string(), "bytes", size, limits.import_bytes, "importBytes")?;
    bytes.try_reserve_exact(size).map_err(|_| failed(io::ErrorKind::OutOfMemory.into()))?;
    let mut file = file.take(length);
    while file.by_ref().take(READ_BYTES).read_to_end(&mut bytes).map_err(failed)? > 0 {
        cancel.check()?;
    }
    Ok(bytes)
}

/// Whether a header stands where the first bytes say.
fn has_header(file: &mut File, length: u64) -> io::Result<bool> {
    let mut start = Vec::new();
    file.by_ref().take(UsearchFile::START as u64).read_to_end(&mut start)?;
    for offset in UsearchFile::header_offsets(&start).filter(|&offset| offset <= length) {
        let mut magic = Vec::new();
        file.seek(SeekFrom::Start(offset))?;
        file.by_ref().take(UsearchFile::MAGIC.len() as u64).read_to_end(&mut magic)?;
        if magic == UsearchFile::MAGIC {
            return Ok(true);
        }
    }
    Ok(false)
}
