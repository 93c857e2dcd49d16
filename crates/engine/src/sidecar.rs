//! The folder beside the store with the files of large partitions, each of which may be deleted at any time.
//!
//! A file is written under another name, synced and renamed; then the store names it as the right one, and
//! only then are its predecessors deleted. It is read as a whole, not mapped: a file that is cut short by
//! somebody would kill a process that has mapped it, and all of it has to be checked anyway.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use hippocamp_index::{SectionReader, SectionWriter};
use hippocamp_store::NamespaceId;
use ulid::Ulid;

const EXTENSION: &str = "index";

/// The folder of one store.
pub(crate) struct Sidecar {
    folder: PathBuf,
    read_only: bool,
}

impl Sidecar {
    /// `store.db` has its index files in `store.db-index`.
    pub(crate) fn of(store: &Path, read_only: bool) -> Self {
        let mut name = store.as_os_str().to_owned();
        name.push("-index");
        Self { folder: name.into(), read_only }
    }

    /// The file of that name; nothing if it is not there.
    pub(crate) fn open(&self, name: &str) -> Option<SectionReader<File>> {
        // Names are ours; one that leads elsewhere is somebody else's.
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return None;
        }
        let file = File::open(self.path(name)).ok()?;
        let bytes = file.metadata().ok()?.len();
        Some(SectionReader::new(file, bytes))
    }

    /// Deletes every file of a namespace.
    pub(crate) fn delete(&self, ns: NamespaceId) {
        self.keep_only(ns, "");
    }

    /// Whether nothing may be saved.
    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Writes a new file for a namespace and returns its name.
    pub(crate) fn save(
        &self,
        ns: NamespaceId,
        write: impl FnOnce(&mut SectionWriter<BufWriter<File>>) -> io::Result<()>,
    ) -> io::Result<String> {
        fs::create_dir_all(&self.folder)?;
        let name = format!("{}-{}", ns.0, Ulid::generate());
        let unready = self.folder.join(format!("{name}.new"));
        let saved = self.write_and_rename(&name, &unready, write);
        if saved.is_err() {
            let _ = fs::remove_file(&unready);
        }
        saved.map(|()| name)
    }

    /// Deletes a file that the store does not name.
    pub(crate) fn discard(&self, name: &str) {
        let _ = fs::remove_file(self.path(name));
    }

    /// Deletes every file of a namespace but the one of that name. What can't be deleted stays, and does no harm.
    pub(crate) fn keep_only(&self, ns: NamespaceId, name: &str) {
        let of_namespace = format!("{}-", ns.0);
        let kept = format!("{name}.{EXTENSION}");
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let file = entry.file_name();
            let file = file.to_string_lossy();
            if file.starts_with(&of_namespace) && file != kept {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.{EXTENSION}"))
    }

    fn write_and_rename(
        &self,
        name: &str,
        unready: &Path,
        write: impl FnOnce(&mut SectionWriter<BufWriter<File>>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut writer =
            SectionWriter::new(BufWriter::with_capacity(1 << 20, File::create(unready)?));
        write(&mut writer)?;
        let mut out = writer.into_inner();
        out.flush()?;
        out.get_ref().sync_all()?;
        drop(out);
        fs::rename(unready, self.path(name))?;
        // Makes the rename durable where folders can be synced.
        if let Ok(folder) = File::open(&self.folder) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}
