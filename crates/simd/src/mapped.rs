//! Bytes of a file, used where they lie.
//!
//! A mapped file costs the memory of the pages that are looked at, which processes share, and no time to be read.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::sync::Arc;

use memmap2::Mmap;

/// A part of a mapped file. Clones and parts share the mapping, which ends with the last of them.
///
/// The file must not be written or cut while it is mapped, by anyone: what is read changes under the reader, or the process
/// ends. That is a matter of whose file it is, and is why only files that are made once and then renamed into place, and
/// never touched again, are mapped.
#[derive(Clone)]
pub struct MappedBytes {
    file: Arc<Mmap>,
    range: Range<usize>,
}

impl MappedBytes {
    /// The whole of a file.
    ///
    /// # Errors
    /// What the system says, for instance of an empty file.
    pub fn of(file: &File) -> io::Result<Self> {
        // SAFETY: the file is one of those that nobody changes, as documented above.
        let file = unsafe { Mmap::map(file)? };
        let range = 0..file.len();
        Ok(Self { file: Arc::new(file), range })
    }

    /// A part of it. None if it does not lie inside.
    #[must_use]
    pub fn part(&self, part: Range<usize>) -> Option<Self> {
        let inside = part.start <= part.end && part.end <= self.range.len();
        let start = self.range.start;
        inside.then(|| Self {
            file: Arc::clone(&self.file),
            range: start + part.start..start + part.end,
        })
    }

    /// Gives the memory of its pages back, until they are looked at again.
    pub fn give_back(&self) {
        // Advice: when the system does not take it, nothing is lost.
        #[cfg(unix)]
        // SAFETY: the pages are those of a file that nobody changes, and are read from it again.
        let _ = unsafe {
            self.file.unchecked_advise_range(
                memmap2::UncheckedAdvice::DontNeed,
                self.range.start,
                self.range.len(),
            )
        };
    }
}

impl Deref for MappedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.file[self.range.clone()]
    }
}

impl fmt::Debug for MappedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappedBytes").field("range", &self.range).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use super::MappedBytes;

    #[test]
    fn parts_are_those_of_the_file() {
        let path = std::env::temp_dir().join(format!("hippocamp-mapped-{}", std::process::id()));
        let content: Vec<u8> = (0..20_000_u32).map(|i| (i % 251) as u8).collect();
        File::create(&path).unwrap().write_all(&content).unwrap();
        let whole = MappedBytes::of(&File::open(&path).unwrap()).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(&whole[..], &content[..]);
        let part = whole.part(5_000..15_000).unwrap();
        assert_eq!(&part[..], &content[5_000..15_000]);
        assert_eq!(&part.part(10..20).unwrap()[..], &content[5_010..5_020]);
        part.give_back();
        assert_eq!(&part[..], &content[5_000..15_000], "read again");
        assert!(part.part(0..10_001).is_none());
        #[expect(clippy::reversed_empty_ranges, reason = "a range that there is not")]
        let reversed = 5..2;
        assert!(part.part(reversed).is_none());
    }
}
