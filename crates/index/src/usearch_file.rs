//! Reads what usearch 2.x saved (`index.save(path)`), so that an index that somebody has can be imported.
//!
//! usearch trusts the numbers in its files; a damaged one makes it read beyond its memory. Here the same
//! bytes are read in safe Rust: keys and vectors alone, since the graph is built anew. A file is
//!
//! | part       | bytes                                                                                   |
//! |------------|-----------------------------------------------------------------------------------------|
//! | matrix     | rows and bytes in a row, as two u32 (or two u64, which nothing announces); then the rows |
//! | head (64)  | `usearch`; version 3 × u16; metric, scalar, key and slot kind 4 × u8; live entries,      |
//! |            | removed entries and dimension 3 × u64; many vectors under one key u8; zeros              |
//! | graph (40) | nodes, connectivity, connectivity of the base level, highest level, entry node, 5 × u64  |
//! | levels     | i16 for each node                                                                        |
//! | nodes      | key u64, level i16, links of the base level and of each level above it                   |
//!
//! in little-endian order, without padding. Links are a u32 count and room for as many slots as the
//! level's connectivity says. Row and node of an entry stand at the same position. A removed entry keeps
//! both; its key is the largest there is.
//!
//! Invariant: a count or length from the file is believed only once that many bytes have been seen.

use crate::Metric;

const MAGIC: &[u8; 7] = b"usearch";
/// The key of a removed entry.
const FREE_KEY: u64 = u64::MAX;
/// Bytes of a node before its links: key and level.
const NODE_HEAD: usize = 10;
/// The scale of i8 vectors: usearch divides a vector by its length and keeps 127ths, rounded towards zero.
const I8_ONE: f32 = 127.0;

/// Kinds of numbers: their code since usearch 2.10, their code before (0: there was none), their name.
const KINDS: [(u8, u8, &str); 19] = [
    (1, 1, "b1x8"),
    (2, 2, "u40"),
    (3, 3, "uuid"),
    (4, 0, "bf16"),
    (5, 7, "e5m2"),
    (6, 0, "e4m3"),
    (7, 0, "e2m3"),
    (8, 0, "e3m2"),
    (10, 4, "f64"),
    (11, 5, "f32"),
    (12, 6, "f16"),
    (14, 8, "u64"),
    (15, 9, "u32"),
    (16, 0, "u16"),
    (17, 10, "u8"),
    (20, 11, "i64"),
    (21, 12, "i32"),
    (22, 13, "i16"),
    (23, 14, "i8"),
];

/// Why a file cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UsearchError {
    /// There is no header where the sizes at the start of the file say that it is.
    #[error(
        "not a usearch index, or cut off before its header: pass a file that `save` has written"
    )]
    NotUsearch,
    /// The index was saved without its vectors.
    #[error(
        "the usearch index was saved without its vectors: save it again without `exclude_vectors`"
    )]
    WithoutVectors,
    /// Another version than 2 wrote it.
    #[error(
        "usearch {0}.{1}.{2} wrote this index, only files of version 2 can be read: load it with the usearch \
         that wrote it and add its vectors to an index of a newer one"
    )]
    Version(u16, u16, u16),
    /// The vectors are of a kind that is not read.
    #[error(
        "the usearch index keeps its vectors as {0}, only f64, f32, f16, bf16 and i8 can be imported: build it \
         again with one of these"
    )]
    ScalarKind(&'static str),
    /// The keys are not u64.
    #[error(
        "the usearch index has {0} keys, only u64 can be imported: build it again with u64 keys"
    )]
    KeyKind(&'static str),
    /// The links are neither u32 nor u40.
    #[error(
        "the usearch index has {0} slots, only u32 and u40 can be imported: build it again with u32 slots"
    )]
    SlotKind(&'static str),
    /// No collection compares vectors in this way.
    #[error(
        "the usearch index compares vectors by {0}, which no collection does: choose \"cosine\", \"dot\" or \
         \"l2\" for its vectors"
    )]
    Metric(&'static str),
    /// The file ends too early.
    #[error("the usearch index is cut off in its {0}: copy or save it again")]
    Truncated(&'static str),
    /// Several entries have this key.
    #[error(
        "the usearch index has several vectors under key {0}, and a record has one: build it again with a key for \
         each vector"
    )]
    SharedKey(u64),
    /// Two parts of the file contradict each other.
    #[error("the usearch index is damaged, {0}: copy or save it again")]
    Damaged(&'static str),
}

/// A usearch index in memory: its description and its entries.
#[derive(Debug, Clone)]
pub struct UsearchFile<'a> {
    dimension: usize,
    metric: u8,
    multi: bool,
    scalar: Scalar,
    len: usize,
    rows: &'a [u8],
    row_bytes: usize,
    nodes: Nodes<'a>,
}

impl<'a> UsearchFile<'a> {
    /// What a header begins with.
    pub const MAGIC: &'static [u8; 7] = MAGIC;
    /// So many bytes at the start of a file say where its header stands.
    pub const START: usize = 16;

    /// Where the header of a file can stand, by its first [`START`](Self::START) bytes: what has none there need
    /// not be read.
    pub fn header_offsets(start: &[u8]) -> impl Iterator<Item = u64> + use<> {
        let (mut narrow, mut wide) = (Reader(start), Reader(start));
        let narrow = matrix_end(&mut narrow, |sizes| sizes.u32().map(u64::from));
        let wide = matrix_end(&mut wide, Reader::u64);
        // Without vectors there is no matrix.
        [Some(0), narrow, wide].into_iter().flatten()
    }

    /// Checks a whole file. Nothing is copied; what follows the last node is ignored, as usearch does.
    ///
    /// # Errors
    /// All of [`UsearchError`] but [`UsearchError::Metric`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, UsearchError> {
        let Matrix { count, row_bytes, rows, rest } = Matrix::find(bytes)?;
        let mut rest = Reader(rest);
        let head = Head::read(Reader(rest.take(64, "header")?))?;
        let dimension = head.dimension;
        if dimension == 0 || dimension.checked_mul(head.scalar.bytes()) != Some(row_bytes) {
            return Err(UsearchError::Damaged("its rows are not as long as its dimension says"));
        }
        if head.live.checked_add(head.removed) != Some(count as u64) {
            return Err(UsearchError::Damaged("it has not as many rows as entries"));
        }
        let nodes = Nodes::read(rest, count, head.slot_bytes)?;
        let mut len = 0;
        for key in nodes.clone() {
            len += usize::from(key? != FREE_KEY);
        }
        let Head { metric, multi, scalar, .. } = head;
        Ok(Self { dimension, metric, multi, scalar, len, rows, row_bytes, nodes })
    }

    /// The number of values in a vector, at least one. It has no upper limit in an index without entries.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// How the index compared its vectors: `cos`, `ip` and `l2sq` are ours.
    ///
    /// # Errors
    /// [`UsearchError::Metric`] for the others. The entries can be read all the same.
    pub fn metric(&self) -> Result<Metric, UsearchError> {
        Err(UsearchError::Metric(match self.metric {
            b'c' => return Ok(Metric::Cosine),
            b'i' => return Ok(Metric::Dot),
            b'e' => return Ok(Metric::L2),
            b'p' => "pearson",
            b'h' => "haversine",
            b'd' => "divergence",
            b'b' => "hamming",
            b't' => "tanimoto",
            b's' => "sorensen",
            b'j' => "jaccard",
            _ => "a function of its own",
        }))
    }

    /// The number of entries that were not removed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether several entries may have one key. That they have not otherwise is not checked.
    #[must_use]
    pub fn multi(&self) -> bool {
        self.multi
    }

    /// That no two entries have one key. Takes eight bytes for each entry.
    ///
    /// # Errors
    /// [`UsearchError::SharedKey`].
    pub fn check_keys(&self) -> Result<(), UsearchError> {
        let mut keys: Vec<u64> =
            self.nodes.clone().map_while(Result::ok).filter(|&key| key != FREE_KEY).collect();
        keys.sort_unstable();
        keys.windows(2).try_for_each(|pair| match pair {
            [a, b] if a == b => Err(UsearchError::SharedKey(*a)),
            _ => Ok(()),
        })
    }

    /// Keys and vectors (`[dimension]`) of the entries that were not removed, oldest position first.
    ///
    /// Vectors come as usearch kept them: under its cosine they were not normalised; i8 ones were, and
    /// are 127ths. Values of f64 beyond the range of f32 become infinite, and those that were no numbers
    /// are none here.
    pub fn entries(&self) -> impl Iterator<Item = (u64, Vec<f32>)> + use<'a> {
        let scalar = self.scalar;
        // `parse` has been through the nodes: there is a key for each row.
        let keys = self.nodes.clone().map_while(Result::ok);
        keys.zip(self.rows.chunks_exact(self.row_bytes))
            .filter(|&(key, _)| key != FREE_KEY)
            .map(move |(key, row)| (key, scalar.decode(row)))
    }
}

/// The vectors at the start of a file, removed ones included, and what follows them.
struct Matrix<'a> {
    count: usize,
    row_bytes: usize,
    rows: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Matrix<'a> {
    /// Nothing says how wide the two sizes are: they are what the header stands behind.
    fn find(bytes: &'a [u8]) -> Result<Self, UsearchError> {
        if bytes.starts_with(MAGIC) {
            return Err(UsearchError::WithoutVectors);
        }
        Self::sized(bytes, |sizes| sizes.u32().map(u64::from))
            .or_else(|| Self::sized(bytes, Reader::u64))
            .ok_or(UsearchError::NotUsearch)
    }

    fn sized(
        bytes: &'a [u8],
        size: impl Fn(&mut Reader<'a>) -> Result<u64, UsearchError>,
    ) -> Option<Self> {
        let mut reader = Reader(bytes);
        let count = usize::try_from(size(&mut reader).ok()?).ok()?;
        let row_bytes = usize::try_from(size(&mut reader).ok()?).ok()?;
        let (rows, rest) = reader.0.split_at_checked(count.checked_mul(row_bytes)?)?;
        rest.starts_with(MAGIC).then_some(Self { count, row_bytes, rows, rest })
    }
}

/// The bytes before the header: two sizes and the rows.
fn matrix_end<'a>(
    start: &mut Reader<'a>,
    size: impl Fn(&mut Reader<'a>) -> Result<u64, UsearchError>,
) -> Option<u64> {
    let before = start.0.len();
    let (rows, row_bytes) = (size(start).ok()?, size(start).ok()?);
    rows.checked_mul(row_bytes)?.checked_add((before - start.0.len()) as u64)
}

struct Head {
    metric: u8,
    scalar: Scalar,
    slot_bytes: usize,
    live: u64,
    removed: u64,
    dimension: usize,
    multi: bool,
}

impl Head {
    fn read(mut head: Reader<'_>) -> Result<Self, UsearchError> {
        head.take(MAGIC.len(), "header")?;
        let (major, minor, patch) = (head.u16()?, head.u16()?, head.u16()?);
        if major != 2 {
            return Err(UsearchError::Version(major, minor, patch));
        }
        let metric = head.u8()?;
        let mut kind = || head.u8().map(|code| kind_name(code, minor));
        let (scalar, key, slot) = (kind()?, kind()?, kind()?);
        if key != "u64" {
            return Err(UsearchError::KeyKind(key));
        }
        let (live, removed, dimension) = (head.u64()?, head.u64()?, head.u64()?);
        Ok(Self {
            metric,
            scalar: Scalar::named(scalar)?,
            slot_bytes: match slot {
                "u32" => 4,
                "u40" => 5,
                _ => return Err(UsearchError::SlotKind(slot)),
            },
            live,
            removed,
            dimension: usize::try_from(dimension).unwrap_or(usize::MAX),
            multi: match head.u8()? {
                0 => false,
                1 => true,
                _ => return Err(UsearchError::Damaged("a flag is neither 0 nor 1")),
            },
        })
    }
}

fn kind_name(code: u8, minor_version: u16) -> &'static str {
    KINDS
        .into_iter()
        .find(|&(new, old, _)| code != 0 && code == if minor_version < 10 { old } else { new })
        .map_or("unknown", |(.., name)| name)
}

#[derive(Debug, Clone, Copy)]
enum Scalar {
    F64,
    F32,
    F16,
    Bf16,
    I8,
}

impl Scalar {
    fn named(name: &'static str) -> Result<Self, UsearchError> {
        match name {
            "f64" => Ok(Self::F64),
            "f32" => Ok(Self::F32),
            "f16" => Ok(Self::F16),
            "bf16" => Ok(Self::Bf16),
            "i8" => Ok(Self::I8),
            _ => Err(UsearchError::ScalarKind(name)),
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::I8 => 1,
        }
    }

    fn decode(self, row: &[u8]) -> Vec<f32> {
        fn each<const N: usize>(row: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
            row.as_chunks().0.iter().map(|&bytes| value(bytes)).collect()
        }
        match self {
            Self::F64 => each(row, |bytes| f64::from_le_bytes(bytes) as f32),
            Self::F32 => each(row, f32::from_le_bytes),
            Self::F16 => each(row, |bytes| half::f16::from_le_bytes(bytes).to_f32()),
            Self::Bf16 => each(row, |bytes| half::bf16::from_le_bytes(bytes).to_f32()),
            Self::I8 => each(row, |bytes| f32::from(i8::from_le_bytes(bytes)) / I8_ONE),
        }
    }
}

/// The keys of the nodes, one after the other; an error where the next node is cut off or damaged.
#[derive(Debug, Clone)]
struct Nodes<'a> {
    levels: std::slice::Iter<'a, [u8; 2]>,
    rest: Reader<'a>,
    /// Bytes of the links at the base level, and at each level above it.
    links: (usize, usize),
}

impl<'a> Nodes<'a> {
    fn read(mut graph: Reader<'a>, count: usize, slot_bytes: usize) -> Result<Self, UsearchError> {
        let mut head = Reader(graph.take(40, "graph")?);
        if head.u64()? != count as u64 {
            return Err(UsearchError::Damaged("it has not as many nodes as rows"));
        }
        let links = |connectivity: u64| {
            let slots = usize::try_from(connectivity).ok()?.checked_mul(slot_bytes)?;
            slots.checked_add(size_of::<u32>())
        };
        let (above, base) = (links(head.u64()?), links(head.u64()?));
        let (Some(above), Some(base)) = (above, base) else {
            return Err(UsearchError::Damaged("its connectivity is beyond all bounds"));
        };
        let level_bytes = count.checked_mul(2).ok_or(UsearchError::Truncated("levels"))?;
        let levels = graph.take(level_bytes, "levels")?.as_chunks().0.iter();
        Ok(Self { levels, rest: graph, links: (base, above) })
    }

    fn key(&mut self, level: [u8; 2]) -> Result<u64, UsearchError> {
        let above = usize::try_from(i16::from_le_bytes(level))
            .map_err(|_| UsearchError::Damaged("a level is negative"))?;
        let bytes = self
            .links
            .1
            .checked_mul(above)
            .and_then(|above| above.checked_add(self.links.0)?.checked_add(NODE_HEAD));
        let bytes = bytes.ok_or(UsearchError::Truncated("nodes"))?;
        let mut node = Reader(self.rest.take(bytes, "nodes")?);
        let key = node.u64()?;
        if node.array()? == level {
            Ok(key)
        } else {
            Err(UsearchError::Damaged("a node is not of the level that it should be"))
        }
    }
}

impl Iterator for Nodes<'_> {
    type Item = Result<u64, UsearchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let level = *self.levels.next()?;
        Some(self.key(level))
    }
}

/// What is left to read.
#[derive(Debug, Clone)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize, part: &'static str) -> Result<&'a [u8], UsearchError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(UsearchError::Truncated(part))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], UsearchError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(UsearchError::Truncated("header"))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, UsearchError> {
        self.array().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Result<u16, UsearchError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, UsearchError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, UsearchError> {
        self.array().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
#[path = "usearch_file_tests.rs"]
mod tests;
