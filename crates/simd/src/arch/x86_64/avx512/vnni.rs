//! AVX-512 VNNI: four products of bytes in each lane, added up in one instruction.
//!
//! Tile: 12 rows × 2 vectors, as for f32. A group needs two loads of weights, twelve broadcasts and twenty-four
//! multiply-adds, which are four times the products of as many f32 instructions.

use std::arch::x86_64::{__m512i, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_setzero_si512};

use super::groups::{ByteSums, broadcast};
use crate::{
    Kernels, Level,
    arch::generic::{
        products,
        rounded::{Groups, tiles_of_groups},
    },
    dispatch::Table,
};

pub(crate) static KERNELS: Kernels = Kernels::from_table(TABLE);

pub(in crate::arch::x86_64) const TABLE: Table =
    Table { level: Level::Avx512Vnni, matmul_int8: kernels::matmul_int8, ..super::TABLE };

mod kernels {
    use super::Bytes;

    super::products! { "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"; matmul_int8 = Bytes; }
}

/// Groups of four bytes.
struct Bytes;

tiles_of_groups!(Bytes, Int8 by round_to_bytes, ByteSums, 2 vectors wide, up to 12 rows: 1 2 3 4 5 6 7 8 9 10 11 12);

impl Groups for Bytes {
    type Sum = __m512i;
    type Row = __m512i;
    type Columns = __m512i;

    #[inline(always)]
    unsafe fn zero() -> __m512i {
        // SAFETY: passed on.
        unsafe { _mm512_setzero_si512() }
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
    unsafe fn add(sums: __m512i, row: __m512i, columns: __m512i) -> __m512i {
        // SAFETY: passed on.
        unsafe { _mm512_dpbusd_epi32(sums, row, columns) }
    }
}
