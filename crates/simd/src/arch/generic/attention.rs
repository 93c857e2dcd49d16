//! Self-attention of one text.
//!
//! ```text
//! for each head
//!   scores = q kᵀ                      [len, len]
//!   p      = exp(scores / √head_dim + bias, relative to the largest of the row)
//!   out    = (p v) / row sums of p     [len, head_dim]
//! ```
//!
//! Both products are [`multiply`]: the keys and values of the head are packed like weights. The scores exist for one block
//! of rows at a time, so the memory is linear in the length of the text, and they stay in the cache. The division by the
//! row's sum is done on the `head_dim` outputs and not on the len probabilities.

use super::{
    matmul::{Product, Tiles, multiply},
    rows,
    transpose::{Block, transpose},
    values,
};
use crate::{
    attention::{AttentionScratch, RelativeBias},
    matmul::Epilogue,
};

/// How many scores are kept at a time (128 KiB), if that is at least one tile of rows.
const SCORES: usize = 32 * 1024;
/// How many rows of scores at most.
const BLOCK_ROWS: usize = 96;

/// # Safety
/// The CPU has V's instructions; `qkv` is `[len, 3 * heads * head_dim]`, `out` `[len, heads * head_dim]`; `bias` is for
/// `heads` and at least `len`.
#[inline(always)]
pub(crate) unsafe fn attention<V: Tiles>(
    qkv: &[f32],
    heads: usize,
    head_dim: usize,
    bias: Option<RelativeBias<'_>>,
    scratch: &mut AttentionScratch,
    out: &mut [f32],
) {
    let hidden = heads * head_dim;
    let len = out.len() / hidden;
    // A multiple of the tile's columns, so that no tile is cut.
    let columns = len.next_multiple_of(V::COLUMNS);
    // One panel more, so that the rows of a tile do not fall on the same cache lines when len is a power of two.
    let stride = columns + V::COLUMNS;
    let block = ((SCORES / stride).min(BLOCK_ROWS) / V::ROWS * V::ROWS).max(V::ROWS);
    scratch.keys.grow(columns * head_dim);
    scratch.values.grow(head_dim.next_multiple_of(V::COLUMNS) * len);
    scratch.scores.grow(block * stride);
    let keys = scratch.keys.as_mut_slice();
    let values = scratch.values.as_mut_slice();
    let scores = scratch.scores.as_mut_slice().as_mut_ptr();
    let scale = 1.0 / (head_dim as f32).sqrt();
    for head in 0..heads {
        let first = head * head_dim;
        let text = Text { qkv, stride: 3 * hidden, len, head_dim };
        // SAFETY: passed on.
        unsafe { pack_keys::<V>(text, hidden + first, keys) };
        pack_values::<V>(text, 2 * hidden + first, values);
        let mut row = 0;
        while row < len {
            let m = block.min(len - row);
            // SAFETY: rows `row .. row + m` exist in `qkv` and `out`, with the columns of this head; the scratch has been
            // grown to what is packed and to `block` rows of scores.
            unsafe {
                multiply::<V>(
                    Product {
                        a: qkv.as_ptr().add(row * 3 * hidden + first),
                        a_stride: 3 * hidden,
                        b: keys.as_ptr(),
                        c: scores,
                        c_stride: stride,
                        m,
                        n: columns,
                        k: head_dim,
                    },
                    Epilogue::None,
                );
                let out = out.as_mut_ptr().add(row * hidden + first);
                let mut sums = [0.0; BLOCK_ROWS];
                for (r, sum) in sums.iter_mut().enumerate().take(m) {
                    let scores = scores.add(r * stride);
                    *sum = match bias {
                        None => rows::exponentials::<V>(scores, len, scale),
                        Some(bias) => {
                            let scores = std::slice::from_raw_parts_mut(scores, len);
                            values::scale::<V>(scores, scale);
                            values::add::<V>(scores, bias.of_query(head, row + r, len));
                            rows::exponentials::<V>(scores.as_mut_ptr(), len, 1.0)
                        }
                    };
                }
                multiply::<V>(
                    Product {
                        a: scores,
                        a_stride: stride,
                        b: values.as_ptr(),
                        c: out,
                        c_stride: hidden,
                        m,
                        n: head_dim,
                        k: len,
                    },
                    Epilogue::None,
                );
                for (r, sum) in sums.iter().enumerate().take(m) {
                    let out = std::slice::from_raw_parts_mut(out.add(r * hidden), head_dim);
                    values::scale::<V>(out, 1.0 / sum);
                }
            }
            row += m;
        }
    }
}

/// Where the heads of a text lie.
#[derive(Clone, Copy)]
struct Text<'a> {
    qkv: &'a [f32],
    stride: usize,
    len: usize,
    head_dim: usize,
}

/// `[panel][head_dim][COLUMNS]`: kᵀ, whose columns are the keys.
///
/// # Safety
/// The CPU has V's instructions; the text has the keys, and the panels are for all of them.
#[inline(always)]
unsafe fn pack_keys<V: Tiles>(text: Text<'_>, first: usize, panels: &mut [f32]) {
    let Text { qkv, stride, len, head_dim } = text;
    let keys = len.next_multiple_of(V::COLUMNS);
    for key in (0..keys).step_by(V::LANES) {
        let panel = &mut panels[key / V::COLUMNS * V::COLUMNS * head_dim..];
        for p in (0..head_dim).step_by(V::LANES) {
            let block = Block {
                from: qkv.as_ptr().wrapping_add(key * stride + first + p),
                stride,
                rows: len.saturating_sub(key).min(V::LANES),
                columns: V::LANES.min(head_dim - p),
            };
            let to = &mut panel[p * V::COLUMNS + key % V::COLUMNS..];
            // SAFETY: the text has the rows, and each of them a key; a panel is whole vectors wide.
            unsafe { transpose::<V>(block, to.as_mut_ptr(), V::COLUMNS) };
        }
    }
}

/// `[panel][len][COLUMNS]`: v as it is, cut into panels.
#[inline(always)]
fn pack_values<V: Tiles>(text: Text<'_>, first: usize, panels: &mut [f32]) {
    let Text { qkv, stride, len, head_dim } = text;
    for (i, panel) in panels.chunks_exact_mut(len * V::COLUMNS).enumerate() {
        let column = i * V::COLUMNS;
        if column >= head_dim {
            break;
        }
        let columns = V::COLUMNS.min(head_dim - column);
        for (to, row) in panel.chunks_exact_mut(V::COLUMNS).zip(qkv.chunks_exact(stride)) {
            let (values, padding) = to.split_at_mut(columns);
            values.copy_from_slice(&row[first + column..][..columns]);
            padding.fill(0.0);
        }
    }
}
