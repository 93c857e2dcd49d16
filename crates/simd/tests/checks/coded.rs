//! Rows of halfs and of bytes.

use hippocamp_simd::{Kernels, Level};

use super::{
    assert_close, assert_same_bits, guarded,
    inputs::{LONG, Noise, noise},
    reference,
};

/// What the bits of a half mean.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1_023));
    sign * match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction > 0.0 => f64::NAN,
        31 => f64::INFINITY,
        _ => (1_024.0 + fraction) * 2_f64.powi(exponent - 25),
    }
}

/// The nearest half, by trying the bits upward from zero.
fn nearest_half(x: f32) -> u16 {
    let sign = if x.is_sign_negative() { 1 << 15 } else { 0 };
    let x = f64::from(x.abs());
    // As if the exponents went on behind the largest: that is where infinity stands when it comes to rounding.
    let value = |bits: u16| if bits == 31 << 10 { 65_536.0 } else { half(bits) };
    let (mut low, mut high) = (0, 31 << 10);
    if x >= 65_536.0 {
        return sign | high;
    }
    while high - low > 1 {
        let middle = low.midpoint(high);
        if value(middle) <= x {
            low = middle;
        } else {
            high = middle;
        }
    }
    let (below, above) = (x - value(low), value(high) - x);
    sign | if below < above || (below == above && low % 2 == 0) { low } else { high }
}

pub(crate) fn all_halfs(kernels: &Kernels) {
    let all: Vec<u16> = (0..=u16::MAX).collect();
    let wide = guarded(all.len(), 1, |out| kernels.from_f16(&all, out));
    for (bits, wide) in all.iter().zip(&wide) {
        let truth = half(*bits);
        if truth.is_nan() {
            assert!(wide.is_nan());
        } else {
            assert_eq!(wide.to_bits(), (truth as f32).to_bits(), "{bits:#x}");
        }
    }
    let mut back = vec![0; all.len()];
    kernels.to_f16(&wide, &mut back);
    for ((bits, back), wide) in all.iter().zip(&back).zip(&wide) {
        assert!(bits == back || (wide.is_nan() && half(*back).is_nan()), "{bits:#x}, {back:#x}");
    }
}

pub(crate) fn rounded_halfs(kernels: &Kernels) {
    // All that lies exactly between two, and its neighbours; every exponent of f32.
    let halfs = (0..31 << 10).map(|bits| (half(bits) as f32, half(bits + 1) as f32));
    let ties = halfs.map(|(a, b)| if b.is_finite() { f32::midpoint(a, b) } else { 65_520.0 });
    let near = ties.flat_map(|x| [x, x.next_up(), x.next_down()]);
    let mut x: Vec<f32> = near.flat_map(|x| [x, -x]).collect();
    x.extend((0..=u32::MAX).step_by(1_000_003).map(f32::from_bits));
    x.extend([0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, 1e-45]);
    let mut found = vec![0; x.len()];
    kernels.to_f16(&x, &mut found);
    for (x, found) in x.iter().zip(&found) {
        if x.is_nan() {
            assert!(half(*found).is_nan());
        } else {
            assert_eq!(*found, nearest_half(*x), "{x:e}");
        }
    }
}

pub(crate) fn conversions_at_every_position(kernels: &Kernels) {
    let plain = Kernels::at(Level::Scalar).unwrap();
    for len in (0..80).chain([384]).chain(LONG) {
        let x = noise(len);
        let mut expected = vec![0; len];
        plain.to_f16(&x, &mut expected);
        let mut found = vec![0xABCD_u16; len + 9];
        kernels.to_f16(&x, &mut found[4..][..len]);
        assert_eq!(found[4..][..len], expected);
        assert!(found[..4].iter().chain(&found[len + 4..]).all(|x| *x == 0xABCD));
        let mut wide = vec![0.0; len];
        plain.from_f16(&expected, &mut wide);
        let found = guarded(len, 3, |out| kernels.from_f16(&expected, out));
        assert_same_bits(&found, &wide, "from_f16");
    }
}

/// Bytes, -128 among them.
fn bytes(len: usize, seed: u64) -> Vec<i8> {
    Noise::new(seed).values(len).iter().map(|x| (x * 64.0).floor() as i8).collect()
}

fn halfs(len: usize, seed: u64) -> Vec<u16> {
    let mut halfs = vec![0; len];
    Kernels::at(Level::Scalar).unwrap().to_f16(&Noise::new(seed).values(len), &mut halfs);
    halfs
}

pub(crate) fn of_every_length(kernels: &Kernels) {
    const SCALE: f32 = 0.017;
    let q = noise(16_400);
    let (f16, i8) = (halfs(16_400, 1), bytes(16_400, 2));
    for len in (0..300).chain([383, 384, 385, 768, 1_000, 1_024]).chain(LONG) {
        for offset in 0..4 {
            let q = &q[3 - offset..][..len];
            let (f16, i8) = (&f16[offset..][..len], &i8[offset..][..len]);
            let wide: Vec<f32> = f16.iter().map(|bits| half(*bits) as f32).collect();
            check(q, &wide, kernels.dot_f16(q, f16), kernels.l2_squared_f16(q, f16), "halfs");
            let wide: Vec<f32> = i8.iter().map(|x| f32::from(*x)).collect();
            let l2 = f64::from(kernels.l2_squared_i8(q, i8, SCALE));
            let truth: f64 = q
                .iter()
                .zip(&wide)
                .map(|(q, r)| (f64::from(*q) - f64::from(SCALE) * f64::from(*r)).powi(2))
                .sum();
            // Relative to the terms before they are subtracted.
            assert!((l2 - truth).abs() <= 1e-7 * (len + 4) as f64 * (truth + 4.0 * len as f64));
            check(q, &wide, kernels.dot_i8(q, i8), kernels.l2_squared_i8(q, i8, 1.0), "bytes");
        }
    }
}

fn check(q: &[f32], row: &[f32], dot: f32, l2: f32, what: &str) {
    let what = format!("{} {what}", q.len());
    let magnitude: f64 = q.iter().zip(row).map(|(a, b)| f64::from(a * b).abs()).sum();
    let len = q.len() as f64;
    assert_close(&[dot], &[reference::dot(q, row)], 1e-7 * len * magnitude, &what);
    let truth = reference::l2_squared(q, row);
    assert_close(&[l2], &[truth], 1e-7 * (len + 2.0) * truth, &what);
}

pub(crate) fn of_rows(kernels: &Kernels) {
    for width in (0..70).chain([127, 128, 129, 384, 1_000]).chain(LONG) {
        let q = noise(width);
        for count in [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17] {
            let (f16, i8) = (halfs(width * count, 1), bytes(width * count, 2));
            let scales = Noise::new(3).values(count);
            let compare = |what: &str, all: &dyn Fn(&mut [f32]), one: &dyn Fn(usize) -> f32| {
                let found = guarded(count, 1, all);
                let alone: Vec<f32> = (0..count).map(one).collect();
                assert_same_bits(&found, &alone, &format!("{what}, {count} × {width}"));
            };
            let f16_row = |i: usize| &f16[i * width..][..width];
            let i8_row = |i: usize| &i8[i * width..][..width];
            compare("dot_f16_rows", &|out| kernels.dot_f16_rows(&q, &f16, out), &|i| {
                kernels.dot_f16(&q, f16_row(i))
            });
            compare(
                "l2_squared_f16_rows",
                &|out| kernels.l2_squared_f16_rows(&q, &f16, out),
                &|i| kernels.l2_squared_f16(&q, f16_row(i)),
            );
            compare("dot_i8_rows", &|out| kernels.dot_i8_rows(&q, &i8, out), &|i| {
                kernels.dot_i8(&q, i8_row(i))
            });
            compare(
                "l2_squared_i8_rows",
                &|out| kernels.l2_squared_i8_rows(&q, &i8, &scales, out),
                &|i| kernels.l2_squared_i8(&q, i8_row(i), scales[i]),
            );
        }
    }
}

/// Prefetching changes nothing that can be seen; it must not fault at the ends of what it is given.
pub(crate) fn prefetching(kernels: &Kernels) {
    let bytes = vec![7; 5_000];
    for len in [0, 1, 63, 64, 65, 1_023, 1_024, 1_025, 5_000] {
        for offset in 0..3 {
            kernels.prefetch(&bytes[offset..][..len - offset.min(len)]);
        }
    }
    assert!(bytes.iter().all(|byte| *byte == 7));
}
