//! NEON: four lanes, thirty-two registers.
//!
//! Tile: 8 rows × 3 vectors. Twenty-four sums keep up to four multiply-adds a cycle busy; three vectors of B and the
//! broadcasts of A take the rest.

pub(crate) mod bf16;
mod bytes;
pub(crate) mod dot;
mod groups;

use std::arch::aarch64::{
    float32x4_t, uint16x4_t, uint32x4_t, vabsq_f32, vaddq_f32, vaddq_u32, vaddvq_f32, vaddvq_u32,
    vandq_u32, vbslq_f32, vbslq_u32, vceqq_f32, vcgeq_f32, vcgtq_f32, vcltq_f32, vcombine_s16,
    vcvtnq_s32_f32, vcvtq_f32_s32, vcvtq_f32_u32, vdivq_f32, vdup_n_s32, vdupq_n_f32, vdupq_n_u32,
    vextq_f32, vfmaq_f32, vfmsq_f32, vget_lane_u32, vget_low_s16, vld1_u16, vld1q_f32, vld1q_u32,
    vmaxvq_f32, vmovl_s8, vmovl_s16, vmovn_u32, vmulq_f32, vorrq_u32, vqmovn_s32, vqmovun_s16,
    vreinterpret_s8_s32, vreinterpret_u32_u8, vreinterpretq_f32_f64, vreinterpretq_f32_u32,
    vreinterpretq_f64_f32, vreinterpretq_u16_u32, vreinterpretq_u32_f32, vrev64q_f32, vshlq_n_u32,
    vshrq_n_u32, vst1_u16, vst1q_f32, vst1q_u16, vsubq_f32, vtrn1q_f32, vtrn1q_f64, vtrn2q_f32,
    vtrn2q_f64,
};

use crate::{
    Level,
    arch::generic::{
        matmul::tiles,
        vector::{Vector, lanes},
        vector_kernels,
    },
};

vector_kernels!(Level::Neon, F32x4, Bf16, Bytes, "neon");
tiles!(F32x4, 3 vectors wide, 384 deep, up to 8 rows: 1 2 3 4 5 6 7 8);

use groups::{Bf16, Bytes};

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

/// A bit for each lane that is set.
#[inline(always)]
fn bits(lanes: uint32x4_t) -> u32 {
    static WEIGHTS: [u32; 4] = [1, 2, 4, 8];
    lanes!(vaddvq_u32(vandq_u32(lanes, vld1q_u32(WEIGHTS.as_ptr()))))
}

/// The bf16 of each lane, in its lower half.
///
/// # Safety
/// The CPU has NEON.
#[inline(always)]
unsafe fn bf16_bits(x: F32x4) -> uint32x4_t {
    // SAFETY: passed on.
    unsafe {
        let bits = vreinterpretq_u32_f32(x.0);
        let upper = vshrq_n_u32::<16>(bits);
        let up = vaddq_u32(vdupq_n_u32(0x7FFF), vandq_u32(upper, vdupq_n_u32(1)));
        let rounded = vshrq_n_u32::<16>(vaddq_u32(bits, up));
        // The carry could make a NaN a number.
        let is_number = vceqq_f32(x.0, x.0);
        let quiet = vorrq_u32(upper, vdupq_n_u32(0x40));
        vbslq_u32(is_number, rounded, quiet)
    }
}

impl Vector for F32x4 {
    const LANES: usize = 4;
    type Bytes = bytes::U8x16;

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
    unsafe fn load_f16(from: *const u16) -> Self {
        let x: float32x4_t;
        // SAFETY: passed on. (The intrinsic is younger than the Rust that we ask for.)
        unsafe {
            std::arch::asm!(
                "fcvtl {x:v}.4s, {halfs:v}.4h",
                halfs = in(vreg) vld1_u16(from),
                x = lateout(vreg) x,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        Self(x)
    }

    #[inline(always)]
    unsafe fn load_i8(from: *const i8) -> Self {
        // SAFETY: passed on.
        unsafe {
            let x = vreinterpret_s8_s32(vdup_n_s32(from.cast::<i32>().read_unaligned()));
            Self(vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(x)))))
        }
    }

    #[inline(always)]
    unsafe fn load_u32(from: *const u32) -> Self {
        // SAFETY: passed on.
        Self(unsafe { vcvtq_f32_u32(vld1q_u32(from)) })
    }

    #[inline(always)]
    unsafe fn store_f16(self, to: *mut u16) {
        let x: uint16x4_t;
        // SAFETY: passed on. (As in `load_f16`.)
        unsafe {
            std::arch::asm!(
                "fcvtn {to:v}.4h, {x:v}.4s",
                x = in(vreg) self.0,
                to = lateout(vreg) x,
                options(pure, nomem, nostack, preserves_flags)
            );
            vst1_u16(to, x);
        }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        // SAFETY: passed on.
        unsafe {
            let x = vqmovn_s32(vcvtnq_s32_f32(self.0));
            let x = vreinterpret_u32_u8(vqmovun_s16(vcombine_s16(x, x)));
            to.cast::<u32>().write_unaligned(vget_lane_u32::<0>(x));
        }
    }

    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut u16) {
        // SAFETY: passed on.
        unsafe { vst1_u16(to, vmovn_u32(bf16_bits(self))) }
    }

    #[inline(always)]
    unsafe fn store_bf16_pairs(self, second: Self, to: *mut u16) {
        // SAFETY: passed on.
        unsafe {
            let pairs = vorrq_u32(bf16_bits(self), vshlq_n_u32::<16>(bf16_bits(second)));
            vst1q_u16(to, vreinterpretq_u16_u32(pairs));
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
    fn above(self, other: Self) -> u32 {
        bits(lanes!(vcgtq_f32(self.0, other.0)))
    }

    #[inline(always)]
    fn not_below(self, other: Self) -> u32 {
        bits(lanes!(vcgeq_f32(self.0, other.0)))
    }

    #[inline(always)]
    fn exchange<const DISTANCE: usize>(self) -> Self {
        Self(lanes!(match DISTANCE {
            1 => vrev64q_f32(self.0),
            2 => vextq_f32::<2>(self.0, self.0),
            _ => unreachable!("of four lanes none is {DISTANCE} further"),
        }))
    }

    #[inline(always)]
    fn transposed<const DISTANCE: usize>(self, below: Self) -> (Self, Self) {
        let (a, b) = (self.0, below.0);
        let (a, b) = lanes!(match DISTANCE {
            1 => (vtrn1q_f32(a, b), vtrn2q_f32(a, b)),
            2 => {
                let (a, b) = (vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b));
                let (upper, lower) = (vtrn1q_f64(a, b), vtrn2q_f64(a, b));
                (vreinterpretq_f32_f64(upper), vreinterpretq_f32_f64(lower))
            }
            _ => unreachable!("of four rows none is {DISTANCE} further"),
        });
        (Self(a), Self(b))
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
