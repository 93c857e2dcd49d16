use proptest::prelude::*;

use super::*;

macro_rules! files {
    ($($constant:ident = $name:literal;)*) => {
        $(const $constant: &[u8] = include_bytes!(concat!("../tests/data/usearch/", $name, ".usearch"));)*
        const ALL: &[&[u8]] = &[$($constant),*];
    };
}

files! {
    F32_COS = "f32-cos";
    F16_IP = "f16-ip";
    BF16_L2SQ = "bf16-l2sq";
    F64_L2SQ = "f64-l2sq";
    I8_COS = "i8-cos";
    MULTI = "multi";
    REUSED = "reused";
    U40_WIDE = "u40-64bit";
    OLD = "v2.9-f16-cos";
    EMPTY = "empty";
    PEARSON = "pearson";
    B1 = "b1";
    BARE = "without-vectors";
}

/// What the files hold, see the README beside them.
fn value(entry: u64, place: u64) -> f32 {
    ((entry * 7 + place * 3) % 17) as f32 / 8.0 - 1.0
}

fn key(entry: u64) -> u64 {
    (entry << 40) + 7
}

fn given(entries: impl IntoIterator<Item = u64>, dimension: u64) -> Vec<(u64, Vec<f32>)> {
    let vector = |entry| (0..dimension).map(|place| value(entry, place)).collect();
    entries.into_iter().map(|entry| (key(entry), vector(entry))).collect()
}

fn without(removed: &[u64], count: u64) -> impl Iterator<Item = u64> {
    (0..count).filter(|entry| !removed.contains(entry))
}

fn check(bytes: &[u8], metric: Metric, dimension: u64, entries: &[(u64, Vec<f32>)]) {
    let file = UsearchFile::parse(bytes).unwrap();
    assert_eq!(file.metric(), Ok(metric));
    assert_eq!(file.dimension() as u64, dimension);
    assert_eq!(file.len(), entries.len());
    assert_eq!(file.is_empty(), entries.is_empty());
    assert_eq!(file.entries().collect::<Vec<_>>(), entries);
}

/// `bytes` with `new` at `at`.
fn with<const N: usize>(bytes: &[u8], at: usize, new: [u8; N]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + N].copy_from_slice(&new);
    bytes
}

/// Where the header of a file with sizes of u32 begins.
fn head(bytes: &[u8]) -> usize {
    bytes.windows(MAGIC.len()).position(|window| window == MAGIC).unwrap()
}

fn error(bytes: &[u8]) -> UsearchError {
    UsearchFile::parse(bytes).unwrap_err()
}

#[test]
fn entries_come_back_as_they_were_added_and_removed_ones_do_not() {
    check(F32_COS, Metric::Cosine, 8, &given(without(&[0, 3, 11, 39], 40), 8));
    for (bytes, metric, dimension) in [
        (F16_IP, Metric::Dot, 5),
        (BF16_L2SQ, Metric::L2, 5),
        (F64_L2SQ, Metric::L2, 3),
        (U40_WIDE, Metric::Cosine, 5),
        (OLD, Metric::Cosine, 5),
    ] {
        check(bytes, metric, dimension, &given(without(&[0, 3, 11], 12), dimension));
        assert!(!UsearchFile::parse(bytes).unwrap().multi());
    }
}

#[test]
fn i8_vectors_come_back_as_127ths_of_the_normalised_ones() {
    let expected: Vec<_> = given(without(&[0, 3, 11], 12), 5)
        .into_iter()
        .map(|(key, vector)| {
            let norm = vector.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
            let scaled = vector.iter().map(|&v| (f64::from(v) * 127.0 / norm).trunc() as f32);
            (key, scaled.map(|v| v / 127.0).collect())
        })
        .collect();
    check(I8_COS, Metric::Cosine, 5, &expected);
}

#[test]
fn several_vectors_under_one_key_all_come_back() {
    let expected: Vec<_> = without(&[4, 5], 12)
        .zip(given(without(&[4, 5], 12), 3))
        .map(|(entry, (_, vector))| (key(entry / 2), vector))
        .collect();
    check(MULTI, Metric::L2, 3, &expected);
    assert!(UsearchFile::parse(MULTI).unwrap().multi());
}

#[test]
fn an_entry_in_the_place_of_a_removed_one_has_its_own_vector() {
    let mut expected = given([20, 1, 2, 21, 4, 5], 3);
    assert_eq!(UsearchFile::parse(REUSED).unwrap().len(), 6);
    let mut found: Vec<_> = UsearchFile::parse(REUSED).unwrap().entries().collect();
    expected.sort_by_key(|entry| entry.0);
    found.sort_by_key(|entry| entry.0);
    assert_eq!(found, expected);
}

#[test]
fn an_index_without_entries_is_one() {
    check(EMPTY, Metric::Cosine, 3, &[]);
}

#[test]
fn sizes_may_be_of_64_bits() {
    let mut wide = Vec::new();
    wide.extend(40u64.to_le_bytes());
    wide.extend(32u64.to_le_bytes());
    wide.extend(&F32_COS[8..]);
    check(&wide, Metric::Cosine, 8, &given(without(&[0, 3, 11, 39], 40), 8));
}

#[test]
fn a_metric_that_no_collection_has_is_named_and_does_not_hinder_reading() {
    let file = UsearchFile::parse(PEARSON).unwrap();
    assert_eq!(file.metric(), Err(UsearchError::Metric("pearson")));
    assert_eq!(file.entries().collect::<Vec<_>>(), given(0..2, 3));
    let unknown = with(PEARSON, head(PEARSON) + 13, [0]);
    let message = UsearchFile::parse(&unknown).unwrap().metric().unwrap_err().to_string();
    assert_eq!(
        message,
        "the usearch index compares vectors by a function of its own, which no collection does: choose \
         \"cosine\", \"dot\" or \"l2\" for its vectors"
    );
}

#[test]
fn other_kinds_and_versions_are_named() {
    assert_eq!(error(B1), UsearchError::ScalarKind("b1x8"));
    assert_eq!(error(BARE), UsearchError::WithoutVectors);
    let head = head(F32_COS);
    let changed = |at, code: u8| error(&with(F32_COS, head + at, [code]));
    assert_eq!(changed(7, 3), UsearchError::Version(3, 25, 3));
    assert_eq!(changed(14, 5), UsearchError::ScalarKind("e5m2"));
    assert_eq!(changed(14, 17), UsearchError::ScalarKind("u8"));
    assert_eq!(changed(14, 0), UsearchError::ScalarKind("unknown"));
    assert_eq!(changed(14, 200), UsearchError::ScalarKind("unknown"));
    assert_eq!(changed(15, 3), UsearchError::KeyKind("uuid"));
    assert_eq!(changed(16, 14), UsearchError::SlotKind("u64"));
    // The codes of before 2.10 are others: 14 was i8.
    assert_eq!(changed(9, 9), UsearchError::KeyKind("i8"));
}

#[test]
fn the_first_bytes_say_where_a_header_can_stand() {
    for bytes in ALL {
        let start = &bytes[..UsearchFile::START];
        let found = UsearchFile::header_offsets(start)
            .any(|at| bytes.get(at as usize..).is_some_and(|rest| rest.starts_with(MAGIC)));
        assert!(found);
    }
    assert_eq!(UsearchFile::header_offsets(b"usearch").collect::<Vec<_>>(), [0]);
    assert_eq!(UsearchFile::header_offsets(&[0xFF; 16]).count(), 2);
}

#[test]
fn shared_keys_are_found() {
    for bytes in [F32_COS, REUSED, EMPTY, OLD] {
        assert_eq!(UsearchFile::parse(bytes).unwrap().check_keys(), Ok(()));
    }
    let multi = UsearchFile::parse(MULTI).unwrap();
    assert_eq!(multi.check_keys(), Err(UsearchError::SharedKey(key(0))));
}

#[test]
fn parts_that_contradict_each_other_are_damage() {
    let head = head(F32_COS);
    let graph = head + 64;
    let damaged =
        |at, new: [u8; 8]| matches!(error(&with(F32_COS, at, new)), UsearchError::Damaged(_));
    for huge in [0u64, 9, u64::MAX, u64::MAX / 4 + 1] {
        assert!(damaged(head + 33, huge.to_le_bytes()), "dimension {huge}");
    }
    assert!(damaged(head + 17, u64::MAX.to_le_bytes()), "live entries");
    assert!(damaged(head + 25, 1u64.to_le_bytes()), "removed entries");
    assert!(damaged(graph, 39u64.to_le_bytes()), "nodes");
    assert!(damaged(graph + 8, u64::MAX.to_le_bytes()), "connectivity");
    assert!(damaged(graph + 40, (-1i64).to_le_bytes()), "levels");
    let node = graph + 40 + 40 * 2;
    assert!(damaged(node + 8, 7u64.to_le_bytes()), "the level of a node");
    assert_eq!(
        error(&with(F32_COS, head + 41, [2])),
        UsearchError::Damaged("a flag is neither 0 nor 1")
    );
}

#[test]
fn counts_beyond_the_file_are_errors_before_memory_is_taken() {
    let graph = head(F32_COS) + 64;
    for huge in [u64::from(u32::MAX), 1 << 40, u64::MAX / 4 - 1] {
        let base = with(F32_COS, graph + 16, huge.to_le_bytes());
        assert_eq!(error(&base), UsearchError::Truncated("nodes"), "{huge}");
    }
    for sizes in [[u32::MAX; 2], [u32::MAX, 1], [0, u32::MAX], [u32::MAX, 0], [41, 32], [0, 0]] {
        let bytes = [sizes[0].to_le_bytes(), sizes[1].to_le_bytes()].concat();
        let changed = with(F32_COS, 0, <[u8; 8]>::try_from(bytes).unwrap());
        assert_eq!(error(&changed), UsearchError::NotUsearch, "{sizes:?}");
    }
    // No row, but each of 2^61 bytes: there is nothing to contradict it.
    let mut absurd = [0u64.to_le_bytes(), (1u64 << 61).to_le_bytes()].concat();
    absurd.extend(with(&EMPTY[8..], 33, (1u64 << 59).to_le_bytes()));
    let file = UsearchFile::parse(&absurd).unwrap();
    assert_eq!((file.dimension(), file.entries().count()), (1 << 59, 0));
}

#[test]
fn a_file_cut_off_anywhere_is_an_error() {
    for bytes in ALL {
        if let Ok(whole) = UsearchFile::parse(bytes) {
            for length in 0..bytes.len() {
                // The graph of an empty index is not followed by anything.
                let cut = UsearchFile::parse(&bytes[..length]);
                assert!(cut.is_err(), "{length} of {}", bytes.len());
            }
            let longer = [bytes, &[7; 9][..]].concat();
            assert_eq!(UsearchFile::parse(&longer).unwrap().len(), whole.len());
        }
    }
    assert_eq!(error(b""), UsearchError::NotUsearch);
    assert_eq!(error(&F32_COS[..head(F32_COS) + 20]), UsearchError::Truncated("header"));
    assert_eq!(error(&F32_COS[..head(F32_COS) + 70]), UsearchError::Truncated("graph"));
    assert_eq!(error(&F32_COS[..head(F32_COS) + 64 + 50]), UsearchError::Truncated("levels"));
    assert_eq!(error(&F32_COS[..F32_COS.len() - 1]), UsearchError::Truncated("nodes"));
}

/// Whatever is parsed can be read to its end, and holds no more than the file.
fn read_all(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(file) = UsearchFile::parse(bytes) {
        let mut entries = 0;
        for (key, vector) in file.entries() {
            prop_assert_ne!(key, FREE_KEY);
            prop_assert_eq!(vector.len(), file.dimension());
            entries += 1;
        }
        prop_assert_eq!(entries, file.len());
        prop_assert!(entries == 0 || entries * file.dimension() <= bytes.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_files_are_read_or_refused(
        file in 0..ALL.len(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        length in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = ALL[file].to_vec();
        for (at, new) in flips {
            let at = at.index(bytes.len());
            bytes[at] = new;
        }
        if cut {
            bytes.truncate(length.index(bytes.len()));
        }
        read_all(&bytes)?;
    }

    #[test]
    fn damaged_headers_are_read_or_refused(
        file in 0..ALL.len(), in_matrix in any::<bool>(), at in 0usize..112, new in any::<u64>(), shift in 0u32..64,
    ) {
        let mut bytes = ALL[file].to_vec();
        let at = if in_matrix { at % 16 } else { head(&bytes) + at };
        for (byte, new) in bytes.iter_mut().skip(at).zip((new >> shift).to_le_bytes()) {
            *byte = new;
        }
        read_all(&bytes)?;
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        sizes in (0u32..9, 0u32..9), rows in prop::collection::vec(any::<u8>(), 0..64),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut bytes = [sizes.0.to_le_bytes(), sizes.1.to_le_bytes()].concat();
        bytes.extend(rows.iter().cycle().take(if rows.is_empty() { 0 } else { (sizes.0 * sizes.1) as usize }));
        bytes.extend(MAGIC);
        bytes.extend([2, 0]);
        bytes.extend(rest);
        read_all(&bytes)?;
    }
}
