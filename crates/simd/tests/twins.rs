//! Every vector level against its plain twin, for arbitrary shapes and values.

use hippocamp_simd::{
    Activation, AttentionScratch, Epilogue, Kernels, Level, MatmulScratch, Precision, RelativeBias,
};
use proptest::{collection::vec, prelude::*};

/// The levels beside the plain one.
fn others() -> impl Iterator<Item = &'static Kernels> {
    let levels = Level::all_available().into_iter().filter(|level| *level != Level::Scalar);
    levels.map(|level| Kernels::at(level).unwrap())
}

fn plain() -> &'static Kernels {
    Kernels::at(Level::Scalar).unwrap()
}

fn close(a: &[f32], b: &[f32], tolerance: f32) -> Result<(), TestCaseError> {
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        prop_assert!(
            (a - b).abs() <= tolerance,
            "value {i}: {a} and {b}, more than {tolerance} apart"
        );
    }
    Ok(())
}

fn values(len: usize) -> impl Strategy<Value = Vec<f32>> {
    vec(-4.0_f32..4.0, len)
}

/// `m`, `n`, `k` and the operands of a product.
fn product() -> impl Strategy<Value = (usize, usize, usize, [Vec<f32>; 4])> {
    (0..40_usize, 1..80_usize, 1..600_usize).prop_flat_map(|(m, n, k)| {
        let operands = [values(m * k), values(n * k), values(n), values(m * n)];
        operands.prop_map(move |operands| (m, n, k, operands))
    })
}

fn activation() -> impl Strategy<Value = Activation> {
    use Activation::{Gelu, GeluTanh, Relu, Tanh};
    prop::sample::select(vec![Gelu, GeluTanh, Relu, Tanh])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn products_agree((m, n, k, [x, w, bias, residual]) in product(), f in activation()) {
        let epilogues = [
            Epilogue::None,
            Epilogue::Bias(&bias),
            Epilogue::BiasActivation(&bias, f),
            Epilogue::BiasResidual(&bias, &residual),
        ];
        for epilogue in epilogues {
            for precision in Precision::ALL {
                let run = |kernels: &Kernels| {
                    let mut out = vec![f32::NAN; m * n];
                    let w = kernels.pack(&w, n, k, precision);
                    kernels.matmul(&x, &w, epilogue, &mut MatmulScratch::new(), &mut out);
                    out
                };
                let expected = run(plain());
                for kernels in others() {
                    close(&run(kernels), &expected, 1e-5 * (k as f32).sqrt() + 1e-6 * k as f32)?;
                }
            }
        }
    }

    #[test]
    fn distances_agree(a in values(700), b in values(700), from in 0..8_usize, len in 0..690_usize) {
        let (a, b) = (&a[from..][..len], &b[8 - from..][..len]);
        for kernels in others() {
            let magnitude: f32 = a.iter().zip(b).map(|(a, b)| (a * b).abs()).sum();
            let tolerance = 1e-7 * (2.0 + (len as f32).sqrt()) * magnitude;
            close(&[kernels.dot(a, b)], &[plain().dot(a, b)], tolerance)?;
            let (found, expected) = (kernels.l2_squared(a, b), plain().l2_squared(a, b));
            close(&[found], &[expected], 1e-7 * (2.0 + (len as f32).sqrt()) * expected)?;
        }
    }

    #[test]
    fn row_operations_agree(x in values(640), width in 1..200_usize, f in activation()) {
        let x = &x[..640 / width * width];
        let given = x.to_vec();
        let run = |f: &dyn Fn(&mut [f32])| {
            let mut x = given.clone();
            f(&mut x);
            x
        };
        for kernels in others() {
            let (weight, bias) = (&x[..width], &x[x.len() - width..]);
            let both = |f: &dyn Fn(&Kernels, &mut [f32]), tolerance| {
                close(&run(&|x| f(kernels, x)), &run(&|x| f(plain(), x)), tolerance)
            };
            both(&|k, x| k.layer_norm(x, weight, bias, 1e-5), if width < 4 { 1e-2 } else { 1e-4 })?;
            both(&|k, x| k.softmax(x, width), 1e-6)?;
            both(&|k, x| k.activate(x, f), 1e-6)?;
            both(&|k, x| k.scale(x, 0.3), 0.0)?;
            both(&|k, x| k.add(x, &given), 0.0)?;
            both(&|k, x| { k.normalize(x); }, 1e-6)?;
        }
    }

    #[test]
    fn attention_agrees(
        (heads, head_dim, qkv, bias) in (0..90_usize, 1..4_usize, 1..70_usize).prop_flat_map(
            |(len, heads, head_dim)| (
                Just(heads), Just(head_dim), values(len * 3 * heads * head_dim), values(heads * 199)
            )
        ),
        biased in any::<bool>(),
    ) {
        let bias = biased.then(|| RelativeBias::new(&bias, 99));
        let run = |kernels: &Kernels| {
            let mut out = vec![f32::NAN; qkv.len() / 3];
            kernels.attention(Precision::F32, &qkv, heads, head_dim, bias, &mut AttentionScratch::new(), &mut out);
            out
        };
        for kernels in others() {
            close(&run(kernels), &run(plain()), 1e-4)?;
        }
    }

    /// Any bits at all: nothing panics, and what is finite stays out of reach of what is not.
    #[test]
    fn any_bits_are_survived(bits in vec(any::<u32>(), 210), f in activation()) {
        let x: Vec<f32> = bits.into_iter().map(f32::from_bits).collect();
        for kernels in others().chain([plain()]) {
            let mut out = x.clone();
            kernels.activate(&mut out, f);
            for (x, out) in x.iter().zip(&out) {
                prop_assert_eq!(x.is_nan(), out.is_nan(), "{:?} of {}", f, x);
            }
            kernels.softmax(&mut x.clone(), 30);
            kernels.layer_norm(&mut x.clone(), &x[..30], &x[30..60], 1e-5);
            kernels.normalize(&mut x.clone());
            let _ = (kernels.dot(&x, &x), kernels.l2_squared(&x, &x));
            for precision in Precision::ALL {
                let packed = kernels.pack(&x[..60], 6, 10, precision);
                let mut out = vec![0.0; 21 * 6];
                let epilogue = Epilogue::BiasActivation(&x[..6], f);
                kernels.matmul(&x, &packed, epilogue, &mut MatmulScratch::new(), &mut out);
            }
            let bias = Some(RelativeBias::new(&x[..78], 19));
            kernels.attention(Precision::F32, &x, 2, 5, bias, &mut AttentionScratch::new(), &mut vec![0.0; 70]);
        }
    }
}
