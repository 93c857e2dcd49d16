//! Reproducible numbers.

/// Numbers of dimensions beyond those of common models, odd ones among them.
pub(crate) const LONG: [usize; 7] = [2_047, 2_048, 4_095, 4_096, 4_097, 16_384, 16_387];

/// A linear congruential generator.
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2).wrapping_add(1))
    }

    /// A value in [-2, 2).
    pub(crate) fn value(&mut self) -> f32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 22) as f32 - 2.0
    }

    pub(crate) fn values(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.value()).collect()
    }
}

/// `len` values in [-2, 2).
pub(crate) fn noise(len: usize) -> Vec<f32> {
    Noise::new(len as u64).values(len)
}
