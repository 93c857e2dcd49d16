//! What attention needs beside its input and output.

use std::fmt;

use crate::aligned::AlignedBuffer;

/// What is added to the scores of attention by how far a key stands behind its query (Raffel et al., 2020).
///
/// Invariant: `values` is `[heads, 2 * reach + 1]`; the place `reach` of a row is a query's own.
#[derive(Clone, Copy, Debug)]
pub struct RelativeBias<'a> {
    values: &'a [f32],
    reach: usize,
}

impl<'a> RelativeBias<'a> {
    /// `values: [heads, 2 * reach + 1]`: in each row, the value for a key that stands `d` places behind its query is at
    /// `reach + d`, for one that stands before it at `reach - d`.
    ///
    /// # Panics
    /// If `values` is not whole rows.
    #[must_use]
    pub fn new(values: &'a [f32], reach: usize) -> Self {
        let width = 2 * reach + 1;
        assert!(
            values.len().is_multiple_of(width),
            "{} values are not rows of {width}",
            values.len()
        );
        Self { values, reach }
    }

    /// How many heads it is for.
    #[must_use]
    pub fn heads(&self) -> usize {
        self.values.len() / (2 * self.reach + 1)
    }

    /// Tokens of the longest text that it is for.
    #[must_use]
    pub fn max_len(&self) -> usize {
        self.reach + 1
    }

    /// What the query in place `row` of a text of `len` tokens adds to its scores, key by key.
    #[inline]
    pub(crate) fn of_query(&self, head: usize, row: usize, len: usize) -> &'a [f32] {
        &self.values[head * (2 * self.reach + 1) + self.reach - row..][..len]
    }
}

/// Working memory of [`Kernels::attention`](crate::Kernels::attention): make one per thread and pass it to every call.
///
/// It holds the packed keys and values of one head and one block of rows of the score matrix, never a whole
/// `len × len` matrix. It only grows, to what the longest text needed: for 512 tokens of 12 × 32 about 0.4 MB.
#[derive(Clone, Default)]
pub struct AttentionScratch {
    pub(crate) keys: AlignedBuffer,
    pub(crate) values: AlignedBuffer,
    pub(crate) scores: AlignedBuffer,
    /// Rounded rows.
    pub(crate) rows: AlignedBuffer,
}

impl AttentionScratch {
    /// An empty one; the first call fills it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        [&self.keys, &self.values, &self.scores, &self.rows]
            .into_iter()
            .map(|buffer| size_of_val(buffer.as_slice()))
            .sum()
    }
}

impl fmt::Debug for AttentionScratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttentionScratch").field("bytes", &self.bytes()).finish()
    }
}
