//! The model folder and the small JSON files in it.
//!
//! Invariants: nothing is read from outside the folder (a path in `modules.json` or in an index of shards may
//! not climb out; links may lead anywhere, since the hub's cache consists of them), and nothing but regular
//! files is opened.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::Error;

/// Configuration files are a few KB. Anything above this is not one.
const CONFIG_BYTES: u64 = 16 << 20;

/// A folder that exists.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// # Errors
    /// [`Error::NotFound`] when there is nothing, [`Error::Invalid`] when it is not a folder.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Ok(Self { path: path.to_owned() }),
            Ok(_) => Err(Error::invalid(
                path,
                "is a file, not a model folder: give the folder that config.json is in",
            )),
            Err(error) if is_absence(&error) => Err(Error::NotFound { path: path.to_owned() }),
            Err(error) => Err(Error::io(path, error)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder's own name. In the hub's cache that is a commit hash, and `models--ORG--NAME` stands two above.
    pub(crate) fn model_name(&self) -> String {
        let full = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        let part = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let repository = full.parent().and_then(Path::parent).and_then(part);
        match repository.as_deref().and_then(|name| name.strip_prefix("models--")) {
            Some(repository) => repository.replacen("--", "/", 1),
            None => part(&full).unwrap_or_default(),
        }
    }

    /// The last part of the path that was given, which may be a link of another name.
    pub(crate) fn given_name(&self) -> String {
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_default()
    }

    /// The path of a file that may or may not exist.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The folder or file at a path that a file of this folder names. An empty path is this folder.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the path is absolute or climbs out.
    pub(crate) fn inside(&self, relative: &str, named_in: &str) -> Result<PathBuf, Error> {
        let relative_path = Path::new(relative);
        let stays = relative_path
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !stays || relative.contains('\\') {
            let problem = format!(
                "names the path \"{relative}\", which leads out of the model folder: it is not a model to trust"
            );
            return Err(Error::invalid(&self.file(named_in), problem));
        }
        if relative.is_empty() { Ok(self.path.clone()) } else { Ok(self.path.join(relative_path)) }
    }

    /// A sub-folder that a file of this folder names.
    pub(crate) fn subfolder(&self, relative: &str, named_in: &str) -> Result<Self, Error> {
        let path = self.inside(relative, named_in)?;
        match Self::open(&path) {
            Err(Error::NotFound { path }) => Err(Error::invalid(
                &path,
                format!("is missing, but {named_in} names it: fetch the model again"),
            )),
            other => other,
        }
    }

    /// A JSON file that must be there.
    pub(crate) fn required<T: DeserializeOwned>(&self, name: &str) -> Result<T, Error> {
        self.optional(name)?.ok_or_else(|| missing(&self.file(name)))
    }

    /// A JSON file that may be missing.
    pub(crate) fn optional<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let path = self.file(name);
        let Some(bytes) = read(&path, CONFIG_BYTES)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Error::invalid(
                &path,
                format!("is not the JSON that was expected: {error}; fetch the model again"),
            )
        })
    }
}

/// The whole of a regular file, or nothing when there is none.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    match regular_file_length(path)? {
        None => Ok(None),
        Some(length) if length > limit => Err(Error::invalid(
            path,
            format!("has {length} bytes, at most {limit} are read: it is not what its name says"),
        )),
        Some(_) => fs::read(path).map(Some).map_err(|error| Error::io(path, error)),
    }
}

/// Length in bytes of a regular file, or nothing when there is no such file.
pub(crate) fn regular_file_length(path: &Path) -> Result<Option<u64>, Error> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(Some(found.len())),
        Ok(_) => Err(Error::invalid(path, "is not a file: fetch the model again")),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(Error::io(path, error)),
    }
}

/// The error for a file that the folder must have.
pub(crate) fn missing(path: &Path) -> Error {
    Error::invalid(path, "is missing, the model folder is incomplete: fetch the model again")
}

fn is_absence(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
