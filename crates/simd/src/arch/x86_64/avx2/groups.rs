//! Products of groups without instructions for them: bytes are widened to 16 bits, bf16 to f32.
//!
//! Tile: 4 rows × 2 vectors. Eight sums, two halves each of two vectors of weights and of a row's group, and two
//! intermediate results fill the registers.

use std::arch::x86_64::{
    __m256, __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_castsi256_ps, _mm256_cvtepi32_ps,
    _mm256_fmadd_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_mul_ps, _mm256_mullo_epi32,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_slli_epi16,
    _mm256_slli_epi32, _mm256_srai_epi16, _mm256_srli_epi16, _mm256_sub_epi32,
};

use super::F32x8;
use crate::{
    arch::generic::{
        rounded::{Groups, Numbers, Sums, tiles_of_groups},
        vector::Vector,
    },
    rounded::RowScale,
};

/// Groups of four bytes.
pub(super) struct Bytes;

/// Groups of two bf16.
pub(super) struct Bf16;

/// Four bytes of a row in each lane.
#[inline(always)]
unsafe fn broadcast(from: *const u8) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe { _mm256_set1_epi32(from.cast::<i32>().read_unaligned()) }
}

/// Sums of products of bytes.
pub(super) struct ByteSums;

impl Sums for ByteSums {
    type Float = F32x8;
    type Columns = (__m256, __m256i);

    #[inline(always)]
    unsafe fn columns(scales: *const f32, totals: *const i32) -> (__m256, __m256i) {
        // SAFETY: passed on.
        unsafe { (F32x8::load(scales).0, _mm256_loadu_si256(totals.cast())) }
    }

    #[inline(always)]
    unsafe fn numbers(
        sums: *const u32,
        row: RowScale,
        (scales, totals): (__m256, __m256i),
    ) -> F32x8 {
        // SAFETY: passed on.
        unsafe {
            let zero = _mm256_mullo_epi32(_mm256_set1_epi32(row.zero), totals);
            let exact = _mm256_sub_epi32(_mm256_loadu_si256(sums.cast()), zero);
            let scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(exact), scales);
            F32x8(_mm256_mul_ps(scaled, _mm256_set1_ps(row.scale)))
        }
    }
}

tiles_of_groups!(Bytes, Int8 by round_to_bytes, ByteSums, 2 vectors wide, up to 4 rows: 1 2 3 4);

impl Groups for Bytes {
    type Sum = __m256i;
    /// The bytes at even and at odd places, as 16 bits.
    type Row = [__m256i; 2];
    type Columns = [__m256i; 2];

    #[inline(always)]
    unsafe fn zero() -> __m256i {
        // SAFETY: passed on.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn row(from: *const u8) -> [__m256i; 2] {
        // SAFETY: passed on.
        unsafe {
            let all = broadcast(from);
            [_mm256_and_si256(all, _mm256_set1_epi32(0x00FF_00FF)), _mm256_srli_epi16::<8>(all)]
        }
    }

    #[inline(always)]
    unsafe fn columns(from: *const u8) -> [__m256i; 2] {
        // SAFETY: passed on.
        unsafe {
            let all = _mm256_loadu_si256(from.cast());
            [_mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(all)), _mm256_srai_epi16::<8>(all)]
        }
    }

    #[inline(always)]
    unsafe fn add(sums: __m256i, row: [__m256i; 2], columns: [__m256i; 2]) -> __m256i {
        // SAFETY: passed on.
        unsafe {
            let even = _mm256_madd_epi16(row[0], columns[0]);
            let odd = _mm256_madd_epi16(row[1], columns[1]);
            _mm256_add_epi32(sums, _mm256_add_epi32(even, odd))
        }
    }
}

tiles_of_groups!(Bf16, Bf16 by round_to_bf16, Numbers<F32x8>, 2 vectors wide, up to 4 rows: 1 2 3 4);

impl Groups for Bf16 {
    type Sum = __m256;
    /// The first and the second of each group, as f32.
    type Row = [__m256; 2];
    type Columns = [__m256; 2];

    #[inline(always)]
    unsafe fn zero() -> __m256 {
        // SAFETY: passed on.
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn row(from: *const u8) -> [__m256; 2] {
        // SAFETY: passed on.
        unsafe { halves(broadcast(from)) }
    }

    #[inline(always)]
    unsafe fn columns(from: *const u8) -> [__m256; 2] {
        // SAFETY: passed on.
        unsafe { halves(_mm256_loadu_si256(from.cast())) }
    }

    #[inline(always)]
    unsafe fn add(sums: __m256, row: [__m256; 2], columns: [__m256; 2]) -> __m256 {
        // SAFETY: passed on.
        unsafe {
            let sums = _mm256_fmadd_ps(row[0], columns[0], sums);
            _mm256_fmadd_ps(row[1], columns[1], sums)
        }
    }
}

/// The two bf16 of each lane as f32.
#[inline(always)]
unsafe fn halves(all: __m256i) -> [__m256; 2] {
    // SAFETY: the caller's promise.
    unsafe {
        let second = _mm256_and_si256(all, _mm256_set1_epi32(0xFFFF_0000_u32.cast_signed()));
        [_mm256_castsi256_ps(_mm256_slli_epi32::<16>(all)), _mm256_castsi256_ps(second)]
    }
}
