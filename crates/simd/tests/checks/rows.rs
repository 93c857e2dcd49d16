//! Operations on values and on rows.

use hippocamp_simd::Kernels;

use super::{
    assert_close, assert_same_bits, guarded,
    inputs::{LONG, Noise, noise},
    reference,
};

pub(crate) fn arithmetic(kernels: &Kernels) {
    for len in (0..100).chain([384, 1_000]).chain(LONG) {
        for offset in 0..3 {
            let (x, y) = (Noise::new(1).values(len), Noise::new(2).values(len));
            let check = |what: &str, run: &dyn Fn(&mut [f32]), truth: &dyn Fn(f32, f32) -> f32| {
                let found = guarded(len, offset, |out| {
                    out.copy_from_slice(&x);
                    run(out);
                });
                let truth: Vec<f32> = x.iter().zip(&y).map(|(x, y)| truth(*x, *y)).collect();
                assert_same_bits(&found, &truth, &format!("{what}, {len} values at {offset}"));
            };
            check("add", &|out| kernels.add(out, &y), &|x, y| x + y);
            check("max", &|out| kernels.max(out, &y), &f32::max);
            check("scale", &|out| kernels.scale(out, -1.7), &|x, _| x * -1.7);
        }
    }
    let mut x = [1.0, f32::NAN, f32::NEG_INFINITY];
    kernels.max(&mut x, &[f32::NAN, 1.0, f32::INFINITY]);
    assert_eq!(x[0], 1.0);
    assert!(x[1].is_nan());
    assert_eq!(x[2], f32::INFINITY);
}

pub(crate) fn layer_norms(kernels: &Kernels) {
    for width in (1..100).chain([384, 768, 1_000]) {
        let (weight, bias) = (Noise::new(1).values(width), Noise::new(2).values(width));
        for (count, size, shift) in [(0, 1.0, 0.0), (1, 1e-3, 0.0), (3, 1.0, 10.0), (2, 1e4, 0.0)] {
            let x: Vec<f32> = noise(width * count).iter().map(|x| x * size + shift).collect();
            let found = guarded(x.len(), 2, |out| {
                out.copy_from_slice(&x);
                kernels.layer_norm(out, &weight, &bias, 1e-12);
            });
            for (found, row) in found.chunks_exact(width).zip(x.chunks_exact(width)) {
                let what = format!("a row of {width}, times {size}, plus {shift}");
                let truth = reference::layer_norm(row, &weight, &bias, 1e-12);
                // What rounding of the mean (relative to the values) leaves after the division by their spread.
                let deviation = size * if width == 1 { 1e-6 } else { spread(row, size) };
                let error = 1e-6 + 4e-7 * (size + shift) / deviation * (1.0 + width as f32 / 32.0);
                assert_close(found, &truth, f64::from(error), &what);
            }
            let alone = x.chunks_exact(width).flat_map(|row| {
                let mut row = row.to_vec();
                kernels.layer_norm(&mut row, &weight, &bias, 1e-12);
                row
            });
            assert_same_bits(&found, &alone.collect::<Vec<_>>(), "rows alone");
        }
    }
    let mut constant = [3.0; 40];
    kernels.layer_norm(&mut constant, &[2.0; 20], &[0.5; 20], 1e-12);
    assert_eq!(constant, [0.5; 40]);
}

/// The standard deviation of a row, in units of `size`.
fn spread(row: &[f32], size: f32) -> f32 {
    let mean = row.iter().sum::<f32>() / row.len() as f32;
    let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / row.len() as f32;
    (variance.sqrt() / size).max(1e-6)
}

pub(crate) fn softmaxes(kernels: &Kernels) {
    for width in (1..100).chain([384, 1_000]) {
        for (count, size) in [(0, 1.0), (1, 1.0), (3, 5.0), (2, 40.0)] {
            let x: Vec<f32> = noise(width * count).iter().map(|x| x * size).collect();
            let found = guarded(x.len(), 1, |out| {
                out.copy_from_slice(&x);
                kernels.softmax(out, width);
            });
            for (found, row) in found.chunks_exact(width).zip(x.chunks_exact(width)) {
                let row: Vec<f64> = row.iter().map(|x| f64::from(*x)).collect();
                let what = format!("a row of {width}, times {size}");
                assert_close(found, &reference::softmax(&row), 3e-7, &what);
                for (found, truth) in found.iter().zip(reference::softmax(&row)) {
                    let error = (f64::from(*found) - truth).abs();
                    // x - largest is rounded to a multiple of its own size.
                    let tolerance = (1e-6 + 3e-7 * f64::from(size)) * truth;
                    assert!(error <= tolerance + 1e-37, "{what}: {found} is not {truth}");
                }
            }
            let alone = x.chunks_exact(width).flat_map(|row| {
                let mut row = row.to_vec();
                kernels.softmax(&mut row, width);
                row
            });
            assert_same_bits(&found, &alone.collect::<Vec<_>>(), "rows alone");
        }
    }
}

pub(crate) fn softmax_of_extremes(kernels: &Kernels) {
    let softmax = |row: &[f32]| {
        let mut row = row.to_vec();
        let width = row.len();
        kernels.softmax(&mut row, width);
        row
    };
    for width in 2..40 {
        for at in 0..width {
            let mut row = vec![f32::MIN; width];
            row[at] = 5.0;
            let mut truth = vec![0.0; width];
            truth[at] = 1.0;
            assert_eq!(softmax(&row), truth, "one among the smallest values");
            row.fill(f32::NEG_INFINITY);
            row[at] = f32::MIN;
            assert_eq!(softmax(&row), truth, "one among negative infinities");
            row.fill(-1e4);
            row[at] = f32::MAX;
            assert_eq!(softmax(&row), truth, "the largest value");
            row.fill(0.0);
            row[at] = f32::NAN;
            assert!(softmax(&row).iter().all(|x| x.is_nan()), "one NaN");
        }
        assert!(softmax(&vec![f32::NEG_INFINITY; width]).iter().all(|x| x.is_nan()));
        for value in [f32::MIN, -1e-40, 0.0, f32::MAX] {
            let equal = 1.0 / width as f32;
            let found = softmax(&vec![value; width]);
            assert_close(&found, &vec![f64::from(equal); width], 1e-7, "equal values");
        }
    }
    kernels.softmax(&mut [], 0);
    kernels.softmax(&mut [], 7);
}
