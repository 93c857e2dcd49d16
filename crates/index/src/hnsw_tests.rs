use std::cell::Cell;

use super::*;
use crate::oracle::similarity;

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
    HnswIndex::new(DIMENSION, metric, Kernels::detect().unwrap()).unwrap()
}

fn filled(metric: Metric, vectors: &[Vec<f32>]) -> HnswIndex {
    let mut index = empty(metric);
    for (slot, vector) in vectors.iter().enumerate() {
        index.add(slot as u32, vector).unwrap();
    }
    index
}

/// The share of the true best 10 among so many slots that a graph leads to.
fn recall(index: &HnswIndex, vectors: &[Vec<f32>], count: usize) -> f64 {
    let queries = Values(7).clustered(100);
    let mut found = 0;
    for query in &queries {
        let mut truth: Vec<(f64, u32)> = vectors
            .iter()
            .zip(0..)
            .map(|(vector, slot)| (similarity(index.metric, query, vector), slot))
            .collect();
        truth.sort_by(|a, b| b.0.total_cmp(&a.0));
        let slots = index.search(query, count, None).unwrap();
        assert_eq!(slots.len(), count);
        assert!(slots.is_sorted_by(|a, b| a < b));
        found += truth[..10].iter().filter(|(_, slot)| slots.contains(slot)).count();
    }
    found as f64 / (queries.len() * 10) as f64
}

#[test]
fn searches_find_nearly_all_of_the_best() {
    let vectors = Values(1).clustered(COUNT);
    for metric in METRICS {
        let index = filled(metric, &vectors);
        assert_eq!(index.len(), COUNT as usize);
        let wide = recall(&index, &vectors, 64);
        assert!(wide >= 0.95, "{metric}: {wide}");
        let narrow = recall(&index, &vectors, 10);
        assert!(narrow < wide, "{metric}: {narrow} {wide}");
    }
}

#[test]
fn a_filter_lets_through_only_what_it_accepts() {
    let vectors = Values(1).clustered(COUNT);
    let index = filled(Metric::L2, &vectors);
    let accept: &dyn Fn(u32) -> bool = &|slot| slot % 100 == 42;
    let mut found = 0;
    for query in Values(7).clustered(20) {
        let slots = index.search(&query, 20, Some(accept)).unwrap();
        assert_eq!(slots.len(), 20);
        let mut truth: Vec<(f64, u32)> = (42..COUNT)
            .step_by(100)
            .map(|slot| (similarity(Metric::L2, &query, &vectors[slot as usize]), slot))
            .collect();
        truth.sort_by(|a, b| b.0.total_cmp(&a.0));
        assert!(slots.iter().all(|slot| accept(*slot)));
        found += truth[..10].iter().filter(|(_, slot)| slots.contains(slot)).count();
    }
    assert!(found >= 190, "{found} of 200");
    let none = index.search(&vectors[0], 10, Some(&|_| false));
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
        let search = AssertUnwindSafe(|| index.search(&vectors[0], 3, Some(accept)));
        let payload = catch_unwind(search).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"no slot at all"));
    }
    assert_eq!(calls.get(), searches);
    assert_eq!(index.search(&vectors[0], 1, None), Ok(vec![0]));
}

#[test]
fn more_threads_than_contexts_search_at_once() {
    let vectors = Values(1).clustered(500);
    let index = filled(Metric::Cosine, &vectors);
    let expected: Vec<_> = vectors.iter().map(|v| index.search(v, 5, None).unwrap()).collect();
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
                    let found = index.search(&vectors[i], 5, Some(&accept)).unwrap();
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
        assert_eq!(index.search(vector, 10, None), Ok(vec![]));
        assert_eq!(index.search(vector, 10, Some(&|_| true)), Ok(vec![]));
        index.add(u32::MAX, vector).unwrap();
        assert_eq!(index.len(), 1);
        assert_eq!(index.search(vector, usize::MAX, None), Ok(vec![u32::MAX]));
        assert_eq!(index.search(vector, 0, None), Ok(vec![]));
    }
}

#[test]
fn all_come_back_where_more_are_wanted_than_there_are() {
    let vectors = Values(1).clustered(200);
    let index = filled(Metric::Dot, &vectors);
    for count in [200, 201, usize::MAX] {
        let all: Vec<u32> = (0..200).collect();
        assert_eq!(index.search(&vectors[3], count, None), Ok(all), "{count}");
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
            let found = index.search(vector, 5, None).unwrap();
            assert!(found.iter().all(|slot| *slot < 100));
        }
    }
}

#[test]
fn vectors_of_another_length_never_reach_the_library() {
    let mut index = empty(Metric::Cosine);
    let mismatch = |found| HnswError::Dimension { found, expected: DIMENSION };
    assert_eq!(index.add(0, &[1.0; 31]), Err(mismatch(31)));
    assert_eq!(index.search(&[1.0; 33], 1, None), Err(mismatch(33)));
    assert_eq!(index.len(), 0);
}

#[test]
fn a_slot_has_one_vector() {
    let mut index = empty(Metric::L2);
    index.add(3, &[1.0; DIMENSION]).unwrap();
    assert!(matches!(index.add(3, &[2.0; DIMENSION]), Err(HnswError::Library(_))));
    assert_eq!(index.search(&[2.0; DIMENSION], 2, None), Ok(vec![3]));
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
