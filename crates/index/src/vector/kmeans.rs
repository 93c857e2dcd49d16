//! Centroids of vectors, and the nearest centroid of each (Lloyd 1982).
//!
//! Distances are a matrix product: the nearest centroid has the largest `⟨v, c⟩ - |c|² / 2`.

use hippocamp_simd::{Epilogue, Kernels, PackedMatrix};

use super::parallel;
use super::rotation::SplitMix;

const ITERATIONS: usize = 8;
/// Vectors in one product: its results stay in the second-level cache.
const BATCH: usize = 64;
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

/// Finds nearest centroids.
pub(crate) struct Assigner {
    kernels: &'static Kernels,
    packed: PackedMatrix,
    half_norms: Vec<f32>,
}

impl Assigner {
    /// `centroids` is `[count, dimension]`.
    pub(crate) fn new(kernels: &'static Kernels, centroids: &[f32], dimension: usize) -> Self {
        let half_norms: Vec<f32> =
            centroids.chunks_exact(dimension).map(|c| -0.5 * kernels.dot(c, c)).collect();
        Self { kernels, packed: kernels.pack(centroids, half_norms.len(), dimension), half_norms }
    }

    /// The nearest centroid of each of `points`, `[n, dimension]`; nothing when `stop` says so.
    pub(crate) fn assign(
        &self,
        points: &[f32],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Vec<u32>> {
        let count = self.half_norms.len();
        let mut products = vec![0.0; BATCH * count];
        let mut nearest = Vec::with_capacity(points.len() / self.packed.k());
        for points in points.chunks(BATCH * self.packed.k()) {
            if stop() {
                return None;
            }
            let products = products.get_mut(..points.len() / self.packed.k() * count)?;
            self.kernels.matmul(points, &self.packed, Epilogue::Bias(&self.half_norms), products);
            nearest.extend(products.chunks_exact(count).map(largest));
        }
        Some(nearest)
    }
}

/// Where the largest value is.
fn largest(values: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (at, &value) in values.iter().enumerate() {
        if value > best.1 {
            best = (at as u32, value);
        }
    }
    best.0
}
