//! One safetensors file: its header, checked against the file, and its tensors, read one at a time.
//!
//! The file is read, not mapped: a mapped file that another process cuts short ends this process, and after
//! packing the mapped pages would only be a second copy. A tensor is read in pieces of a quarter megabyte into
//! its final place, so that loading needs little more memory than the model.
//!
//! Invariant: a tensor's bytes lie inside the file, overlap no other's, and are as many as its shape and type
//! need; this is known before anything is allocated for it, so a buffer is never larger than twice the bytes
//! that the file has for it (f16 widened to f32).

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Metadata, TensorInfo};

use crate::Error;
use crate::checksum::Checksum;
use crate::folder::{missing, regular_file_length};

/// Headers of real models have some 100 bytes a tensor.
const MAX_HEADER_BYTES: u64 = 25_000_000;
/// The header's length stands before it in a u64.
const LENGTH_BYTES: usize = 8;
/// Read at once; a multiple of every element size and of the checksum's word.
const PIECE_BYTES: usize = 256 << 10;

/// An open safetensors file with a checked header.
#[derive(Debug)]
pub(crate) struct TensorFile {
    path: PathBuf,
    file: File,
    /// Position of the first byte behind the header.
    data_start: u64,
    metadata: Metadata,
}

impl TensorFile {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let length = regular_file_length(path)?.ok_or_else(|| missing(path))?;
        let mut file = File::open(path).map_err(|error| Error::io(path, error))?;
        let (data_start, metadata) = read_header(path, &mut file, length)?;
        Ok(Self { path: path.to_owned(), file, data_start, metadata })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.metadata.info(name)
    }

    /// Gives a tensor's bytes to `piece`, in order, in whole elements, and returns their checksum.
    pub(crate) fn read(
        &self,
        name: &str,
        info: &TensorInfo,
        mut piece: impl FnMut(&[u8]),
    ) -> Result<u64, Error> {
        let fail = |error: std::io::Error| match error.kind() {
            ErrorKind::UnexpectedEof => Error::invalid(
                &self.path,
                format!(
                    "ended inside tensor \"{name}\": the file is incomplete, fetch the model again"
                ),
            ),
            _ => Error::io(&self.path, error),
        };
        let (begin, end) = info.data_offsets;
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.data_start + begin as u64)).map_err(fail)?;
        let mut left = end.saturating_sub(begin);
        let mut buffer = vec![0; left.min(PIECE_BYTES)];
        let mut checksum = Checksum::default();
        while left > 0 {
            buffer.truncate(left);
            file.read_exact(&mut buffer).map_err(fail)?;
            checksum.update(&buffer);
            piece(&buffer);
            left -= buffer.len();
        }
        Ok(checksum.finish())
    }
}

/// The header, and where it ends. All that it says about sizes is true of the file afterwards.
fn read_header(path: &Path, file: &mut File, length: u64) -> Result<(u64, Metadata), Error> {
    let incomplete =
        |problem: String| Error::invalid(path, format!("{problem}; fetch the model again"));
    let mut prefix = [0; LENGTH_BYTES];
    read_exactly(path, file, &mut prefix)?;
    let header_bytes = u64::from_le_bytes(prefix);
    let behind_prefix = length.saturating_sub(LENGTH_BYTES as u64);
    if header_bytes > behind_prefix || header_bytes > MAX_HEADER_BYTES {
        return Err(incomplete(format!(
            "says that its header has {header_bytes} bytes, but the file has {length} \
             and a header at most {MAX_HEADER_BYTES}: it is damaged or not a safetensors file"
        )));
    }
    let mut header = vec![0; header_bytes as usize];
    read_exactly(path, file, &mut header)?;
    let metadata: Metadata = serde_json::from_slice(&header).map_err(|error| {
        incomplete(format!("has a header that is not a valid safetensors header: {error}"))
    })?;
    let data_bytes = metadata.data_len() as u64;
    let found = behind_prefix - header_bytes;
    if data_bytes != found {
        return Err(incomplete(format!(
            "says that its tensors have {data_bytes} bytes, \
             but {found} bytes follow the header: the file is incomplete or damaged"
        )));
    }
    Ok((LENGTH_BYTES as u64 + header_bytes, metadata))
}

fn read_exactly(path: &Path, file: &mut File, buffer: &mut [u8]) -> Result<(), Error> {
    file.read_exact(buffer).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => Error::invalid(
            path,
            "ends inside its header: the file is incomplete, fetch the model again",
        ),
        _ => Error::io(path, error),
    })
}
