//! Attention.

use hippocamp_simd::{AttentionScratch, Kernels};

use super::{assert_close, assert_same_bits, guarded, inputs::Noise, reference};

fn check(
    kernels: &Kernels,
    len: usize,
    heads: usize,
    head_dim: usize,
    scratch: &mut AttentionScratch,
) {
    let hidden = heads * head_dim;
    let qkv = Noise::new((len * 1_000 + hidden) as u64).values(len * 3 * hidden);
    let found = guarded(len * hidden, 1, |out| {
        kernels.attention(&qkv, heads, head_dim, scratch, out);
    });
    let truth = reference::attention(&qkv, heads, head_dim);
    assert_close(&found, &truth, 3e-6, &format!("{len} tokens, {heads} × {head_dim}"));
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
    let mut out = vec![0.0; len * head_dim];
    kernels.attention(&qkv, 1, head_dim, &mut scratch, &mut out);
    assert!(scratch.bytes() < 1 << 20, "{} bytes of scratch", scratch.bytes());
    assert!(out.iter().all(|x| x.abs() < 2.0));
}

pub(crate) fn with_used_scratch(kernels: &Kernels) {
    let mut used = AttentionScratch::new();
    for (len, heads, head_dim) in [(70, 2, 32), (1, 1, 1), (33, 3, 5), (7, 2, 40), (100, 1, 64)] {
        let width = 3 * heads * head_dim;
        let mut out = vec![0.0; len * heads * head_dim];
        kernels.attention(&vec![f32::NAN; len * width], heads, head_dim, &mut used, &mut out);
        assert!(out.iter().all(|x| x.is_nan()));
        for len in [len, 1, len / 2 + 1] {
            let qkv = Noise::new(len as u64).values(len * width);
            let mut out = vec![0.0; len * heads * head_dim];
            kernels.attention(&qkv, heads, head_dim, &mut used, &mut out);
            let mut fresh = vec![0.0; out.len()];
            let mut scratch = AttentionScratch::new();
            kernels.attention(&qkv, heads, head_dim, &mut scratch, &mut fresh);
            assert_same_bits(&out, &fresh, &format!("{len} tokens, {heads} × {head_dim}"));
        }
    }
}
