//! Values as rows hold them, and conversions of halfs.

use super::vector::Vector;

/// Values that are widened to f32 when they are loaded.
pub(crate) trait Stored: Copy {
    /// `LANES` values from any address.
    ///
    /// # Safety
    /// The CPU has V's instructions, and the values can be read.
    unsafe fn load<V: Vector>(from: *const Self) -> V;
    /// `count` ≤ `LANES` values, 0 in the other lanes.
    ///
    /// # Safety
    /// The CPU has V's instructions, and the values can be read.
    unsafe fn load_first<V: Vector>(from: *const Self, count: usize) -> V;
}

impl Stored for f32 {
    #[inline(always)]
    unsafe fn load<V: Vector>(from: *const Self) -> V {
        // SAFETY: passed on.
        unsafe { V::load(from) }
    }

    #[inline(always)]
    unsafe fn load_first<V: Vector>(from: *const Self, count: usize) -> V {
        // SAFETY: passed on.
        unsafe { V::load_first(from, count) }
    }
}

/// The bits of halfs.
impl Stored for u16 {
    #[inline(always)]
    unsafe fn load<V: Vector>(from: *const Self) -> V {
        // SAFETY: passed on.
        unsafe { V::load_f16(from) }
    }

    #[inline(always)]
    unsafe fn load_first<V: Vector>(from: *const Self, count: usize) -> V {
        // SAFETY: passed on; a vector has at most sixteen lanes.
        unsafe { V::load_f16(first(from, count).as_ptr()) }
    }
}

impl Stored for i8 {
    #[inline(always)]
    unsafe fn load<V: Vector>(from: *const Self) -> V {
        // SAFETY: passed on.
        unsafe { V::load_i8(from) }
    }

    #[inline(always)]
    unsafe fn load_first<V: Vector>(from: *const Self, count: usize) -> V {
        // SAFETY: passed on; a vector has at most sixteen lanes.
        unsafe { V::load_i8(first(from, count).as_ptr()) }
    }
}

/// `count` ≤ 16 values and zeros.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn first<T: Default + Copy>(from: *const T, count: usize) -> [T; 16] {
    let mut all = [T::default(); 16];
    // SAFETY: passed on.
    unsafe { std::ptr::copy_nonoverlapping(from, all.as_mut_ptr(), count) };
    all
}

/// # Safety
/// The CPU has V's instructions; `from` and `to` are equally long.
#[inline(always)]
pub(crate) unsafe fn to_f16<V: Vector>(from: &[f32], to: &mut [u16]) {
    let (len, from, to) = (from.len(), from.as_ptr(), to.as_mut_ptr());
    // SAFETY: `i + LANES ≤ len`, and `i + rest = len` for the last, partial one.
    unsafe {
        let mut i = 0;
        while i + V::LANES <= len {
            V::load(from.add(i)).store_f16(to.add(i));
            i += V::LANES;
        }
        if i < len {
            let rest = len - i;
            let mut all = [0; 16];
            V::load_first(from.add(i), rest).store_f16(all.as_mut_ptr());
            std::ptr::copy_nonoverlapping(all.as_ptr(), to.add(i), rest);
        }
    }
}

/// # Safety
/// The CPU has V's instructions; `from` and `to` are equally long.
#[inline(always)]
pub(crate) unsafe fn from_f16<V: Vector>(from: &[u16], to: &mut [f32]) {
    let (len, from, to) = (from.len(), from.as_ptr(), to.as_mut_ptr());
    // SAFETY: `i + LANES ≤ len`, and `i + rest = len` for the last, partial one.
    unsafe {
        let mut i = 0;
        while i + V::LANES <= len {
            V::load_f16(from.add(i)).store(to.add(i));
            i += V::LANES;
        }
        if i < len {
            u16::load_first::<V>(from.add(i), len - i).store_first(to.add(i), len - i);
        }
    }
}

/// # Safety
/// The CPU has V's instructions.
#[inline(always)]
pub(crate) unsafe fn prefetch<V: Vector>(bytes: &[u8]) {
    const LINE: usize = 64;
    let start = bytes.as_ptr();
    let before = start.addr() % LINE;
    for line in (0..bytes.len() + before).step_by(LINE) {
        V::prefetch(start.wrapping_add(line).wrapping_sub(before).cast());
    }
}
