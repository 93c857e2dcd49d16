//! Centroids of vectors, and the nearest centroid of each (Lloyd 1982).
//!
//! The nearest centroid of v has the largest `⟨v, c⟩ - |c|² / 2`.

use hippocamp_simd::{Kernels, ScanTable};

use super::candidates::Candidates;
use super::codes::{CodeList, EncodeScratch};
use super::parallel;
use super::rotation::SplitMix;

const ITERATIONS: usize = 8;
/// Points between two questions whether to stop.
const BATCH: usize = 256;
/// Centroids that a point is compared with.
const COMPARED: usize = 32;
const SEED: u64 = 0x6C69_7374_735F_6F66;

/// `count` centroids of `points`, `[n, dimension]` with n ≥ count ≥ 1; nothing when `stop` says so.
pub(crate) fn train(
    kernels: &'static Kernels,
    points: &[f32],
    dimension: usize,
    count: usize,
    threads: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Vec<f32>> {
    let n = points.len() / dimension;
    let mut random = SplitMix(SEED);
    let mut centroids = Vec::with_capacity(count * dimension);
    // One of each of `count` equal stretches: different points.
    for i in 0..count {
        let (from, to) = (i * n / count, ((i + 1) * n / count).max(i * n / count + 1));
        centroids.extend_from_slice(row(points, from + random.below(to - from), dimension));
    }
    for _ in 0..ITERATIONS {
        let assigner = Assigner::new(kernels, &centroids, dimension);
        let nearest = parallel::map(threads, n, stop, |range| {
            assigner.assign(points.get(range.start * dimension..range.end * dimension)?, stop)
        })?;
        let mut sizes = vec![0u32; count];
        centroids.fill(0.0);
        for (&list, point) in nearest.iter().zip(points.chunks_exact(dimension)) {
            let list = list as usize;
            if let (Some(size), Some(sum)) =
                (sizes.get_mut(list), centroids.get_mut(list * dimension..(list + 1) * dimension))
            {
                *size += 1;
                kernels.add(sum, point);
            }
        }
        for (centroid, size) in centroids.chunks_exact_mut(dimension).zip(sizes) {
            if size == 0 {
                // Nobody's nearest: start again somewhere else.
                centroid.copy_from_slice(row(points, random.below(n), dimension));
            } else {
                kernels.scale(centroid, 1.0 / size as f32);
            }
        }
    }
    Some(centroids)
}

fn row(points: &[f32], at: usize, dimension: usize) -> &[f32] {
    points.get(at * dimension..(at + 1) * dimension).unwrap_or_default()
}

/// Finds nearest centroids: by their codes those that may be it, of which it takes the nearest. With four thousand
/// centroids that takes a fifth of the time of a matrix product with all of them.
pub(crate) struct Assigner<'a> {
    kernels: &'static Kernels,
    dimension: usize,
    /// `[count, dimension]`.
    centroids: &'a [f32],
    /// -|c|² / 2.
    constants: Vec<f32>,
    codes: CodeList,
}

impl<'a> Assigner<'a> {
    /// `centroids` is `[count, dimension]`.
    pub(crate) fn new(kernels: &'static Kernels, centroids: &'a [f32], dimension: usize) -> Self {
        let (mut constants, mut codes) = (Vec::new(), CodeList::default());
        let mut scratch = EncodeScratch::default();
        for (list, centroid) in (0..).zip(centroids.chunks_exact(dimension)) {
            let constant = -0.5 * kernels.dot(centroid, centroid);
            constants.push(constant);
            scratch.residual.clear();
            scratch.residual.extend_from_slice(centroid);
            codes.push_residual(kernels, 1, list, constant, &mut scratch);
        }
        Self { kernels, dimension, centroids, constants, codes }
    }

    /// The nearest centroid of each of `points`, `[n, dimension]`; nothing when `stop` says so.
    pub(crate) fn assign(
        &self,
        points: &[f32],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Vec<u32>> {
        let all: Vec<u32> = (0..self.constants.len() as u32).collect();
        let (mut table, mut candidates) = (ScanTable::default(), Candidates::default());
        let mut nearest = Vec::with_capacity(points.len() / self.dimension);
        for (at, point) in points.chunks_exact(self.dimension).enumerate() {
            if at % BATCH == 0 && stop() {
                return None;
            }
            nearest.push(if all.len() <= 2 * COMPARED {
                self.nearest_of(point, all.iter().copied())
            } else {
                self.kernels.scan_table(point, 1, &mut table);
                candidates.reset(COMPARED);
                self.codes.view().scan(self.kernels, &table, 0.0, &mut candidates, &|_| true);
                self.nearest_of(point, candidates.best().iter().map(|&(_, list)| list))
            });
        }
        Some(nearest)
    }

    fn nearest_of(&self, point: &[f32], lists: impl Iterator<Item = u32>) -> u32 {
        let mut best = (0, f32::NEG_INFINITY);
        for list in lists {
            let constant = self.constants.get(list as usize).copied().unwrap_or_default();
            let centroid = row(self.centroids, list as usize, self.dimension);
            let rank = self.kernels.dot(point, centroid) + constant;
            if rank > best.1 {
                best = (list, rank);
            }
        }
        best.0
    }
}
