//! Transposing blocks of vectors by vectors.

use super::vector::Vector;

/// Rows of the largest vectors.
const MOST: usize = 16;

/// A block of a matrix, of at most `LANES` rows and columns.
///
/// Safety: `columns` values can be read from each of `rows` rows from `from` on, one every `stride`.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    pub(crate) from: *const f32,
    pub(crate) stride: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

/// `to[column][row] = block[row][column]`, and 0 for rows that the block does not have.
///
/// # Safety
/// The CPU has V's instructions; see [`Block`]; `LANES` values can be written to each of the block's columns from `to` on,
/// one every `to_stride`.
#[inline(always)]
pub(crate) unsafe fn transpose<V: Vector>(block: Block, to: *mut f32, to_stride: usize) {
    const { assert!(V::LANES <= MOST) };
    let Block { from, stride, rows, columns } = block;
    // SAFETY: the rows and columns that are touched are those of the block.
    unsafe {
        let mut x = [V::splat(0.0); MOST];
        for (row, x) in x.iter_mut().enumerate().take(V::LANES) {
            if row < rows {
                let from = from.add(row * stride);
                *x = if columns == V::LANES { V::load(from) } else { V::load_first(from, columns) };
            }
        }
        step::<V, 1>(&mut x);
        step::<V, 2>(&mut x);
        if V::LANES > 4 {
            step::<V, 4>(&mut x);
        }
        if V::LANES > 8 {
            step::<V, 8>(&mut x);
        }
        for (column, x) in x.iter().enumerate().take(V::LANES) {
            if column < columns {
                x.store(to.add(column * to_stride));
            }
        }
    }
}

/// [`Vector::transposed`] for all rows.
#[inline(always)]
fn step<V: Vector, const DISTANCE: usize>(x: &mut [V; MOST]) {
    for row in 0..V::LANES {
        if row & DISTANCE == 0 {
            (x[row], x[row + DISTANCE]) = x[row].transposed::<DISTANCE>(x[row + DISTANCE]);
        }
    }
}
