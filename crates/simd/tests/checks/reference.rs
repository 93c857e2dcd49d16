//! The definitions, in f64.

use hippocamp_simd::{Activation, Epilogue, Precision};

pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

pub(crate) fn l2_squared(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
}

/// `x: [m, k]`, `w: [n, k]`.
pub(crate) fn matmul(x: &[f64], w: &[f64], n: usize, k: usize, epilogue: Epilogue<'_>) -> Vec<f64> {
    let dot = |x: &[f64], w: &[f64]| x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>();
    let rows = x.chunks_exact(k);
    let products = rows.flat_map(|x| w.chunks_exact(k).map(move |w| dot(x, w)));
    products
        .enumerate()
        .map(|(at, sum)| match epilogue {
            Epilogue::None => sum,
            Epilogue::Bias(bias) => sum + f64::from(bias[at % n]),
            Epilogue::BiasActivation(bias, f) => activation(f, sum + f64::from(bias[at % n])),
            Epilogue::BiasResidual(bias, residual) => {
                sum + f64::from(bias[at % n]) + f64::from(residual[at])
            }
        })
        .collect()
}

/// The numbers that rows of inputs stand for once they are rounded.
pub(crate) fn rounded_inputs(x: &[f32], k: usize, precision: Precision) -> Vec<f64> {
    x.chunks_exact(k).flat_map(|row| rounded(row, precision, bytes_of_inputs)).collect()
}

/// The numbers that the weights of each output stand for once they are rounded.
pub(crate) fn rounded_weights(w: &[f32], k: usize, precision: Precision) -> Vec<f64> {
    w.chunks_exact(k).flat_map(|row| rounded(row, precision, bytes_of_weights)).collect()
}

fn rounded(row: &[f32], precision: Precision, bytes: fn(&[f32]) -> Vec<f64>) -> Vec<f64> {
    match precision {
        Precision::F32 => row.iter().map(|x| f64::from(*x)).collect(),
        Precision::Bf16 => row.iter().map(|x| nearest_bf16(*x)).collect(),
        Precision::Int8 => bytes(row),
        _ => unreachable!("{precision} has no reference"),
    }
}

/// The nearest number with eight significant bits, by comparing the two neighbours.
pub(crate) fn nearest_bf16(x: f32) -> f64 {
    let below = f32::from_bits(x.to_bits() & 0xFFFF_0000);
    let above = f32::from_bits((x.to_bits() & 0xFFFF_0000) + 0x1_0000);
    let (x, a, b) = (f64::from(x), f64::from(below), f64::from(above));
    let is_even = below.to_bits() & 0x1_0000 == 0;
    match (x - a).abs().total_cmp(&(b - x).abs()) {
        std::cmp::Ordering::Less => a,
        std::cmp::Ordering::Equal if is_even => a,
        std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => b,
    }
}

/// 256 steps from the smallest to the largest value, one of which is 0. The steps of the rounding are those that the kernels
/// promise, in f32.
fn bytes_of_inputs(row: &[f32]) -> Vec<f64> {
    let min = row.iter().copied().fold(0.0, f32::min);
    let max = row.iter().copied().fold(0.0, f32::max);
    let (step, inverse) = ((max - min) / 255.0, 255.0 / (max - min));
    if step < f32::MIN_POSITIVE {
        return vec![0.0; row.len()];
    }
    let zero = (-min * inverse).round_ties_even();
    let bytes = row.iter().map(|x| (x * inverse + zero).round_ties_even().clamp(0.0, 255.0));
    bytes.map(|q| f64::from(step) * f64::from(q - zero)).collect()
}

/// 255 steps, as many below 0 as above.
fn bytes_of_weights(row: &[f32]) -> Vec<f64> {
    let most = row.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
    if most == 0.0 {
        return vec![0.0; row.len()];
    }
    let (step, inverse) = (most / 127.0, 127.0 / most);
    row.iter().map(|w| f64::from(step) * f64::from((w * inverse).round_ties_even())).collect()
}

pub(crate) fn layer_norm(row: &[f32], weight: &[f32], bias: &[f32], eps: f32) -> Vec<f64> {
    let len = row.len() as f64;
    let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / len;
    let variance = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / len;
    let deviation = (variance + f64::from(eps)).sqrt();
    row.iter()
        .zip(weight.iter().zip(bias))
        .map(|(x, (w, b))| (f64::from(*x) - mean) / deviation * f64::from(*w) + f64::from(*b))
        .collect()
}

pub(crate) fn softmax(row: &[f64]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = row.iter().map(|x| (x - largest).exp()).sum();
    row.iter().map(|x| (x - largest).exp() / sum).collect()
}

/// `qkv: [len, 3 * heads * head_dim]`; `bias(head, i, j)` is added to the score of query i and key j.
pub(crate) fn attention(
    qkv: &[f32],
    heads: usize,
    head_dim: usize,
    bias: impl Fn(usize, usize, usize) -> f64,
) -> Vec<f64> {
    let hidden = heads * head_dim;
    let rows: Vec<&[f32]> = qkv.chunks_exact(3 * hidden).collect();
    let mut out = vec![0.0; rows.len() * hidden];
    for head in 0..heads {
        let part = |row: &[f32], which: usize| {
            row[which * hidden + head * head_dim..][..head_dim].to_vec()
        };
        for (i, row) in rows.iter().enumerate() {
            let q = part(row, 0);
            let scale = (head_dim as f64).sqrt();
            let score =
                |(j, row): (usize, &&[f32])| dot(&q, &part(row, 1)) / scale + bias(head, i, j);
            let scores: Vec<f64> = rows.iter().enumerate().map(score).collect();
            let out = &mut out[i * hidden + head * head_dim..][..head_dim];
            for (p, row) in softmax(&scores).iter().zip(&rows) {
                for (out, v) in out.iter_mut().zip(part(row, 2)) {
                    *out += p * f64::from(v);
                }
            }
        }
    }
    out
}

pub(crate) fn activation(f: Activation, x: f64) -> f64 {
    match f {
        Activation::Gelu => x * 0.5 * erfc(-x / 2_f64.sqrt()),
        Activation::GeluTanh => {
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            // x/2 (1 + tanh u), without the cancellation
            if x == f64::NEG_INFINITY { 0.0 } else { x / (1.0 + (-2.0 * u).exp()) }
        }
        Activation::Relu => x.max(0.0),
        Activation::Tanh => x.tanh(),
        _ => unreachable!("{f:?} has no reference"),
    }
}

/// 1 - erf: by the series of erf up to 2.5, by the continued fraction of erfc beyond.
fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    let factor = (-x * x).exp() / std::f64::consts::PI.sqrt();
    if x < 2.5 {
        // erf x = 2 exp(-x²) / √π · Σ 2ⁿ x²ⁿ⁺¹ / (1 · 3 · … · (2n + 1))
        let (mut term, mut sum) = (x, x);
        for n in 1..100 {
            term *= 2.0 * x * x / f64::from(2 * n + 1);
            sum += term;
        }
        1.0 - 2.0 * factor * sum
    } else {
        // erfc x = exp(-x²) / √π · 1 / (x + (1/2) / (x + (2/2) / (x + (3/2) / …)))
        factor / (1..120).rev().fold(x, |below, n| x + f64::from(n) / 2.0 / below)
    }
}
