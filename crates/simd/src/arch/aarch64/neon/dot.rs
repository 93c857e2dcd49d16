//! `FEAT_DotProd`: four products of bytes in each lane, added up in one instruction.

use std::arch::aarch64::{int8x16_t, int32x4_t, vdupq_n_s32, vld1q_s8};

use super::groups::{ByteSums, broadcast_signed};
use crate::{
    Kernels, Level,
    arch::generic::{
        products,
        rounded::{Groups, tiles_of_groups},
    },
    dispatch::Table,
};

pub(crate) static KERNELS: Kernels = Kernels::from_table(TABLE);

pub(super) const TABLE: Table =
    Table { level: Level::NeonDot, matmul_int8: kernels::matmul_int8, ..super::TABLE };

mod kernels {
    use super::Bytes;

    super::products! { "neon"; matmul_int8 = Bytes; }
}

/// Groups of four bytes.
struct Bytes;

tiles_of_groups!(Bytes, Int8 by round_to_bytes, ByteSums, 3 vectors wide, up to 8 rows: 1 2 3 4 5 6 7 8);

impl Groups for Bytes {
    type Sum = int32x4_t;
    type Row = int8x16_t;
    type Columns = int8x16_t;

    #[inline(always)]
    unsafe fn zero() -> int32x4_t {
        // SAFETY: passed on.
        unsafe { vdupq_n_s32(0) }
    }

    #[inline(always)]
    unsafe fn row(from: *const u8) -> int8x16_t {
        // SAFETY: passed on.
        unsafe { broadcast_signed(from) }
    }

    #[inline(always)]
    unsafe fn columns(from: *const u8) -> int8x16_t {
        // SAFETY: passed on.
        unsafe { vld1q_s8(from.cast()) }
    }

    #[inline(always)]
    unsafe fn add(mut sums: int32x4_t, row: int8x16_t, columns: int8x16_t) -> int32x4_t {
        // SAFETY: passed on. (The intrinsic is not stable.)
        unsafe {
            std::arch::asm!(
                ".arch_extension dotprod",
                "sdot {sums:v}.4s, {row:v}.16b, {columns:v}.16b",
                sums = inout(vreg) sums,
                row = in(vreg) row,
                columns = in(vreg) columns,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        sums
    }
}
