//! The matrix product, for [`Kernels::matmul`](crate::Kernels::matmul) and inside attention.
//!
//! ```text
//! for block of rows                       # a block of A (rows × DEPTH) stays in the second-level cache
//!   for block of k (DEPTH)
//!     for panel of B                      # its block (DEPTH × COLUMNS) stays in the first-level cache
//!       for tile of ROWS rows
//!         acc[ROWS][COLUMNS] = 0          # all of it in registers
//!         for p in block of k
//!           acc[i][j] += A[i][p] B[p][j]  # one broadcast and COLUMNS / LANES multiply-adds a row
//!         C[tile] (+)= acc
//!       after the last block of k: epilogue(C[rows][panel])
//! ```
//!
//! A is read where it lies, by broadcasts: packing it as well would gain nothing, because a row of a tile is already one
//! stream. Where the rows are not a multiple of ROWS, the tiles are a little smaller, all of nearly one size; where the columns are not a multiple
//! of COLUMNS, the last panel is padded with zeros and its tile takes the way over a small array.
//!
//! C is touched once in `DEPTH` steps, and a matrix of many columns is long out of the cache by then: its lines are asked
//! for before the tile is computed (at 256 × 768 × 3072 that makes 77 GFLOP/s out of 72).
//!
//! The epilogue runs over all rows of a block at once, one vector wide: its constants and the bias stay in registers, and
//! dozens of independent rows hide the latency of its long chains.
//!
//! Invariant: an element of C is the sum of its blocks of k in order, and a block is a chain of fused multiply-adds over
//! p in order. Neither depends on which tile, or how large a tile, it is computed in.

use super::{
    epilogue::{Output, finish},
    vector::Vector,
};
use crate::{
    matmul::{Epilogue, PackedMatrix},
    rounded::MatmulScratch,
};

/// How many rows of A are taken through all panels before the next rows.
pub(crate) const BLOCK_ROWS: usize = 144;
/// Room for the largest tile of any level.
const TILE: usize = 512;

/// The tile of a level.
pub(crate) trait Tiles: Vector {
    /// Rows of a whole tile.
    const ROWS: usize;
    /// Columns of a tile: the width of a panel.
    const COLUMNS: usize;
    /// How many p are summed in registers before the sum goes to memory.
    const DEPTH: usize;

    /// Computes a tile of `rows` ≤ `ROWS` rows.
    ///
    /// # Safety
    /// See [`Tile`].
    unsafe fn tile(rows: usize, tile: Tile);
}

/// Implements [`Tiles`]: `tiles!(F32x8, 2 vectors wide, 384 deep, up to 6 rows: 1 2 3 4 5 6)`.
macro_rules! tiles {
    ($vector:ty, $vectors:literal vectors wide, $depth:literal deep, up to $most:literal rows: $($rows:literal)*) => {
        impl crate::arch::generic::matmul::Tiles for $vector {
            const ROWS: usize = $most;
            const COLUMNS: usize = $vectors * <$vector as crate::arch::generic::vector::Vector>::LANES;
            const DEPTH: usize = $depth;

            #[inline(always)]
            unsafe fn tile(rows: usize, tile: crate::arch::generic::matmul::Tile) {
                // SAFETY: passed on.
                unsafe {
                    match rows {
                        $($rows => crate::arch::generic::matmul::tile::<$vector, $rows, $vectors>(tile),)*
                        _ => unreachable!("a tile has 1 to {} rows", $most),
                    }
                }
            }
        }
    };
}
pub(crate) use tiles;

/// The operands of one tile.
///
/// Safety: the CPU has the vector's instructions; `depth` values can be read from each of the tile's rows of `a` (one
/// every `a_stride`), `depth * COLUMNS` from `b` on; `COLUMNS` can be written (with `add`, and read) in each of its rows
/// of `c`.
#[derive(Clone, Copy)]
pub(crate) struct Tile {
    a: *const f32,
    a_stride: usize,
    b: *const f32,
    depth: usize,
    c: *mut f32,
    c_stride: usize,
    /// Whether the tile is added to C or replaces it.
    add: bool,
}

/// One tile of `R` rows and `W` vectors.
///
/// # Safety
/// See [`Tile`].
#[inline(always)]
pub(crate) unsafe fn tile<V: Vector, const R: usize, const W: usize>(tile: Tile) {
    let Tile { mut a, a_stride, mut b, depth, c, c_stride, add } = tile;
    // SAFETY: `a` and `b` advance `depth` times; rows and columns are those of the tile.
    unsafe {
        let mut sums = [[V::splat(0.0); W]; R];
        for _ in 0..depth {
            let mut columns = [V::splat(0.0); W];
            for (w, column) in columns.iter_mut().enumerate() {
                *column = V::load(b.add(w * V::LANES));
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = V::splat(*a.add(r * a_stride));
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum = x.fma(column, *sum);
                }
            }
            a = a.add(1);
            b = b.add(W * V::LANES);
        }
        for (r, sums) in sums.iter().enumerate() {
            for (w, sum) in sums.iter().enumerate() {
                let to = c.add(r * c_stride + w * V::LANES);
                if add { V::load(to).add(*sum) } else { *sum }.store(to);
            }
        }
    }
}

/// A product of a matrix that lies in rows and one that lies in panels.
///
/// Safety: `k` values can be read from each of `m` rows of `a` (one every `a_stride`); `b` is `[⌈n / COLUMNS⌉][k][COLUMNS]`;
/// `n` values can be written in each of `m` rows of `c` (one every `c_stride`), which overlap neither.
#[derive(Clone, Copy)]
pub(crate) struct Product {
    pub(crate) a: *const f32,
    pub(crate) a_stride: usize,
    pub(crate) b: *const f32,
    pub(crate) c: *mut f32,
    pub(crate) c_stride: usize,
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) k: usize,
}

/// # Safety
/// The CPU has V's instructions; `x` is `[m, k]`, `out` `[m, n]`, `w` packed for this level, and the epilogue's operands
/// have their lengths.
#[inline(always)]
pub(crate) unsafe fn matmul<V: Tiles>(
    x: &[f32],
    w: &PackedMatrix,
    epilogue: Epilogue<'_>,
    _: &mut MatmulScratch,
    out: &mut [f32],
) {
    let (n, k) = (w.n(), w.k());
    let product = Product {
        a: x.as_ptr(),
        a_stride: k,
        b: w.panels().as_ptr(),
        c: out.as_mut_ptr(),
        c_stride: n,
        m: x.len() / k,
        n,
        k,
    };
    // SAFETY: passed on.
    unsafe { multiply::<V>(product, epilogue) }
}

/// # Safety
/// The CPU has V's instructions; see [`Product`]; the epilogue's operands are `[n]` and `[m, n]`.
#[inline(always)]
pub(crate) unsafe fn multiply<V: Tiles>(product: Product, epilogue: Epilogue<'_>) {
    let Product { c, c_stride, m, n, k, .. } = product;
    let output = Output { c, c_stride, n };
    let depth = even_block(k, V::DEPTH, 1);
    let block_rows = even_block(m, BLOCK_ROWS, V::ROWS);
    let mut row = 0;
    while row < m {
        let rows = block_rows.min(m - row);
        let mut p = 0;
        while p < k {
            let depth = depth.min(k - p);
            let mut column = 0;
            while column < n {
                let at = Place { row, rows, column, columns: V::COLUMNS.min(n - column) };
                // SAFETY: the place is in C, and p + depth ≤ k.
                unsafe {
                    panel::<V>(product, at, p, depth);
                    if p + depth == k && !matches!(epilogue, Epilogue::None) {
                        finish::<V>(&output, output, at, epilogue);
                    }
                }
                column += V::COLUMNS;
            }
            p += depth;
        }
        row += rows;
    }
}

/// The largest block size, a multiple of `unit`, that is not above `most` (itself one) where that can be, and that cuts
/// `len` into blocks of nearly one size.
#[inline(always)]
pub(crate) fn even_block(len: usize, most: usize, unit: usize) -> usize {
    let blocks = len.div_ceil(most).max(1);
    len.div_ceil(blocks).next_multiple_of(unit)
}

/// Some rows of C and the columns of one panel.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) row: usize,
    pub(crate) rows: usize,
    pub(crate) column: usize,
    /// At most `COLUMNS`.
    pub(crate) columns: usize,
}

/// The tiles of a block of rows in one panel, for `depth` of k from `p` on.
///
/// # Safety
/// See [`Product`]; `at` lies in C and starts where a panel starts; `p + depth ≤ k`.
#[inline(always)]
unsafe fn panel<V: Tiles>(product: Product, at: Place, p: usize, depth: usize) {
    let Product { a, a_stride, b, c, c_stride, k, .. } = product;
    let end = at.row + at.rows;
    let most = even_block(at.rows, V::ROWS, 1);
    let mut row = at.row;
    while row < end {
        let rows = most.min(end - row);
        // SAFETY: rows up to `end` exist; the panels before `column` hold `column * k` values.
        unsafe {
            let tile = Tile {
                a: a.add(row * a_stride + p),
                a_stride,
                b: b.add(at.column * k + p * V::COLUMNS),
                depth,
                c: c.add(row * c_stride + at.column),
                c_stride,
                add: p > 0,
            };
            for r in 0..rows {
                // The first and the last line of a row: C is rarely aligned.
                let c = tile.c.wrapping_add(r * c_stride);
                V::prefetch(c);
                V::prefetch(c.wrapping_add(at.columns - 1));
            }
            if at.columns == V::COLUMNS {
                V::tile(rows, tile);
            } else {
                part_of_a_tile::<V>(rows, at.columns, tile);
            }
        }
        row += rows;
    }
}

/// A tile whose last columns do not exist in C.
///
/// # Safety
/// See [`Tile`], but `c` need have only `columns` columns.
#[inline(always)]
unsafe fn part_of_a_tile<V: Tiles>(rows: usize, columns: usize, tile: Tile) {
    const { assert!(V::ROWS * V::COLUMNS <= TILE) };
    let mut whole = [0.0; TILE];
    // SAFETY: `whole` has room for all columns of the tile; what is copied to C are the columns that exist.
    unsafe {
        V::tile(rows, Tile { c: whole.as_mut_ptr(), c_stride: V::COLUMNS, add: false, ..tile });
        for r in 0..rows {
            for j in 0..columns {
                let (from, to) = (whole[r * V::COLUMNS + j], tile.c.add(r * tile.c_stride + j));
                *to = if tile.add { *to + from } else { from };
            }
        }
    }
}
