//! The plain twins of the products of rounded values.

use super::{WIDTH, finish};
use crate::{
    Precision,
    matmul::{Epilogue, PackedMatrix},
    rounded::{GROUP, MatmulScratch, RowScale, row_bytes, row_scale, to_bf16},
};

pub(super) fn matmul_bf16(
    x: &[f32],
    w: &PackedMatrix,
    epilogue: Epilogue<'_>,
    scratch: &mut MatmulScratch,
    out: &mut [f32],
) {
    let (n, k) = (w.n(), w.k());
    let stride = row_bytes(Precision::Bf16, k);
    scratch.reserve(1, stride);
    let row = &mut scratch.bytes.as_bytes_mut()[..stride];
    for (i, (x, out)) in x.chunks_exact(k).zip(out.chunks_exact_mut(n)).enumerate() {
        row.fill(0);
        for (to, x) in row.chunks_exact_mut(2).zip(x) {
            to.copy_from_slice(&to_bf16(*x).to_ne_bytes());
        }
        for (out, panel) in out.chunks_mut(WIDTH).zip(w.panel_bytes().chunks_exact(stride * WIDTH))
        {
            let mut sums = [0.0; WIDTH];
            for (x, w) in row.chunks_exact(GROUP).zip(panel.chunks_exact(GROUP * WIDTH)) {
                for (sum, w) in sums.iter_mut().zip(w.chunks_exact(GROUP)) {
                    for (x, w) in x.chunks_exact(2).zip(w.chunks_exact(2)) {
                        *sum += from_bf16(x) * from_bf16(w);
                    }
                }
            }
            out.copy_from_slice(&sums[..out.len()]);
        }
        finish(out, i, epilogue);
    }
}

pub(super) fn matmul_int8(
    x: &[f32],
    w: &PackedMatrix,
    epilogue: Epilogue<'_>,
    scratch: &mut MatmulScratch,
    out: &mut [f32],
) {
    let (n, k) = (w.n(), w.k());
    let stride = row_bytes(Precision::Int8, k);
    scratch.reserve(1, stride);
    let row = &mut scratch.bytes.as_bytes_mut()[..stride];
    for (i, (x, out)) in x.chunks_exact(k).zip(out.chunks_exact_mut(n)).enumerate() {
        let RowScale { scale, zero } = round_row(x, row);
        for (panel, out) in out.chunks_mut(WIDTH).enumerate() {
            let values = &w.panel_bytes()[panel * WIDTH * stride..][..WIDTH * stride];
            let mut sums = [0_i32; WIDTH];
            for (x, w) in row.chunks_exact(GROUP).zip(values.chunks_exact(GROUP * WIDTH)) {
                for (sum, w) in sums.iter_mut().zip(w.chunks_exact(GROUP)) {
                    for (x, w) in x.iter().zip(w) {
                        *sum += i32::from(*x) * i32::from(w.cast_signed());
                    }
                }
            }
            for (column, (out, sum)) in out.iter_mut().zip(sums).enumerate() {
                let column = panel * WIDTH + column;
                let exact = sum - zero * w.columns.sums[column];
                *out = exact as f32 * w.columns.scales[column] * scale;
            }
        }
        finish(out, i, epilogue);
    }
}

fn from_bf16(bytes: &[u8]) -> f32 {
    half::bf16::from_ne_bytes([bytes[0], bytes[1]]).to_f32()
}

fn round_row(x: &[f32], row: &mut [u8]) -> RowScale {
    let min = x.iter().copied().fold(0.0, f32::min);
    let max = x.iter().copied().fold(0.0, f32::max);
    let (scale, inverse) = row_scale(min, max, x.iter().sum());
    row.fill(0);
    for (to, x) in row.iter_mut().zip(x) {
        *to = (x * inverse + scale.zero as f32).round_ties_even() as u8;
    }
    scale
}
