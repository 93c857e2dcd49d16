//! AVX-512: sixteen lanes, thirty-two registers, masks in registers of their own.
//!
//! Tile: 12 rows × 2 vectors. Twenty-four sums leave room for two vectors of B and broadcasts of A; the twelve row
//! addresses and the two counters just fit the general registers.

use std::arch::x86_64::{
    __m512, __mmask16, _MM_HINT_T0, _mm_prefetch, _mm512_abs_ps, _mm512_add_ps, _mm512_and_ps,
    _mm512_castps_si512, _mm512_castsi512_ps, _mm512_div_ps, _mm512_fmadd_ps, _mm512_fnmadd_ps,
    _mm512_loadu_ps, _mm512_mask_blend_ps, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps,
    _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_or_ps, _mm512_reduce_add_ps,
    _mm512_reduce_max_ps, _mm512_set1_ps, _mm512_slli_epi32, _mm512_storeu_ps, _mm512_sub_ps,
};

use crate::{
    Level,
    arch::generic::{
        matmul::tiles,
        vector::{Vector, lanes},
        vector_kernels,
    },
};

vector_kernels!(Level::Avx512, F32x16, "avx512f,avx512bw,avx512vl,avx512dq");
tiles!(F32x16, 2 vectors wide, 256 deep, up to 12 rows: 1 2 3 4 5 6 7 8 9 10 11 12);

/// Sixteen f32.
#[derive(Clone, Copy)]
struct F32x16(__m512);

/// A bit for each of the first `count` ≤ 16 lanes.
#[inline(always)]
fn first(count: usize) -> __mmask16 {
    ((1_u32 << count) - 1) as __mmask16
}

impl Vector for F32x16 {
    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: passed on.
        Self(unsafe { _mm512_set1_ps(value) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: passed on.
        Self(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        // SAFETY: passed on; lanes without a set bit are not read.
        Self(unsafe { _mm512_maskz_loadu_ps(first(count), from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: passed on.
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        // SAFETY: passed on; lanes without a set bit are not written.
        unsafe { _mm512_mask_storeu_ps(to, first(count), self.0) }
    }

    #[inline(always)]
    fn prefetch(at: *const f32) {
        // SAFETY: a prefetch has no effect but on the cache, and every x86-64 CPU has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    #[inline(always)]
    fn first_or(self, count: usize, other: Self) -> Self {
        Self(lanes!(_mm512_mask_blend_ps(first(count), other.0, self.0)))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(lanes!(_mm512_add_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(lanes!(_mm512_sub_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(lanes!(_mm512_mul_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(lanes!(_mm512_div_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn fma(self, by: Self, plus: Self) -> Self {
        Self(lanes!(_mm512_fmadd_ps(self.0, by.0, plus.0)))
    }

    #[inline(always)]
    fn neg_fma(self, by: Self, plus: Self) -> Self {
        Self(lanes!(_mm512_fnmadd_ps(self.0, by.0, plus.0)))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(lanes!(_mm512_max_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(lanes!(_mm512_min_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(lanes!(_mm512_abs_ps(self.0)))
    }

    #[inline(always)]
    fn with_sign_of(self, sign: Self) -> Self {
        let sign = lanes!(_mm512_and_ps(_mm512_set1_ps(-0.0), sign.0));
        Self(lanes!(_mm512_or_ps(self.0, sign)))
    }

    #[inline(always)]
    fn shift_into_exponent(self) -> Self {
        let bits = lanes!(_mm512_castps_si512(self.0));
        Self(lanes!(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(bits))))
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        lanes!(_mm512_reduce_add_ps(self.0))
    }

    #[inline(always)]
    fn largest(self) -> f32 {
        lanes!(_mm512_reduce_max_ps(self.0))
    }
}
