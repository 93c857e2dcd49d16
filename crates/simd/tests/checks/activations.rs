//! Activation functions, against f64.

use hippocamp_simd::{Activation, Kernels};

use super::{assert_same_bits, guarded, inputs::noise, reference};

/// Each with the largest absolute error that is allowed where |f(x)| < 8, beyond what rounding the result costs.
const ALL: [(Activation, f64); 4] = [
    (Activation::Gelu, 1e-6),
    (Activation::GeluTanh, 1e-7),
    (Activation::Relu, 0.0),
    (Activation::Tanh, 2e-7),
];

pub(crate) fn over_all_values(kernels: &Kernels) {
    // Every exponent, both signs, and more closely where the functions bend.
    let patterns = (0..=u32::MAX).step_by(104_729).map(f32::from_bits).filter(|x| x.is_finite());
    let x: Vec<f32> = patterns.chain((-30_000..30_000).map(|i| i as f32 * 5e-4)).collect();
    for (f, tolerance) in ALL {
        let mut found = x.clone();
        kernels.activate(&mut found, f);
        for (x, found) in x.iter().zip(&found) {
            let truth = reference::activation(f, f64::from(*x));
            let error = (f64::from(*found) - truth).abs();
            let rounding = truth.abs() * f64::from(f32::EPSILON / 2.0);
            assert!(error <= tolerance + rounding, "{f:?}({x:e}) is {found:e}, not {truth:e}");
        }
    }
}

/// No fewer correct digits for small values.
pub(crate) fn of_special_values(kernels: &Kernels) {
    let apply = |f: Activation, x: f32| {
        let mut x = [x];
        kernels.activate(&mut x, f);
        x[0]
    };
    for (f, _) in ALL {
        assert_eq!(apply(f, 0.0), 0.0, "{f:?}");
        assert!(apply(f, f32::NAN).is_nan(), "{f:?}");
        for x in [1e-3, 1e-6, 1e-20, 1e-37, -1e-3, -1e-6, -1e-20, -1e-37] {
            let truth = reference::activation(f, f64::from(x));
            let error = (f64::from(apply(f, x)) - truth).abs();
            assert!(
                error <= 2e-6 * truth.abs(),
                "{f:?}({x:e}) is {:e}, not {truth:e}",
                apply(f, x)
            );
        }
    }
    for (f, at_infinity) in [
        (Activation::Gelu, f32::INFINITY),
        (Activation::GeluTanh, f32::INFINITY),
        (Activation::Relu, f32::INFINITY),
        (Activation::Tanh, 1.0),
    ] {
        assert_eq!(apply(f, f32::INFINITY), at_infinity, "{f:?}");
        let at_minus_infinity = if f == Activation::Tanh { -1.0 } else { 0.0 };
        let found = apply(f, f32::NEG_INFINITY);
        assert!((found - at_minus_infinity).abs() < 1e-30, "{f:?}(-inf) is {found}");
    }
}

pub(crate) fn at_every_position(kernels: &Kernels) {
    for (f, _) in ALL {
        for len in 0..80 {
            let x = noise(len);
            let found = guarded(len, 1, |out| {
                out.copy_from_slice(&x);
                kernels.activate(out, f);
            });
            let alone = x.iter().map(|x| {
                let mut x = [*x];
                kernels.activate(&mut x, f);
                x[0]
            });
            assert_same_bits(&found, &alone.collect::<Vec<_>>(), &format!("{f:?} of {len}"));
        }
    }
}
