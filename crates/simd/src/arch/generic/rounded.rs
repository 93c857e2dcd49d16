//! The matrix product of rounded values.
//!
//! ```text
//! for block of rows                                    # rounded once, a row at a time, and then in the cache
//!   for panel of weights
//!     for tile of ROWS rows
//!       sums[ROWS][VECTORS] = 0                        # all of it in registers
//!       for group of four bytes
//!         sums[i][j] += row[i][group] · panel[group][j]
//!       C[tile] = epilogue(sums as numbers)
//! ```
//!
//! The whole depth is summed in registers: rounded weights are small enough that a panel stays in the second-level cache.
//! The sums of a tile are left in memory, where they are in the first-level cache, so that one loop makes numbers of them
//! whatever the size of the tile; and C is touched once.

use std::{marker::PhantomData, mem::MaybeUninit};

use super::{
    epilogue::{Output, Source, finish},
    matmul::{BLOCK_ROWS, Place, even_block},
    vector::Vector,
};
use crate::{
    Precision,
    matmul::{Epilogue, PackedMatrix},
    rounded::{GROUP, MatmulScratch, RowScale, row_bytes, row_scale},
};

/// The tiles of one precision at one level.
pub(crate) trait RoundedTiles {
    const PRECISION: Precision;
    /// What the sums are.
    type Sums: Sums;
    /// Rows of a whole tile.
    const ROWS: usize;
    /// Rows that cost as much as fewer of them.
    const UNIT: usize;
    /// Columns of a tile: the width of a panel.
    const COLUMNS: usize;
    /// Tiles are computed over multiples of so many groups.
    const GROUPS: usize;

    /// Rounds `k` values and fills the row up with zeros.
    ///
    /// # Safety
    /// The CPU has the level's instructions (so everywhere in this trait); `k` values can be read, and the bytes of a row of
    /// `k` written.
    unsafe fn round(x: *const f32, k: usize, to: *mut u8) -> RowScale;
    /// Computes a tile of `rows` ≤ `ROWS` rows.
    ///
    /// # Safety
    /// See [`Tile`]; between [`enter`](Self::enter) and [`leave`](Self::leave).
    unsafe fn tile(rows: usize, tile: Tile);
    /// What has to be done before tiles are computed.
    ///
    /// # Safety
    /// The CPU has the level's instructions.
    #[inline(always)]
    unsafe fn enter() {}
    /// What has to be done after that.
    ///
    /// # Safety
    /// The CPU has the level's instructions.
    #[inline(always)]
    unsafe fn leave() {}
}

/// Sums of one lane of four bytes for each output.
pub(crate) trait Sums {
    type Float: Vector;
    /// What turns the sums of a vector of columns into numbers.
    type Columns: Copy;

    /// # Safety
    /// The CPU has the level's instructions (so everywhere in this trait); `scales` and `totals` can be read for each lane,
    /// if the precision has them.
    unsafe fn columns(scales: *const f32, totals: *const i32) -> Self::Columns;
    /// The numbers that a vector of sums stands for.
    ///
    /// # Safety
    /// The sums can be read.
    unsafe fn numbers(sums: *const u32, row: RowScale, columns: Self::Columns) -> Self::Float;
}

/// The vectors of the numbers that sums become.
pub(crate) type Float<S> = <S as Sums>::Float;

/// Sums that are numbers: those of bf16.
pub(crate) struct Numbers<V>(PhantomData<V>);

impl<V: Vector> Sums for Numbers<V> {
    type Float = V;
    type Columns = ();

    #[inline(always)]
    unsafe fn columns(_: *const f32, _: *const i32) {}

    #[inline(always)]
    unsafe fn numbers(sums: *const u32, _: RowScale, (): ()) -> V {
        // SAFETY: passed on.
        unsafe { V::load(sums.cast()) }
    }
}

/// How groups are multiplied in vectors.
pub(crate) trait Groups {
    /// A vector of sums.
    type Sum: Copy;
    /// One group of a row, for all lanes.
    type Row: Copy;
    /// One group of as many columns as there are lanes.
    type Columns: Copy;

    /// No sums.
    ///
    /// # Safety
    /// The CPU has the level's instructions (so everywhere in this trait).
    unsafe fn zero() -> Self::Sum;
    /// # Safety
    /// A group can be read.
    unsafe fn row(from: *const u8) -> Self::Row;
    /// # Safety
    /// A group for each lane can be read.
    unsafe fn columns(from: *const u8) -> Self::Columns;
    /// `sum + row · columns`, in each lane over its group.
    ///
    /// # Safety
    /// The CPU has the level's instructions.
    unsafe fn add(sum: Self::Sum, row: Self::Row, columns: Self::Columns) -> Self::Sum;
}

/// Implements [`RoundedTiles`] by vectors:
/// `tiles_of_groups!(Bytes, Int8 by round_to_bytes, ByteSums, 2 vectors wide, up to 4 rows: 1 2 3 4)`.
macro_rules! tiles_of_groups {
    (
        $groups:ty, $precision:ident by $round:ident, $sums:ty,
        $vectors:literal vectors wide, up to $most:literal rows: $($rows:literal)*
    ) => {
        impl crate::arch::generic::rounded::RoundedTiles for $groups {
            const PRECISION: crate::Precision = crate::Precision::$precision;
            type Sums = $sums;
            const ROWS: usize = $most;
            const UNIT: usize = 1;
            const COLUMNS: usize = $vectors
                * <crate::arch::generic::rounded::Float<$sums> as crate::arch::generic::vector::Vector>::LANES;
            const GROUPS: usize = 1;

            #[inline(always)]
            unsafe fn round(x: *const f32, k: usize, to: *mut u8) -> crate::rounded::RowScale {
                // SAFETY: passed on.
                unsafe { crate::arch::generic::rounded::$round::<crate::arch::generic::rounded::Float<$sums>>(x, k, to) }
            }

            #[inline(always)]
            unsafe fn tile(rows: usize, tile: crate::arch::generic::rounded::Tile) {
                // SAFETY: passed on.
                unsafe {
                    match rows {
                        $($rows => crate::arch::generic::rounded::tile::<$groups, $rows, $vectors>(tile),)*
                        _ => unreachable!("a tile has 1 to {} rows", $most),
                    }
                }
            }
        }
    };
}
pub(crate) use tiles_of_groups;

/// The operands of one tile.
///
/// Safety: `groups` groups can be read from each of the tile's rows of `x` (one every `stride` bytes), of as many rows as fill
/// the last unit, and from `panel` on for each column of the panel; `sums` has room for a sum for each row and column of a
/// whole tile.
#[derive(Clone, Copy)]
pub(crate) struct Tile {
    pub(crate) x: *const u8,
    pub(crate) stride: usize,
    pub(crate) panel: *const u8,
    pub(crate) groups: usize,
    /// `[rows][columns of a panel]`.
    pub(crate) sums: *mut u32,
}

/// Sums of the largest tile of any level.
const MOST_SUMS: usize = 1024;

/// Room for the sums of a tile.
#[repr(C, align(64))]
struct Room([MaybeUninit<u32>; MOST_SUMS]);

/// One tile of `R` rows and `W` vectors.
///
/// # Safety
/// See [`Tile`]; the CPU has the level's instructions.
#[inline(always)]
pub(crate) unsafe fn tile<G: Groups, const R: usize, const W: usize>(tile: Tile) {
    let vector = size_of::<G::Sum>();
    let Tile { mut x, stride, mut panel, groups, sums: to } = tile;
    // SAFETY: `x` and `panel` advance `groups` times; rows and columns are those of the tile.
    unsafe {
        let mut sums = [[G::zero(); W]; R];
        for _ in 0..groups {
            let mut columns = [G::columns(panel); W];
            for (w, column) in columns.iter_mut().enumerate().skip(1) {
                *column = G::columns(panel.add(w * vector));
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let row = G::row(x.add(r * stride));
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum = G::add(*sum, row, column);
                }
            }
            x = x.add(GROUP);
            panel = panel.add(W * vector);
        }
        to.cast::<[[G::Sum; W]; R]>().write_unaligned(sums);
    }
}

/// # Safety
/// The CPU has the level's instructions; `x` is `[m, k]`, `out` `[m, n]`, `w` packed for this level and precision, and the
/// epilogue's operands have their lengths.
#[inline(always)]
pub(crate) unsafe fn matmul<G: RoundedTiles>(
    x: &[f32],
    w: &PackedMatrix,
    epilogue: Epilogue<'_>,
    scratch: &mut MatmulScratch,
    out: &mut [f32],
) {
    let (n, k) = (w.n(), w.k());
    let m = x.len() / k;
    let stride = row_bytes(G::PRECISION, k);
    let block_rows = even_block(m, BLOCK_ROWS, G::ROWS);
    scratch.reserve(block_rows, stride);
    let output = Output { c: out.as_mut_ptr(), c_stride: n, n };
    // SAFETY: passed on.
    unsafe { G::enter() };
    let mut row = 0;
    while row < m {
        let rows = block_rows.min(m - row);
        // SAFETY: the rows are in `x` and in C, and the scratch has room for them.
        unsafe {
            let bytes = scratch.bytes.as_bytes_mut().as_mut_ptr();
            for r in 0..rows {
                let scale = G::round(x.as_ptr().add((row + r) * k), k, bytes.add(r * stride));
                *scratch.scales.as_mut_ptr().add(r) = scale;
            }
            let mut column = 0;
            while column < n {
                let at = Place { row, rows, column, columns: w.width.min(n - column) };
                panel::<G>(scratch, w, stride, output, at, epilogue);
                column += w.width;
            }
        }
        row += rows;
    }
    // SAFETY: passed on.
    unsafe { G::leave() };
}

/// The tiles of a block of rows in one panel.
///
/// # Safety
/// As [`matmul`]; `at` lies in C and starts where a panel starts; its rows are those in the scratch.
#[inline(always)]
unsafe fn panel<G: RoundedTiles>(
    scratch: &MatmulScratch,
    w: &PackedMatrix,
    stride: usize,
    output: Output,
    at: Place,
    epilogue: Epilogue<'_>,
) {
    let mut room = Room([MaybeUninit::uninit(); _]);
    const { assert!(G::ROWS * G::COLUMNS <= MOST_SUMS) };
    debug_assert_eq!(w.width, G::COLUMNS);
    let sums = room.0.as_mut_ptr().cast();
    let most = even_block(at.rows, G::ROWS, G::UNIT);
    let mut row = 0;
    while row < at.rows {
        let rows = most.min(at.rows - row);
        // SAFETY: the rows have been rounded; a panel has `stride` bytes for each of its columns.
        unsafe {
            let tile = Tile {
                x: scratch.bytes.as_bytes().as_ptr().add(row * stride),
                stride,
                panel: w.panel_bytes().as_ptr().add(at.column * stride),
                groups: stride / GROUP,
                sums,
            };
            G::tile(rows, tile);
            let from = TileSums::<G::Sums> {
                sums,
                at: Place { row: at.row + row, rows, ..at },
                width: w.width,
                rows: scratch.scales.as_ptr().add(row),
                scales: w.columns.scales.as_ptr(),
                totals: w.columns.sums.as_ptr(),
                kind: PhantomData,
            };
            finish::<Float<G::Sums>>(&from, output, from.at, epilogue);
        }
        row += rows;
    }
}

/// The sums that a tile has left.
///
/// Safety: `sums` is `[rows][width]` for the place `at` in C, and `rows` has the scale of each row; `scales` and `totals`
/// have those of all columns in panels, if the precision has them.
struct TileSums<S> {
    sums: *const u32,
    at: Place,
    width: usize,
    rows: *const RowScale,
    scales: *const f32,
    totals: *const i32,
    kind: PhantomData<S>,
}

impl<S: Sums> Source<S::Float> for TileSums<S> {
    type Columns = S::Columns;

    #[inline(always)]
    unsafe fn columns(&self, column: usize) -> S::Columns {
        // SAFETY: panels are whole vectors.
        unsafe { S::columns(self.scales.wrapping_add(column), self.totals.wrapping_add(column)) }
    }

    #[inline(always)]
    unsafe fn numbers(&self, columns: S::Columns, row: usize, column: usize, _: usize) -> S::Float {
        let (row, column) = (row - self.at.row, column - self.at.column);
        // SAFETY: the tile has the place, and whole vectors of sums.
        unsafe {
            S::numbers(self.sums.add(row * self.width + column), *self.rows.add(row), columns)
        }
    }
}

/// Rounds a row to bytes: see [`crate::rounded`].
///
/// # Safety
/// As [`RoundedTiles::round`].
#[inline(always)]
pub(crate) unsafe fn round_to_bytes<V: Vector>(x: *const f32, k: usize, to: *mut u8) -> RowScale {
    // SAFETY: passed on; `i + LANES ≤ k`, and `i + rest = k`; a row of bytes is filled up to more than whole vectors.
    unsafe {
        let (min, max, sum) = range::<V>(x, k);
        let (scale, inverse) = row_scale(min, max, sum);
        let (by, zero) = (V::splat(inverse), V::splat(scale.zero as f32));
        let most = V::splat(255.0);
        let mut i = 0;
        while i + V::LANES <= k {
            most.min(V::load(x.add(i)).mul(by).add(zero)).store_bytes(to.add(i));
            i += V::LANES;
        }
        let rest = k - i;
        if rest > 0 {
            let last = most.min(V::load_first(x.add(i), rest).mul(by).add(zero));
            last.first_or(rest, V::splat(0.0)).store_bytes(to.add(i));
            i += V::LANES;
        }
        fill_up(to, i, row_bytes(Precision::Int8, k));
        scale
    }
}

/// Zeros from byte `from` to byte `end`; most often there are none.
///
/// # Safety
/// They can be written.
#[inline(always)]
unsafe fn fill_up(row: *mut u8, from: usize, end: usize) {
    if from < end {
        // SAFETY: passed on.
        unsafe { std::ptr::write_bytes(row.add(from), 0, end - from) }
    }
}

/// The smallest and the largest of a row and 0, and its sum, which is not finite if one of the values is not.
///
/// # Safety
/// The CPU has V's instructions; `k` values can be read.
#[inline(always)]
unsafe fn range<V: Vector>(x: *const f32, k: usize) -> (f32, f32, f32) {
    const CHAINS: usize = 3;
    // SAFETY: `i + LANES ≤ k`, and `i + rest = k`.
    unsafe {
        let zero = V::splat(0.0);
        let (mut min, mut max, mut sum) = ([zero; CHAINS], [zero; CHAINS], [zero; CHAINS]);
        let mut i = 0;
        while i + CHAINS * V::LANES <= k {
            for chain in 0..CHAINS {
                let x = V::load(x.add(i + chain * V::LANES));
                min[chain] = x.min(min[chain]);
                max[chain] = x.max(max[chain]);
                sum[chain] = sum[chain].add(x);
            }
            i += CHAINS * V::LANES;
        }
        while i < k {
            // Lanes beyond the row are 0, which the range has anyhow.
            let x = V::load_first(x.add(i), V::LANES.min(k - i));
            min[0] = x.min(min[0]);
            max[0] = x.max(max[0]);
            sum[0] = sum[0].add(x);
            i += V::LANES;
        }
        let smallest = min[0].min(min[1]).min(min[2]);
        let smallest = -zero.sub(smallest).largest();
        (smallest, max[0].max(max[1]).max(max[2]).largest(), sum[0].add(sum[1]).add(sum[2]).sum())
    }
}

/// Rounds a row to bf16.
///
/// # Safety
/// As [`RoundedTiles::round`].
#[inline(always)]
pub(crate) unsafe fn round_to_bf16<V: Vector>(x: *const f32, k: usize, to: *mut u8) -> RowScale {
    #[expect(clippy::cast_ptr_alignment, reason = "rows are whole cache lines")]
    let to = to.cast::<u16>();
    // SAFETY: passed on; `i + LANES ≤ k`, and `i + rest = k`; a row of bf16 is filled up to more than whole vectors.
    unsafe {
        let mut i = 0;
        while i + V::LANES <= k {
            V::load(x.add(i)).store_bf16(to.add(i));
            i += V::LANES;
        }
        if i < k {
            V::load_first(x.add(i), k - i).store_bf16(to.add(i));
            i += V::LANES;
        }
        fill_up(to.cast(), 2 * i, row_bytes(Precision::Bf16, k));
    }
    RowScale::default()
}
