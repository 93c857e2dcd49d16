//! Sixty-four bytes.

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_add_epi16, _mm512_add_epi8, _mm512_add_epi16, _mm512_and_si512,
    _mm512_castsi512_si256, _mm512_extracti64x4_epi64, _mm512_loadu_si512, _mm512_set1_epi8,
    _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_srli_epi16,
};

use crate::arch::{
    generic::{bytes::Bytes, vector::lanes},
    x86_64::sums::Sums,
};

/// Sixty-four u8.
#[derive(Clone, Copy)]
pub(in crate::arch::x86_64) struct U8x64(__m512i);

/// As [`Sums`], of twice as many lanes.
#[derive(Clone, Copy)]
pub(in crate::arch::x86_64) struct WideSums {
    all: __m512i,
    odd: __m512i,
}

impl Bytes for U8x64 {
    const LANES: usize = 64;
    type Sums = WideSums;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: passed on.
        Self(unsafe { _mm512_loadu_si512(from.cast()) })
    }

    #[inline(always)]
    fn low(self) -> Self {
        Self(lanes!(_mm512_and_si512(self.0, _mm512_set1_epi8(15))))
    }

    #[inline(always)]
    fn high(self) -> Self {
        Self(lanes!(_mm512_and_si512(_mm512_srli_epi16::<4>(self.0), _mm512_set1_epi8(15))))
    }

    #[inline(always)]
    fn look_up(self, at: Self) -> Self {
        Self(lanes!(_mm512_shuffle_epi8(self.0, at.0)))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(lanes!(_mm512_add_epi8(self.0, other.0)))
    }

    #[inline(always)]
    unsafe fn no_sums() -> WideSums {
        // SAFETY: passed on.
        let zero = unsafe { _mm512_setzero_si512() };
        WideSums { all: zero, odd: zero }
    }

    #[inline(always)]
    fn add_to(self, sums: WideSums) -> WideSums {
        WideSums {
            all: lanes!(_mm512_add_epi16(sums.all, self.0)),
            odd: lanes!(_mm512_add_epi16(sums.odd, _mm512_srli_epi16::<8>(self.0))),
        }
    }

    #[inline(always)]
    unsafe fn store_sums(low: WideSums, high: WideSums, to: *mut u32) {
        // SAFETY: passed on.
        unsafe { Sums::store(low.halved(), high.halved(), to) }
    }
}

impl WideSums {
    /// The two halves of the lanes added up.
    #[inline(always)]
    fn halved(self) -> Sums {
        Sums { all: halved(self.all), odd: halved(self.odd) }
    }
}

#[inline(always)]
fn halved(x: __m512i) -> __m256i {
    lanes!(_mm256_add_epi16(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64::<1>(x)))
}
