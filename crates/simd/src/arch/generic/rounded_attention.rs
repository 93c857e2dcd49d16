//! Self-attention of one text with products of bf16.
//!
//! ```text
//! for each head
//!   k, v rounded, in panels of groups
//!   for tile of ROWS queries                    # all of it in the first-level cache
//!     scores = q kᵀ                             [panel][ROWS][COLUMNS], as the tiles leave their sums
//!     p      = exp(scores / √head_dim + bias, relative to the largest of the row), rounded      [ROWS][len]
//!     out    = (p v) / row sums of p            [ROWS][head_dim]
//! ```
//!
//! In kᵀ a group is two neighbouring values of a key, in v the values of two neighbouring tokens.

use super::{
    activation::{EXP_LOWEST, exp},
    matmul::even_block,
    rounded::{Float, RoundedTiles, Tile},
    transpose::{Block, transpose},
    values,
    vector::Vector,
};
use crate::{
    Precision,
    attention::{AttentionScratch, RelativeBias},
    rounded::{GROUP, row_bytes},
};

/// Values of bf16 in a group.
const PAIR: usize = 2;
/// Rows of the largest tile of any level.
const MOST_ROWS: usize = 32;

/// # Safety
/// The CPU has the level's instructions; `qkv` is `[len, 3 * heads * head_dim]`, `out` `[len, heads * head_dim]`; `bias` is
/// for `heads` and at least `len`.
#[inline(always)]
pub(crate) unsafe fn attention<G: RoundedTiles>(
    qkv: &[f32],
    heads: usize,
    head_dim: usize,
    bias: Option<RelativeBias<'_>>,
    scratch: &mut AttentionScratch,
    out: &mut [f32],
) {
    let hidden = heads * head_dim;
    let len = out.len() / hidden;
    let text = Text { stride: 3 * hidden, len, head_dim };
    let shape = Shape::new::<G>(text);
    scratch.keys.grow(shape.panels * shape.key_panel);
    scratch.values.grow(head_dim.div_ceil(G::COLUMNS) * shape.value_panel);
    scratch.scores.grow(shape.panels.max(1) * G::ROWS * G::COLUMNS);
    let rows = G::ROWS.max(Float::<G::Sums>::LANES);
    scratch.rows.grow(rows * shape.key_row.max(shape.weight_row));
    let memory = Memory {
        keys: scratch.keys.as_mut_slice().as_mut_ptr(),
        values: scratch.values.as_mut_slice().as_mut_ptr(),
        scores: scratch.scores.as_mut_slice().as_mut_ptr(),
        rows: scratch.rows.as_mut_slice().as_mut_ptr(),
    };
    const { assert!(G::ROWS <= MOST_ROWS) };
    let tile_rows = even_block(len, G::ROWS, G::UNIT);
    // SAFETY: rows `row .. row + rows` exist in `qkv` and `out`, with the columns of this head; the scratch has been grown
    // to what is written there.
    unsafe {
        G::enter();
        for head in 0..heads {
            let q = qkv.as_ptr().add(head * head_dim);
            pack_keys::<G>(text, shape, q.add(hidden), memory);
            pack_values::<G>(text, shape, q.add(2 * hidden), memory);
            let mut row = 0;
            while row < len {
                let rows = tile_rows.min(len - row);
                score::<G>(text, shape, q.add(row * text.stride), rows, memory);
                let mut sums = [0.0; MOST_ROWS];
                for (r, sum) in sums.iter_mut().enumerate().take(rows) {
                    let bias = bias.map(|bias| bias.of_query(head, row + r, len));
                    *sum = weigh::<G>(text, shape, r, bias, memory);
                }
                let out = out.as_mut_ptr().add(row * hidden + head * head_dim);
                gather::<G>(text, shape, &sums[..rows], memory, out, hidden);
                row += rows;
            }
        }
        G::leave();
    }
}

/// Where the rows of a head lie: one every `stride` values.
#[derive(Clone, Copy)]
struct Text {
    stride: usize,
    len: usize,
    head_dim: usize,
}

/// How a head's operands are laid out.
#[derive(Clone, Copy)]
struct Shape {
    /// Groups of a key or a query.
    key_groups: usize,
    /// Groups of a row of p, or of a column of v.
    weight_groups: usize,
    /// Groups from one rounded query or key to the next.
    key_row: usize,
    /// Groups from one row of p to the next.
    weight_row: usize,
    /// Panels of keys.
    panels: usize,
    /// Sizes of panels, in groups.
    key_panel: usize,
    value_panel: usize,
}

impl Shape {
    #[inline(always)]
    fn new<G: RoundedTiles>(Text { len, head_dim, .. }: Text) -> Self {
        let key_groups = head_dim.div_ceil(PAIR).next_multiple_of(G::GROUPS);
        let weight_groups = len.div_ceil(PAIR).next_multiple_of(G::GROUPS);
        Self {
            key_groups,
            weight_groups,
            key_row: row_bytes(Precision::Bf16, head_dim) / GROUP,
            weight_row: row_bytes(Precision::Bf16, len) / GROUP,
            panels: len.div_ceil(G::COLUMNS),
            key_panel: key_groups * G::COLUMNS,
            value_panel: weight_groups * G::COLUMNS,
        }
    }
}

/// The scratch of one head. A group is one f32 in size.
#[derive(Clone, Copy)]
struct Memory {
    /// `[panel][group][COLUMNS]`: kᵀ.
    keys: *mut f32,
    /// `[panel][group][COLUMNS]`: v.
    values: *mut f32,
    /// `[panel][ROWS][COLUMNS]`: scores, and then what a tile of outputs sums up to.
    scores: *mut f32,
    /// Rounded keys, a vector of them, or the queries of a tile, or its rows of p.
    rows: *mut f32,
}

impl Memory {
    /// Where the scores of a tile's row `r` are, from a key on.
    #[inline(always)]
    fn score<G: RoundedTiles>(self, r: usize, key: usize) -> *mut f32 {
        let (panel, column) = (key / G::COLUMNS, key % G::COLUMNS);
        self.scores.wrapping_add((panel * G::ROWS + r) * G::COLUMNS + column)
    }
}

/// Lays the keys side by side, in groups of two values.
///
/// # Safety
/// As [`attention`]; `k` is the first key.
#[inline(always)]
unsafe fn pack_keys<G: RoundedTiles>(text: Text, shape: Shape, k: *const f32, memory: Memory) {
    let lanes = Float::<G::Sums>::LANES;
    let Text { stride, len, head_dim } = text;
    let mut key = 0;
    while key < shape.panels * G::COLUMNS {
        let rows = len.saturating_sub(key).min(lanes);
        // SAFETY: the text has the rows; a vector of keys is in one panel.
        unsafe {
            for r in 0..rows {
                let to = memory.rows.add(r * shape.key_row);
                G::round(k.add((key + r) * stride), head_dim, to.cast());
            }
            let panel = memory.keys.add(key / G::COLUMNS * shape.key_panel + key % G::COLUMNS);
            let mut group = 0;
            while group < shape.key_groups {
                let block = Block {
                    from: memory.rows.cast_const().add(group),
                    stride: shape.key_row,
                    rows,
                    columns: lanes.min(shape.key_groups - group),
                };
                transpose::<Float<G::Sums>>(block, panel.add(group * G::COLUMNS), G::COLUMNS);
                group += lanes;
            }
        }
        key += lanes;
    }
}

/// Lays the values of tokens side by side, two by two.
///
/// # Safety
/// As [`attention`]; `v` is the first token's.
#[inline(always)]
unsafe fn pack_values<G: RoundedTiles>(text: Text, shape: Shape, v: *const f32, memory: Memory) {
    let mut column = 0;
    while column < text.head_dim.next_multiple_of(G::COLUMNS) {
        let panel = memory
            .values
            .wrapping_add(column / G::COLUMNS * shape.value_panel + column % G::COLUMNS);
        for group in 0..shape.weight_groups {
            // SAFETY: only values that the text has are read; the panel has the group.
            unsafe {
                let first = value::<Float<G::Sums>>(text, v, PAIR * group, column);
                let second = value::<Float<G::Sums>>(text, v, PAIR * group + 1, column);
                first.store_bf16_pairs(second, panel.add(group * G::COLUMNS).cast());
            }
        }
        column += Float::<G::Sums>::LANES;
    }
}

/// A token's values from `column` on; 0 where there is no token or column.
///
/// # Safety
/// As [`pack_values`].
#[inline(always)]
unsafe fn value<V: Vector>(text: Text, v: *const f32, token: usize, column: usize) -> V {
    let columns = V::LANES.min(text.head_dim.saturating_sub(column));
    // SAFETY: the text has the token, and the token the columns.
    unsafe {
        if token >= text.len || columns == 0 {
            return V::splat(0.0);
        }
        let from = v.add(token * text.stride + column);
        if columns == V::LANES { V::load(from) } else { V::load_first(from, columns) }
    }
}

/// The scores of a tile of queries.
///
/// # Safety
/// As [`attention`]; `q` is the tile's first query, and the keys are packed.
#[inline(always)]
unsafe fn score<G: RoundedTiles>(
    text: Text,
    shape: Shape,
    q: *const f32,
    rows: usize,
    memory: Memory,
) {
    // SAFETY: the text has the rows; there is room for the rows and the scores of a whole tile.
    unsafe {
        for r in 0..rows {
            let to = memory.rows.add(r * shape.key_row);
            G::round(q.add(r * text.stride), text.head_dim, to.cast());
        }
        for panel in 0..shape.panels {
            let tile = Tile {
                x: memory.rows.cast(),
                stride: shape.key_row * GROUP,
                panel: memory.keys.add(panel * shape.key_panel).cast(),
                groups: shape.key_groups,
                sums: memory.scores.add(panel * G::ROWS * G::COLUMNS).cast(),
            };
            G::tile(rows, tile);
        }
    }
}

/// Makes row `r` of p of its scores; returns its sum.
///
/// # Safety
/// As [`attention`]; the scores of the row are there, and the queries are no longer needed.
#[inline(always)]
unsafe fn weigh<G: RoundedTiles>(
    text: Text,
    shape: Shape,
    r: usize,
    bias: Option<&[f32]>,
    memory: Memory,
) -> f32 {
    let lanes = Float::<G::Sums>::LANES;
    let len = text.len;
    let mut by = 1.0 / (text.head_dim as f32).sqrt();
    // SAFETY: a vector of scores is in one panel; a row of p has room for whole vectors.
    unsafe {
        if let Some(bias) = bias {
            for (panel, bias) in bias.chunks(G::COLUMNS).enumerate() {
                let scores = memory.score::<G>(r, panel * G::COLUMNS);
                let scores = std::slice::from_raw_parts_mut(scores, bias.len());
                values::scale::<Float<G::Sums>>(scores, by);
                values::add::<Float<G::Sums>>(scores, bias);
            }
            by = 1.0;
        }
        let lowest = Float::<G::Sums>::splat(f32::NEG_INFINITY);
        let mut largest = lowest;
        let mut key = 0;
        while key < len {
            let scores = Float::<G::Sums>::load(memory.score::<G>(r, key))
                .first_or(lanes.min(len - key), lowest);
            largest = largest.max(scores);
            key += lanes;
        }
        let largest = Float::<G::Sums>::splat(largest.largest());
        let (by, lowest) = (Float::<G::Sums>::splat(by), Float::<G::Sums>::splat(EXP_LOWEST));
        let nothing = Float::<G::Sums>::splat(0.0);
        let weights = memory.rows.add(r * shape.weight_row).cast::<u16>();
        let mut sum = nothing;
        let mut key = 0;
        while key < len {
            let scores = Float::<G::Sums>::load(memory.score::<G>(r, key)).sub(largest).mul(by);
            let e = exp(lowest.max(scores)).first_or(lanes.min(len - key), nothing);
            e.store_bf16(weights.add(key));
            sum = sum.add(e);
            key += lanes;
        }
        let end = shape.weight_groups * PAIR;
        if key < end {
            std::ptr::write_bytes(weights.add(key), 0, end - key);
        }
        sum.sum()
    }
}

/// `out = (p v) / sums`, for the rows of a tile.
///
/// # Safety
/// As [`attention`]; `out` is the tile's first output, and p and v are there.
#[inline(always)]
unsafe fn gather<G: RoundedTiles>(
    text: Text,
    shape: Shape,
    sums: &[f32],
    memory: Memory,
    out: *mut f32,
    out_stride: usize,
) {
    let lanes = Float::<G::Sums>::LANES;
    let mut first = 0;
    while first < text.head_dim {
        // SAFETY: the tile has the rows, and the panel the columns.
        unsafe {
            let tile = Tile {
                x: memory.rows.cast(),
                stride: shape.weight_row * GROUP,
                panel: memory.values.add(first / G::COLUMNS * shape.value_panel).cast(),
                groups: shape.weight_groups,
                sums: memory.scores.cast(),
            };
            G::tile(sums.len(), tile);
            for (r, sum) in sums.iter().enumerate() {
                let inverse = Float::<G::Sums>::splat(1.0 / sum);
                let mut column = 0;
                while column < G::COLUMNS.min(text.head_dim - first) {
                    let x = Float::<G::Sums>::load(memory.scores.add(r * G::COLUMNS + column));
                    let x = x.mul(inverse);
                    let out = out.add(r * out_stride + first + column);
                    let rest = text.head_dim - first - column;
                    if lanes <= rest {
                        x.store(out);
                    } else {
                        x.store_first(out, rest);
                    }
                    column += lanes;
                }
            }
        }
        first += G::COLUMNS;
    }
}
