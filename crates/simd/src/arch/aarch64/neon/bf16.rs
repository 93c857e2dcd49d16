//! `FEAT_BF16`: two products of bf16 in each lane, added up in one instruction.
//!
//! `bfdot` and not `bfmmla`, whose two by two blocks would want another layout than all other levels.

use std::arch::aarch64::{float32x4_t, uint8x16_t, vdupq_n_f32, vld1q_u8, vreinterpretq_u8_u32};

use super::{F32x4, dot, groups::broadcast};
use crate::{
    Kernels, Level,
    arch::generic::{
        attention_of_tiles, products,
        rounded::{Groups, Numbers, tiles_of_groups},
    },
    dispatch::Table,
};

pub(crate) static KERNELS: Kernels = Kernels::from_table(TABLE);

const TABLE: Table = Table {
    level: Level::NeonBf16,
    matmul_bf16: kernels::matmul_bf16,
    attention_bf16: kernels::attention_bf16,
    ..dot::TABLE
};

mod kernels {
    use super::Bf16;

    super::products! { "neon"; matmul_bf16 = Bf16; }
    super::attention_of_tiles! { "neon"; attention_bf16 = Bf16; }
}

/// Groups of two bf16.
struct Bf16;

tiles_of_groups!(Bf16, Bf16 by round_to_bf16, Numbers<F32x4>, 3 vectors wide, up to 8 rows: 1 2 3 4 5 6 7 8);

impl Groups for Bf16 {
    type Sum = float32x4_t;
    type Row = uint8x16_t;
    type Columns = uint8x16_t;

    #[inline(always)]
    unsafe fn zero() -> float32x4_t {
        // SAFETY: passed on.
        unsafe { vdupq_n_f32(0.0) }
    }

    #[inline(always)]
    unsafe fn row(from: *const u8) -> uint8x16_t {
        // SAFETY: passed on.
        unsafe { vreinterpretq_u8_u32(broadcast(from)) }
    }

    #[inline(always)]
    unsafe fn columns(from: *const u8) -> uint8x16_t {
        // SAFETY: passed on.
        unsafe { vld1q_u8(from) }
    }

    #[inline(always)]
    unsafe fn add(mut sums: float32x4_t, row: uint8x16_t, columns: uint8x16_t) -> float32x4_t {
        // SAFETY: passed on. (The intrinsic is not stable.)
        unsafe {
            std::arch::asm!(
                ".arch_extension bf16",
                "bfdot {sums:v}.4s, {row:v}.8h, {columns:v}.8h",
                sums = inout(vreg) sums,
                row = in(vreg) row,
                columns = in(vreg) columns,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        sums
    }
}
