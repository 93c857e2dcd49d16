//! Index files of somebody who knows the format.

use std::sync::OnceLock;

use hippocamp_simd::Kernels;
use proptest::prelude::*;

use super::tests::{NEVER, NEVER_SYNC, clustered, filled, find, grow};
use super::*;
use crate::sections::{SectionReader, SectionWriter};

/// Makes every checksum right again.
fn mend(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(head) = bytes.get(at..at + 16) {
        let payload = u64::from_le_bytes(head[8..].try_into().unwrap()) as usize;
        let Some(end) = (at + 16).checked_add(payload).filter(|end| end + 8 <= bytes.len()) else {
            return;
        };
        let checksum = xxhash_rust::xxh3::xxh3_64(&bytes[at..end]);
        bytes[end..end + 8].copy_from_slice(&checksum.to_le_bytes());
        at = end + 8;
    }
}

/// Two indexes as they are saved: a flat one with removed slots, and one of lists.
fn saved() -> &'static [Vec<u8>; 2] {
    static SAVED: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    SAVED.get_or_init(|| {
        [2_000, 17_000].map(|count| {
            let vectors = clustered(4, count, HOSTILE_DIMENSION);
            let kernels = Kernels::detect().unwrap();
            let mut index =
                filled(Metric::Cosine, RowFormat::F16, HOSTILE_DIMENSION, &vectors, kernels);
            (0..50).for_each(|slot| assert!(index.remove(Slot(slot))));
            grow(&mut index);
            let mut writer = SectionWriter::new(Vec::new());
            index.snapshot().write(&mut writer).unwrap();
            writer.into_inner()
        })
    })
}

const HOSTILE_DIMENSION: usize = 16;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_file_that_lies_with_right_checksums_is_refused_or_searched_without_harm(
        which in 0usize..2,
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), 0usize..80, prop_oneof![Just(0u8), Just(1), Just(255), any::<u8>()]), 1..5,
        ),
    ) {
        let mut bytes = saved()[which].clone();
        // Half of the changes near the beginnings of sections, where counts are, the others anywhere.
        let mut starts = vec![];
        let mut at = 0;
        while at + 16 <= bytes.len() {
            starts.push(at + 16);
            at += 24 + u64::from_le_bytes(bytes[at + 8..at + 16].try_into().unwrap()) as usize;
        }
        for (place, offset, value) in changes {
            let at = if offset % 2 == 0 { starts[place.index(starts.len())] + offset } else { place.index(bytes.len()) };
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        mend(&mut bytes);
        let mut reader = SectionReader::new(bytes.as_slice(), bytes.len() as u64);
        let options = IndexOptions::default_of(HOSTILE_DIMENSION, Metric::Cosine);
        let options = IndexOptions { rows: RowFormat::F16, ..options };
        let kernels = Kernels::detect().unwrap();
        if let Ok(mut index) = VectorIndex::read(&mut reader, HOSTILE_DIMENSION, Metric::Cosine, options, kernels) {
            for query in clustered(5, 3, HOSTILE_DIMENSION).chunks(HOSTILE_DIMENSION) {
                for recall in [Recall::Default, Recall::AtLeast(0.8), Recall::Exact] {
                    let found = find(&index, query, 10, recall);
                    prop_assert!(found.iter().all(|hit| hit.slot.0 < index.slots()));
                }
                let mask: SlotSet = (0..index.slots()).step_by(2).map(Slot).collect();
                let request = Request { k: 10, recall: Recall::Default, mask: Some(&mask) };
                let found = index.search(query, &request, NEVER).unwrap();
                prop_assert!(found.iter().all(|hit| mask.contains(hit.slot)));
            }
            index.push(&clustered(6, 1, HOSTILE_DIMENSION)).unwrap();
            if let Some(growth) = index.growth() && let Some(grown) = growth.run(1, NEVER_SYNC) {
                index.adopt(grown);
            }
        }
    }
}
