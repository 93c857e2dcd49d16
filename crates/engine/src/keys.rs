//! The ids of a partition's records by slot, so that a search that asks for ids only reads nothing from the
//! store.

use std::io::{self, Read, Write};

use hippocamp_index::{SectionError, SectionReader, SectionWriter, Slot};
use ulid::Ulid;

/// Marks an id that is a ULID, kept as its 16 bytes. No UTF-8 text begins with it.
const ULID: u8 = 0xFF;

/// Ids that share a base.
const GROUP: usize = 64;

/// Ids one behind the other.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    bytes: Vec<u8>,
    /// Where each id ends, counted from where its group begins.
    ends: Vec<u32>,
    /// Where each group begins.
    groups: Vec<usize>,
}

impl Keys {
    /// Appends the id of the next slot.
    pub(crate) fn push(&mut self, key: &str) {
        match key.parse::<Ulid>() {
            // Others are read as ULIDs too, in lower case for one.
            Ok(ulid) if ulid.to_string() == key => {
                let mut bytes = [ULID; 17];
                bytes[1..].copy_from_slice(&ulid.to_bytes());
                self.push_raw(&bytes);
            }
            _ => self.push_raw(key.as_bytes()),
        }
    }

    /// The id of a slot; none for one that was never handed out.
    pub(crate) fn get(&self, slot: Slot) -> Option<String> {
        match self.raw(slot.0 as usize)? {
            [ULID, ulid @ ..] => Some(Ulid::from_bytes(ulid.try_into().ok()?).to_string()),
            key => std::str::from_utf8(key).ok().map(str::to_owned),
        }
    }

    /// The ids of these slots, which become 0, 1, 2 …
    pub(crate) fn select(&self, slots: &[Slot]) -> Self {
        let mut selected = Self::default();
        for slot in slots {
            selected.push_raw(self.raw(slot.0 as usize).unwrap_or_default());
        }
        selected
    }

    /// Writes them as sections.
    pub(crate) fn write(&self, to: &mut SectionWriter<impl Write>) -> io::Result<()> {
        to.write(*b"keys", [self.bytes.as_slice()].into_iter())?;
        to.write(*b"ends", [self.ends.as_slice()].into_iter())
    }

    /// Reads the ids of so many slots, of so many bytes in all.
    pub(crate) fn read(
        from: &mut SectionReader<impl Read>,
        slots: usize,
        bytes: usize,
    ) -> Result<Self, SectionError> {
        let bytes = from.read(*b"keys", bytes)?;
        let ends: Vec<u32> = from.read(*b"ends", slots)?;
        let mut groups = Vec::with_capacity(slots.div_ceil(GROUP));
        let mut base = 0usize;
        for group in ends.chunks(GROUP) {
            groups.push(base);
            base = base.saturating_add(group.last().copied().unwrap_or(0) as usize);
        }
        if base != bytes.len() {
            return Err(SectionError::Damaged("its ids have other lengths"));
        }
        Ok(Self { bytes, ends, groups })
    }

    /// Bytes of the ids themselves.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.capacity()
            + self.ends.capacity() * size_of::<u32>()
            + self.groups.capacity() * size_of::<usize>()
    }

    fn push_raw(&mut self, key: &[u8]) {
        if self.ends.len().is_multiple_of(GROUP) {
            self.groups.push(self.bytes.len());
        }
        self.bytes.extend(key);
        let base = self.groups.last().copied().unwrap_or(0);
        // Ids of 64 MiB would be too long for this; the limits of records are far below.
        self.ends.push(u32::try_from(self.bytes.len() - base).unwrap_or(u32::MAX));
    }

    fn raw(&self, slot: usize) -> Option<&[u8]> {
        let base = *self.groups.get(slot / GROUP)?;
        let start = if slot.is_multiple_of(GROUP) { 0 } else { *self.ends.get(slot - 1)? };
        self.bytes.get(base + start as usize..base + *self.ends.get(slot)? as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_comes_back_as_it_was() {
        let ids = [
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "01arz3ndektsv4rrffq69g5fav",
            "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "",
            "1",
            "文档-7",
            "01ARZ3NDEKTSV4RRFFQ69G5FA",
        ];
        let mut keys = Keys::default();
        for id in ids.iter().cycle().take(200) {
            keys.push(id);
        }
        for (slot, id) in ids.iter().cycle().take(200).enumerate() {
            assert_eq!(keys.get(Slot(slot as u32)).as_deref(), Some(*id));
        }
        assert_eq!(keys.get(Slot(200)), None);
        let some = keys.select(&[Slot(134), Slot(64), Slot(4)]);
        assert_eq!(some.get(Slot(0)).as_deref(), Some("文档-7"));
        assert_eq!(some.get(Slot(1)).as_deref(), Some(ids[0]));
        assert_eq!(some.get(Slot(2)).as_deref(), Some(""));
    }
}
