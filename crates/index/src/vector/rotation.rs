//! A random rotation that costs n log n.
//!
//! Sign bits say most about a vector whose values are all of one size, and a random rotation makes any
//! vector such a one. Instead of a random matrix (n² products) this takes rounds of random signs and
//! Walsh-Hadamard transforms, as the "fast Johnson-Lindenstrauss transform" does (Ailon, Chazelle 2009).
//! Where the length is no power of two a round transforms the largest power of two at one end, in turn
//! the first and the last, and mixes the halves; every step is orthogonal, so the whole is.
//!
//! Nothing is stored: the signs come from a generator with a fixed seed.

use hippocamp_simd::Kernels;

/// The scan works on whole groups of so many dimensions.
pub(crate) const PADDING: usize = 16;
const SEED: u64 = 0x6869_7070_6F63_616D;

pub(crate) struct Rotation {
    from: usize,
    to: usize,
    /// Per round a factor for each value: a sign, and what keeps the round's length.
    rounds: Vec<Vec<f32>>,
}

impl Rotation {
    /// Of vectors with so many values.
    pub(crate) fn new(dimension: usize) -> Self {
        let to = dimension.next_multiple_of(PADDING);
        let whole = to.is_power_of_two();
        let transformed = largest_power_of_two(to);
        let length = 1.0 / (transformed as f32).sqrt();
        let mix = if whole { 1.0 } else { std::f32::consts::FRAC_1_SQRT_2 };
        let mut random = SplitMix(SEED);
        let rounds = (0..if whole { 3 } else { 4 })
            .map(|round| {
                let range = transformed_range(to, round);
                (0..to)
                    .map(|at| {
                        let sign = if random.next() >> 63 == 0 { mix } else { -mix };
                        if range.contains(&at) { sign * length } else { sign }
                    })
                    .collect()
            })
            .collect();
        Self { from: dimension, to, rounds }
    }

    /// The number of values in a rotated vector: `dimension` rounded up to a multiple of [`PADDING`].
    pub(crate) fn dimension(&self) -> usize {
        self.to
    }

    /// Rotates `vector`, `[dimension]`, into `out`, `[self.dimension()]`.
    pub(crate) fn apply(&self, kernels: &Kernels, vector: &[f32], out: &mut [f32]) {
        let (values, padding) = out.split_at_mut(self.from.min(out.len()));
        values.copy_from_slice(vector);
        padding.fill(0.0);
        for (round, factors) in self.rounds.iter().enumerate() {
            kernels.mul(out, factors);
            if let Some(part) = out.get_mut(transformed_range(self.to, round)) {
                kernels.hadamard(part);
            }
            if !self.to.is_power_of_two() {
                let (first, second) = out.split_at_mut(self.to / 2);
                kernels.butterfly(first, second);
            }
        }
    }
}

fn largest_power_of_two(of: usize) -> usize {
    1 << of.ilog2()
}

/// What a round transforms: the first values in even rounds, the last in odd ones.
fn transformed_range(of: usize, round: usize) -> std::ops::Range<usize> {
    let length = largest_power_of_two(of);
    if round.is_multiple_of(2) { 0..length } else { of - length..of }
}

/// `SplitMix64` (Steele, Lea, Flood 2014): the same numbers for the same seed, everywhere.
pub(crate) struct SplitMix(pub(crate) u64);

impl SplitMix {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is above 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use hippocamp_simd::Level;

    use super::*;

    fn rotated(kernels: &Kernels, rotation: &Rotation, vector: &[f32]) -> Vec<f32> {
        let mut out = vec![f32::NAN; rotation.dimension()];
        rotation.apply(kernels, vector, &mut out);
        out
    }

    #[test]
    fn it_keeps_every_inner_product() {
        for level in Level::all_available() {
            let kernels = Kernels::at(level).unwrap();
            for dimension in [1, 2, 3, 15, 16, 17, 100, 384, 400, 512, 768, 1536] {
                let rotation = Rotation::new(dimension);
                let mut random = SplitMix(dimension as u64);
                let mut vector = || -> Vec<f32> {
                    (0..dimension).map(|_| random.next() as i64 as f32 / 2f32.powi(63)).collect()
                };
                let (a, b) = (vector(), vector());
                let product: f32 = kernels.dot(&a, &b);
                let (a2, b2) = (rotated(kernels, &rotation, &a), rotated(kernels, &rotation, &b));
                let length = (kernels.dot(&a, &a) * kernels.dot(&b, &b)).sqrt();
                assert!((kernels.dot(&a2, &b2) - product).abs() < 1e-5 * length, "{dimension}");
            }
        }
    }

    #[test]
    fn it_spreads_a_single_value_over_all() {
        let kernels = Kernels::at(Level::Scalar).unwrap();
        for dimension in [64, 384, 768, 1536] {
            let rotation = Rotation::new(dimension);
            for at in [0, 1, dimension / 2, dimension - 1] {
                let mut vector = vec![0.0; dimension];
                vector[at] = 1.0;
                let out = rotated(kernels, &rotation, &vector);
                // The values of a random direction are normal with this deviation; five of them is rare.
                let deviation = 1.0 / (dimension as f32).sqrt();
                let largest = out.iter().fold(0f32, |largest, x| largest.max(x.abs()));
                assert!(largest < 5.0 * deviation, "{dimension} {at}: {largest}");
                let small = out.iter().filter(|x| x.abs() < 1e-3 * deviation).count();
                assert!(small < dimension / 4, "{dimension} {at}: {small} values are as good as 0");
            }
        }
    }
}
