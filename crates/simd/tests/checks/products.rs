//! Matrix products.

use hippocamp_simd::{Activation, Epilogue, Kernels, MatmulScratch, Precision};

use super::{assert_close, assert_same_bits, guarded, inputs::Noise, reference};

/// The operands of a product with every epilogue.
struct Operands {
    m: usize,
    n: usize,
    k: usize,
    x: Vec<f32>,
    w: Vec<f32>,
    bias: Vec<f32>,
    residual: Vec<f32>,
}

impl Operands {
    fn new(m: usize, n: usize, k: usize) -> Self {
        let mut noise = Noise::new((m * 1_000_000 + n * 1_000 + k) as u64);
        Self {
            m,
            n,
            k,
            x: noise.values(m * k),
            w: noise.values(n * k),
            bias: noise.values(n),
            residual: noise.values(m * n),
        }
    }

    fn epilogues(&self) -> [Epilogue<'_>; 7] {
        [
            Epilogue::None,
            Epilogue::Bias(&self.bias),
            Epilogue::BiasActivation(&self.bias, Activation::Gelu),
            Epilogue::BiasActivation(&self.bias, Activation::GeluTanh),
            Epilogue::BiasActivation(&self.bias, Activation::Relu),
            Epilogue::BiasActivation(&self.bias, Activation::Tanh),
            Epilogue::BiasResidual(&self.bias, &self.residual),
        ]
    }

    /// With `count` of the epilogues, in every precision.
    fn check(&self, kernels: &Kernels, count: usize) {
        let Self { m, n, k, .. } = *self;
        let mut scratch = MatmulScratch::new();
        for precision in Precision::ALL {
            let packed = kernels.pack(&self.w, n, k, precision);
            let x = reference::rounded_inputs(&self.x, k, precision);
            let w = reference::rounded_weights(&self.w, k, precision);
            for epilogue in self.epilogues().into_iter().take(count) {
                let found = guarded(m * n, 1, |out| {
                    kernels.matmul(&self.x, &packed, epilogue, &mut scratch, out);
                });
                let truth = reference::matmul(&x, &w, n, k, epilogue);
                // Each of k steps rounds a partial sum of up to about 5 √k.
                let tolerance = 2e-6 * (k as f64).sqrt() + 1e-7 * k as f64;
                let what = format!("{precision}, {m} × {k} × {n}, {epilogue:.3?}");
                assert_close(&found, &truth, tolerance, &what);
            }
        }
    }
}

pub(crate) fn of_every_number_of_rows(kernels: &Kernels) {
    for m in (0..=40).chain([95, 96, 97, 167, 168, 169, 170, 257]) {
        Operands::new(m, 35, 21).check(kernels, 7);
    }
}

pub(crate) fn of_every_number_of_columns(kernels: &Kernels) {
    for n in 1..=100 {
        Operands::new(7, n, 9).check(kernels, 7);
    }
}

pub(crate) fn of_every_depth(kernels: &Kernels) {
    for k in (1..=70).chain([127, 128, 129]) {
        Operands::new(5, 17, k).check(kernels, 3);
    }
    for k in [255, 256, 257, 384, 511, 512, 513, 769, 1_536] {
        Operands::new(14, 37, k).check(kernels, 7);
    }
}

pub(crate) fn same_bits_in_any_batch(kernels: &Kernels) {
    let mut scratch = MatmulScratch::new();
    let shapes = [(1, 1), (37, 5), (48, 384), (33, 600)];
    for (precision, (n, k)) in Precision::ALL.into_iter().flat_map(|p| shapes.map(|s| (p, s))) {
        let all = Operands::new(200, n, k);
        let packed = kernels.pack(&all.w, n, k, precision);
        for epilogue in all.epilogues() {
            let mut whole = vec![0.0; 200 * n];
            kernels.matmul(&all.x, &packed, epilogue, &mut scratch, &mut whole);
            for (first, m) in (1..=40).map(|m| (m % 7, m)).chain([(3, 169), (31, 169)]) {
                let rows = first * n..(first + m) * n;
                let epilogue = match epilogue {
                    Epilogue::BiasResidual(bias, residual) => {
                        Epilogue::BiasResidual(bias, &residual[rows.clone()])
                    }
                    other => other,
                };
                let mut part = vec![0.0; m * n];
                let x = &all.x[first * k..(first + m) * k];
                kernels.matmul(x, &packed, epilogue, &mut scratch, &mut part);
                let what = format!("{precision}, rows {first} to {} of {k} × {n}", first + m);
                assert_same_bits(&part, &whole[rows], &what);
            }
        }
    }
}

/// What is not finite comes out in its own row, and stays there.
pub(crate) fn of_special_values(kernels: &Kernels) {
    let (m, n, k) = (9, 19, 11);
    let mut all = Operands::new(m, n, k);
    all.x[3 * k + 5] = f32::NAN;
    all.x[7 * k] = f32::INFINITY;
    all.x[8 * k..9 * k].fill(0.0);
    let mut scratch = MatmulScratch::new();
    for precision in Precision::ALL {
        let packed = kernels.pack(&all.w, n, k, precision);
        let mut out = vec![0.0; m * n];
        kernels.matmul(&all.x, &packed, Epilogue::None, &mut scratch, &mut out);
        for (i, row) in out.chunks_exact(n).enumerate() {
            match i {
                3 => assert!(row.iter().all(|x| x.is_nan()), "{precision}, row {i}"),
                7 => assert!(row.iter().all(|x| !x.is_finite()), "{precision}, row {i}"),
                8 => assert!(row.iter().all(|x| *x == 0.0), "{precision}, row {i}"),
                _ => assert!(row.iter().all(|x| x.is_finite()), "{precision}, row {i}"),
            }
        }
        for epilogue in all.epilogues() {
            kernels.matmul(&all.x, &packed, epilogue, &mut scratch, &mut out);
            assert!(out[3 * n..4 * n].iter().all(|x| x.is_nan()), "{precision}, {epilogue:.3?}");
        }
    }
}

/// A weight that is not finite comes out in its own column.
pub(crate) fn of_special_weights(kernels: &Kernels) {
    let (m, n, k) = (5, 19, 11);
    for (precision, value) in Precision::ALL
        .into_iter()
        .flat_map(|precision| [f32::NAN, f32::INFINITY].map(|value| (precision, value)))
    {
        let mut all = Operands::new(m, n, k);
        all.w[17 * k + 2] = value;
        all.w[4 * k..5 * k].fill(0.0);
        let packed = kernels.pack(&all.w, n, k, precision);
        let mut out = vec![0.0; m * n];
        kernels.matmul(&all.x, &packed, Epilogue::None, &mut MatmulScratch::new(), &mut out);
        for row in out.chunks_exact(n) {
            for (j, x) in row.iter().enumerate() {
                match j {
                    4 => assert_eq!(*x, 0.0, "{precision}"),
                    17 => assert!(!x.is_finite(), "{precision}: {x}"),
                    _ => assert!(x.is_finite(), "{precision}, column {j}"),
                }
            }
        }
    }
}

/// Rows whose values are nearly all the same, tiny, huge, or of one sign.
pub(crate) fn of_extreme_rows(kernels: &Kernels) {
    let (n, k) = (21, 70);
    let mut all = Operands::new(8, n, k);
    let rows = all.x.chunks_exact_mut(k);
    for (row, (by, plus)) in rows.zip([
        (1e-30, 0.0),
        (1e-39, 0.0),
        (0.0, 3.0),
        (0.0, -3.0),
        (1e-3, 100.0),
        (1e-3, -100.0),
        (1e8, 0.0),
        (1.0, 0.0),
    ]) {
        for x in row {
            *x = *x * by + plus;
        }
    }
    let mut scratch = MatmulScratch::new();
    for precision in Precision::ALL {
        let packed = kernels.pack(&all.w, n, k, precision);
        let x = reference::rounded_inputs(&all.x, k, precision);
        let w = reference::rounded_weights(&all.w, k, precision);
        let mut found = vec![0.0; 8 * n];
        kernels.matmul(&all.x, &packed, Epilogue::None, &mut scratch, &mut found);
        let truth = reference::matmul(&x, &w, n, k, Epilogue::None);
        for (i, x) in x.chunks_exact(k).enumerate() {
            let magnitude = x.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            // Below 2⁻¹²⁶ some levels have no numbers.
            let tolerance = 1e-5 * magnitude + 1e-36;
            let row = i * n..(i + 1) * n;
            let what = format!("{precision}, row {i}");
            assert_close(&found[row.clone()], &truth[row], tolerance, &what);
        }
    }
}
