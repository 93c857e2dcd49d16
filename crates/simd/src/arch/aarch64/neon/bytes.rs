//! Sixteen bytes.

use std::arch::aarch64::{
    uint8x16_t, uint16x8_t, vaddq_u8, vaddw_high_u8, vaddw_u8, vandq_u8, vdupq_n_u8, vdupq_n_u16,
    vget_low_u8, vget_low_u16, vld1q_u8, vmovl_high_u16, vmovl_u16, vqtbl1q_u8, vshrq_n_u8,
    vst1q_u32,
};

use crate::arch::generic::{bytes::Bytes, vector::lanes};

/// Sixteen u8.
#[derive(Clone, Copy)]
pub(super) struct U8x16(uint8x16_t);

/// Sums of the first and of the second eight lanes.
#[derive(Clone, Copy)]
pub(super) struct Sums(uint16x8_t, uint16x8_t);

impl Bytes for U8x16 {
    const LANES: usize = 16;
    type Sums = Sums;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: passed on.
        Self(unsafe { vld1q_u8(from) })
    }

    #[inline(always)]
    fn low(self) -> Self {
        Self(lanes!(vandq_u8(self.0, vdupq_n_u8(15))))
    }

    #[inline(always)]
    fn high(self) -> Self {
        Self(lanes!(vshrq_n_u8::<4>(self.0)))
    }

    #[inline(always)]
    fn look_up(self, at: Self) -> Self {
        Self(lanes!(vqtbl1q_u8(self.0, at.0)))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(lanes!(vaddq_u8(self.0, other.0)))
    }

    #[inline(always)]
    unsafe fn no_sums() -> Sums {
        // SAFETY: passed on.
        let zero = unsafe { vdupq_n_u16(0) };
        Sums(zero, zero)
    }

    #[inline(always)]
    fn add_to(self, sums: Sums) -> Sums {
        lanes!(Sums(vaddw_u8(sums.0, vget_low_u8(self.0)), vaddw_high_u8(sums.1, self.0)))
    }

    #[inline(always)]
    unsafe fn store_sums(low: Sums, high: Sums, to: *mut u32) {
        // SAFETY: passed on.
        unsafe {
            let mut to = to;
            for sums in [low.0, low.1, high.0, high.1] {
                vst1q_u32(to, vmovl_u16(vget_low_u16(sums)));
                vst1q_u32(to.add(4), vmovl_high_u16(sums));
                to = to.add(8);
            }
        }
    }
}
