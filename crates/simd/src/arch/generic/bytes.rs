//! The operations on bytes that a scan of codes is made of.

/// A register of u8 lanes, sixteen or a multiple. It exists only where its instructions do, like a
/// [`Vector`](super::vector::Vector).
pub(crate) trait Bytes: Copy {
    /// How many u8.
    const LANES: usize;
    /// Sums of sixteen bits, one for each lane.
    type Sums: Copy;

    /// `LANES` bytes from any address.
    ///
    /// # Safety
    /// The CPU has the instructions, and the bytes can be read.
    unsafe fn load(from: *const u8) -> Self;
    /// The low four bits of each lane.
    fn low(self) -> Self;
    /// The high four bits of each lane.
    fn high(self) -> Self;
    /// In each sixteen lanes of `self`, those that the lanes of `at` name, all below 16.
    fn look_up(self, at: Self) -> Self;
    fn add(self, other: Self) -> Self;

    /// # Safety
    /// The CPU has the instructions.
    unsafe fn no_sums() -> Self::Sums;
    fn add_to(self, sums: Self::Sums) -> Self::Sums;
    /// Writes all sums of one lane modulo 16 together, which are below 2¹⁶, to `to[lane]` for `low`, to `to[16 + lane]` for
    /// `high`.
    ///
    /// # Safety
    /// 32 values can be written from `to` on.
    unsafe fn store_sums(low: Self::Sums, high: Self::Sums, to: *mut u32);
}
