//! Products of groups without instructions for them: bytes are widened to 16 bits, bf16 to f32.
//!
//! Tile: 10 rows × 2 vectors. Twenty sums, two halves each of two vectors of weights and of a row's group, and two
//! intermediate results.

use std::arch::x86_64::{
    __m512, __m512i, _mm512_add_epi32, _mm512_and_si512, _mm512_castsi512_ps, _mm512_cvtepi32_ps,
    _mm512_fmadd_ps, _mm512_loadu_si512, _mm512_madd_epi16, _mm512_mul_ps, _mm512_mullo_epi32,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_slli_epi16,
    _mm512_slli_epi32, _mm512_srai_epi16, _mm512_srli_epi16, _mm512_sub_epi32,
};

use super::F32x16;
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
pub(super) unsafe fn broadcast(from: *const u8) -> __m512i {
    // SAFETY: the caller's promise.
    unsafe { _mm512_set1_epi32(from.cast::<i32>().read_unaligned()) }
}

/// Sums of products of bytes.
pub(in crate::arch::x86_64) struct ByteSums;

impl Sums for ByteSums {
    type Float = F32x16;
    type Columns = (__m512, __m512i);

    #[inline(always)]
    unsafe fn columns(scales: *const f32, totals: *const i32) -> (__m512, __m512i) {
        // SAFETY: passed on.
        unsafe { (F32x16::load(scales).0, _mm512_loadu_si512(totals.cast())) }
    }

    #[inline(always)]
    unsafe fn numbers(
        sums: *const u32,
        row: RowScale,
        (scales, totals): (__m512, __m512i),
    ) -> F32x16 {
        // SAFETY: passed on.
        unsafe {
            let zero = _mm512_mullo_epi32(_mm512_set1_epi32(row.zero), totals);
            let exact = _mm512_sub_epi32(_mm512_loadu_si512(sums.cast()), zero);
            let scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(exact), scales);
            F32x16(_mm512_mul_ps(scaled, _mm512_set1_ps(row.scale)))
        }
    }
}

tiles_of_groups!(Bytes, Int8 by round_to_bytes, ByteSums, 2 vectors wide, up to 10 rows: 1 2 3 4 5 6 7 8 9 10);

impl Groups for Bytes {
    type Sum = __m512i;
    /// The bytes at even and at odd places, as 16 bits.
    type Row = [__m512i; 2];
    type Columns = [__m512i; 2];

    #[inline(always)]
    unsafe fn zero() -> __m512i {
        // SAFETY: passed on.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    unsafe fn row(from: *const u8) -> [__m512i; 2] {
        // SAFETY: passed on.
        unsafe {
            let all = broadcast(from);
            [_mm512_and_si512(all, _mm512_set1_epi32(0x00FF_00FF)), _mm512_srli_epi16::<8>(all)]
        }
    }

    #[inline(always)]
    unsafe fn columns(from: *const u8) -> [__m512i; 2] {
        // SAFETY: passed on.
        unsafe {
            let all = _mm512_loadu_si512(from.cast());
            [_mm512_srai_epi16::<8>(_mm512_slli_epi16::<8>(all)), _mm512_srai_epi16::<8>(all)]
        }
    }

    #[inline(always)]
    unsafe fn add(sums: __m512i, row: [__m512i; 2], columns: [__m512i; 2]) -> __m512i {
        // SAFETY: passed on.
        unsafe {
            let even = _mm512_madd_epi16(row[0], columns[0]);
            let odd = _mm512_madd_epi16(row[1], columns[1]);
            _mm512_add_epi32(sums, _mm512_add_epi32(even, odd))
        }
    }
}

tiles_of_groups!(Bf16, Bf16 by round_to_bf16, Numbers<F32x16>, 2 vectors wide, up to 10 rows: 1 2 3 4 5 6 7 8 9 10);

impl Groups for Bf16 {
    type Sum = __m512;
    /// The first and the second of each group, as f32.
    type Row = [__m512; 2];
    type Columns = [__m512; 2];

    #[inline(always)]
    unsafe fn zero() -> __m512 {
        // SAFETY: passed on.
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn row(from: *const u8) -> [__m512; 2] {
        // SAFETY: passed on.
        unsafe { halves(broadcast(from)) }
    }

    #[inline(always)]
    unsafe fn columns(from: *const u8) -> [__m512; 2] {
        // SAFETY: passed on.
        unsafe { halves(_mm512_loadu_si512(from.cast())) }
    }

    #[inline(always)]
    unsafe fn add(sums: __m512, row: [__m512; 2], columns: [__m512; 2]) -> __m512 {
        // SAFETY: passed on.
        unsafe {
            let sums = _mm512_fmadd_ps(row[0], columns[0], sums);
            _mm512_fmadd_ps(row[1], columns[1], sums)
        }
    }
}

/// The two bf16 of each lane as f32.
#[inline(always)]
unsafe fn halves(all: __m512i) -> [__m512; 2] {
    // SAFETY: the caller's promise.
    unsafe {
        let second = _mm512_and_si512(all, _mm512_set1_epi32(0xFFFF_0000_u32.cast_signed()));
        [_mm512_castsi512_ps(_mm512_slli_epi32::<16>(all)), _mm512_castsi512_ps(second)]
    }
}
