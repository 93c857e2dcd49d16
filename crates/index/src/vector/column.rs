//! Rows that grow in chunks.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use bytemuck::Pod;
use hippocamp_simd::LargeVec;

use crate::sections::{SectionError, SectionReader};

/// Bytes of a chunk, at most, and more than half of it: whole large pages for the usual widths.
const CHUNK_BYTES: usize = 8 << 20;

/// Rows of equal width that only grow, in chunks: growing never copies what is there, and a clone shares
/// all chunks but the last.
#[derive(Clone)]
pub(crate) struct Column<T: Copy> {
    width: usize,
    /// The logarithm of the number of rows in a chunk.
    chunk: u32,
    full: Vec<Arc<LargeVec<T>>>,
    last: LargeVec<T>,
}

impl<T: Pod> Column<T> {
    /// `width` is at least 1.
    pub(crate) fn new(width: usize) -> Self {
        let rows = (CHUNK_BYTES / (width * size_of::<T>())).max(1);
        Self { width, chunk: rows.ilog2(), full: Vec::new(), last: LargeVec::new() }
    }

    /// The `rows` rows that were written as a section.
    pub(crate) fn load(
        from: &mut SectionReader<impl Read>,
        tag: [u8; 4],
        width: usize,
        rows: u32,
    ) -> Result<Self, SectionError> {
        let mut column = Self::new(width);
        let values = (rows as usize).checked_mul(width);
        let values = values.ok_or(SectionError::Damaged("it has too many rows"))?;
        from.read_runs(tag, values, column.chunk_values(), |chunk| {
            if !column.last.is_empty() {
                column.full.push(Arc::new(std::mem::take(&mut column.last)));
            }
            column.last = chunk;
        })?;
        Ok(column)
    }

    fn chunk_values(&self) -> usize {
        self.width << self.chunk
    }

    /// One more row, of zeros, for the caller to fill.
    pub(crate) fn push(&mut self) -> &mut [T] {
        let full = self.chunk_values();
        if self.last.len() >= full {
            let chunk = std::mem::replace(&mut self.last, LargeVec::with_capacity(full));
            self.full.push(Arc::new(chunk));
        }
        self.last.extend_with(self.width, T::zeroed())
    }

    /// Values in a row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    #[inline]
    pub(crate) fn row(&self, row: usize) -> Option<&[T]> {
        self.rows(row, 1)
    }

    /// Some rows, if they are in one chunk.
    #[inline]
    pub(crate) fn rows(&self, first: usize, count: usize) -> Option<&[T]> {
        let (chunk, first) = (first >> self.chunk, first & ((1 << self.chunk) - 1));
        let chunk: &[T] = self.full.get(chunk).map_or(&self.last, |chunk| chunk);
        chunk.get(first * self.width..(first + count) * self.width)
    }

    /// The chunks in order.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &[T]> + Clone {
        self.full.iter().map(|chunk| &***chunk).chain(std::iter::once(&*self.last))
    }

    /// Some of the rows, in pieces of up to `most` rows that lie together.
    pub(crate) fn pieces(&self, rows: Range<usize>, most: usize) -> impl Iterator<Item = &[T]> {
        let (first, mask) = (rows.start >> self.chunk, (1 << self.chunk) - 1);
        let mut skip = (rows.start & mask) * self.width;
        let mut left = rows.len().saturating_mul(self.width);
        self.chunks().skip(first).flat_map(move |chunk| {
            let chunk = chunk.get(std::mem::take(&mut skip)..).unwrap_or_default();
            let chunk = chunk.get(..left).unwrap_or(chunk);
            left -= chunk.len();
            chunk.chunks(most * self.width)
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.full.iter().map(|chunk| chunk.bytes()).sum::<usize>() + self.last.bytes()
    }
}
