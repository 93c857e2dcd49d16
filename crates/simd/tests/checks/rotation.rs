//! Hadamard transforms and what goes with them.

use hippocamp_simd::{Kernels, Level};

use super::{
    CANARY, assert_close, assert_same_bits, guarded,
    inputs::{LONG, Noise},
};

pub(crate) fn hadamard(kernels: &Kernels) {
    let plain = Kernels::at(Level::Scalar).unwrap();
    for exponent in 0..=14 {
        let len = 1 << exponent;
        let x = Noise::new(exponent).values(len);
        let transform = |kernels: &Kernels, x: &[f32]| {
            guarded(len, 1, |out| {
                out.copy_from_slice(x);
                kernels.hadamard(out);
            })
        };
        let found = transform(kernels, &x);
        assert_same_bits(&found, &transform(plain, &x), &format!("{len} values"));
        if len <= 1_024 {
            let truth: Vec<f64> = (0..len)
                .map(|k: usize| {
                    let terms = x.iter().enumerate().map(|(j, x)| {
                        if (j & k).count_ones().is_multiple_of(2) {
                            f64::from(*x)
                        } else {
                            -f64::from(*x)
                        }
                    });
                    terms.sum()
                })
                .collect();
            let tolerance = 1e-6 * (len as f64).sqrt() * f64::from(exponent as u32 + 1);
            assert_close(&found, &truth, tolerance, &format!("{len} values"));
        }
        let twice: Vec<f32> = transform(kernels, &found).iter().map(|x| x / len as f32).collect();
        let x: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
        assert_close(&twice, &x, 1e-5, "twice is once for each value");
    }
}

pub(crate) fn arithmetic(kernels: &Kernels) {
    for len in (0..100).chain([384, 1_000]).chain(LONG) {
        for offset in 0..3 {
            let (x, y) = (Noise::new(1).values(len), Noise::new(2).values(len));
            let what = format!("{len} values at {offset}");
            let found = guarded(len, offset, |out| {
                out.copy_from_slice(&x);
                kernels.mul(out, &y);
            });
            let truth: Vec<f32> = x.iter().zip(&y).map(|(x, y)| x * y).collect();
            assert_same_bits(&found, &truth, &what);
            let mut differences = vec![CANARY; len + 2];
            differences[1..=len].copy_from_slice(&y);
            let sums = guarded(len, offset, |out| {
                out.copy_from_slice(&x);
                kernels.butterfly(out, &mut differences[1..=len]);
            });
            let truth = |f: fn(f32, f32) -> f32| -> Vec<f32> {
                x.iter().zip(&y).map(|(x, y)| f(*x, *y)).collect()
            };
            assert_same_bits(&sums, &truth(|x, y| x + y), &what);
            assert_same_bits(&differences[1..=len], &truth(|x, y| x - y), &what);
            assert_eq!((differences[0], differences[len + 1]), (CANARY, CANARY));
            let truth: f64 = x.iter().map(|x| f64::from(x.abs())).sum();
            let tolerance = 1e-7 * (len + 1) as f64 * truth;
            assert_close(&[kernels.abs_sum(&x)], &[truth], tolerance, &what);
        }
    }
    assert_eq!(kernels.abs_sum(&[-0.0; 17]).to_bits(), 0);
    assert!(kernels.abs_sum(&[1.0, f32::NAN, 2.0]).is_nan());
}
