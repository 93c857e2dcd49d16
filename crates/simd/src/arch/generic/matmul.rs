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
//!         after the last block of k: epilogue(C[tile])
//! ```
//!
//! A is read where it lies, by broadcasts: packing it as well would gain nothing, because a row of a tile is already one
//! stream. Where the rows are not a multiple of ROWS, the last tile is a smaller one; where the columns are not a multiple
//! of COLUMNS, the last panel is padded with zeros and its tile takes the way over a small array.
//!
//! Invariant: an element of C is the sum of its blocks of k in order, and a block is a chain of fused multiply-adds over
//! p in order. Neither depends on which tile, or how large a tile, it is computed in.

use super::{rows, vector::Vector};
use crate::{
    activation::Activation,
    matmul::{Epilogue, PackedMatrix},
};

/// How many p are summed in registers before the sum goes to memory.
const DEPTH: usize = 256;
/// How many rows of A are taken through all panels before the next rows.
const BLOCK_ROWS: usize = 168;
/// Room for the largest tile of any level.
const TILE: usize = 512;

/// The tile of a level.
pub(crate) trait Tiles: Vector {
    /// Rows of a whole tile.
    const ROWS: usize;
    /// Columns of a tile: the width of a panel.
    const COLUMNS: usize;

    /// Computes a tile of `rows` ≤ `ROWS` rows.
    ///
    /// # Safety
    /// See [`Tile`].
    unsafe fn tile(rows: usize, tile: Tile);
}

/// Implements [`Tiles`]: `tiles!(F32x8, 2 vectors wide, up to 6 rows: 1 2 3 4 5 6)`.
macro_rules! tiles {
    ($vector:ty, $vectors:literal vectors wide, up to $most:literal rows: $($rows:literal)*) => {
        impl crate::arch::generic::matmul::Tiles for $vector {
            const ROWS: usize = $most;
            const COLUMNS: usize = $vectors * <$vector as crate::arch::generic::vector::Vector>::LANES;

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
    let Product { a, a_stride, b, c, c_stride, m, n, k } = product;
    let depth = even_block(k, DEPTH, 1);
    let block_rows = even_block(m, BLOCK_ROWS, V::ROWS);
    let mut first_row = 0;
    while first_row < m {
        let rows_end = (first_row + block_rows).min(m);
        let mut p = 0;
        while p < k {
            let depth = depth.min(k - p);
            let mut column = 0;
            while column < n {
                let mut row = first_row;
                while row < rows_end {
                    // SAFETY: row < m, column < n and p + depth ≤ k, a multiple of COLUMNS before `column`.
                    unsafe {
                        let at = Place {
                            row,
                            rows: V::ROWS.min(rows_end - row),
                            column,
                            columns: V::COLUMNS.min(n - column),
                        };
                        let tile = Tile {
                            a: a.add(row * a_stride + p),
                            a_stride,
                            b: b.add(column * k + p * V::COLUMNS),
                            depth,
                            c: c.add(row * c_stride + column),
                            c_stride,
                            add: p > 0,
                        };
                        whole_or_part::<V>(tile, at);
                        if p + depth == k {
                            finish::<V>(tile.c, c_stride, at, n, epilogue);
                        }
                    }
                    row += V::ROWS;
                }
                column += V::COLUMNS;
            }
            p += depth;
        }
        first_row = rows_end;
    }
}

/// The largest block size, a multiple of `unit`, that is not above `most` (itself one) where that can be, and that cuts
/// `len` into blocks of nearly one size.
#[inline(always)]
fn even_block(len: usize, most: usize, unit: usize) -> usize {
    let blocks = len.div_ceil(most).max(1);
    len.div_ceil(blocks).next_multiple_of(unit)
}

/// Which rows and columns of C a tile covers.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    rows: usize,
    column: usize,
    columns: usize,
}

/// A tile whose last columns may not exist in C.
///
/// # Safety
/// See [`Tile`], but `c` need have only `at.columns` columns.
#[inline(always)]
unsafe fn whole_or_part<V: Tiles>(tile: Tile, at: Place) {
    const { assert!(V::ROWS * V::COLUMNS <= TILE) };
    if at.columns == V::COLUMNS {
        // SAFETY: passed on.
        return unsafe { V::tile(at.rows, tile) };
    }
    let mut whole = [0.0; TILE];
    // SAFETY: `whole` has room for all columns of the tile; what is copied to C are the columns that exist.
    unsafe {
        let on_the_side = Tile { c: whole.as_mut_ptr(), c_stride: V::COLUMNS, add: false, ..tile };
        V::tile(at.rows, on_the_side);
        for r in 0..at.rows {
            for j in 0..at.columns {
                let (from, to) = (whole[r * V::COLUMNS + j], tile.c.add(r * tile.c_stride + j));
                *to = if tile.add { *to + from } else { from };
            }
        }
    }
}

/// Applies the epilogue to a tile of C.
///
/// # Safety
/// `c` points to the place `at` in a matrix with `n` columns, the epilogue's operands are `[n]` and `[m, n]`.
#[inline(always)]
unsafe fn finish<V: Vector>(
    c: *mut f32,
    c_stride: usize,
    at: Place,
    n: usize,
    epilogue: Epilogue<'_>,
) {
    let Place { row, rows, column, columns } = at;
    // SAFETY: the rows and columns at `at` exist in C, in the bias and in the residual.
    unsafe {
        match epilogue {
            Epilogue::None => {}
            Epilogue::Bias(bias) => {
                for r in 0..rows {
                    rows::add_at::<V>(c.add(r * c_stride), bias.as_ptr().add(column), columns);
                }
            }
            Epilogue::BiasActivation(bias, f) => {
                for r in 0..rows {
                    let c = c.add(r * c_stride);
                    rows::add_at::<V>(c, bias.as_ptr().add(column), columns);
                    activate::<V>(c, columns, f);
                }
            }
            Epilogue::BiasResidual(bias, residual) => {
                for r in 0..rows {
                    let c = c.add(r * c_stride);
                    rows::add_at::<V>(c, bias.as_ptr().add(column), columns);
                    let residual = residual.as_ptr().add((row + r) * n + column);
                    rows::add_at::<V>(c, residual, columns);
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn activate<V: Vector>(c: *mut f32, columns: usize, f: Activation) {
    // SAFETY: the caller's: `columns` values at `c`, borrowed by nobody else.
    unsafe { rows::activate::<V>(std::slice::from_raw_parts_mut(c, columns), f) }
}
