//! AVX-512 BF16: two products of bf16 in each lane, added up in one instruction.
//!
//! Tile: 12 rows × 2 vectors, as for f32. The instruction takes numbers below 2⁻¹²⁶ as zero.

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_loadu_si512, _mm512_setzero_ps,
};
use std::mem::transmute;

use super::{F32x16, groups::broadcast, vnni};
use crate::{
    Kernels, Level,
    arch::generic::{
        attention_of_tiles, products,
        rounded::{Groups, Numbers, tiles_of_groups},
    },
    dispatch::Table,
};

pub(crate) static KERNELS: Kernels = Kernels::from_table(TABLE);

pub(in crate::arch::x86_64) const TABLE: Table = Table {
    level: Level::Avx512Bf16,
    matmul_bf16: kernels::matmul_bf16,
    attention_bf16: kernels::attention_bf16,
    ..vnni::TABLE
};

mod kernels {
    use super::Bf16;

    super::products! { "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16"; matmul_bf16 = Bf16; }
    super::attention_of_tiles! { "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16"; attention_bf16 = Bf16; }
}

/// Groups of two bf16.
struct Bf16;

tiles_of_groups!(Bf16, Bf16 by round_to_bf16, Numbers<F32x16>, 2 vectors wide, up to 12 rows: 1 2 3 4 5 6 7 8 9 10 11 12);

impl Groups for Bf16 {
    type Sum = __m512;
    type Row = __m512i;
    type Columns = __m512i;

    #[inline(always)]
    unsafe fn zero() -> __m512 {
        // SAFETY: passed on.
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn row(from: *const u8) -> __m512i {
        // SAFETY: passed on.
        unsafe { broadcast(from) }
    }

    #[inline(always)]
    unsafe fn columns(from: *const u8) -> __m512i {
        // SAFETY: passed on.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn add(sums: __m512, row: __m512i, columns: __m512i) -> __m512 {
        // SAFETY: passed on; both types are 64 bytes without invalid values.
        unsafe {
            let row = transmute::<__m512i, __m512bh>(row);
            let columns = transmute::<__m512i, __m512bh>(columns);
            _mm512_dpbf16_ps(sums, row, columns)
        }
    }
}
