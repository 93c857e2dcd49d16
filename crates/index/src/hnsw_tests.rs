use std::cell::Cell;
use std::collections::BTreeSet;

use super::*;

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::L2, Metric::Dot];
const DIMENSION: usize = 32;
const COUNT: u32 = 3000;

/// Deterministic values in [-1, 1).
struct Values(u64);

impl Values {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// Vectors around 60 centres, of lengths from about 1 to about 3.
    fn clustered(&mut self, count: u32) -> Vec<Vec<f32>> {
        let mut centres = Values(99);
        let centres: Vec<f32> = (0..60 * DIMENSION).map(|_| centres.next()).collect();
        let mut vector = |_| {
            let centre = (((self.next() + 1.0) * 30.0) as usize).min(59);
            let length = 1.0 + (self.next() + 1.0) / 8.0;
            let centre = &centres[centre * DIMENSION..][..DIMENSION];
            centre.iter().map(|c| length * (c + 0.4 * self.next())).collect()
        };
        (0..count).map(&mut vector).collect()
    }
}

fn empty(metric: Metric) -> HnswIndex {
    HnswIndex::new(DIMENSION, metric, HnswOptions::default(), Kernels::detect().unwrap()).unwrap()
}

fn filled(metric: Metric, vectors: &[Vec<f32>]) -> HnswIndex {
    let mut index = empty(metric);
    for (slot, vector) in vectors.iter().enumerate() {
        index.add(slot as u32, vector).unwrap();
    }
    index
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

/// The share of the true best 10 that searches find among `vectors`.
fn recall(index: &HnswIndex, vectors: &[(u32, &[f32])]) -> f64 {
    let queries = Values(7).clustered(100);
    let mut found = 0;
    for query in &queries {
        let mut truth: Vec<(f64, u32)> = vectors
            .iter()
            .map(|(slot, vector)| (similarity(index.metric, query, vector), *slot))
            .collect();
        truth.sort_by(|a, b| b.0.total_cmp(&a.0));
        let truth: BTreeSet<u32> = truth[..10].iter().map(|(_, slot)| *slot).collect();
        let neighbors = index.search(query, 10, None, None).unwrap();
        assert_eq!(neighbors.len(), 10);
        found += neighbors.iter().filter(|(slot, _)| truth.contains(slot)).count();
    }
    found as f64 / (queries.len() * 10) as f64
}

fn numbered(vectors: &[Vec<f32>]) -> Vec<(u32, &[f32])> {
    vectors.iter().enumerate().map(|(slot, vector)| (slot as u32, vector.as_slice())).collect()
}

#[test]
fn searches_find_nearly_all_of_the_best_with_their_similarities() {
    let vectors = Values(1).clustered(COUNT);
    for metric in METRICS {
        let index = filled(metric, &vectors);
        assert_eq!(index.len(), COUNT as usize);
        let recall = recall(&index, &numbered(&vectors));
        assert!(recall >= 0.95, "{metric}: {recall}");
        let query = &vectors[17];
        let neighbors = index.search(query, 20, None, None).unwrap();
        assert!(neighbors.is_sorted_by(|a, b| a.1 >= b.1));
        for (slot, found) in neighbors {
            let expected = similarity(metric, query, &vectors[slot as usize]);
            assert!(
                (f64::from(found) - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                "{metric}: {found} {expected}"
            );
        }
    }
}

#[test]
fn a_wider_search_finds_no_less() {
    let vectors = Values(1).clustered(COUNT);
    let options = HnswOptions { connectivity: 4, expansion_add: 8, expansion_search: 1 };
    let mut index =
        HnswIndex::new(DIMENSION, Metric::L2, options, Kernels::detect().unwrap()).unwrap();
    for (slot, vector) in numbered(&vectors) {
        index.add(slot, vector).unwrap();
    }
    let sum = |expansion| {
        let queries = Values(7).clustered(100);
        let best = |query: &Vec<f32>| index.search(query, 1, expansion, None).unwrap()[0].1;
        queries.iter().map(|query| f64::from(best(query))).sum::<f64>()
    };
    assert!(sum(Some(200)) > sum(None));
    assert!((sum(Some(1)) - sum(None)).abs() < 1e-9);
}

#[test]
fn a_removed_vector_is_not_found_and_its_slot_is_free() {
    let vectors = Values(1).clustered(300);
    let mut index = filled(Metric::Cosine, &vectors);
    assert_eq!(index.add(5, &vectors[5]), Err(HnswError::Taken(5)));
    assert_eq!(index.remove(5), Ok(true));
    assert_eq!(index.remove(5), Ok(false));
    assert_eq!(index.remove(300), Ok(false));
    assert_eq!(index.len(), 299);
    assert!(index.search(&vectors[5], 299, None, None).unwrap().iter().all(|n| n.0 != 5));
    index.add(5, &vectors[6]).unwrap();
    let nearest = index.search(&vectors[6], 2, None, None).unwrap();
    assert_eq!(nearest.iter().map(|n| n.0).collect::<Vec<_>>(), [5, 6]);
    for slot in 0..300 {
        assert_eq!(index.remove(slot), Ok(true));
    }
    assert!(index.is_empty());
    assert_eq!(index.search(&vectors[5], 3, None, None), Ok(vec![]));
    index.add(1000, &vectors[5]).unwrap();
    assert_eq!(index.search(&vectors[5], 3, None, None).unwrap()[0].0, 1000);
}

#[test]
fn everything_can_be_replaced() {
    let vectors = Values(1).clustered(2 * COUNT);
    for metric in METRICS {
        let (old, new) = vectors.split_at(COUNT as usize);
        let mut index = filled(metric, old);
        for (slot, vector) in numbered(new) {
            assert_eq!(index.remove(slot), Ok(true));
            index.add(COUNT + slot, vector).unwrap();
        }
        assert_eq!((index.len(), index.removed()), (new.len(), old.len()));
        let new: Vec<_> =
            numbered(new).into_iter().map(|(slot, vector)| (COUNT + slot, vector)).collect();
        let recall = recall(&index, &new);
        assert!(recall >= 0.95, "{metric}: {recall}");
        if metric != Metric::Dot {
            let all = index.search(&vectors[0], new.len(), None, None).unwrap();
            assert_eq!(all.len(), new.len(), "{metric}");
        }
    }
}

#[test]
fn a_filter_lets_through_only_what_it_accepts() {
    let vectors = Values(1).clustered(COUNT);
    let index = filled(Metric::L2, &vectors);
    let accept: &dyn Fn(u32) -> bool = &|slot| slot % 100 == 42;
    let mut found = 0;
    for query in Values(7).clustered(20) {
        let neighbors = index.search(&query, 10, None, Some(accept)).unwrap();
        assert_eq!(neighbors.len(), 10);
        let mut truth: Vec<(f64, u32)> = (42..COUNT)
            .step_by(100)
            .map(|slot| (similarity(Metric::L2, &query, &vectors[slot as usize]), slot))
            .collect();
        truth.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (slot, _) in neighbors {
            assert!(accept(slot));
            found += usize::from(truth[..10].iter().any(|t| t.1 == slot));
        }
    }
    assert!(found >= 190, "{found} of 200");
    let none = index.search(&vectors[0], 10, None, Some(&|_| false));
    assert_eq!(none, Ok(vec![]));
}

#[test]
fn a_filter_that_panics_panics_in_the_caller_alone() {
    let vectors = Values(1).clustered(50);
    let index = filled(Metric::L2, &vectors);
    let searches = index.permits.count + 1;
    let calls = Cell::new(0);
    let accept: &dyn Fn(u32) -> bool = &|_| {
        calls.set(calls.get() + 1);
        panic!("no slot at all")
    };
    for _ in 0..searches {
        let search = AssertUnwindSafe(|| index.search(&vectors[0], 3, None, Some(accept)));
        let payload = catch_unwind(search).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"no slot at all"));
    }
    assert_eq!(calls.get(), searches);
    assert_eq!(index.search(&vectors[0], 1, None, None).unwrap()[0].0, 0);
}

#[test]
fn more_threads_than_contexts_search_at_once() {
    let vectors = Values(1).clustered(500);
    let index = filled(Metric::Cosine, &vectors);
    let expected: Vec<_> =
        vectors.iter().map(|v| index.search(v, 5, None, None).unwrap()).collect();
    let threads = (index.permits.count * 4).max(8);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (index, vectors, expected) = (&index, &vectors, &expected);
            scope.spawn(move || {
                for i in 0..vectors.len() {
                    let i = (i + thread * 61) % vectors.len();
                    // Giving way in the middle of a search makes the others run into it.
                    let accept = |slot: u32| {
                        if slot.is_multiple_of(16) {
                            std::thread::yield_now();
                        }
                        true
                    };
                    let found = index.search(&vectors[i], 5, None, Some(&accept)).unwrap();
                    assert_eq!(found, expected[i]);
                }
            });
        }
    });
    assert_eq!(*index.permits.free.lock().unwrap(), index.permits.count);
}

#[test]
fn nothing_and_one_vector_can_be_searched() {
    for metric in METRICS {
        let mut index = empty(metric);
        let vector = &Values(1).clustered(1)[0];
        assert!(index.is_empty());
        assert_eq!(index.remove(0), Ok(false));
        assert_eq!(index.search(vector, 10, None, None), Ok(vec![]));
        assert_eq!(index.search(vector, 10, None, Some(&|_| true)), Ok(vec![]));
        index.add(u32::MAX, vector).unwrap();
        assert_eq!(index.len(), 1);
        let found = index.search(vector, 10, Some(usize::MAX), None).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, u32::MAX);
        assert_eq!(index.search(vector, 0, None, None), Ok(vec![]));
    }
}

#[test]
fn all_come_back_where_more_are_wanted_than_there_are() {
    let vectors = Values(1).clustered(200);
    let index = filled(Metric::Dot, &vectors);
    for k in [200, 201, usize::MAX] {
        let found: BTreeSet<u32> =
            index.search(&vectors[3], k, None, None).unwrap().into_iter().map(|n| n.0).collect();
        assert_eq!(found.len(), 200, "{k}");
    }
}

#[test]
fn zeros_and_huge_numbers_do_no_harm() {
    for metric in METRICS {
        let mut index = empty(metric);
        let vectors = [vec![0.0; DIMENSION], vec![f32::MAX; DIMENSION], vec![-f32::MAX; DIMENSION]];
        for slot in 0..100 {
            index.add(slot, &vectors[slot as usize % 3]).unwrap();
        }
        for vector in &vectors {
            let found = index.search(vector, 5, None, None).unwrap();
            assert!(found.iter().all(|(slot, similarity)| *slot < 100 && !similarity.is_nan()));
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let kernels = Kernels::detect().unwrap();
    let mut index = empty(Metric::Cosine);
    let mismatch = |found| HnswError::Dimension { found, expected: DIMENSION };
    assert_eq!(index.add(0, &[1.0; 31]), Err(mismatch(31)));
    assert_eq!(index.search(&[1.0; 33], 1, None, None), Err(mismatch(33)));
    assert_eq!(index.len(), 0);
    let error = |dimension, change: fn(&mut HnswOptions)| {
        let mut options = HnswOptions::default();
        change(&mut options);
        HnswIndex::new(dimension, Metric::L2, options, kernels).err().unwrap().to_string()
    };
    assert_eq!(error(0, |_| ()), "dimension is 0: choose a number from 1 to 1048576");
    assert_eq!(
        error(3, |options| options.connectivity = 1),
        "connectivity is 1: choose a number from 2 to 1024"
    );
    assert_eq!(
        error(3, |options| options.expansion_add = 0),
        "expansionAdd is 0: choose a number from 1 to 65536"
    );
    assert_eq!(
        error(3, |options| options.expansion_search = usize::MAX),
        format!("expansionSearch is {}: choose a number from 1 to 65536", usize::MAX)
    );
}

#[test]
fn it_says_how_many_bytes_it_holds() {
    let vectors = Values(1).clustered(COUNT);
    let index = filled(Metric::L2, &vectors);
    let rows = COUNT as usize * DIMENSION * size_of::<f32>();
    assert!(
        (rows..3 * rows).contains(&(index.bytes() - COUNT as usize * 100)),
        "{}",
        index.bytes()
    );
}
