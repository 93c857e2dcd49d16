//! The end of a sum of bytes in sixteen bits.
//!
//! Sixteen bits hold two lanes of bytes. `all` sums them as they are, an even lane and 256 times the odd one after it, and
//! what overflows is lost; `odd` sums the odd lanes alone. So the even ones are `all - 256 · odd`, modulo 2¹⁶, in which
//! the sums fit: two additions and one shift for each register of bytes, where widening takes four.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi16, _mm256_blend_epi32, _mm256_castsi256_si128, _mm256_cvtepu16_epi32,
    _mm256_extracti128_si256, _mm256_permute2x128_si256, _mm256_slli_epi16, _mm256_storeu_si256,
    _mm256_sub_epi16, _mm256_unpackhi_epi16, _mm256_unpacklo_epi16,
};

/// Sums of thirty-two lanes of bytes.
#[derive(Clone, Copy)]
pub(crate) struct Sums {
    pub(crate) all: __m256i,
    pub(crate) odd: __m256i,
}

impl Sums {
    /// Writes the sums, both halves of the lanes together, to 32 values at `to`: those of `low`, then those of `high`.
    ///
    /// # Safety
    /// The CPU has AVX2; the values can be written.
    #[inline(always)]
    pub(crate) unsafe fn store(low: Self, high: Self, to: *mut u32) {
        // SAFETY: passed on.
        unsafe {
            let to: *mut __m256i = to.cast();
            let all = halves(low.all, high.all);
            let odd = halves(low.odd, high.odd);
            let even = _mm256_sub_epi16(all, _mm256_slli_epi16::<8>(odd));
            // Lanes 0 to 7 of low and of high, and 8 to 15.
            let first = _mm256_unpacklo_epi16(even, odd);
            let second = _mm256_unpackhi_epi16(even, odd);
            _mm256_storeu_si256(to, _mm256_cvtepu16_epi32(_mm256_castsi256_si128(first)));
            _mm256_storeu_si256(to.add(1), _mm256_cvtepu16_epi32(_mm256_castsi256_si128(second)));
            let (first, second) =
                (_mm256_extracti128_si256::<1>(first), _mm256_extracti128_si256::<1>(second));
            _mm256_storeu_si256(to.add(2), _mm256_cvtepu16_epi32(first));
            _mm256_storeu_si256(to.add(3), _mm256_cvtepu16_epi32(second));
        }
    }
}

/// The two halves of `low` added up, then those of `high`.
///
/// # Safety
/// The CPU has AVX2.
#[inline(always)]
unsafe fn halves(low: __m256i, high: __m256i) -> __m256i {
    // SAFETY: passed on.
    unsafe {
        let straight = _mm256_blend_epi32::<0b1111_0000>(low, high);
        let crossed = _mm256_permute2x128_si256::<0x21>(low, high);
        _mm256_add_epi16(straight, crossed)
    }
}
