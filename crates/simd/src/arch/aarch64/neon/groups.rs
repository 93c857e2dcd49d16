//! Products of groups without instructions for them: bytes are multiplied to 16 bits, bf16 widened to f32.
//!
//! Inputs are unsigned bytes and weights signed ones. Here both are signed: 128 is taken from each input, and from the
//! row's zero in the end.

use std::arch::aarch64::{
    float32x4_t, int8x16_t, int32x4_t, uint32x4_t, vandq_u32, vcvtq_f32_s32, vdupq_n_f32,
    vdupq_n_s32, vdupq_n_u8, vdupq_n_u32, veorq_u8, vfmaq_f32, vget_low_s8, vld1q_s8, vld1q_s32,
    vld1q_u8, vmlsq_s32, vmull_high_s8, vmull_s8, vmulq_f32, vmulq_n_f32, vpadalq_s16, vpaddq_s16,
    vreinterpretq_f32_u32, vreinterpretq_s8_u8, vreinterpretq_u8_u32, vreinterpretq_u32_u8,
    vshlq_n_u32,
};

use super::F32x4;
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
///
/// # Safety
/// Four bytes can be read.
#[inline(always)]
pub(super) unsafe fn broadcast(from: *const u8) -> uint32x4_t {
    // SAFETY: passed on.
    unsafe { vdupq_n_u32(from.cast::<u32>().read_unaligned()) }
}

/// Four bytes of a row, less 128, in each lane.
///
/// # Safety
/// Four bytes can be read.
#[inline(always)]
pub(super) unsafe fn broadcast_signed(from: *const u8) -> int8x16_t {
    // SAFETY: passed on.
    unsafe { vreinterpretq_s8_u8(veorq_u8(vreinterpretq_u8_u32(broadcast(from)), vdupq_n_u8(128))) }
}

/// Sums of products of signed bytes.
pub(super) struct ByteSums;

impl Sums for ByteSums {
    type Float = F32x4;
    type Columns = (float32x4_t, int32x4_t);

    #[inline(always)]
    unsafe fn columns(scales: *const f32, totals: *const i32) -> (float32x4_t, int32x4_t) {
        // SAFETY: passed on.
        unsafe { (F32x4::load(scales).0, vld1q_s32(totals)) }
    }

    #[inline(always)]
    unsafe fn numbers(
        sums: *const u32,
        row: RowScale,
        (scales, totals): (float32x4_t, int32x4_t),
    ) -> F32x4 {
        // SAFETY: passed on.
        unsafe {
            let exact = vmlsq_s32(vld1q_s32(sums.cast()), vdupq_n_s32(row.zero - 128), totals);
            F32x4(vmulq_n_f32(vmulq_f32(vcvtq_f32_s32(exact), scales), row.scale))
        }
    }
}

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
    unsafe fn add(sums: int32x4_t, row: int8x16_t, columns: int8x16_t) -> int32x4_t {
        // SAFETY: passed on.
        unsafe {
            let low = vmull_s8(vget_low_s8(row), vget_low_s8(columns));
            let high = vmull_high_s8(row, columns);
            // The products of a column, two by two: |x| ≤ 128 and |w| ≤ 127, and 2 · 128 · 127 is below 2¹⁵.
            vpadalq_s16(sums, vpaddq_s16(low, high))
        }
    }
}

tiles_of_groups!(Bf16, Bf16 by round_to_bf16, Numbers<F32x4>, 3 vectors wide, up to 6 rows: 1 2 3 4 5 6);

impl Groups for Bf16 {
    type Sum = float32x4_t;
    /// The first and the second of each group, as f32.
    type Row = [float32x4_t; 2];
    type Columns = [float32x4_t; 2];

    #[inline(always)]
    unsafe fn zero() -> float32x4_t {
        // SAFETY: passed on.
        unsafe { vdupq_n_f32(0.0) }
    }

    #[inline(always)]
    unsafe fn row(from: *const u8) -> [float32x4_t; 2] {
        // SAFETY: passed on.
        unsafe { halves(broadcast(from)) }
    }

    #[inline(always)]
    unsafe fn columns(from: *const u8) -> [float32x4_t; 2] {
        // SAFETY: passed on.
        unsafe { halves(vreinterpretq_u32_u8(vld1q_u8(from))) }
    }

    #[inline(always)]
    unsafe fn add(
        sums: float32x4_t,
        row: [float32x4_t; 2],
        columns: [float32x4_t; 2],
    ) -> float32x4_t {
        // SAFETY: passed on.
        unsafe { vfmaq_f32(vfmaq_f32(sums, row[0], columns[0]), row[1], columns[1]) }
    }
}

/// The two bf16 of each lane as f32.
#[inline(always)]
unsafe fn halves(all: uint32x4_t) -> [float32x4_t; 2] {
    // SAFETY: the caller's promise.
    unsafe {
        [
            vreinterpretq_f32_u32(vshlq_n_u32::<16>(all)),
            vreinterpretq_f32_u32(vandq_u32(all, vdupq_n_u32(0xFFFF_0000))),
        ]
    }
}
