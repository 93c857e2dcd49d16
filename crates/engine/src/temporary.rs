//! Folders for stores that end with the process.
//!
//! A process that is killed, or that just exits, can't delete its folder. So each folder has a file that its
//! process keeps locked; the operating system ends the lock with the process, whatever its end, and the
//! next one to make such a folder deletes those whose lock it can have.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Error;

const PREFIX: &str = "hippocamp-";
const LOCK: &str = "lock";

/// A folder that is deleted when this is dropped, or, after the end of the process, by the next one.
pub(crate) struct TemporaryFolder {
    // Dropped in this order: a file that is open can't be deleted everywhere.
    _lock: File,
    folder: TempDir,
}

impl TemporaryFolder {
    pub(crate) fn new() -> Result<Self, Error> {
        let place = std::env::temp_dir();
        delete_abandoned(&place);
        make(&place).map_err(|source| Error::Io {
            what: format!("cannot make a folder for a temporary store in {}", place.display()),
            source,
        })
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }
}

fn make(place: &Path) -> io::Result<TemporaryFolder> {
    let folder = TempDir::with_prefix_in(PREFIX, place)?;
    // Only a file of the final name is looked at by others, and by then it is locked.
    let unready = folder.path().join("lock.new");
    let lock = File::create_new(&unready)?;
    lock.lock()?;
    fs::rename(&unready, folder.path().join(LOCK))?;
    Ok(TemporaryFolder { _lock: lock, folder })
}

/// What cannot be deleted is left to the next one.
fn delete_abandoned(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_abandoned(folder: &Path) -> bool {
    let Ok(lock) = File::open(folder.join(LOCK)) else { return false };
    match lock.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_deleted_when_its_owner_is_gone_and_not_before() {
        let place = tempfile::tempdir().unwrap();
        let owned = make(place.path()).unwrap();
        let TemporaryFolder { _lock: lock, folder: abandoned } = make(place.path()).unwrap();
        let left_behind = abandoned.keep();
        drop(lock);
        let foreign = place.path().join("hippocamp-notes");
        fs::create_dir(&foreign).unwrap();

        delete_abandoned(place.path());
        assert!(owned.folder.path().exists() && foreign.exists());
        assert!(!left_behind.exists());
        let path = owned.folder.path().to_owned();
        drop(owned);
        assert!(!path.exists());
    }
}
