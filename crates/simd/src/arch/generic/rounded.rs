//! The matrix product of rounded values.
//!
//! ```text
//! for block of rows                                    # rounded once, a row at a time, and then in the cache
//!   for panel of weights
//!     for tile of ROWS rows
//!       sums[ROWS][VECTORS] = 0                        # all of it in registers
//!       for group of four bytes
//!         sums[i][j] += row[i][group] · panel[group][j]
//!       C[tile] = sums as numbers
//!     epilogue(C[rows][panel])
//! ```
//!
//! The whole depth is summed in registers: rounded weights are small enough that a panel stays in the second-level cache,
//! and C is touched once.

use std::mem::MaybeUninit;

use super::{
    epilogue::finish,
    matmul::{BLOCK_ROWS, Place, Product, even_block},
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
    type Float: Vector;
    /// Rows of a whole tile.
    const ROWS: usize;
    /// Rows that cost as much as fewer of them.
    const UNIT: usize;

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

/// How groups are multiplied in vectors.
pub(crate) trait Groups: RoundedTiles {
    /// A vector of sums.
    type Sums: Copy;
    /// One group of a row, for all lanes.
    type Row: Copy;
    /// One group of as many columns as there are lanes.
    type Columns: Copy;

    /// No sums.
    ///
    /// # Safety
    /// The CPU has the level's instructions (so everywhere in this trait).
    unsafe fn zero() -> Self::Sums;
    /// # Safety
    /// A group can be read.
    unsafe fn row(from: *const u8) -> Self::Row;
    /// # Safety
    /// A group for each lane can be read.
    unsafe fn columns(from: *const u8) -> Self::Columns;
    /// `sums + row · columns`, in each lane over its group.
    ///
    /// # Safety
    /// The CPU has the level's instructions.
    unsafe fn add(sums: Self::Sums, row: Self::Row, columns: Self::Columns) -> Self::Sums;
    /// The numbers that sums stand for.
    ///
    /// # Safety
    /// `scales` and `totals` can be read for each lane, if the precision has them.
    unsafe fn numbers(
        sums: Self::Sums,
        row: RowScale,
        scales: *const f32,
        totals: *const i32,
    ) -> Self::Float;
}

/// Implements [`RoundedTiles`] by vectors:
/// `tiles_of_groups!(Bytes, Int8 by round_to_bytes, F32x8, 2 vectors wide, up to 4 rows: 1 2 3 4)`.
macro_rules! tiles_of_groups {
    (
        $groups:ty, $precision:ident by $round:ident, $float:ty,
        $vectors:literal vectors wide, up to $most:literal rows: $($rows:literal)*
    ) => {
        impl crate::arch::generic::rounded::RoundedTiles for $groups {
            const PRECISION: crate::Precision = crate::Precision::$precision;
            type Float = $float;
            const ROWS: usize = $most;
            const UNIT: usize = 1;

            #[inline(always)]
            unsafe fn round(x: *const f32, k: usize, to: *mut u8) -> crate::rounded::RowScale {
                // SAFETY: passed on.
                unsafe { crate::arch::generic::rounded::$round::<$float>(x, k, to) }
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
/// the last unit, and from `panel` on
/// for each column of the panel; `scales` for each row; column constants for each column of the panel, if the precision has
/// them; `columns` values can be written in each of the tile's rows of `c`.
#[derive(Clone, Copy)]
pub(crate) struct Tile {
    pub(crate) x: *const u8,
    pub(crate) stride: usize,
    pub(crate) panel: *const u8,
    pub(crate) groups: usize,
    pub(crate) rows: *const RowScale,
    pub(crate) scales: *const f32,
    pub(crate) totals: *const i32,
    pub(crate) c: *mut f32,
    pub(crate) c_stride: usize,
    pub(crate) columns: usize,
}

/// One tile of `R` rows and `W` vectors.
///
/// # Safety
/// See [`Tile`]; the CPU has the level's instructions.
#[inline(always)]
pub(crate) unsafe fn tile<G: Groups, const R: usize, const W: usize>(tile: Tile) {
    let lanes = G::Float::LANES;
    let Tile { mut x, stride, mut panel, groups, .. } = tile;
    // SAFETY: `x` and `panel` advance `groups` times; rows and columns are those of the tile.
    unsafe {
        let mut sums = [[G::zero(); W]; R];
        for _ in 0..groups {
            let mut columns = [G::columns(panel); W];
            for (w, column) in columns.iter_mut().enumerate().skip(1) {
                *column = G::columns(panel.add(w * lanes * GROUP));
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let row = G::row(x.add(r * stride));
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum = G::add(*sum, row, column);
                }
            }
            x = x.add(GROUP);
            panel = panel.add(W * lanes * GROUP);
        }
        // What is indexed by a variable has to lie in memory: a copy does, and the sums themselves stay in registers.
        let mut copy = [[MaybeUninit::uninit(); W]; R];
        for (copy, sums) in copy.iter_mut().zip(sums) {
            for (copy, sum) in copy.iter_mut().zip(sums) {
                copy.write(sum);
            }
        }
        for (r, sums) in copy.iter().enumerate() {
            let row = *tile.rows.add(r);
            for (w, sum) in sums.iter().enumerate() {
                let j = w * lanes;
                let (scales, totals) = (tile.scales.wrapping_add(j), tile.totals.wrapping_add(j));
                store(tile, r, j, G::numbers(sum.assume_init(), row, scales, totals));
            }
        }
    }
}

/// Writes numbers to row `r` of a tile from column `j` on, as far as there are columns.
///
/// # Safety
/// See [`Tile`]; it has the row; the CPU has V's instructions.
#[inline(always)]
pub(crate) unsafe fn store<V: Vector>(tile: Tile, r: usize, j: usize, numbers: V) {
    // SAFETY: `j + LANES ≤ columns`, or only the columns that there are.
    unsafe {
        let c = tile.c.add(r * tile.c_stride);
        if j + V::LANES <= tile.columns {
            numbers.store(c.add(j));
        } else if j < tile.columns {
            numbers.store_first(c.add(j), tile.columns - j);
        }
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
    let c = out.as_mut_ptr();
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
                panel::<G>(scratch, w, at, stride, c.add(row * n + column));
                let product =
                    Product { a: x.as_ptr(), a_stride: k, b: x.as_ptr(), c, c_stride: n, m, n, k };
                finish::<G::Float>(product, at, epilogue);
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
/// As [`matmul`]; `at` lies in C, whose value there is at `c`.
#[inline(always)]
unsafe fn panel<G: RoundedTiles>(
    scratch: &MatmulScratch,
    w: &PackedMatrix,
    at: Place,
    stride: usize,
    c: *mut f32,
) {
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
                rows: scratch.scales.as_ptr().add(row),
                scales: w.columns.scales.as_ptr().wrapping_add(at.column),
                totals: w.columns.sums.as_ptr().wrapping_add(at.column),
                c: c.add(row * w.n()),
                c_stride: w.n(),
                columns: at.columns,
            };
            G::tile(rows, tile);
        }
        row += rows;
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
