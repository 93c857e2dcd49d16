//! Inner products, distances, normalisation.

use hippocamp_simd::Kernels;

use super::{
    assert_close, assert_same_bits, guarded,
    inputs::{LONG, Noise, noise},
    reference,
};

pub(crate) fn of_every_length(kernels: &Kernels) {
    let (a, b) = (noise(16_400), noise(16_399));
    for len in (0..300).chain([383, 384, 385, 768, 1_000, 1_024]).chain(LONG) {
        for offset in 0..4 {
            let (a, b) = (&a[offset..][..len], &b[3 - offset..][..len]);
            let what = format!("{len} values at {offset}");
            let magnitude: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a * b).abs()).sum();
            assert_close(
                &[kernels.dot(a, b)],
                &[reference::dot(a, b)],
                1e-7 * len as f64 * magnitude,
                &what,
            );
            let l2 = reference::l2_squared(a, b);
            assert_close(&[kernels.l2_squared(a, b)], &[l2], 1e-7 * (len + 2) as f64 * l2, &what);
        }
    }
}

pub(crate) fn of_rows(kernels: &Kernels) {
    for width in (0..70).chain([127, 128, 129, 384, 1_000]).chain(LONG) {
        let query = noise(width);
        for count in [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17] {
            let rows = Noise::new(7).values(width * count);
            let row = |i: usize| &rows[i * width..][..width];
            let found = guarded(count, 1, |out| kernels.dot_rows(&query, &rows, out));
            let alone: Vec<f32> = (0..count).map(|i| kernels.dot(&query, row(i))).collect();
            assert_same_bits(&found, &alone, &format!("dot_rows, {count} × {width}"));
            let found = guarded(count, 1, |out| kernels.l2_squared_rows(&query, &rows, out));
            let alone: Vec<f32> = (0..count).map(|i| kernels.l2_squared(&query, row(i))).collect();
            assert_same_bits(&found, &alone, &format!("l2_squared_rows, {count} × {width}"));
        }
    }
}

pub(crate) fn normalized(kernels: &Kernels) {
    for size in [1.0, 1e-44, 1e-38, 1e-30, 1e-19, 1e-12, 1e12, 1e19, 1.6e38] {
        for len in (1..70).chain([384, 1_024]).chain(LONG) {
            let v: Vec<f32> = noise(len).iter().map(|x| x * size).collect();
            let length = reference::dot(&v, &v).sqrt();
            let mut norm = 0.0;
            let unit = guarded(len, 3, |out| {
                out.copy_from_slice(&v);
                norm = kernels.normalize(out);
            });
            let what = format!("{len} values of size {size:e}");
            if length == 0.0 {
                assert_same_bits(&unit, &v, &what);
                assert_eq!(norm, 0.0, "{what}");
                continue;
            }
            let truth: Vec<f64> = v.iter().map(|x| f64::from(*x) / length).collect();
            // A sum from left to right loses a little at every step.
            let tolerance = 2e-7 + 1e-8 * len as f64;
            assert_close(&unit, &truth, tolerance, &what);
            if length < f64::from(f32::MAX) && length > 1e-37 {
                assert_close(&[norm], &[length], length * tolerance, &what);
            }
        }
    }
    let mut nothing = [0.0; 5];
    assert_eq!(kernels.normalize(&mut nothing), 0.0);
    assert_eq!(nothing, [0.0; 5]);
    assert_eq!(kernels.normalize(&mut []), 0.0);
    let mut undefined = [1.0, f32::NAN];
    assert!(kernels.normalize(&mut undefined).is_nan());
    assert!(undefined.iter().all(|x| x.is_nan()));
}
