//! A vector whose memory comes in large pages where the system has them.
//!
//! A search touches rows all over an index. With pages of 4 KiB nearly each of them costs a walk through the page tables
//! besides the fetch itself; with pages of 2 MiB, which systems give to those who ask and whose memory starts at one, the
//! processor keeps the whole way to the index at hand.

use std::alloc::{self, Layout};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// Bytes of a large page.
const PAGE: usize = 2 << 20;
/// Bytes of a cache line: what smaller memory is aligned to.
const LINE: usize = 64;

/// What [`Vec`] is, as far as it is needed, for plain values.
pub struct LargeVec<T: Copy> {
    values: NonNull<T>,
    len: usize,
    capacity: usize,
}

impl<T: Copy> LargeVec<T> {
    /// An empty one without memory.
    #[must_use]
    pub const fn new() -> Self {
        Self { values: NonNull::dangling(), len: 0, capacity: 0 }
    }

    /// An empty one with room for `capacity` values.
    ///
    /// # Panics
    /// If that is more than memory has addresses.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let mut new = Self::new();
        new.set_capacity(capacity);
        new
    }

    /// Values that there is room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Bytes of memory: all that was asked for while that is little, then what is filled, as systems give no page before it
    /// is written to.
    #[must_use]
    pub fn bytes(&self) -> usize {
        const LITTLE: usize = 128 << 10;
        let room = self.capacity * size_of::<T>();
        if room < LITTLE { room } else { self.len * size_of::<T>() }
    }

    /// Appends all of `values`.
    ///
    /// # Panics
    /// If memory has not so many addresses.
    pub fn extend_from_slice(&mut self, values: &[T]) {
        self.reserve(values.len());
        // SAFETY: there is room behind the first `len` values, and a slice that is borrowed does not overlap what is
        // borrowed exclusively.
        unsafe {
            self.values
                .add(self.len)
                .copy_from_nonoverlapping(NonNull::from(values).cast(), values.len());
        }
        self.len += values.len();
    }

    /// Appends `count` times `value`, and returns them.
    ///
    /// # Panics
    /// If memory has not so many addresses.
    pub fn extend_with(&mut self, count: usize, value: T) -> &mut [T] {
        self.reserve(count);
        let start = self.len;
        for at in start..start + count {
            // SAFETY: there is room for `count` values behind the first `start`.
            unsafe { self.values.add(at).write(value) };
        }
        self.len += count;
        &mut self[start..]
    }

    fn reserve(&mut self, more: usize) {
        if more > self.capacity - self.len {
            let needed = self.len.checked_add(more).expect("a length fits into usize");
            self.set_capacity(needed.max(self.capacity * 2).max(LINE / size_of::<T>().max(1)));
        }
    }

    /// Moves the values; `capacity` is at least their number.
    fn set_capacity(&mut self, capacity: usize) {
        debug_assert!(capacity >= self.len);
        let new = allocate::<T>(capacity);
        // SAFETY: the first `len` values are initialised, there is room for them at `new`, and that was not known before.
        unsafe { new.copy_from_nonoverlapping(self.values, self.len) };
        self.release();
        (self.values, self.capacity) = (new, capacity);
    }

    fn release(&mut self) {
        let layout = layout_of::<T>(self.capacity);
        if layout.size() > 0 {
            // SAFETY: it was allocated with the layout of its capacity, and nobody uses it any more.
            unsafe { alloc::dealloc(self.values.as_ptr().cast(), layout) };
        }
        (self.values, self.capacity) = (NonNull::dangling(), 0);
    }
}

fn layout_of<T>(capacity: usize) -> Layout {
    let bytes = capacity.checked_mul(size_of::<T>()).expect("a size fits into usize");
    let align = if bytes >= PAGE { PAGE } else { LINE };
    Layout::from_size_align(bytes, align.max(align_of::<T>())).expect("a size is possible")
}

fn allocate<T>(capacity: usize) -> NonNull<T> {
    let layout = layout_of::<T>(capacity);
    if layout.size() == 0 {
        return NonNull::dangling();
    }
    // SAFETY: the layout has a size.
    let memory = unsafe { alloc::alloc(layout) };
    let Some(memory) = NonNull::new(memory) else { alloc::handle_alloc_error(layout) };
    if layout.size() >= PAGE {
        ask_for_large_pages(memory, layout.size());
    }
    memory.cast()
}

/// Of those that lie wholly within the memory. A system that refuses gives small ones.
#[cfg(target_os = "linux")]
fn ask_for_large_pages(memory: NonNull<u8>, bytes: usize) {
    // SAFETY: the pages are ours, start at a page and are asked for without a change of what they hold.
    unsafe {
        libc::madvise(memory.as_ptr().cast(), bytes / PAGE * PAGE, libc::MADV_HUGEPAGE);
    }
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages(_: NonNull<u8>, _: usize) {}

// SAFETY: it owns its values, as a Vec does.
unsafe impl<T: Copy + Send> Send for LargeVec<T> {}
// SAFETY: as above; shared, it gives out shared values only.
unsafe impl<T: Copy + Sync> Sync for LargeVec<T> {}

impl<T: Copy> Drop for LargeVec<T> {
    fn drop(&mut self) {
        self.release();
    }
}

impl<T: Copy> Default for LargeVec<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// With room for as much more as the original.
impl<T: Copy> Clone for LargeVec<T> {
    fn clone(&self) -> Self {
        let mut clone = Self::with_capacity(self.capacity);
        clone.extend_from_slice(self);
        clone
    }
}

impl<T: Copy> From<Vec<T>> for LargeVec<T> {
    fn from(values: Vec<T>) -> Self {
        let mut large = Self::with_capacity(values.len());
        large.extend_from_slice(&values);
        large
    }
}

impl<T: Copy> Deref for LargeVec<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: the first `len` values are initialised; without any, the pointer is aligned.
        unsafe { std::slice::from_raw_parts(self.values.as_ptr(), self.len) }
    }
}

impl<T: Copy> DerefMut for LargeVec<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.values.as_ptr(), self.len) }
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for LargeVec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_vec_holds(parts in prop::collection::vec(prop::collection::vec(any::<u16>(), 0..70), 0..20)) {
            let (mut large, mut plain) = (LargeVec::new(), Vec::new());
            for (turn, part) in parts.iter().enumerate() {
                if turn % 3 == 2 {
                    large.extend_with(part.len(), 7).fill(8);
                    plain.extend(part.iter().map(|_| 8));
                } else {
                    large.extend_from_slice(part);
                    plain.extend_from_slice(part);
                }
                prop_assert_eq!(&*large, &*plain);
                let copy = large.clone();
                if let Some(first) = large.first_mut() {
                    *first ^= 1;
                    plain[0] ^= 1;
                    prop_assert_ne!(&*copy, &*plain);
                }
            }
            prop_assert_eq!(&*LargeVec::from(plain.clone()), &*plain);
        }
    }

    #[test]
    fn large_memory_starts_at_a_large_page_and_small_memory_at_a_line() {
        let mut values = LargeVec::<f32>::new();
        assert_eq!((values.capacity(), values.bytes()), (0, 0));
        for at in 0..(3 << 20) / 4 {
            values.extend_with(1, at as f32);
            let bytes = values.capacity() * 4;
            let align = if bytes >= PAGE { PAGE } else { LINE };
            assert!((values.as_ptr() as usize).is_multiple_of(align));
        }
        assert_eq!(values.bytes(), 3 << 20);
        assert!(
            values.iter().enumerate().all(|(at, value)| value.to_bits() == (at as f32).to_bits())
        );
    }

    #[test]
    #[should_panic(expected = "a size fits into usize")]
    fn more_than_memory_has_addresses_is_refused() {
        let _ = LargeVec::<u64>::with_capacity(usize::MAX / 4);
    }
}
