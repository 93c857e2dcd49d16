//! Files of sections: how derived data are written, and read without being believed.
//!
//! ```text
//! section:  tag u32 · 0 u32 · bytes u64 · payload · xxh3-64 of all that u64        little-endian
//! ```
//!
//! Sections follow each other and know no offsets. A reader says which section it expects and how many
//! values; a section that is another, longer than the rest of the file, or whose checksum is wrong is
//! refused before anything is made of it.

use std::io::{self, Read, Write};

use bytemuck::Pod;
use hippocamp_simd::LargeVec;
use xxhash_rust::xxh3::Xxh3;

const HEAD: usize = 16;
/// Bytes that are read at once: they are in a cache still when they are copied to where they stay.
const BUFFER_BYTES: usize = 256 << 10;

/// Writes sections.
pub struct SectionWriter<W> {
    out: W,
}

impl<W: Write> SectionWriter<W> {
    /// Onto `out`, which should be buffered.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    /// One section of all the values of `parts`.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write<'a, T: Pod>(
        &mut self,
        tag: [u8; 4],
        parts: impl Iterator<Item = &'a [T]> + Clone,
    ) -> io::Result<()> {
        let bytes: usize = parts.clone().map(size_of_val).sum();
        let mut hash = Xxh3::new();
        let mut head = [0; HEAD];
        head[..4].copy_from_slice(&tag);
        head[8..].copy_from_slice(&(bytes as u64).to_le_bytes());
        hash.update(&head);
        self.out.write_all(&head)?;
        for part in parts {
            let part: &[u8] = bytemuck::cast_slice(part);
            hash.update(part);
            self.out.write_all(part)?;
        }
        self.out.write_all(&hash.digest().to_le_bytes())
    }

    /// What it wrote to.
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SectionError {
    /// The system said so.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is not what a writer writes.
    #[error("the file is damaged: {0}")]
    Damaged(&'static str),
}

/// Reads sections.
pub struct SectionReader<R> {
    from: R,
    /// Bytes left in the file.
    left: u64,
}

impl<R: Read> SectionReader<R> {
    /// From a file of `bytes` bytes.
    pub fn new(from: R, bytes: u64) -> Self {
        Self { from, left: bytes }
    }

    /// The next section, which must have this tag and `count` values.
    ///
    /// # Errors
    /// [`SectionError`].
    pub fn read<T: Pod>(&mut self, tag: [u8; 4], count: usize) -> Result<Vec<T>, SectionError> {
        Ok(self.read_large(tag, count)?.to_vec())
    }

    /// The same into large pages.
    ///
    /// # Errors
    /// [`SectionError`].
    pub fn read_large<T: Pod>(
        &mut self,
        tag: [u8; 4],
        count: usize,
    ) -> Result<LargeVec<T>, SectionError> {
        let mut values = LargeVec::new();
        self.read_runs(tag, count, count.max(1), |run| values = run)?;
        Ok(values)
    }

    /// As [`read`](Self::read), handing over runs of `run` values (the last may be shorter), before it is
    /// known whether the section's checksum is right.
    ///
    /// # Errors
    /// [`SectionError`].
    pub fn read_runs<T: Pod>(
        &mut self,
        tag: [u8; 4],
        count: usize,
        run: usize,
        mut take: impl FnMut(LargeVec<T>),
    ) -> Result<(), SectionError> {
        let mut head = [0; HEAD];
        self.left = self.left.checked_sub(24).ok_or(SectionError::Damaged("it ends too early"))?;
        self.from.read_exact(&mut head)?;
        let bytes = (count as u64).checked_mul(size_of::<T>() as u64);
        let expected = bytes.filter(|bytes| {
            head[..4] == tag && head[4..8] == [0; 4] && head[8..] == bytes.to_le_bytes()
        });
        let expected =
            expected.ok_or(SectionError::Damaged("a section is not the expected one"))?;
        let left = self.left.checked_sub(expected);
        self.left = left.ok_or(SectionError::Damaged("a section is longer than the file"))?;
        let mut hash = Xxh3::new();
        hash.update(&head);
        let mut buffer = vec![T::zeroed(); count.min(BUFFER_BYTES / size_of::<T>().max(1)).max(1)];
        let mut rest = count;
        while rest > 0 {
            let values = rest.min(run);
            let mut part = LargeVec::with_capacity(values);
            while part.len() < values {
                let room = buffer.len().min(values - part.len());
                let some = buffer.get_mut(..room).unwrap_or_default();
                let bytes: &mut [u8] = bytemuck::cast_slice_mut(some);
                self.from.read_exact(bytes)?;
                hash.update(bytes);
                part.extend_from_slice(some);
            }
            take(part);
            rest -= values;
        }
        let mut checksum = [0; 8];
        self.from.read_exact(&mut checksum)?;
        if hash.digest() == u64::from_le_bytes(checksum) {
            Ok(())
        } else {
            Err(SectionError::Damaged("a checksum is wrong"))
        }
    }

    /// Makes sure that nothing follows.
    ///
    /// # Errors
    /// [`SectionError::Damaged`] if something does.
    pub fn end(self) -> Result<(), SectionError> {
        if self.left == 0 { Ok(()) } else { Err(SectionError::Damaged("it goes on after its end")) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_read_and_nothing_else(
            values in prop::collection::vec(any::<u32>(), 0..60), at in any::<prop::sample::Index>(), bit in 0u8..8,
        ) {
            let mut writer = SectionWriter::new(Vec::new());
            writer.write(*b"ints", values.chunks(7)).unwrap();
            writer.write(*b"none", [[0u8; 0].as_slice()].into_iter()).unwrap();
            let bytes = writer.into_inner();
            let read = |bytes: &[u8], count: usize| -> Result<Vec<u32>, SectionError> {
                let mut reader = SectionReader::new(bytes, bytes.len() as u64);
                let values = reader.read(*b"ints", count)?;
                reader.read::<u8>(*b"none", 0)?;
                reader.end()?;
                Ok(values)
            };
            prop_assert_eq!(&read(&bytes, values.len()).unwrap(), &values);
            prop_assert!(read(&bytes, values.len() + 1).is_err());
            prop_assert!(read(&bytes, usize::MAX).is_err());
            let mut damaged = bytes.clone();
            damaged[at.index(bytes.len())] ^= 1 << bit;
            prop_assert!(read(&damaged, values.len()).is_err());
            prop_assert!(read(&bytes[..at.index(bytes.len())], values.len()).is_err());
            prop_assert!(read(&[bytes.as_slice(), &[0]].concat(), values.len()).is_err());
        }
    }
}
