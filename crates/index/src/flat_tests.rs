use hippocamp_simd::Level;
use proptest::prelude::*;

use super::*;

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::L2, Metric::Dot];
const NEVER: &dyn Fn() -> bool = &|| false;

fn all_kernels() -> Vec<&'static Kernels> {
    Level::all_available().into_iter().map(|level| Kernels::at(level).unwrap()).collect()
}

/// Deterministic values in [-1, 1).
fn values(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

fn similarity(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| {
        a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum::<f64>()
    };
    match metric {
        Metric::Dot => dot(a, b),
        Metric::Cosine => dot(a, b) / (dot(a, a) * dot(b, b)).sqrt(),
        Metric::L2 => {
            -a.iter().zip(b).map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2)).sum::<f64>()
        }
    }
}

fn filled(metric: Metric, dimension: usize, rows: &[f32], kernels: &'static Kernels) -> FlatIndex {
    let mut index = FlatIndex::new(dimension, metric, kernels);
    for row in rows.chunks(dimension) {
        index.push(row).unwrap();
    }
    index
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn a_search_finds_what_comparing_everything_finds(
        seed in any::<u64>(), count in 0usize..300, dimension in 1usize..40, k in 1usize..20, removed in 0usize..50,
    ) {
        let rows = values(seed, count * dimension);
        let query = values(seed ^ 7, dimension);
        for kernels in all_kernels() {
            for metric in METRICS {
                let mut index = filled(metric, dimension, &rows, kernels);
                let mut live: Vec<u32> = (0..count as u32).collect();
                for i in 0..removed.min(count) {
                    let slot = (i * 7919 % count) as u32;
                    prop_assert_eq!(index.remove(Slot(slot)), live.contains(&slot));
                    live.retain(|&s| s != slot);
                }
                prop_assert_eq!(index.len(), live.len() as u64);
                let mask: RoaringBitmap = (0..count as u32).filter(|s| s % 3 != 1).collect();
                let sparse: RoaringBitmap = (0..count as u32).filter(|s| s % 17 == 3).collect();
                for mask in [None, Some(&mask), Some(&sparse)] {
                    let mut expected: Vec<f64> = live
                        .iter()
                        .filter(|&&s| mask.is_none_or(|mask| mask.contains(s)))
                        .map(|&s| similarity(metric, &query, &rows[s as usize * dimension..(s as usize + 1) * dimension]))
                        .collect();
                    expected.sort_by(|a, b| b.total_cmp(a));
                    expected.truncate(k);
                    let found = index.search(&query, k, mask, NEVER).unwrap();
                    prop_assert_eq!(found.len(), expected.len());
                    for (neighbor, expected) in found.iter().zip(expected) {
                        let slot = neighbor.slot.0;
                        prop_assert!(live.contains(&slot) && mask.is_none_or(|mask| mask.contains(slot)));
                        prop_assert!((f64::from(neighbor.similarity) - expected).abs() < 1e-4 * (1.0 + expected.abs()));
                    }
                }
            }
        }
    }
}

#[test]
fn chunks_and_blocks_have_no_seams() {
    let (dimension, count) = (3, 2 * CHUNK_ROWS + BLOCK_ROWS + 5);
    let rows: Vec<f32> = (0..count).flat_map(|i| [i as f32, 1.0, 0.0]).collect();
    for kernels in all_kernels() {
        let index = filled(Metric::L2, dimension, &rows, kernels);
        for slot in [
            0,
            1,
            BLOCK_ROWS - 1,
            BLOCK_ROWS,
            CHUNK_ROWS - 1,
            CHUNK_ROWS,
            2 * CHUNK_ROWS,
            count - 1,
        ] {
            let found = index.search(&[slot as f32, 1.0, 0.0], 1, None, NEVER).unwrap();
            assert_eq!((found[0].slot, found[0].similarity), (Slot(slot as u32), 0.0));
        }
        assert_eq!(index.search(&[0.0; 3], count * 2, None, NEVER).unwrap().len(), count);
    }
}

#[test]
fn equal_rows_come_in_the_order_of_their_slots() {
    for kernels in all_kernels() {
        let index = filled(Metric::Cosine, 2, &[1.0, 2.0].repeat(500), kernels);
        let found = index.search(&[1.0, 2.0], 10, None, NEVER).unwrap();
        assert_eq!(found.iter().map(|n| n.slot.0).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    }
}

#[test]
fn huge_and_tiny_values_still_have_an_angle() {
    for kernels in all_kernels() {
        let rows = [1e38f32, 1e38, 1e-38, -1e-38, f32::MAX, 0.0, 1e-45, 1e-45];
        let index = filled(Metric::Cosine, 2, &rows, kernels);
        let found = index.search(&[1e30, 1e30], 4, None, NEVER).unwrap();
        assert_eq!(found.len(), 4);
        let cosine = |slot: u32| found.iter().find(|n| n.slot.0 == slot).unwrap().similarity;
        assert!((cosine(0) - 1.0).abs() < 1e-6);
        assert!(cosine(1).abs() < 1e-6);
        assert!((cosine(2) - 0.5f32.sqrt()).abs() < 1e-6);
        assert!((cosine(3) - 1.0).abs() < 1e-6);
    }
}

#[test]
fn overflowing_products_are_the_farthest_and_never_nan() {
    for kernels in all_kernels() {
        for metric in [Metric::Dot, Metric::L2] {
            let index = filled(metric, 2, &[f32::MAX, f32::MIN, 1.0, 1.0], kernels);
            let found = index.search(&[f32::MAX, f32::MAX], 2, None, NEVER).unwrap();
            assert_eq!(found.len(), 2);
            assert!(found.iter().all(|n| !n.similarity.is_nan()));
        }
    }
}

#[test]
fn a_wrong_dimension_is_refused_and_changes_nothing() {
    let mut index = FlatIndex::new(3, Metric::Dot, Kernels::detect().unwrap());
    let refused = IndexError::Dimension { found: 2, expected: 3 };
    assert_eq!(index.push(&[1.0, 2.0]), Err(refused.clone()));
    assert_eq!(index.search(&[1.0, 2.0], 1, None, NEVER), Err(refused));
    assert_eq!(index.slots(), 0);
    assert!(!index.remove(Slot(0)));
}

#[test]
fn a_stopped_search_ends_early() {
    let index = filled(Metric::Dot, 1, &vec![1.0; 4 * CHUNK_ROWS], Kernels::detect().unwrap());
    assert!(index.search(&[1.0], 5, None, &|| true).unwrap().is_empty());
}

#[test]
fn compacting_keeps_the_live_rows_in_their_order() {
    let rows: Vec<f32> = (0..3000).flat_map(|i| [i as f32, 1.0]).collect();
    let mut index = filled(Metric::L2, 2, &rows, Kernels::detect().unwrap());
    for slot in (0..3000).filter(|slot| slot % 3 != 0) {
        index.remove(Slot(slot));
    }
    let old = index.compact();
    assert_eq!(old, (0..1000).map(|i| Slot(i * 3)).collect::<Vec<_>>());
    assert_eq!((index.len(), index.slots(), index.dead().len()), (1000, 1000, 0));
    for slot in [0, 1, 341, 342, 999] {
        let query = [old[slot].0 as f32, 1.0];
        let found = index.search(&query, 1, None, NEVER).unwrap();
        assert_eq!(found, [Neighbor { slot: Slot(slot as u32), similarity: 0.0 }]);
    }
}
