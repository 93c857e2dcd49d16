//! Estimates of inner products from quantised vectors: a table of look-ups per query, codes in blocks of 32 vectors.
//!
//! A code has `planes` = B bits a dimension, b₀ … b_{B-1}, and stands for the value `x = Σ 2ᵇ b_b - (2ᴮ - 1) / 2`: with one
//! bit ±½, with two -1½, -½, ½, 1½. The inner product with a query is then a sum of subsets of the query's values, one
//! subset a plane, and four dimensions have but sixteen subsets (André et al., 2015; with a random rotation before it, Gao
//! and Long, 2024):
//!
//! ```text
//! for each group g of 4 dimensions, each c < 16:  entry[g][c] = round((Σ_{i in c} q[4g+i] - least) / scale)     # 0 to 31
//! acc      = Σ_b 2ᵇ Σ_g entry[g][nibble of plane b in group g]
//! estimate = base + add + mul · (scale · acc + bias)
//! ```
//!
//! The least subset of a group is all its negative values, and the largest all its positive ones. So their distance is
//! Σ |q| over the group, `scale` is the largest of these by 31, and what the sum of the entries lacks is the same for
//! every code: `bias = -(2ᴮ - 1) / 2 · Σ |q|`.
//!
//! Entries have five bits, because eight of them may then be added in one byte: that is a quarter of the work less than
//! widening each, and the error (a 60th of the largest group's span at most) vanishes beside that of the codes. The table and `acc`
//! are the same at every level; the rest differs by rounding.
//!
//! # Layout
//! A block is 32 vectors, `[planes][dimensions / 4][16]` bytes. Byte i of a group has the four bits of vector i in its low
//! half and those of vector 16 + i in its high half, the first of the group's dimensions in the lowest bit. Factors are
//! `[blocks][2][32]`: the block's 32 `mul`, then its 32 `add`.

use std::fmt;

use crate::{Kernels, aligned::AlignedBuffer};

/// Vectors in a block.
pub(crate) const BLOCK: usize = 32;
/// Dimensions of a group: one look-up.
pub(crate) const GROUP: usize = 4;
/// Entries of a group.
pub(crate) const ENTRIES: usize = 16;
/// The largest entry.
pub(crate) const LARGEST: f32 = 31.0;
/// The dimensions of a query are a multiple of this: a whole number of look-ups for every width of a register.
const STEP: usize = 16;
/// More dimensions than this, in eight planes, could leave the range of a sum of 32 bits.
const MOST_DIMENSIONS: usize = 1 << 18;
/// Queries whose every group has a smaller Σ |q| than this are taken for zero: the factor to the entries would overflow.
pub(crate) const SMALLEST: f32 = 1e-35;

/// A query made ready for [`Kernels::scan`]: the look-ups of its groups. Fill it with [`Kernels::scan_table`].
///
/// It keeps its memory, four times the dimensions in bytes and as much again for working, from query to query.
#[derive(Clone, Default)]
pub struct ScanTable {
    /// `[dimensions / 4][16]` bytes.
    pub(crate) entries: AlignedBuffer,
    /// Σ |q| of each group, four times over: `[dimensions]`.
    pub(crate) magnitudes: AlignedBuffer,
    pub(crate) dimensions: usize,
    pub(crate) planes: u32,
    pub(crate) scale: f32,
    pub(crate) bias: f32,
}

impl ScanTable {
    /// Vectors in a block of codes.
    pub const BLOCK: usize = BLOCK;

    /// Bytes of a block of codes of so many dimensions and planes.
    #[must_use]
    pub const fn block_bytes(dimensions: usize, planes: u32) -> usize {
        planes as usize * (dimensions / GROUP) * ENTRIES
    }

    /// The dimensions of the query.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The planes of the codes that it is for.
    #[must_use]
    pub fn planes(&self) -> u32 {
        self.planes
    }

    /// The look-ups, `[dimensions / 4][16]`, 0 to 31.
    #[must_use]
    pub fn entries(&self) -> &[u8] {
        &self.entries.as_bytes()[..self.dimensions / GROUP * ENTRIES]
    }

    /// What a unit of an entry stands for.
    #[must_use]
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// What the scaled sum of entries lacks to the inner product. NaN where the query has no finite Σ |q|.
    #[must_use]
    pub fn bias(&self) -> f32 {
        self.bias
    }

    /// Adds to every inner product: estimates become `mul · by` larger, and so bounds of what they estimate.
    pub fn raise(&mut self, by: f32) {
        self.bias += by;
    }

    /// Sets what is known before the entries, and returns the factor that makes entries of twice the subset sums (0 where
    /// all of them are 0).
    ///
    /// `largest` is the largest Σ |q| of a group, `total` Σ |q| of all of them. A query with infinities or NaN gets a bias
    /// of NaN, and so do all estimates.
    pub(crate) fn set(&mut self, largest: f32, total: f32) -> f32 {
        let finite = total.is_finite();
        let offset = ((1_u32 << self.planes) - 1) as f32 / 2.0;
        self.bias = if finite { -offset * total } else { f32::NAN };
        if finite && largest >= SMALLEST {
            self.scale = largest / LARGEST;
            LARGEST / 2.0 / largest
        } else {
            self.scale = 1.0;
            0.0
        }
    }
}

impl fmt::Debug for ScanTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScanTable")
            .field("dimensions", &self.dimensions)
            .field("planes", &self.planes)
            .field("scale", &self.scale)
            .field("bias", &self.bias)
            .finish_non_exhaustive()
    }
}

impl Kernels {
    /// Makes `table` the table of `query` for codes of `planes` bits a dimension.
    ///
    /// # Panics
    /// If the dimensions of `query` are not a multiple of 16 or more than 262,144, or `planes` is not 1 to 8.
    pub fn scan_table(&self, query: &[f32], planes: u32, table: &mut ScanTable) {
        let dimensions = query.len();
        assert!(
            dimensions.is_multiple_of(STEP) && dimensions <= MOST_DIMENSIONS,
            "a scan of {dimensions} dimensions: a multiple of {STEP} up to {MOST_DIMENSIONS} is needed"
        );
        assert!((1..=8).contains(&planes), "a scan of {planes} planes: 1 to 8 are possible");
        table.entries.grow(dimensions);
        table.magnitudes.grow(dimensions);
        table.dimensions = dimensions;
        table.planes = planes;
        // SAFETY: both buffers of the table have room for the dimensions, a multiple of 16; the table of kernels is handed
        // out only where its level is available.
        unsafe { (self.table.tabulate)(query, table) }
    }

    /// Estimates the inner products of `table`'s query with blocks of 32 vectors, and marks those above `threshold`.
    ///
    /// For each block t, `hits.len()` of them, and each of its vectors i:
    /// `estimates[32 t + i] = base + add + mul · (scale · acc + bias)`, and bit i of `hits[t]` says whether that is above
    /// `threshold` (which NaN is not). `codes` is `[blocks][ScanTable::block_bytes]`, `factors` `[blocks][2][32]`:
    /// first `mul`, then `add`; `estimates` is `[blocks][32]`.
    ///
    /// # Panics
    /// If a length does not fit.
    #[expect(clippy::too_many_arguments, reason = "arrays of blocks, and a formula")]
    pub fn scan(
        &self,
        table: &ScanTable,
        codes: &[u8],
        factors: &[f32],
        base: f32,
        threshold: f32,
        estimates: &mut [f32],
        hits: &mut [u32],
    ) {
        let blocks = hits.len();
        let bytes = ScanTable::block_bytes(table.dimensions, table.planes);
        assert_eq!(codes.len(), blocks * bytes, "codes of {blocks} blocks of {bytes} bytes");
        assert_eq!(factors.len(), 2 * BLOCK * blocks, "factors of {blocks} blocks");
        assert_eq!(estimates.len(), BLOCK * blocks, "estimates of {blocks} blocks");
        let mut out = ScanOutput { base, threshold, values: estimates, hits };
        // SAFETY: all lengths fit the number of blocks; the table is handed out only where its level is available.
        unsafe { (self.table.scan)(table, codes, factors, &mut out) }
    }

    /// Ors the signs of `x` into lane `lane` of one plane of a block: 1 where x ≥ 0, so 0 for NaN.
    ///
    /// The lane's bits must be 0 before; the others stay as they are. `plane` is `[x.len() / 4][16]` bytes.
    ///
    /// # Panics
    /// If the length of `x` is not a multiple of 4, `plane` does not fit it, or `lane` is not below 32.
    pub fn pack_signs(&self, x: &[f32], lane: usize, plane: &mut [u8]) {
        assert!(lane < BLOCK, "lane {lane} of {BLOCK}");
        assert!(x.len().is_multiple_of(GROUP), "{} dimensions are not groups of {GROUP}", x.len());
        assert_eq!(plane.len(), x.len() / GROUP * ENTRIES, "a plane of {} dimensions", x.len());
        // SAFETY: the lengths fit, and the lane exists; the table is handed out only where its level is available.
        unsafe { (self.table.pack_signs)(x, lane, plane) }
    }
}

/// Where the estimates of a scan go, and what they are compared with.
pub(crate) struct ScanOutput<'a> {
    pub(crate) base: f32,
    pub(crate) threshold: f32,
    /// `[blocks][32]`.
    pub(crate) values: &'a mut [f32],
    /// `[blocks]`.
    pub(crate) hits: &'a mut [u32],
}
