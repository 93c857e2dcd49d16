//! A buffer of f32 that starts on a cache line, so that no vector load of a panel straddles two lines.

/// One cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

const LINE: usize = 16;

/// f32 values at a 64-byte aligned address.
#[derive(Debug, Clone, Default)]
pub(crate) struct AlignedBuffer {
    lines: Vec<Line>,
}

impl AlignedBuffer {
    /// `len` zeros (rounded up to whole cache lines).
    pub(crate) fn zeroed(len: usize) -> Self {
        Self { lines: vec![Line([0.0; LINE]); len.div_ceil(LINE)] }
    }

    /// At least `len` values; what was there stays, new ones are zero. Never shrinks.
    pub(crate) fn grow(&mut self, len: usize) {
        let lines = len.div_ceil(LINE);
        if lines > self.lines.len() {
            self.lines.resize(lines, Line([0.0; LINE]));
        }
    }

    pub(crate) fn as_slice(&self) -> &[f32] {
        // SAFETY: `Line` is `repr(C)` with sixteen f32 and no padding (64 bytes, aligned to 64), so `n` lines are
        // `16 n` initialised f32 in a row, borrowed as long as `self`.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.lines.len() * LINE) }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [f32] {
        // SAFETY: as in `as_slice`; the exclusive borrow of `self` covers the whole buffer.
        unsafe {
            std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.lines.len() * LINE)
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        let values = self.as_slice();
        // SAFETY: the bytes of initialised f32, borrowed as long as they are.
        unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
    }

    pub(crate) fn as_bytes_mut(&mut self) -> &mut [u8] {
        let values = self.as_mut_slice();
        // SAFETY: as in `as_bytes`; any bytes are an f32, and the exclusive borrow covers them all.
        unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values)) }
    }
}
