//! Matrix products.

use hippocamp_simd::{Activation, Epilogue, Kernels};

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

    /// With `count` of the epilogues.
    fn check(&self, kernels: &Kernels, count: usize) {
        let Self { m, n, k, .. } = *self;
        let packed = kernels.pack(&self.w, n, k);
        for epilogue in self.epilogues().into_iter().take(count) {
            let found = guarded(m * n, 1, |out| kernels.matmul(&self.x, &packed, epilogue, out));
            let truth = reference::matmul(&self.x, &self.w, n, k, epilogue);
            // Each of k steps rounds a partial sum of up to about 5 √k.
            let tolerance = 2e-6 * (k as f64).sqrt() + 1e-7 * k as f64;
            assert_close(&found, &truth, tolerance, &format!("{m} × {k} × {n}, {epilogue:.3?}"));
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
    for (n, k) in [(1, 1), (37, 5), (48, 384), (33, 600)] {
        let all = Operands::new(200, n, k);
        let packed = kernels.pack(&all.w, n, k);
        for epilogue in all.epilogues() {
            let mut whole = vec![0.0; 200 * n];
            kernels.matmul(&all.x, &packed, epilogue, &mut whole);
            for (first, m) in (1..=40).map(|m| (m % 7, m)).chain([(3, 169), (31, 169)]) {
                let rows = first * n..(first + m) * n;
                let epilogue = match epilogue {
                    Epilogue::BiasResidual(bias, residual) => {
                        Epilogue::BiasResidual(bias, &residual[rows.clone()])
                    }
                    other => other,
                };
                let mut part = vec![0.0; m * n];
                kernels.matmul(&all.x[first * k..(first + m) * k], &packed, epilogue, &mut part);
                let what = format!("rows {first} to {} of {k} × {n}", first + m);
                assert_same_bits(&part, &whole[rows], &what);
            }
        }
    }
}

pub(crate) fn of_special_values(kernels: &Kernels) {
    let (m, n, k) = (9, 19, 11);
    let mut all = Operands::new(m, n, k);
    all.x[3 * k + 5] = f32::NAN;
    all.x[7 * k] = f32::INFINITY;
    let packed = kernels.pack(&all.w, n, k);
    let mut out = vec![0.0; m * n];
    kernels.matmul(&all.x, &packed, Epilogue::None, &mut out);
    for (i, row) in out.chunks_exact(n).enumerate() {
        match i {
            3 => assert!(row.iter().all(|x| x.is_nan()), "row {i}"),
            7 => assert!(row.iter().all(|x| x.is_infinite()), "row {i}"),
            _ => assert!(row.iter().all(|x| x.is_finite()), "row {i}"),
        }
    }
    for epilogue in all.epilogues() {
        kernels.matmul(&all.x, &packed, epilogue, &mut out);
        assert!(out[3 * n..4 * n].iter().all(|x| x.is_nan()), "{epilogue:.3?}");
    }
}
