use hippocamp_simd::Level;
use proptest::prelude::*;

use super::rotation::SplitMix;
use super::*;
use crate::Neighbor;
use crate::oracle::similarity;
use crate::sections::{SectionError, SectionReader, SectionWriter};

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::L2, Metric::Dot];
const FORMATS: [RowFormat; 3] = [RowFormat::F32, RowFormat::F16, RowFormat::Int8];
pub(super) const NEVER: &dyn Fn() -> bool = &|| false;

fn all_kernels() -> Vec<&'static Kernels> {
    Level::all_available().into_iter().map(|level| Kernels::at(level).unwrap()).collect()
}

/// Deterministic values in [-1, 1).
fn values(seed: u64, count: usize) -> Vec<f32> {
    let mut random = SplitMix(seed);
    (0..count).map(|_| (random.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0).collect()
}

/// Points around a few centres, as texts lie around topics.
pub(super) fn clustered(seed: u64, count: usize, dimension: usize) -> Vec<f32> {
    let centres = values(seed, 40 * dimension);
    let mut random = SplitMix(seed ^ 1);
    let noise = values(seed ^ 2, count * dimension);
    noise
        .chunks(dimension)
        .flat_map(|noise| {
            let centre = random.below(40) * dimension;
            noise.iter().zip(&centres[centre..]).map(|(x, c)| c + 0.6 * x).collect::<Vec<_>>()
        })
        .collect()
}

pub(super) fn filled(
    metric: Metric,
    rows: RowFormat,
    dimension: usize,
    vectors: &[f32],
    kernels: &'static Kernels,
) -> VectorIndex {
    let options = IndexOptions { rows, ..IndexOptions::default_of(dimension, metric) };
    let mut index = VectorIndex::new(dimension, metric, options, kernels);
    for vector in vectors.chunks(dimension) {
        index.push(vector).unwrap();
    }
    index
}

pub(super) fn grow(index: &mut VectorIndex) {
    while let Some(growth) = index.growth() {
        index.adopt(growth.run(2, NEVER_SYNC).unwrap());
    }
}
pub(super) const NEVER_SYNC: &(dyn Fn() -> bool + Sync) = &|| false;

pub(super) fn find(index: &VectorIndex, query: &[f32], k: usize, recall: Recall) -> Vec<Neighbor> {
    index.search(query, &Request { k, recall, mask: None }, NEVER).unwrap()
}

/// The part of the true neighbours that searches find, on average over some vectors near stored ones.
fn recall(
    index: &VectorIndex,
    vectors: &[f32],
    k: usize,
    recall: Recall,
    mask: Option<&SlotSet>,
) -> f64 {
    let dimension = index.dimension();
    let queries = clustered(1, 40, dimension);
    let (mut right, mut all) = (0, 0);
    for query in queries.chunks(dimension) {
        let found = index.search(query, &Request { k, recall, mask }, NEVER).unwrap();
        let mut truth: Vec<(f64, u32)> = (0..index.slots())
            .filter(|slot| !index.dead().contains(Slot(*slot)))
            .filter(|slot| mask.is_none_or(|mask| mask.contains(Slot(*slot))))
            .map(|slot| {
                let vector = &vectors[slot as usize * dimension..][..dimension];
                (similarity(index.metric(), query, vector), slot)
            })
            .collect();
        truth.sort_by(|a, b| b.0.total_cmp(&a.0));
        truth.truncate(k);
        assert_eq!(found.len(), truth.len());
        right += truth.iter().filter(|(_, slot)| found.iter().any(|n| n.slot.0 == *slot)).count();
        all += truth.len();
    }
    right as f64 / f64::from(all as u32)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_search_finds_what_comparing_everything_finds(
        seed in any::<u64>(), count in 0usize..300, dimension in 1usize..40, k in 1usize..20, removed in 0usize..50,
    ) {
        let rows = values(seed, count * dimension);
        let query = values(seed ^ 7, dimension);
        for kernels in all_kernels() {
            for metric in METRICS {
                let mut index = filled(metric, RowFormat::F32, dimension, &rows, kernels);
                let mut live: Vec<u32> = (0..count as u32).collect();
                for i in 0..removed.min(count) {
                    let slot = (i * 7919 % count) as u32;
                    prop_assert_eq!(index.remove(Slot(slot)), live.contains(&slot));
                    live.retain(|&s| s != slot);
                }
                prop_assert_eq!(index.len(), live.len() as u64);
                let mask: SlotSet = (0..count as u32).filter(|s| s % 3 != 1).map(Slot).collect();
                let sparse: SlotSet = (0..count as u32).filter(|s| s % 17 == 3).map(Slot).collect();
                for mask in [None, Some(&mask), Some(&sparse)] {
                    let mut expected: Vec<f64> = live
                        .iter()
                        .filter(|&&s| mask.is_none_or(|mask| mask.contains(Slot(s))))
                        .map(|&s| similarity(metric, &query, &rows[s as usize * dimension..(s as usize + 1) * dimension]))
                        .collect();
                    expected.sort_by(|a, b| b.total_cmp(a));
                    expected.truncate(k);
                    let request = Request { k, recall: Recall::Default, mask };
                    let found = index.search(&query, &request, NEVER).unwrap();
                    prop_assert_eq!(found.len(), expected.len());
                    for (neighbor, expected) in found.iter().zip(expected) {
                        let slot = neighbor.slot;
                        prop_assert!(live.contains(&slot.0) && mask.is_none_or(|mask| mask.contains(slot)));
                        prop_assert!((f64::from(neighbor.similarity) - expected).abs() < 1e-4 * (1.0 + expected.abs()));
                    }
                }
            }
        }
    }
}

#[test]
fn each_row_format_is_as_exact_as_it_says() {
    let dimension = 48;
    let rows = values(3, 500 * dimension);
    let query = values(4, dimension);
    for kernels in all_kernels() {
        for metric in METRICS {
            for (format, error) in FORMATS.into_iter().zip([1e-6, 1e-3, 1e-2]) {
                let index = filled(metric, format, dimension, &rows, kernels);
                for n in find(&index, &query, 500, Recall::Exact) {
                    let vector = &rows[n.slot.0 as usize * dimension..][..dimension];
                    let expected = similarity(metric, &query, vector);
                    let scale = if metric == Metric::Cosine { 1.0 } else { 16.0 };
                    assert!(
                        (f64::from(n.similarity) - expected).abs() < error * scale,
                        "{metric} {format}"
                    );
                }
            }
        }
    }
}

#[test]
fn chunks_and_blocks_have_no_seams() {
    // Of so many dimensions a chunk has 256 rows, and four times as many of one byte each.
    const CHUNK: usize = 256;
    let (dimension, count) = (8_192, 4 * CHUNK + 133);
    let mut rows = vec![0.0; count * dimension];
    for (i, row) in rows.chunks_exact_mut(dimension).enumerate() {
        row[i] = 100.0;
    }
    for format in [RowFormat::F32, RowFormat::F16, RowFormat::Int8] {
        for kernels in all_kernels() {
            let index = filled(Metric::L2, format, dimension, &rows, kernels);
            for slot in [0, 1, 127, 128, CHUNK - 1, CHUNK, 2 * CHUNK, 4 * CHUNK, count - 1] {
                for recall in [Recall::Default, Recall::Exact] {
                    let query = &rows[slot * dimension..(slot + 1) * dimension];
                    let found = find(&index, query, 1, recall);
                    assert_eq!(found[0].slot, Slot(slot as u32), "{format}");
                    assert!(found[0].similarity.abs() < 1e-3, "{format}");
                }
            }
            assert_eq!(find(&index, &rows[..dimension], count * 2, Recall::Exact).len(), count);
        }
    }
}

#[test]
fn equal_rows_come_in_the_order_of_their_slots() {
    for kernels in all_kernels() {
        let index = filled(Metric::Cosine, RowFormat::F16, 2, &[1.0, 2.0].repeat(500), kernels);
        let found = find(&index, &[1.0, 2.0], 10, Recall::Default);
        assert_eq!(found.iter().map(|n| n.slot.0).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    }
}

#[test]
fn huge_and_tiny_values_still_have_an_angle() {
    for kernels in all_kernels() {
        let rows = [1e38f32, 1e38, 1e-38, -1e-38, f32::MAX, 0.0, 1e-45, 1e-45];
        let index = filled(Metric::Cosine, RowFormat::F16, 2, &rows, kernels);
        let found = find(&index, &[1e30, 1e30], 4, Recall::Default);
        assert_eq!(found.len(), 4);
        let cosine = |slot: u32| found.iter().find(|n| n.slot.0 == slot).unwrap().similarity;
        assert!((cosine(0) - 1.0).abs() < 1e-3);
        assert!(cosine(1).abs() < 1e-3);
        assert!((cosine(2) - 0.5f32.sqrt()).abs() < 1e-3);
        assert!((cosine(3) - 1.0).abs() < 1e-3);
    }
}

#[test]
fn overflowing_products_are_the_farthest_and_never_nan() {
    let far = [f32::MAX, f32::MIN].repeat(1_500);
    for kernels in all_kernels() {
        for metric in [Metric::Dot, Metric::L2] {
            for count in [1, 1_500] {
                let mut index = filled(metric, RowFormat::F32, 2, &far[..2 * count], kernels);
                index.push(&[1.0, 1.0]).unwrap();
                grow(&mut index);
                for query in [[f32::MAX, f32::MAX], [1.0, 1.0]] {
                    let found = find(&index, &query, 2, Recall::Default);
                    assert_eq!(found.len(), 2, "{metric} {count}");
                    assert!(found.iter().all(|n| !n.similarity.is_nan()));
                }
            }
        }
    }
}

#[test]
fn a_wrong_dimension_is_refused_and_changes_nothing() {
    let mut index = filled(Metric::Dot, RowFormat::F32, 3, &[], Kernels::detect().unwrap());
    let refused = IndexError::Dimension { found: 2, expected: 3 };
    assert_eq!(index.push(&[1.0, 2.0]), Err(refused.clone()));
    let request = Request { k: 1, recall: Recall::Default, mask: None };
    assert_eq!(index.search(&[1.0, 2.0], &request, NEVER), Err(refused));
    assert_eq!(index.slots(), 0);
    assert!(!index.remove(Slot(0)));
}

#[test]
fn a_stopped_search_ends_early() {
    let ones = vec![1.0; 4_096];
    let index = filled(Metric::Dot, RowFormat::F32, 1, &ones, Kernels::detect().unwrap());
    let request = Request { k: 5, recall: Recall::Exact, mask: None };
    assert!(index.search(&[1.0], &request, &|| true).unwrap().len() < 5);
}

#[test]
fn codes_find_the_nearest_at_every_size_and_level() {
    let dimension = 64;
    for kernels in all_kernels() {
        for (metric, count) in METRICS.into_iter().zip([3_000, 5_000, 18_000]) {
            let vectors = clustered(1, count, dimension);
            let mut index = filled(metric, RowFormat::F16, dimension, &vectors, kernels);
            let level = kernels.level();
            let tail = recall(&index, &vectors, 10, Recall::Default, None);
            assert!(tail > 0.95, "{level} {metric}: {tail} before growing");
            grow(&mut index);
            let stats = index.stats();
            assert_eq!(stats.lists > 1, count >= 16_384);
            assert_eq!(stats.tail, 0);
            for (k, target) in [(10, 0.9), (10, 0.99), (1, 0.99), (40, 0.95), (100, 0.98)] {
                let found = recall(&index, &vectors, k, Recall::AtLeast(target), None);
                assert!(
                    found > f64::from(target) - 0.02,
                    "{level} {metric} {count}, {k}: {found} of {target}"
                );
            }
            let exact = recall(&index, &vectors, 10, Recall::Exact, None);
            assert!(exact > 0.995, "{level} {metric}: {exact}");
        }
    }
}

#[test]
fn a_mask_of_any_size_and_place_reaches_the_target() {
    let (dimension, count) = (64, 20_000);
    let vectors = clustered(1, count, dimension);
    for metric in METRICS {
        reaches_the_target(metric, dimension, count, &vectors);
    }
}

fn reaches_the_target(metric: Metric, dimension: usize, count: usize, vectors: &[f32]) {
    let mut index = filled(metric, RowFormat::F16, dimension, vectors, Kernels::detect().unwrap());
    grow(&mut index);
    let target = Recall::AtLeast(0.95);
    let near = clustered(1, 1, dimension);
    let by_nearness = find(&index, &near, count, Recall::Exact);
    for share in [2, 10, 100, 1_000] {
        let random: SlotSet =
            (0..count as u32).filter(|slot| slot % share == 1).map(Slot).collect();
        let nearest: SlotSet =
            by_nearness.iter().take(count / share as usize).map(|n| n.slot).collect();
        let farthest: SlotSet =
            by_nearness.iter().rev().take(count / share as usize).map(|n| n.slot).collect();
        for (what, mask) in [("random", random), ("near", nearest), ("far", farthest)] {
            let found = recall(&index, vectors, 10, target, Some(&mask));
            assert!(found >= 0.945, "{metric} {what} 1/{share}: {found}");
            assert!(share < 100 || found > 0.99, "{metric} {what} 1/{share}: {found} of few");
        }
    }
}

#[test]
fn an_index_of_equal_vectors_returns_as_many_as_are_asked_for() {
    for metric in METRICS {
        let mut index = filled(
            metric,
            RowFormat::F16,
            4,
            &[0.5, -1.0, 0.25, 3.0].repeat(20_000),
            Kernels::detect().unwrap(),
        );
        grow(&mut index);
        assert_eq!(find(&index, &[1.0; 4], 50, Recall::Default).len(), 50, "{metric}");
    }
}

#[test]
fn every_k_that_exists_is_returned() {
    let (dimension, count) = (32, 20_000);
    let vectors = clustered(5, count, dimension);
    let mut index =
        filled(Metric::L2, RowFormat::F32, dimension, &vectors, Kernels::detect().unwrap());
    grow(&mut index);
    for k in [1, 10, 1_000, 10_000, count, count + 1] {
        let found = find(&index, &vectors[..dimension], k, Recall::AtLeast(0.8));
        assert_eq!(found.len(), k.min(count));
        assert_eq!(found[0].slot, Slot(0));
        assert!(found.is_sorted_by(|a, b| a.similarity >= b.similarity));
    }
}

#[test]
fn what_changes_during_a_rebuild_is_there_after_it() {
    let dimension = 32;
    let vectors = clustered(9, 6_000, dimension);
    let kernels = Kernels::detect().unwrap();
    let vector = |at: usize| &vectors[at * dimension..][..dimension];
    let mut index =
        filled(Metric::Cosine, RowFormat::F16, dimension, &vectors[..4_000 * dimension], kernels);
    let growth = index.growth().unwrap();
    for at in 4_000..6_000 {
        index.push(vector(at)).unwrap();
    }
    index.remove(Slot(17));
    index.remove(Slot(4_017));
    assert_eq!(index.adopt(growth.run(1, NEVER_SYNC).unwrap()), None);
    assert_eq!(index.stats().tail, 2_000);
    for (at, there) in [(16, true), (17, false), (4_016, true), (4_017, false), (5_999, true)] {
        let found = find(&index, vector(at), 1, Recall::Default)[0].slot;
        assert_eq!(found == Slot(at as u32), there, "{at}");
    }
}

#[test]
fn gaps_are_closed_while_changes_go_on() {
    let dimension = 32;
    let vectors = clustered(11, 9_000, dimension);
    let vector = |at: u32| &vectors[at as usize * dimension..][..dimension];
    let mut index = filled(
        Metric::Cosine,
        RowFormat::F16,
        dimension,
        &vectors[..8_000 * dimension],
        Kernels::detect().unwrap(),
    );
    grow(&mut index);
    for slot in (0..8_000).filter(|slot| slot % 3 != 0) {
        index.remove(Slot(slot));
    }
    let growth = index.growth().unwrap();
    for at in 8_000..9_000 {
        index.push(vector(at)).unwrap();
    }
    index.remove(Slot(3));
    index.remove(Slot(8_003));
    let old = index.adopt(growth.run(1, NEVER_SYNC).unwrap()).unwrap();
    assert_eq!(index.len(), 2_667 + 1_000 - 2);
    assert!(index.slots() <= 2_667 + 1_000);
    for at in [0, 6, 7_998, 8_000, 8_999] {
        let slot = find(&index, vector(at), 1, Recall::Default)[0].slot;
        assert_eq!(old[slot.0 as usize], Slot(at));
    }
    for at in [3, 4, 8_003] {
        let slot = find(&index, vector(at), 1, Recall::Default)[0].slot;
        assert_ne!(old[slot.0 as usize], Slot(at));
    }
    assert!(!index.is_growth_due() || index.growth().is_some());
}

#[test]
fn one_rebuild_is_enough_for_what_was_removed() {
    let vectors = clustered(12, 6_000, 16);
    let mut index = filled(Metric::L2, RowFormat::F32, 16, &vectors, Kernels::detect().unwrap());
    grow(&mut index);
    for slot in 0..2_000 {
        index.remove(Slot(slot));
    }
    let growth = index.growth().unwrap();
    assert_eq!(index.adopt(growth.run(1, NEVER_SYNC).unwrap()), None);
    assert!(!index.is_growth_due());
}

#[test]
fn a_rebuild_of_an_older_numbering_is_refused() {
    let vectors = clustered(13, 4_000, 16);
    let mut index = filled(Metric::Dot, RowFormat::F32, 16, &vectors, Kernels::detect().unwrap());
    let stale = index.growth().unwrap().run(1, NEVER_SYNC).unwrap();
    for slot in 0..2_500 {
        index.remove(Slot(slot));
    }
    let closing = index.growth().unwrap().run(1, NEVER_SYNC).unwrap();
    assert_eq!(index.adopt(closing).map(|old| old.len()), Some(1_500));
    assert_eq!(index.adopt(stale), None);
    assert_eq!(find(&index, &vectors[2_500 * 16..2_501 * 16], 1_500, Recall::Default).len(), 1_500);
}

#[test]
fn a_stopped_rebuild_gives_nothing() {
    let index = filled(
        Metric::Dot,
        RowFormat::F32,
        16,
        &clustered(1, 2_000, 16),
        Kernels::detect().unwrap(),
    );
    assert!(index.growth().unwrap().run(2, &|| true).is_none());
}

#[test]
fn hard_codes_get_more_bits() {
    // Nothing but noise: the nearest are hardly nearer than the rest, and one bit can't tell.
    let (dimension, count) = (256, 12_000);
    let vectors = values(21, count * dimension);
    let mut index =
        filled(Metric::Cosine, RowFormat::F16, dimension, &vectors, Kernels::detect().unwrap());
    grow(&mut index);
    assert!(index.stats().bits > 1);
    let queries = values(22, 40 * dimension);
    let found = queries.chunks(dimension).map(|query| {
        let truth = find(&index, query, 10, Recall::Exact);
        let found = find(&index, query, 10, Recall::Default);
        truth.iter().filter(|n| found.iter().any(|f| f.slot == n.slot)).count()
    });
    assert!(found.sum::<usize>() > 392);
}

fn saved(index: &VectorIndex) -> Vec<u8> {
    let mut writer = SectionWriter::new(Vec::new());
    index.snapshot().write(&mut writer).unwrap();
    writer.into_inner()
}

fn restored(bytes: &[u8], like: &VectorIndex) -> Result<VectorIndex, SectionError> {
    let mut reader = SectionReader::new(bytes, bytes.len() as u64);
    let (dimension, metric, options) = (like.dimension(), like.metric(), like.options());
    let index = VectorIndex::read(&mut reader, dimension, metric, options, like.kernels())?;
    reader.end()?;
    Ok(index)
}

#[test]
fn a_saved_index_finds_the_same() {
    let dimension = 48;
    let kernels = Kernels::detect().unwrap();
    for (count, format, metric) in [
        (0, RowFormat::F16, Metric::Cosine),
        (700, RowFormat::Int8, Metric::L2),
        (3_000, RowFormat::F32, Metric::Dot),
        (17_000, RowFormat::F16, Metric::Cosine),
    ] {
        let vectors = clustered(31, count + 500, dimension);
        let mut index = filled(metric, format, dimension, &vectors[..count * dimension], kernels);
        grow(&mut index);
        for vector in vectors[count * dimension..].chunks(dimension) {
            index.push(vector).unwrap();
        }
        for slot in (0..count as u32 / 2).step_by(7) {
            index.remove(Slot(slot));
        }
        let bytes = saved(&index);
        let again = restored(&bytes, &index).unwrap();
        assert_eq!(saved(&again), bytes);
        assert_eq!(again.stats().calibration, index.stats().calibration);
        for query in clustered(32, 10, dimension).chunks(dimension) {
            for recall in [Recall::Default, Recall::Exact] {
                assert_eq!(find(&again, query, 20, recall), find(&index, query, 20, recall));
            }
        }
        let other = filled(metric, format, dimension + 1, &[], kernels);
        assert!(restored(&bytes, &other).is_err());
    }
}

#[test]
fn numbers_that_lie_are_refused_though_their_checksums_are_right() {
    let mut index = filled(
        Metric::Cosine,
        RowFormat::F16,
        16,
        &clustered(5, 1_500, 16),
        Kernels::detect().unwrap(),
    );
    grow(&mut index);
    let bytes = saved(&index);
    for number in 0..10 {
        for value in [0, 1, 2, 3, 31, 1 << 16, u64::from(u32::MAX), u64::MAX] {
            let mut head: Vec<u64> =
                SectionReader::new(&bytes[..], bytes.len() as u64).read(*b"vidx", 10).unwrap();
            if head[number] == value {
                continue;
            }
            head[number] = value;
            let mut writer = SectionWriter::new(Vec::new());
            writer.write(*b"vidx", [head.as_slice()].into_iter()).unwrap();
            let mut lying = writer.into_inner();
            lying.extend(&bytes[lying.len()..]);
            // A number that nothing depends on may pass; then the index must be sound.
            if let Ok(index) = restored(&lying, &index) {
                assert!(find(&index, &[1.0; 16], 10, Recall::Default).len() <= 10);
            }
        }
    }
}

fn graph(metric: Metric, dimension: usize, vectors: &[f32]) -> VectorIndex {
    let options =
        IndexOptions { kind: IndexKind::Hnsw, ..IndexOptions::default_of(dimension, metric) };
    let mut index = VectorIndex::new(dimension, metric, options, Kernels::detect().unwrap());
    for vector in vectors.chunks(dimension) {
        index.push(vector).unwrap();
    }
    index
}

/// Whether the graph is walked; otherwise everything is compared.
fn walks(index: &VectorIndex, k: usize, target: f32, mask: Option<&SlotSet>) -> bool {
    let Structure::Graph(graph) = &index.structure else { return false };
    let query = &clustered(1, 1, index.dimension());
    let request = Request { k, recall: Recall::AtLeast(target), mask };
    index.search_graph(graph, query, &request, target, NEVER).is_some()
}

#[test]
fn a_graph_finds_what_it_is_asked_for() {
    let (dimension, count) = (32, 10_000);
    let vectors = clustered(1, count, dimension);
    for metric in METRICS {
        let mut index = graph(metric, dimension, &vectors);
        let before = recall(&index, &vectors, 10, Recall::Default, None);
        assert!(before > 0.999, "{metric}: {before} while everything is compared");
        grow(&mut index);
        let stats = index.stats();
        assert_eq!((stats.graph, stats.tail, stats.lists, stats.bits), (count, 0, 0, 0));
        for (target, k) in [(0.9, 10), (0.99, 10), (0.95, 50)] {
            let found = recall(&index, &vectors, k, Recall::AtLeast(target), None);
            assert!(found > f64::from(target) - 0.02, "{metric} {k}: {found} of {target}");
        }
        assert!(walks(&index, 10, 0.95, None) && !walks(&index, 1_000, 0.95, None));
        let exact = recall(&index, &vectors, 10, Recall::Exact, None);
        assert!(exact > 0.999, "{metric}: {exact}");
        for k in [1, 1_000, count, count + 1] {
            let found = find(&index, &vectors[..dimension], k, Recall::AtLeast(0.8));
            assert_eq!(found.len(), k.min(count), "{metric}");
            assert!(found.is_sorted_by(|a, b| a.similarity >= b.similarity));
        }
    }
}

#[test]
fn a_graph_under_a_mask_finds_what_passes() {
    let (dimension, count) = (32, 12_000);
    let vectors = clustered(1, count + 1_500, dimension);
    let mut index = graph(Metric::Cosine, dimension, &vectors[..count * dimension]);
    grow(&mut index);
    for vector in vectors[count * dimension..].chunks(dimension) {
        index.push(vector).unwrap();
    }
    let by_nearness = find(&index, &clustered(1, 1, dimension), usize::MAX, Recall::Exact);
    let all = || (0..index.slots()).map(Slot);
    let masks: [(&str, SlotSet); 6] = [
        ("every second", all().filter(|slot| slot.0 % 2 == 1).collect()),
        ("every fifth", all().filter(|slot| slot.0 % 5 == 1).collect()),
        ("every hundredth", all().filter(|slot| slot.0 % 100 == 1).collect()),
        ("the tail", all().filter(|slot| slot.0 >= count as u32).collect()),
        ("the nearest", by_nearness.iter().take(6_000).map(|n| n.slot).collect()),
        ("the farthest", by_nearness.iter().rev().take(6_000).map(|n| n.slot).collect()),
    ];
    for (what, mask) in masks {
        let found = recall(&index, &vectors, 10, Recall::AtLeast(0.9), Some(&mask));
        assert!(found >= 0.9, "{what}: {found}");
        let many = mask.count_below(count as u32) > 2_700;
        assert!(!many || walks(&index, 10, 0.9, Some(&mask)), "{what}");
    }
}

#[test]
fn a_graph_follows_what_is_appended_and_removed() {
    let dimension = 32;
    let vectors = clustered(1, 12_000, dimension);
    let vector = |at: usize| &vectors[at * dimension..][..dimension];
    let mut index = graph(Metric::L2, dimension, &vectors[..4_000 * dimension]);
    let growth = index.growth().unwrap();
    for at in 4_000..6_000 {
        index.push(vector(at)).unwrap();
    }
    index.remove(Slot(17));
    index.remove(Slot(4_017));
    assert_eq!(index.adopt(growth.run(1, NEVER_SYNC).unwrap()), None);
    assert_eq!((index.stats().graph, index.stats().tail), (4_000, 2_000));
    assert!(!index.is_growth_due());
    for (at, there) in [(16, true), (17, false), (4_016, true), (4_017, false), (5_999, true)] {
        let found = find(&index, vector(at), 1, Recall::Default)[0].slot;
        assert_eq!(found == Slot(at as u32), there, "{at}");
    }
    for at in 6_000..9_000 {
        index.push(vector(at)).unwrap();
    }
    grow(&mut index);
    assert_eq!((index.stats().graph, index.stats().tail), (8_998, 0));
    for slot in 0..3_000 {
        index.remove(Slot(slot));
    }
    assert!(recall(&index, &vectors, 10, Recall::Default, None) > 0.97);
    grow(&mut index);
    assert_eq!((index.stats().graph, index.slots()), (5_999, 9_000));
    for slot in 3_000..6_500 {
        index.remove(Slot(slot));
    }
    grow(&mut index);
    assert_eq!((index.stats().graph, index.slots()), (2_500, 2_500));
    assert_eq!(find(&index, vector(8_999), 1, Recall::Default)[0].slot, Slot(2_499));
}

#[test]
fn a_graph_is_not_saved_but_built_again() {
    let dimension = 32;
    let vectors = clustered(31, 5_000, dimension);
    let mut index = graph(Metric::Cosine, dimension, &vectors);
    grow(&mut index);
    let mut again = restored(&saved(&index), &index).unwrap();
    assert_eq!(again.stats().graph, 0);
    let found = recall(&again, &vectors, 10, Recall::Default, None);
    assert!(found > 0.999, "{found} while everything is compared");
    grow(&mut again);
    assert_eq!(again.stats().graph, 5_000);
    assert_eq!(again.stats().calibration, index.stats().calibration);
}

#[test]
fn a_graph_that_does_not_lead_everywhere_is_given_up_for_a_scan() {
    // Under the inner product nothing leads to short vectors among long ones.
    let (dimension, count) = (16, 4_000);
    let mut vectors = values(41, count * dimension);
    for vector in vectors.chunks_mut(dimension).skip(2_000) {
        for value in vector {
            *value *= 1e-3;
        }
    }
    let mut index = graph(Metric::Dot, dimension, &vectors);
    grow(&mut index);
    let short: SlotSet = (2_000..count as u32).map(Slot).collect();
    for query in values(42, 5 * dimension).chunks(dimension) {
        let request = Request { k: 2_000, recall: Recall::AtLeast(0.8), mask: Some(&short) };
        assert_eq!(index.search(query, &request, NEVER).unwrap().len(), 2_000);
    }
}

#[test]
fn overflowing_products_do_no_harm_in_a_graph() {
    let far = [f32::MAX, f32::MIN].repeat(1_500);
    for metric in METRICS {
        let mut index = graph(metric, 2, &far);
        index.push(&[1.0, 1.0]).unwrap();
        grow(&mut index);
        for query in [[f32::MAX, f32::MAX], [1.0, 1.0]] {
            let found = find(&index, &query, 2, Recall::Default);
            assert_eq!(found.len(), 2, "{metric}");
            assert!(found.iter().all(|n| !n.similarity.is_nan()));
        }
    }
}

#[test]
fn similarities_and_their_mean_are_those_of_the_live_vectors() {
    for (metric, format) in METRICS.into_iter().flat_map(|m| FORMATS.map(|f| (m, f))) {
        let (dimension, count) = (24, 1_500);
        let kernels = all_kernels()[0];
        let vectors = clustered(5, count, dimension);
        let mut index = filled(metric, format, dimension, &vectors, kernels);
        for slot in (0..count as u32).filter(|slot| slot % 8 != 3) {
            index.remove(Slot(slot));
            index.remove(Slot(slot));
        }
        let query = &values(6, dimension)[..];
        let check = |index: &VectorIndex| {
            let everything = find(index, query, count, Recall::Exact);
            let slots: Vec<Slot> = everything.iter().map(|found| found.slot).collect();
            let similarities = index.similarities(query, &slots).unwrap();
            let mut sum = 0.0;
            for (found, similarity) in everything.iter().zip(&similarities) {
                assert!(
                    (found.similarity - similarity).abs() <= 1e-5 * found.similarity.abs().max(1.0)
                );
                sum += f64::from(*similarity);
            }
            let mean = if metric == Metric::Cosine { sum / everything.len() as f64 } else { 0.0 };
            assert!(
                (index.mean_similarity(query).unwrap() - mean).abs() < 1e-5,
                "{metric} {format}"
            );
        };
        check(&index);
        grow(&mut index);
        check(&index);
        let mut to = SectionWriter::new(Vec::new());
        index.snapshot().write(&mut to).unwrap();
        let bytes = to.into_inner();
        let mut from = SectionReader::new(bytes.as_slice(), bytes.len() as u64);
        check(&VectorIndex::read(&mut from, dimension, metric, index.options(), kernels).unwrap());
        assert!(index.mean_similarity(&[1.0]).is_err() && index.similarities(&[1.0], &[]).is_err());
        let gone = index.similarities(query, &[Slot(9_999)]).unwrap();
        assert_eq!(gone, [f32::NEG_INFINITY]);
    }
}
