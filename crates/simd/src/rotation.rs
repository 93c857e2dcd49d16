//! What a fast random rotation is made of: Walsh-Hadamard transforms, products with signs, and butterflies between parts.

use crate::Kernels;

impl Kernels {
    /// The fast Walsh-Hadamard transform of `x` in place, not normalised: twice gives `x.len() · x`.
    ///
    /// `yₖ = Σⱼ (-1)^popcount(j & k) xⱼ`, by log₂ n rounds of butterflies, neighbours first. The same bits at every level.
    ///
    /// # Panics
    /// If the length is not a power of two.
    pub fn hadamard(&self, x: &mut [f32]) {
        let len = x.len();
        assert!(len.is_power_of_two(), "a Hadamard transform of {len} values, not a power of two");
        // SAFETY: the length is a power of two; the table is handed out only where its level is available.
        unsafe { (self.table.hadamard)(x) }
    }

    /// `(a, b) = (a + b, a - b)`, value by value.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn butterfly(&self, a: &mut [f32], b: &mut [f32]) {
        assert_eq!(a.len(), b.len(), "butterfly of vectors of different lengths");
        // SAFETY: the lengths are equal; the table is handed out only where its level is available.
        unsafe { (self.table.butterfly)(a, b) }
    }

    /// `x *= y`, value by value.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn mul(&self, x: &mut [f32], y: &[f32]) {
        assert_eq!(x.len(), y.len(), "mul of vectors of different lengths");
        // SAFETY: the lengths are equal; the table is handed out only where its level is available.
        unsafe { (self.table.mul)(x, y) }
    }

    /// Σ |xᵢ|.
    #[must_use]
    pub fn abs_sum(&self, x: &[f32]) -> f32 {
        // SAFETY: any length will do; the table is handed out only where its level is available.
        unsafe { (self.table.abs_sum)(x) }
    }
}
