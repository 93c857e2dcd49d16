//! The operations that the algorithms are made of.

use super::bytes::Bytes;

/// A register of f32 lanes.
///
/// A value of the type exists only where its instructions do: [`splat`](Self::splat) and the loads are unsafe and make
/// that promise, so the arithmetic need not. No operation looks at another lane, but for
/// [`exchange`](Self::exchange), [`transposed`](Self::transposed), [`sum`](Self::sum) and [`largest`](Self::largest).
pub(crate) trait Vector: Copy {
    /// How many f32.
    const LANES: usize;
    /// The register of bytes that goes with it.
    type Bytes: Bytes;

    /// `value` in every lane.
    ///
    /// # Safety
    /// The CPU has the instructions (so for all functions of this trait that make a vector).
    unsafe fn splat(value: f32) -> Self;
    /// `LANES` values from any address.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load(from: *const f32) -> Self;
    /// `count` ≤ `LANES` values, 0 in the other lanes; no more memory is touched.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load_first(from: *const f32, count: usize) -> Self;
    /// Writes all lanes to any address.
    ///
    /// # Safety
    /// `LANES` values can be written there.
    unsafe fn store(self, to: *mut f32);
    /// Writes the first `count` ≤ `LANES` lanes; no more memory is touched.
    ///
    /// # Safety
    /// `count` values can be written there.
    unsafe fn store_first(self, to: *mut f32, count: usize);
    /// `LANES` halfs from any address, widened.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load_f16(from: *const u16) -> Self;
    /// `LANES` bytes from any address, widened.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load_i8(from: *const i8) -> Self;
    /// `LANES` integers below 2³¹ from any address, rounded.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load_u32(from: *const u32) -> Self;
    /// Writes the lanes as halfs, rounded to the nearest (of two to the even one), to any address.
    ///
    /// # Safety
    /// `LANES` halfs can be written there.
    unsafe fn store_f16(self, to: *mut u16);
    /// Writes the lanes as bytes, rounded to the nearest (of two to the even one), to any address. Lanes below 256; what
    /// is below 0 or NaN becomes 0.
    ///
    /// # Safety
    /// `LANES` bytes can be written there.
    unsafe fn store_bytes(self, to: *mut u8);
    /// Writes the lanes as bf16, rounded to the nearest (of two to the even one; NaN stays NaN), to any address.
    ///
    /// # Safety
    /// `LANES` bf16 can be written there.
    unsafe fn store_bf16(self, to: *mut u16);
    /// Writes the lanes of `self` and of `second` as bf16, in turns: the first of `self`, the first of `second` …
    ///
    /// # Safety
    /// `2 * LANES` bf16 can be written there.
    unsafe fn store_bf16_pairs(self, second: Self, to: *mut u16);
    /// Asks for the cache line at any address, existing or not.
    fn prefetch(at: *const f32);
    /// The first `count` ≤ `LANES` lanes of `self`, the others of `other`.
    fn first_or(self, count: usize, other: Self) -> Self;

    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    /// `self * by + plus`, rounded once.
    fn fma(self, by: Self, plus: Self) -> Self;
    /// `plus - self * by`, rounded once.
    fn neg_fma(self, by: Self, plus: Self) -> Self;
    /// `if self > other { self } else { other }`.
    fn max(self, other: Self) -> Self;
    /// `if self < other { self } else { other }`.
    fn min(self, other: Self) -> Self;
    fn abs(self) -> Self;
    /// The magnitude of `self`, which is not negative, with the sign of `sign`.
    fn with_sign_of(self, sign: Self) -> Self;
    /// The lanes' bits moved up by 23: what was the lowest byte becomes the exponent.
    fn shift_into_exponent(self) -> Self;

    /// A bit for each lane, the first lowest: `self > other`.
    fn above(self, other: Self) -> u32;
    /// A bit for each lane, the first lowest: `self >= other`.
    fn not_below(self, other: Self) -> u32;

    /// Each lane has the value of that `DISTANCE` further, or before, in blocks of two distances: 1, 2 … `LANES / 2`.
    fn exchange<const DISTANCE: usize>(self) -> Self;
    /// One step of transposing a matrix whose rows are vectors, for two rows that are DISTANCE apart: in the squares of
    /// DISTANCE lanes that the two have, the upper right one and the lower left one change places.
    fn transposed<const DISTANCE: usize>(self, below: Self) -> (Self, Self);
    /// The sum of the lanes, in an order that is always the same.
    fn sum(self) -> f32;
    /// The largest lane; any lane if one is NaN.
    fn largest(self) -> f32;
}

/// An operation on the registers of vectors that exist: `lanes!(_mm256_add_ps(self.0, other.0))`.
macro_rules! lanes {
    ($operation:expr) => {{
        // SAFETY: a vector exists only where its instructions do, and arithmetic on registers touches nothing else.
        unsafe { $operation }
    }};
}
pub(crate) use lanes;
