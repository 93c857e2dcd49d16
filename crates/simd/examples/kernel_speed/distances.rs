//! Scans of rows of f32.

use hippocamp_simd::Kernels;

use super::{best, noise};

pub(crate) fn measure(kernels: &Kernels) {
    let query = noise(384);
    for rows in [100, 1_000, 10_000, 150_000] {
        let matrix = noise(rows * 384);
        let mut out = vec![0.0; rows];
        let bytes = size_of_val(matrix.as_slice()) as f64;
        let dot = best(|| kernels.dot_rows(&query, &matrix, &mut out));
        let one_by_one = best(|| {
            for (out, row) in out.iter_mut().zip(matrix.chunks_exact(384)) {
                *out = kernels.dot(&query, row);
            }
        });
        let l2 = best(|| kernels.l2_squared_rows(&query, &matrix, &mut out));
        println!(
            "  {rows:6} rows of 384   dot_rows {:6.1} µs, {:5.1} GB/s; l2_squared_rows {:5.1}; dot row by row {:5.1}",
            dot * 1e6,
            bytes / dot / 1e9,
            bytes / l2 / 1e9,
            bytes / one_by_one / 1e9
        );
    }
}
