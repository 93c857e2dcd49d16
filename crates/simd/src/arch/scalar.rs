//! The plain twin: what every kernel computes, written as its definition reads.
//!
//! It runs on any CPU, and it is what the vector kernels are compared with in tests. No fused multiply-add (on a CPU
//! without the instruction that would be a call into the C library), sums from left to right.

pub(crate) mod coded;
pub(crate) mod rotation;
mod rounded;
pub(crate) mod scan;

use crate::{
    Kernels, Level,
    activation::{
        Activation, GELU_CUT, GELU_Q, GELU_SCALE, GELU_TANH_CUBIC, GELU_TANH_CUT, GELU_TANH_SCALE,
    },
    attention::{AttentionScratch, RelativeBias},
    dispatch::Table,
    matmul::{Epilogue, PackedMatrix},
    rounded::MatmulScratch,
};

/// Columns in a panel of packed weights: two 128-bit registers, for the compiler to vectorise over.
const WIDTH: usize = 8;

pub(crate) static KERNELS: Kernels = Kernels::from_table(Table {
    level: Level::Scalar,
    width: WIDTH,
    dot,
    l2_squared,
    dot_rows,
    l2_squared_rows,
    matmul,
    matmul_bf16: rounded::matmul_bf16,
    matmul_int8: rounded::matmul_int8,
    layer_norm,
    add,
    max,
    scale,
    divide,
    softmax,
    activate,
    attention,
    attention_bf16: attention,
    tabulate: scan::tabulate,
    scan: scan::scan,
    pack_signs: scan::pack_signs,
    dot_f16: coded::dot_f16,
    l2_squared_f16: coded::l2_squared_f16,
    dot_f16_rows: coded::dot_f16_rows,
    l2_squared_f16_rows: coded::l2_squared_f16_rows,
    dot_i8: coded::dot_i8,
    l2_squared_i8: coded::l2_squared_i8,
    dot_i8_rows: coded::dot_i8_rows,
    l2_squared_i8_rows: coded::l2_squared_i8_rows,
    to_f16: coded::to_f16,
    from_f16: coded::from_f16,
    prefetch: coded::prefetch,
    hadamard: rotation::hadamard,
    butterfly: rotation::butterfly,
    mul: rotation::mul,
    abs_sum: rotation::abs_sum,
});

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

fn l2_squared(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b))
}

fn dot_rows(query: &[f32], rows: &[f32], out: &mut [f32]) {
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(query.len())) {
        *out = dot(query, row);
    }
}

fn l2_squared_rows(query: &[f32], rows: &[f32], out: &mut [f32]) {
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(query.len())) {
        *out = l2_squared(query, row);
    }
}

fn matmul(
    x: &[f32],
    w: &PackedMatrix,
    epilogue: Epilogue<'_>,
    _: &mut MatmulScratch,
    out: &mut [f32],
) {
    let (n, k) = (w.n(), w.k());
    for (i, (x, out)) in x.chunks_exact(k).zip(out.chunks_exact_mut(n)).enumerate() {
        for (out, panel) in out.chunks_mut(WIDTH).zip(w.panels().chunks_exact(k * WIDTH)) {
            let mut sums = [0.0; WIDTH];
            for (x, w) in x.iter().zip(panel.chunks_exact(WIDTH)) {
                for (sum, w) in sums.iter_mut().zip(w) {
                    *sum += x * w;
                }
            }
            out.copy_from_slice(&sums[..out.len()]);
        }
        finish(out, i, epilogue);
    }
}

/// The epilogue of row `i`.
fn finish(row: &mut [f32], i: usize, epilogue: Epilogue<'_>) {
    match epilogue {
        Epilogue::None => {}
        Epilogue::Bias(bias) => add(row, bias),
        Epilogue::BiasActivation(bias, f) => {
            add(row, bias);
            activate(row, f);
        }
        Epilogue::BiasResidual(bias, residual) => {
            add(row, bias);
            let n = row.len();
            add(row, &residual[i * n..][..n]);
        }
    }
}

fn layer_norm(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let width = weight.len();
    for row in x.chunks_exact_mut(width) {
        let mean = row.iter().sum::<f32>() / width as f32;
        let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / width as f32;
        let deviation = (variance + eps).sqrt();
        for ((x, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
            *x = (*x - mean) / deviation * weight + bias;
        }
    }
}

fn add(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}

fn max(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        if y > x {
            *x = *y;
        }
    }
}

fn scale(x: &mut [f32], by: f32) {
    for x in x {
        *x *= by;
    }
}

fn divide(x: &mut [f32], by: f32) {
    for x in x {
        *x /= by;
    }
}

fn softmax(x: &mut [f32], width: usize) {
    for row in x.chunks_exact_mut(width) {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for x in row.iter_mut() {
            *x = (*x - largest).exp();
        }
        let sum = row.iter().sum();
        divide(row, sum);
    }
}

fn activate(x: &mut [f32], f: Activation) {
    let f = match f {
        Activation::Gelu => gelu,
        Activation::GeluTanh => gelu_tanh,
        Activation::Relu => relu,
        Activation::Tanh => f32::tanh,
    };
    for x in x {
        *x = f(*x);
    }
}

fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

fn gelu(x: f32) -> f32 {
    let a = x.abs().min(GELU_CUT);
    let u = GELU_SCALE * a - 1.0;
    let q = GELU_Q.iter().rev().fold(0.0, |sum, c| sum * u + c);
    relu(x) - a * q
}

fn gelu_tanh(x: f32) -> f32 {
    let a = x.abs().min(GELU_TANH_CUT);
    let e = (-GELU_TANH_SCALE * (a + GELU_TANH_CUBIC * a * a * a)).exp();
    relu(x) - a * (e / (1.0 + e))
}

fn attention(
    qkv: &[f32],
    heads: usize,
    head_dim: usize,
    bias: Option<RelativeBias<'_>>,
    scratch: &mut AttentionScratch,
    out: &mut [f32],
) {
    let hidden = heads * head_dim;
    let len = out.len() / hidden;
    scratch.scores.grow(len);
    let scores = &mut scratch.scores.as_mut_slice()[..len];
    let scale = 1.0 / (head_dim as f32).sqrt();
    for head in 0..heads {
        let part = |row: usize, which: usize| {
            &qkv[row * 3 * hidden + which * hidden + head * head_dim..][..head_dim]
        };
        for i in 0..len {
            for (j, score) in scores.iter_mut().enumerate() {
                *score = dot(part(i, 0), part(j, 1)) * scale;
            }
            if let Some(bias) = bias {
                add(scores, bias.of_query(head, i, len));
            }
            softmax(scores, len);
            let out = &mut out[i * hidden + head * head_dim..][..head_dim];
            out.fill(0.0);
            for (j, score) in scores.iter().enumerate() {
                for (out, value) in out.iter_mut().zip(part(j, 2)) {
                    *out += score * value;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_product_is_the_product() {
        let w: Vec<f32> = (0..11 * 3).map(|i| i as f32).collect();
        let packed = KERNELS.pack(&w, 11, 3, crate::Precision::F32);
        let mut out = vec![0.0; 2 * 11];
        let scratch = &mut MatmulScratch::new();
        KERNELS.matmul(
            &[1.0, 0.0, 2.0, 0.0, -1.0, 0.0],
            &packed,
            Epilogue::None,
            scratch,
            &mut out,
        );
        let expected: Vec<f32> = (0..11)
            .map(|j| w[3 * j] + 2.0 * w[3 * j + 2])
            .chain((0..11).map(|j| -w[3 * j + 1]))
            .collect();
        assert_eq!(out, expected);
    }
}
