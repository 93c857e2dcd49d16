//! Thirty-two bytes.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi8, _mm256_add_epi16, _mm256_and_si256, _mm256_loadu_si256,
    _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16,
};

use crate::arch::{
    generic::{bytes::Bytes, vector::lanes},
    x86_64::sums::Sums,
};

/// Thirty-two u8.
#[derive(Clone, Copy)]
pub(super) struct U8x32(__m256i);

impl Bytes for U8x32 {
    const LANES: usize = 32;
    type Sums = Sums;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: passed on.
        Self(unsafe { _mm256_loadu_si256(from.cast()) })
    }

    #[inline(always)]
    fn low(self) -> Self {
        Self(lanes!(_mm256_and_si256(self.0, _mm256_set1_epi8(15))))
    }

    #[inline(always)]
    fn high(self) -> Self {
        Self(lanes!(_mm256_and_si256(_mm256_srli_epi16::<4>(self.0), _mm256_set1_epi8(15))))
    }

    #[inline(always)]
    fn look_up(self, at: Self) -> Self {
        Self(lanes!(_mm256_shuffle_epi8(self.0, at.0)))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(lanes!(_mm256_add_epi8(self.0, other.0)))
    }

    #[inline(always)]
    unsafe fn no_sums() -> Sums {
        // SAFETY: passed on.
        let zero = unsafe { _mm256_setzero_si256() };
        Sums { all: zero, odd: zero }
    }

    #[inline(always)]
    fn add_to(self, sums: Sums) -> Sums {
        Sums {
            all: lanes!(_mm256_add_epi16(sums.all, self.0)),
            odd: lanes!(_mm256_add_epi16(sums.odd, _mm256_srli_epi16::<8>(self.0))),
        }
    }

    #[inline(always)]
    unsafe fn store_sums(low: Sums, high: Sums, to: *mut u32) {
        // SAFETY: passed on.
        unsafe { Sums::store(low, high, to) }
    }
}
