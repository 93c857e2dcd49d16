//! The mean of all live vectors: what a collection's vectors have in common says nothing about any of them.

use hippocamp_simd::Kernels;

use super::rows::Rows;
use crate::Metric;

/// The sum of the live rows, as they are kept: what is added is what is taken away, and in half precision without
/// rounding. Of vectors that are compared by their angle; of others it stays zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sum(Vec<f64>);

impl Sum {
    pub(super) fn add(&mut self, rows: &Rows, kernels: &Kernels, slot: u32) {
        self.count(rows, kernels, slot, 1.0);
    }

    pub(super) fn remove(&mut self, rows: &Rows, kernels: &Kernels, slot: u32) {
        self.count(rows, kernels, slot, -1.0);
    }

    fn count(&mut self, rows: &Rows, kernels: &Kernels, slot: u32, times: f64) {
        if rows.metric() != Metric::Cosine {
            return;
        }
        let mut row = vec![0.0; rows.dimension()];
        rows.read(kernels, slot, &mut row);
        self.0.resize(row.len(), 0.0);
        for (sum, value) in self.0.iter_mut().zip(row) {
            *sum += times * f64::from(value);
        }
    }

    /// Its product with a vector.
    pub(super) fn dot(&self, vector: &[f32]) -> f64 {
        self.0.iter().zip(vector).map(|(sum, value)| sum * f64::from(*value)).sum()
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<f64>()
    }

    pub(super) fn values(&self) -> &[f64] {
        &self.0
    }

    pub(super) fn of(values: Vec<f64>) -> Self {
        Self(values)
    }
}
