//! What attention needs beside its input and output.

use std::fmt;

use crate::aligned::AlignedBuffer;

/// Working memory of [`Kernels::attention`](crate::Kernels::attention): make one per thread and pass it to every call.
///
/// It holds the packed keys and values of one head and one block of rows of the score matrix, never a whole
/// `len × len` matrix. It only grows, to what the longest text needed: for 512 tokens of 12 × 32 about 0.4 MB.
#[derive(Clone, Default)]
pub struct AttentionScratch {
    pub(crate) keys: AlignedBuffer,
    pub(crate) values: AlignedBuffer,
    pub(crate) scores: AlignedBuffer,
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
        [&self.keys, &self.values, &self.scores]
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
