//! NEON: four lanes, thirty-two registers.
//!
//! Tile: 8 rows × 3 vectors. Twenty-four sums keep up to four multiply-adds a cycle busy; three vectors of B and the
//! broadcasts of A take the rest.

use std::arch::aarch64::{
    float32x4_t, uint32x4_t, vabsq_f32, vaddq_f32, vaddvq_f32, vbslq_f32, vcgtq_f32, vcltq_f32,
    vdivq_f32, vdupq_n_f32, vdupq_n_u32, vfmaq_f32, vfmsq_f32, vld1q_f32, vld1q_u32, vmaxvq_f32,
    vmulq_f32, vreinterpretq_f32_u32, vreinterpretq_u32_f32, vshlq_n_u32, vst1q_f32, vsubq_f32,
};

use crate::{
    Level,
    arch::generic::{
        matmul::tiles,
        vector::{Vector, lanes},
        vector_kernels,
    },
};

vector_kernels!(Level::Neon, F32x4, "neon");
tiles!(F32x4, 3 vectors wide, 384 deep, up to 8 rows: 1 2 3 4 5 6 7 8);

/// Four f32.
#[derive(Clone, Copy)]
struct F32x4(float32x4_t);

/// All bits set in the first `count` lanes.
///
/// # Safety
/// `count` ≤ 4.
#[inline(always)]
unsafe fn first(count: usize) -> uint32x4_t {
    static MASKS: [u32; 8] = [u32::MAX, u32::MAX, u32::MAX, u32::MAX, 0, 0, 0, 0];
    // SAFETY: 4 - count + 4 ≤ 8.
    unsafe { vld1q_u32(MASKS.as_ptr().add(4 - count)) }
}

impl Vector for F32x4 {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: passed on.
        Self(unsafe { vdupq_n_f32(value) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: passed on.
        Self(unsafe { vld1q_f32(from) })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        let mut all = [0.0; 4];
        // SAFETY: passed on; `count` ≤ 4.
        unsafe {
            std::ptr::copy_nonoverlapping(from, all.as_mut_ptr(), count);
            Self::load(all.as_ptr())
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: passed on.
        unsafe { vst1q_f32(to, self.0) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        let mut all = [0.0; 4];
        // SAFETY: passed on; `count` ≤ 4.
        unsafe {
            self.store(all.as_mut_ptr());
            std::ptr::copy_nonoverlapping(all.as_ptr(), to, count);
        }
    }

    #[inline(always)]
    fn prefetch(at: *const f32) {
        // SAFETY: a prefetch has no effect but on the cache. (There is no stable intrinsic.)
        unsafe {
            std::arch::asm!(
                "prfm pldl1keep, [{at}]",
                at = in(reg) at,
                options(nostack, readonly, preserves_flags)
            );
        }
    }

    #[inline(always)]
    fn first_or(self, count: usize, other: Self) -> Self {
        Self(lanes!(vbslq_f32(first(count), self.0, other.0)))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(lanes!(vaddq_f32(self.0, other.0)))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(lanes!(vsubq_f32(self.0, other.0)))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(lanes!(vmulq_f32(self.0, other.0)))
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(lanes!(vdivq_f32(self.0, other.0)))
    }

    #[inline(always)]
    fn fma(self, by: Self, plus: Self) -> Self {
        Self(lanes!(vfmaq_f32(plus.0, self.0, by.0)))
    }

    #[inline(always)]
    fn neg_fma(self, by: Self, plus: Self) -> Self {
        Self(lanes!(vfmsq_f32(plus.0, self.0, by.0)))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(lanes!(vbslq_f32(vcgtq_f32(self.0, other.0), self.0, other.0)))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(lanes!(vbslq_f32(vcltq_f32(self.0, other.0), self.0, other.0)))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(lanes!(vabsq_f32(self.0)))
    }

    #[inline(always)]
    fn with_sign_of(self, sign: Self) -> Self {
        Self(lanes!(vbslq_f32(vdupq_n_u32(1 << 31), sign.0, self.0)))
    }

    #[inline(always)]
    fn shift_into_exponent(self) -> Self {
        let bits = lanes!(vreinterpretq_u32_f32(self.0));
        Self(lanes!(vreinterpretq_f32_u32(vshlq_n_u32::<23>(bits))))
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        lanes!(vaddvq_f32(self.0))
    }

    #[inline(always)]
    fn largest(self) -> f32 {
        lanes!(vmaxvq_f32(self.0))
    }
}
