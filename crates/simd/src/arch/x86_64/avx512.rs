//! AVX-512: sixteen lanes, thirty-two registers, masks in registers of their own.
//!
//! Tile: 12 rows × 2 vectors. Twenty-four sums leave room for two vectors of B and broadcasts of A; the twelve row
//! addresses and the two counters just fit the general registers.

pub(crate) mod bf16;
mod bytes;
pub(super) mod groups;
pub(crate) mod vnni;

use std::arch::x86_64::{
    __m512, __m512i, __mmask16, _CMP_GE_OQ, _CMP_GT_OQ, _CMP_UNORD_Q, _MM_FROUND_TO_NEAREST_INT,
    _MM_HINT_T0, _mm_loadu_si128, _mm_prefetch, _mm_storeu_si128, _mm256_loadu_si256,
    _mm256_storeu_si256, _mm512_abs_ps, _mm512_add_epi32, _mm512_add_ps, _mm512_and_ps,
    _mm512_and_si512, _mm512_castps_si512, _mm512_castsi512_ps, _mm512_cmp_ps_mask,
    _mm512_cvtepi8_epi32, _mm512_cvtepi32_epi16, _mm512_cvtepi32_ps, _mm512_cvtph_ps,
    _mm512_cvtps_epi32, _mm512_cvtps_ph, _mm512_cvtusepi32_epi8, _mm512_div_ps, _mm512_fmadd_ps,
    _mm512_fnmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mask_blend_epi32,
    _mm512_mask_blend_ps, _mm512_mask_permute_ps, _mm512_mask_shuffle_f32x4, _mm512_mask_storeu_ps,
    _mm512_maskz_loadu_ps, _mm512_max_epi32, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps,
    _mm512_or_ps, _mm512_or_si512, _mm512_permute_ps, _mm512_reduce_add_ps, _mm512_reduce_max_ps,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_si512, _mm512_shuffle_f32x4,
    _mm512_slli_epi32, _mm512_srli_epi32, _mm512_storeu_ps, _mm512_storeu_si512, _mm512_sub_ps,
};

use crate::{
    Level,
    arch::generic::{
        matmul::tiles,
        vector::{Vector, lanes},
        vector_kernels,
    },
};

vector_kernels!(Level::Avx512, F32x16, Bf16, Bytes, "avx512f,avx512bw,avx512vl,avx512dq");
tiles!(F32x16, 2 vectors wide, 256 deep, up to 12 rows: 1 2 3 4 5 6 7 8 9 10 11 12);

use groups::{Bf16, Bytes};

/// Sixteen f32.
#[derive(Clone, Copy)]
pub(super) struct F32x16(__m512);

/// A bit for each of the first `count` ≤ 16 lanes.
#[inline(always)]
fn first(count: usize) -> __mmask16 {
    ((1_u32 << count) - 1) as __mmask16
}

/// The bf16 of each lane, in its lower half.
///
/// # Safety
/// The CPU has AVX-512 F.
#[inline(always)]
unsafe fn bf16_bits(x: F32x16) -> __m512i {
    // SAFETY: passed on.
    unsafe {
        let bits = _mm512_castps_si512(x.0);
        let upper = _mm512_srli_epi32::<16>(bits);
        let even = _mm512_and_si512(upper, _mm512_set1_epi32(1));
        let up = _mm512_add_epi32(_mm512_set1_epi32(0x7FFF), even);
        let rounded = _mm512_srli_epi32::<16>(_mm512_add_epi32(bits, up));
        // The carry could make a NaN a number.
        let is_nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(x.0, x.0);
        let quiet = _mm512_or_si512(upper, _mm512_set1_epi32(0x40));
        _mm512_mask_blend_epi32(is_nan, rounded, quiet)
    }
}

impl Vector for F32x16 {
    const LANES: usize = 16;
    type Bytes = bytes::U8x64;

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
    unsafe fn load_f16(from: *const u16) -> Self {
        // SAFETY: passed on.
        Self(unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.cast())) })
    }

    #[inline(always)]
    unsafe fn load_i8(from: *const i8) -> Self {
        // SAFETY: passed on.
        Self(unsafe { _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(from.cast()))) })
    }

    #[inline(always)]
    unsafe fn load_u32(from: *const u32) -> Self {
        // SAFETY: passed on; below 2³¹ the sign makes no difference.
        Self(unsafe { _mm512_cvtepi32_ps(_mm512_loadu_si512(from.cast())) })
    }

    #[inline(always)]
    unsafe fn store_f16(self, to: *mut u16) {
        // SAFETY: passed on.
        unsafe {
            let halfs = _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0);
            _mm256_storeu_si256(to.cast(), halfs);
        }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        // SAFETY: passed on.
        unsafe {
            let x = _mm512_max_epi32(_mm512_cvtps_epi32(self.0), _mm512_setzero_si512());
            _mm_storeu_si128(to.cast(), _mm512_cvtusepi32_epi8(x));
        }
    }

    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut u16) {
        // SAFETY: passed on.
        unsafe { _mm256_storeu_si256(to.cast(), _mm512_cvtepi32_epi16(bf16_bits(self))) }
    }

    #[inline(always)]
    unsafe fn store_bf16_pairs(self, second: Self, to: *mut u16) {
        // SAFETY: passed on.
        unsafe {
            let upper = _mm512_slli_epi32::<16>(bf16_bits(second));
            _mm512_storeu_si512(to.cast(), _mm512_or_si512(bf16_bits(self), upper));
        }
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
    fn above(self, other: Self) -> u32 {
        lanes!(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, other.0)).into()
    }

    #[inline(always)]
    fn not_below(self, other: Self) -> u32 {
        lanes!(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(self.0, other.0)).into()
    }

    #[inline(always)]
    fn exchange<const DISTANCE: usize>(self) -> Self {
        Self(lanes!(match DISTANCE {
            1 => _mm512_permute_ps::<0b10_11_00_01>(self.0),
            2 => _mm512_permute_ps::<0b01_00_11_10>(self.0),
            4 => _mm512_shuffle_f32x4::<0b10_11_00_01>(self.0, self.0),
            8 => _mm512_shuffle_f32x4::<0b01_00_11_10>(self.0, self.0),
            _ => unreachable!("of sixteen lanes none is {DISTANCE} further"),
        }))
    }

    #[inline(always)]
    fn transposed<const DISTANCE: usize>(self, below: Self) -> (Self, Self) {
        let (a, b) = (self.0, below.0);
        let (a, b) = lanes!(match DISTANCE {
            1 => (
                _mm512_mask_permute_ps::<0b10_11_00_01>(a, 0xAAAA, b),
                _mm512_mask_permute_ps::<0b10_11_00_01>(b, 0x5555, a),
            ),
            2 => (
                _mm512_mask_permute_ps::<0b01_00_11_10>(a, 0xCCCC, b),
                _mm512_mask_permute_ps::<0b01_00_11_10>(b, 0x3333, a),
            ),
            4 => (
                _mm512_mask_shuffle_f32x4::<0b10_11_00_01>(a, 0xF0F0, b, b),
                _mm512_mask_shuffle_f32x4::<0b10_11_00_01>(b, 0x0F0F, a, a),
            ),
            8 => (
                _mm512_mask_shuffle_f32x4::<0b01_00_11_10>(a, 0xFF00, b, b),
                _mm512_mask_shuffle_f32x4::<0b01_00_11_10>(b, 0x00FF, a, a),
            ),
            _ => unreachable!("of sixteen rows none is {DISTANCE} further"),
        });
        (Self(a), Self(b))
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
