//! Attention.

use hippocamp_simd::{AttentionScratch, Kernels, Level, Precision, RelativeBias};

use super::{assert_close, assert_same_bits, guarded, inputs::Noise, reference};

/// How far from the truth attention may be.
const EXACT: f64 = 3e-6;
/// If the weights of values up to 2 are rounded to bf16, whose steps are 2⁻⁸: by half a step at most, and their sum not.
const ROUNDED: f64 = 2.0 / 512.0 + EXACT;

/// Attention in a precision against its definition. What is rounded to bf16 is so there as well, but for the weights.
#[derive(Clone, Copy)]
struct Rounding {
    precision: Precision,
    tolerance: f64,
}

impl Rounding {
    /// Those that are of interest at a level.
    fn all(kernels: &Kernels) -> [Self; 2] {
        let rounds = matches!(kernels.level(), Level::NeonBf16 | Level::Avx512Bf16 | Level::Amx);
        [Precision::F32, Precision::Int8].map(|precision| {
            let exact = precision == Precision::F32 || !rounds;
            Self { precision, tolerance: if exact { EXACT } else { ROUNDED } }
        })
    }

    fn rounded(self, x: &[f32]) -> Vec<f32> {
        if self.tolerance == EXACT {
            return x.to_vec();
        }
        x.iter().map(|x| half::bf16::from_f32(*x).to_f32()).collect()
    }
}

fn check(
    kernels: &Kernels,
    len: usize,
    heads: usize,
    head_dim: usize,
    scratch: &mut AttentionScratch,
) {
    let hidden = heads * head_dim;
    let qkv = Noise::new((len * 1_000 + hidden) as u64).values(len * 3 * hidden);
    for rounding in Rounding::all(kernels) {
        let found = guarded(len * hidden, 1, |out| {
            kernels.attention(rounding.precision, &qkv, heads, head_dim, None, scratch, out);
        });
        let truth = reference::attention(&rounding.rounded(&qkv), heads, head_dim, |_, _, _| 0.0);
        let what = format!("{len} tokens, {heads} × {head_dim}, {}", rounding.precision);
        assert_close(&found, &truth, rounding.tolerance, &what);
    }
}

pub(crate) fn of_every_length(kernels: &Kernels) {
    let mut scratch = AttentionScratch::new();
    for len in (0..=70).chain([95, 96, 97, 128, 200]) {
        check(kernels, len, 2, 8, &mut scratch);
    }
}

pub(crate) fn of_every_head(kernels: &Kernels) {
    let mut scratch = AttentionScratch::new();
    for head_dim in (1..=70).chain([96, 128]) {
        check(kernels, 13, 1, head_dim, &mut scratch);
    }
    for heads in 1..=12 {
        check(kernels, 11, heads, 4, &mut scratch);
    }
}

pub(crate) fn of_long_texts(kernels: &Kernels) {
    let mut scratch = AttentionScratch::new();
    check(kernels, 513, 1, 16, &mut scratch);
    check(kernels, 1_000, 1, 3, &mut scratch);
    // Linear in the length: far from 1500 × 1500 × 4 bytes.
    let (len, head_dim) = (1_500, 2);
    let qkv = Noise::new(5).values(len * 3 * head_dim);
    for Rounding { precision, .. } in Rounding::all(kernels) {
        let mut scratch = AttentionScratch::new();
        let mut out = vec![0.0; len * head_dim];
        kernels.attention(precision, &qkv, 1, head_dim, None, &mut scratch, &mut out);
        assert!(scratch.bytes() < 1 << 20, "{} bytes of scratch", scratch.bytes());
        assert!(out.iter().all(|x| x.abs() < 2.0));
    }
}

pub(crate) fn with_relative_bias(kernels: &Kernels) {
    for (len, reach, heads, head_dim) in [
        (1, 0, 1, 1),
        (1, 3, 2, 4),
        (7, 6, 3, 5),
        (16, 40, 2, 8),
        (33, 32, 1, 16),
        (150, 200, 2, 3),
    ] {
        for rounding in Rounding::all(kernels) {
            check_bias(kernels, rounding, (len, reach), (heads, head_dim));
        }
    }
}

fn check_bias(
    kernels: &Kernels,
    rounding: Rounding,
    (len, reach): (usize, usize),
    (heads, head_dim): (usize, usize),
) {
    let mut scratch = AttentionScratch::new();
    let (hidden, width) = (heads * head_dim, 2 * reach + 1);
    let qkv = Noise::new(len as u64).values(len * 3 * hidden);
    // Of the size of the scores, so that it decides.
    let mut values = Noise::new(reach as u64).values(heads * width);
    kernels.scale(&mut values, 3.0);
    let mut attention = |bias, out: &mut [f32]| {
        kernels.attention(rounding.precision, &qkv, heads, head_dim, bias, &mut scratch, out);
    };
    let found = guarded(len * hidden, 1, |out| {
        attention(Some(RelativeBias::new(&values, reach)), out);
    });
    let truth = reference::attention(&rounding.rounded(&qkv), heads, head_dim, |head, i, j| {
        f64::from(values[head * width + reach + j - i])
    });
    let what = format!("{len} tokens, {heads} × {head_dim}, {}", rounding.precision);
    assert_close(&found, &truth, rounding.tolerance, &format!("{what}, biased"));

    let mut plain = vec![0.0; len * hidden];
    attention(None, &mut plain);
    let mut unbiased = vec![0.0; len * hidden];
    let zeros = vec![0.0; heads * width];
    attention(Some(RelativeBias::new(&zeros, reach)), &mut unbiased);
    let plain: Vec<f64> = plain.into_iter().map(f64::from).collect();
    assert_close(&unbiased, &plain, rounding.tolerance, &format!("{what}, a bias of nothing"));
}

pub(crate) fn with_used_scratch(kernels: &Kernels) {
    for Rounding { precision, .. } in Rounding::all(kernels) {
        let mut used = AttentionScratch::new();
        for (len, heads, head_dim) in [(70, 2, 32), (1, 1, 1), (33, 3, 5), (7, 2, 40), (100, 1, 64)]
        {
            let width = 3 * heads * head_dim;
            let mut out = vec![0.0; len * heads * head_dim];
            let nan = vec![f32::NAN; len * width];
            kernels.attention(precision, &nan, heads, head_dim, None, &mut used, &mut out);
            assert!(out.iter().all(|x| x.is_nan()));
            for len in [len, 1, len / 2 + 1] {
                let qkv = Noise::new(len as u64).values(len * width);
                let mut out = vec![0.0; len * heads * head_dim];
                kernels.attention(precision, &qkv, heads, head_dim, None, &mut used, &mut out);
                let mut fresh = vec![0.0; out.len()];
                let mut scratch = AttentionScratch::new();
                kernels.attention(precision, &qkv, heads, head_dim, None, &mut scratch, &mut fresh);
                assert_same_bits(&out, &fresh, &format!("{len} tokens, {heads} × {head_dim}"));
            }
        }
    }
}
