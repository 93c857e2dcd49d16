//! Rows that grow in chunks.

use std::io::Read;
use std::sync::Arc;

use bytemuck::Pod;

use crate::sections::{SectionError, SectionReader};

/// Rows in a chunk.
pub(crate) const CHUNK_ROWS: usize = 1024;

/// Rows of equal width that only grow, in chunks: growing never copies what is there, and a clone shares
/// all chunks but the last.
#[derive(Clone)]
pub(crate) struct Column<T> {
    width: usize,
    full: Vec<Arc<Vec<T>>>,
    last: Vec<T>,
}

impl<T: Pod> Column<T> {
    /// `width` is at least 1.
    pub(crate) fn new(width: usize) -> Self {
        Self { width, full: Vec::new(), last: Vec::new() }
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
        from.read_runs(tag, values, CHUNK_ROWS * width, |chunk| {
            if !column.last.is_empty() {
                column.full.push(Arc::new(std::mem::take(&mut column.last)));
            }
            column.last = chunk;
        })?;
        Ok(column)
    }

    /// Room for one more row, filled by the caller: it must append exactly `width` values.
    pub(crate) fn push_with(&mut self, fill: impl FnOnce(&mut Vec<T>)) {
        let full = CHUNK_ROWS * self.width;
        if self.last.len() >= full {
            let chunk = std::mem::replace(&mut self.last, Vec::with_capacity(full));
            self.full.push(Arc::new(chunk));
        }
        let end = self.last.len() + self.width;
        fill(&mut self.last);
        self.last.resize(end, T::zeroed());
    }

    #[inline]
    pub(crate) fn row(&self, row: usize) -> Option<&[T]> {
        let (chunk, row) = (row / CHUNK_ROWS, row % CHUNK_ROWS);
        let chunk: &[T] = self.full.get(chunk).map_or(&self.last, |chunk| chunk);
        chunk.get(row * self.width..(row + 1) * self.width)
    }

    /// The chunks in order: all but the last have [`CHUNK_ROWS`] rows.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &[T]> + Clone {
        self.full.iter().map(|chunk| chunk.as_slice()).chain(std::iter::once(self.last.as_slice()))
    }

    pub(crate) fn bytes(&self) -> usize {
        let full: usize = self.full.iter().map(|chunk| chunk.capacity()).sum();
        (full + self.last.capacity()) * size_of::<T>()
    }
}
