//! The packed weights of a network, in a file beside the model, so that they are packed once and then used where they lie.
//!
//! ```text
//! "HIPPOWTS"  outline's length u64  outline's checksum u64     little-endian
//! outline     JSON: what the weights were made from and for, the lengths and the checksum of the parts
//! parts       one after the other, each at a multiple of 64 bytes
//! ```
//!
//! `MODEL/.hippocamp/PRECISION-WIDTH.weights`, WIDTH being the columns of a panel: 32 for AVX-512 and AMX. Nothing depends on
//! the file. It is made when it is missing, and made again when it is damaged, of another version, or not made from the
//! weights that are there: their files' lengths, times and some samples of their content are compared. Where the folder
//! cannot be written to, weights are packed at every start.
//!
//! It is written under a name of its own and then renamed, so whoever reads has a whole one, and however many write at the
//! same time, one of theirs stays. Once renamed, nobody writes to it again.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use bytemuck::Pod;
use hippocamp_simd::MappedBytes;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::Error;
use crate::config::Architecture;
use crate::folder::Folder;
use crate::layers::{Network, Packing};
use crate::weights::file_paths;

const FOLDER: &str = ".hippocamp";
const MAGIC: &[u8; 8] = b"HIPPOWTS";
/// Raised when the same weights are packed in another way than before.
const VERSION: u32 = 1;
/// Magic, length, checksum.
const PREFIX: usize = 24;
/// What parts start at multiples of: a cache line.
const ALIGNMENT: usize = 64;
/// Real outlines have some kilobytes.
const MAX_OUTLINE: u64 = 16 << 20;

/// A network that was read from its file.
pub(crate) struct Cached {
    pub(crate) network: Network,
    /// Of the weights that it was made from.
    pub(crate) digest: [u8; 32],
    /// Whether this precision is the one to take when none is asked for.
    pub(crate) settled: bool,
}

#[derive(PartialEq, Serialize, Deserialize)]
struct Outline {
    version: u32,
    /// Shape and constants of the network, as JSON.
    architecture: String,
    precision: String,
    width: usize,
    settled: bool,
    digest: [u8; 32],
    sources: Vec<Source>,
    lengths: Vec<usize>,
    /// Over all parts.
    checksum: u64,
}

/// A file of weights.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Source {
    name: String,
    bytes: u64,
    /// Since 1970.
    modified: u128,
    /// Checksum of samples of its content: archives are unpacked with the times that they were packed with.
    samples: u64,
}

/// Reads the network of a folder, if its file is there and true.
pub(crate) fn read(
    folder: &Folder,
    architecture: &Architecture,
    packing: Packing,
) -> Option<Cached> {
    let mut file = File::open(path(folder, packing)).ok()?;
    let mut prefix = [0; PREFIX];
    file.read_exact(&mut prefix).ok()?;
    let (magic, numbers) = prefix.split_first_chunk::<8>()?;
    let [length, checksum] = *numbers.as_chunks::<8>().0 else { return None };
    let length = u64::from_le_bytes(length);
    if magic != MAGIC || length > MAX_OUTLINE {
        return None;
    }
    let mut outline = vec![0; length as usize];
    file.read_exact(&mut outline).ok()?;
    if checksum_of([outline.as_slice()]) != u64::from_le_bytes(checksum) {
        return None;
    }
    let outline: Outline = serde_json::from_slice(&outline).ok()?;
    let is_meant = outline.version == VERSION
        && outline.architecture == name_of(architecture)?
        && outline.precision == packing.precision.as_str()
        && outline.width == packing.kernels.panel_width()
        && outline.sources == sources(folder).ok()?;
    if !is_meant {
        return None;
    }
    let mut parts = PartReader::of(&file, PREFIX + length as usize, outline.lengths)?;
    if parts.checksum()? != outline.checksum {
        return None;
    }
    let network = Network::read(&mut parts, architecture, packing)?;
    Some(Cached { network, digest: outline.digest, settled: outline.settled })
}

/// Writes the network of a folder. It is a help, not a duty: a folder that cannot be written to is left as it is.
pub(crate) fn write(
    folder: &Folder,
    architecture: &Architecture,
    packing: Packing,
    network: &Network,
    digest: [u8; 32],
    settled: bool,
) {
    let mut parts = Parts::default();
    network.write(&mut parts);
    let (Some(architecture), Ok(sources)) = (name_of(architecture), sources(folder)) else {
        return;
    };
    let outline = Outline {
        version: VERSION,
        architecture,
        precision: packing.precision.to_string(),
        width: packing.kernels.panel_width(),
        settled,
        digest,
        sources,
        lengths: parts.0.iter().map(|part| part.len()).collect(),
        checksum: checksum_of(parts.0.iter().copied()),
    };
    let path = path(folder, packing);
    let own_path = own_path(&path);
    let written =
        write_file(&own_path, &outline, &parts).and_then(|()| fs::rename(&own_path, &path));
    if written.is_err() {
        // Whatever there is of it.
        let _ = fs::remove_file(&own_path);
    }
}

fn path(folder: &Folder, packing: Packing) -> PathBuf {
    let name = format!("{}-{}.weights", packing.precision, packing.kernels.panel_width());
    folder.file(FOLDER).join(name)
}

/// A name that nobody else writes to.
fn own_path(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_extension(format!("{}-{count}.part", std::process::id()))
}

fn write_file(path: &Path, outline: &Outline, parts: &Parts<'_>) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let outline = serde_json::to_vec(outline)?;
    let mut file = BufWriter::new(File::options().write(true).create_new(true).open(path)?);
    file.write_all(MAGIC)?;
    file.write_all(&(outline.len() as u64).to_le_bytes())?;
    file.write_all(&checksum_of([outline.as_slice()]).to_le_bytes())?;
    file.write_all(&outline)?;
    let mut at = PREFIX + outline.len();
    for part in &parts.0 {
        let start = at.next_multiple_of(ALIGNMENT);
        io::copy(&mut io::repeat(0).take((start - at) as u64), &mut file)?;
        file.write_all(part)?;
        at = start + part.len();
    }
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

fn name_of(architecture: &Architecture) -> Option<String> {
    let shape = serde_json::to_string(architecture).ok()?;
    Some(format!("{:?} {shape}", architecture.family))
}

fn sources(folder: &Folder) -> Result<Vec<Source>, Error> {
    file_paths(folder)?.iter().map(|path| source(path).map_err(|e| Error::io(path, e))).collect()
}

fn source(path: &Path) -> io::Result<Source> {
    const SAMPLES: u64 = 64;
    const SAMPLE_BYTES: u64 = 4096;
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let bytes = metadata.len();
    let mut hash = Xxh3::new();
    let mut sample = Vec::new();
    for number in 0..SAMPLES {
        // From the first bytes to the last.
        let start = bytes.saturating_sub(SAMPLE_BYTES) / (SAMPLES - 1) * number;
        file.seek(SeekFrom::Start(start))?;
        sample.clear();
        (&mut file).take(SAMPLE_BYTES).read_to_end(&mut sample)?;
        hash.update(&sample);
    }
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Source { name, bytes, modified, samples: hash.digest() })
}

/// Lengths count as well, so that no byte can move from one part to another.
fn checksum_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let mut hash = Xxh3::new();
    for part in parts {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.digest()
}

/// What is to be written, in order.
#[derive(Default)]
pub(crate) struct Parts<'a>(Vec<&'a [u8]>);

impl<'a> Parts<'a> {
    pub(crate) fn add<T: Pod>(&mut self, values: &'a [T]) {
        self.0.push(bytemuck::cast_slice(values));
    }
}

/// What was written, in order.
pub(crate) struct PartReader {
    file: MappedBytes,
    /// Where the next part may start.
    at: usize,
    lengths: std::vec::IntoIter<usize>,
}

impl PartReader {
    /// Of parts with these lengths behind the first `at` bytes of a file. None if they are not all there.
    fn of(file: &File, at: usize, lengths: Vec<usize>) -> Option<Self> {
        let file = MappedBytes::of(file).ok()?;
        let end = lengths.iter().try_fold(at, |at, length| {
            at.checked_next_multiple_of(ALIGNMENT)?.checked_add(*length)
        });
        (end? == file.len()).then_some(Self { file, at, lengths: lengths.into_iter() })
    }

    fn checksum(&self) -> Option<u64> {
        let mut rest = Self { file: self.file.clone(), at: self.at, lengths: self.lengths.clone() };
        let mut parts = Vec::new();
        while !rest.is_at_end() {
            parts.push(rest.next()?);
        }
        Some(checksum_of(parts.iter().map(|part| &part[..])))
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.lengths.len() == 0
    }

    /// The next part.
    pub(crate) fn next(&mut self) -> Option<MappedBytes> {
        let start = self.at.checked_next_multiple_of(ALIGNMENT)?;
        self.at = start.checked_add(self.lengths.next()?)?;
        self.file.part(start..self.at)
    }

    /// A copy of the next part, of so many values.
    pub(crate) fn values<T: Pod>(&mut self, count: usize) -> Option<Vec<T>> {
        self.all_values().filter(|values| values.len() == count)
    }

    /// A copy of the next part.
    pub(crate) fn all_values<T: Pod>(&mut self) -> Option<Vec<T>> {
        Some(bytemuck::try_cast_slice(&self.next()?).ok()?.to_vec())
    }
}
