//! AVX2 with FMA: eight lanes, sixteen registers.
//!
//! Tile: 6 rows × 2 vectors. Twelve sums, two vectors of B and one broadcast of A fill the registers; twelve multiply-adds
//! take six cycles, their eight loads at most four.

mod bytes;
mod groups;

use std::arch::x86_64::{
    __m256, __m256i, _CMP_GE_OQ, _CMP_GT_OQ, _CMP_UNORD_Q, _MM_FROUND_TO_NEAREST_INT, _MM_HINT_T0,
    _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_loadl_epi64, _mm_loadu_si128, _mm_max_ps,
    _mm_max_ss, _mm_movehdup_ps, _mm_movehl_ps, _mm_packs_epi32, _mm_packus_epi16,
    _mm_packus_epi32, _mm_prefetch, _mm_storel_epi64, _mm_storeu_si128, _mm256_add_epi32,
    _mm256_add_ps, _mm256_and_ps, _mm256_and_si256, _mm256_andnot_ps, _mm256_blend_ps,
    _mm256_blendv_epi8, _mm256_blendv_ps, _mm256_castps_si256, _mm256_castps256_ps128,
    _mm256_castsi256_ps, _mm256_castsi256_si128, _mm256_cmp_ps, _mm256_cvtepi8_epi32,
    _mm256_cvtepi32_ps, _mm256_cvtph_ps, _mm256_cvtps_epi32, _mm256_cvtps_ph, _mm256_div_ps,
    _mm256_extractf128_ps, _mm256_extracti128_si256, _mm256_fmadd_ps, _mm256_fnmadd_ps,
    _mm256_loadu_ps, _mm256_loadu_si256, _mm256_maskload_ps, _mm256_maskstore_ps, _mm256_max_ps,
    _mm256_min_ps, _mm256_movemask_ps, _mm256_mul_ps, _mm256_or_ps, _mm256_or_si256,
    _mm256_permute_ps, _mm256_permute2f128_ps, _mm256_set1_epi32, _mm256_set1_ps,
    _mm256_slli_epi32, _mm256_srli_epi32, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_ps,
};

use crate::{
    Level,
    arch::generic::{
        matmul::tiles,
        vector::{Vector, lanes},
        vector_kernels,
    },
};

vector_kernels!(Level::Avx2, F32x8, Bf16, Bytes, "avx2,fma,f16c");
tiles!(F32x8, 2 vectors wide, 384 deep, up to 6 rows: 1 2 3 4 5 6);

use groups::{Bf16, Bytes};

/// Eight f32.
#[derive(Clone, Copy)]
struct F32x8(__m256);

/// All bits set in the first `count` lanes.
///
/// # Safety
/// The CPU has AVX; `count` ≤ 8.
#[inline(always)]
unsafe fn first(count: usize) -> __m256i {
    static MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    // SAFETY: 8 - count + 8 ≤ 16.
    unsafe { _mm256_loadu_si256(MASKS.as_ptr().add(8 - count).cast()) }
}

/// The bf16 of each lane, in its lower half.
///
/// # Safety
/// The CPU has AVX2.
#[inline(always)]
unsafe fn bf16_bits(x: F32x8) -> __m256i {
    // SAFETY: passed on.
    unsafe {
        let bits = _mm256_castps_si256(x.0);
        let upper = _mm256_srli_epi32::<16>(bits);
        let even = _mm256_and_si256(upper, _mm256_set1_epi32(1));
        let up = _mm256_add_epi32(_mm256_set1_epi32(0x7FFF), even);
        let rounded = _mm256_srli_epi32::<16>(_mm256_add_epi32(bits, up));
        // The carry could make a NaN a number.
        let is_nan = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_UNORD_Q>(x.0, x.0));
        let quiet = _mm256_or_si256(upper, _mm256_set1_epi32(0x40));
        _mm256_blendv_epi8(rounded, quiet, is_nan)
    }
}

impl Vector for F32x8 {
    const LANES: usize = 8;
    type Bytes = bytes::U8x32;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: passed on.
        Self(unsafe { _mm256_set1_ps(value) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: passed on.
        Self(unsafe { _mm256_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        // SAFETY: passed on; lanes without a set bit are not read.
        Self(unsafe { _mm256_maskload_ps(from, first(count)) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: passed on.
        unsafe { _mm256_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        // SAFETY: passed on; lanes without a set bit are not written.
        unsafe { _mm256_maskstore_ps(to, first(count), self.0) }
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        // SAFETY: passed on.
        Self(unsafe { _mm256_cvtph_ps(_mm_loadu_si128(from.cast())) })
    }

    #[inline(always)]
    unsafe fn load_i8(from: *const i8) -> Self {
        // SAFETY: passed on.
        Self(unsafe { _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(from.cast()))) })
    }

    #[inline(always)]
    unsafe fn load_u32(from: *const u32) -> Self {
        // SAFETY: passed on; below 2³¹ the sign makes no difference.
        Self(unsafe { _mm256_cvtepi32_ps(_mm256_loadu_si256(from.cast())) })
    }

    #[inline(always)]
    unsafe fn store_f16(self, to: *mut u16) {
        // SAFETY: passed on.
        unsafe {
            let halfs = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0);
            _mm_storeu_si128(to.cast(), halfs);
        }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        // SAFETY: passed on.
        unsafe {
            let x = _mm256_cvtps_epi32(self.0);
            let x = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x));
            _mm_storel_epi64(to.cast(), _mm_packus_epi16(x, x));
        }
    }

    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut u16) {
        // SAFETY: passed on.
        unsafe {
            let bits = bf16_bits(self);
            let (low, high) = (_mm256_castsi256_si128(bits), _mm256_extracti128_si256::<1>(bits));
            _mm_storeu_si128(to.cast(), _mm_packus_epi32(low, high));
        }
    }

    #[inline(always)]
    unsafe fn store_bf16_pairs(self, second: Self, to: *mut u16) {
        // SAFETY: passed on.
        unsafe {
            let upper = _mm256_slli_epi32::<16>(bf16_bits(second));
            _mm256_storeu_si256(to.cast(), _mm256_or_si256(bf16_bits(self), upper));
        }
    }

    #[inline(always)]
    fn prefetch(at: *const f32) {
        // SAFETY: a prefetch has no effect but on the cache, and every x86-64 CPU has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    #[inline(always)]
    fn first_or(self, count: usize, other: Self) -> Self {
        Self(lanes!(_mm256_blendv_ps(other.0, self.0, _mm256_castsi256_ps(first(count)))))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(lanes!(_mm256_add_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(lanes!(_mm256_sub_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(lanes!(_mm256_mul_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(lanes!(_mm256_div_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn fma(self, by: Self, plus: Self) -> Self {
        Self(lanes!(_mm256_fmadd_ps(self.0, by.0, plus.0)))
    }

    #[inline(always)]
    fn neg_fma(self, by: Self, plus: Self) -> Self {
        Self(lanes!(_mm256_fnmadd_ps(self.0, by.0, plus.0)))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(lanes!(_mm256_max_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(lanes!(_mm256_min_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(lanes!(_mm256_andnot_ps(_mm256_set1_ps(-0.0), self.0)))
    }

    #[inline(always)]
    fn with_sign_of(self, sign: Self) -> Self {
        let sign = lanes!(_mm256_and_ps(_mm256_set1_ps(-0.0), sign.0));
        Self(lanes!(_mm256_or_ps(self.0, sign)))
    }

    #[inline(always)]
    fn shift_into_exponent(self) -> Self {
        let bits = lanes!(_mm256_castps_si256(self.0));
        Self(lanes!(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(bits))))
    }

    #[inline(always)]
    fn above(self, other: Self) -> u32 {
        lanes!(_mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(self.0, other.0))) as u32
    }

    #[inline(always)]
    fn not_below(self, other: Self) -> u32 {
        lanes!(_mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(self.0, other.0))) as u32
    }

    #[inline(always)]
    fn exchange<const DISTANCE: usize>(self) -> Self {
        Self(lanes!(match DISTANCE {
            1 => _mm256_permute_ps::<0b10_11_00_01>(self.0),
            2 => _mm256_permute_ps::<0b01_00_11_10>(self.0),
            4 => _mm256_permute2f128_ps::<1>(self.0, self.0),
            _ => unreachable!("of eight lanes none is {DISTANCE} further"),
        }))
    }

    #[inline(always)]
    fn transposed<const DISTANCE: usize>(self, below: Self) -> (Self, Self) {
        let (a, b) = (self.0, below.0);
        let (from_b, from_a) = (below.exchange::<DISTANCE>().0, self.exchange::<DISTANCE>().0);
        let (a, b) = lanes!(match DISTANCE {
            1 => (
                _mm256_blend_ps::<0b1010_1010>(a, from_b),
                _mm256_blend_ps::<0b0101_0101>(b, from_a),
            ),
            2 => (
                _mm256_blend_ps::<0b1100_1100>(a, from_b),
                _mm256_blend_ps::<0b0011_0011>(b, from_a),
            ),
            4 => (
                _mm256_blend_ps::<0b1111_0000>(a, from_b),
                _mm256_blend_ps::<0b0000_1111>(b, from_a),
            ),
            _ => unreachable!("of eight rows none is {DISTANCE} further"),
        });
        (Self(a), Self(b))
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        lanes!({
            let x = _mm_add_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let x = _mm_add_ps(x, _mm_movehl_ps(x, x));
            _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)))
        })
    }

    #[inline(always)]
    fn largest(self) -> f32 {
        lanes!({
            let x = _mm_max_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let x = _mm_max_ps(x, _mm_movehl_ps(x, x));
            _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)))
        })
    }
}
