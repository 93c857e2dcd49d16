//! Matrices and rows of rounded values: bf16 or bytes.
//!
//! Both forms have the same layout. What is multiplied at once are four bytes of a row with four bytes of a column (four
//! bytes of one matrix, or two bf16), and that group is the unit of both:
//!
//! ```text
//! weights   panel[group][column][4 bytes]         one vector holds a group of each of its columns
//! inputs    row[group][4 bytes]                   one group is broadcast to a whole vector
//! ```
//!
//! Rows are filled up with zeros to whole cache lines, so that tile units can load 64 bytes of each of sixteen rows.
//!
//! Bytes, for a row x and an output's weights w (after Jacob et al., 2018):
//!
//! ```text
//! w ≈ s_w · c          s_w = max |w| / 127                                      c in -127 … 127
//! x ≈ s_x · (q - z)    s_x = (max - min) / 255   z = round(-min / s_x)          q in 0 … 255, min ≤ 0 ≤ max
//! x · w ≈ s_x s_w (Σ q c  -  z Σ c)                                             all sums exact in 32 bits
//! ```
//!
//! A row's scale is its own, so its result does not depend on its neighbours; and as the integers are exact and the rounding
//! is spelt out step by step, every level multiplies the same bytes and gets the same sums.

use crate::{Precision, aligned::AlignedBuffer};

/// Bytes in a group.
pub(crate) const GROUP: usize = 4;
/// Bytes of a cache line: rows are whole ones, and panels start at one.
pub(crate) const LINE: usize = 64;

/// Rows of inputs in the form that is multiplied.
///
/// Working memory of [`Kernels::matmul`](crate::Kernels::matmul): make one per thread and pass it to every call. It grows to
/// what the widest block of rows needs (144 rows of bytes or bf16) and is then used again.
#[derive(Debug, Clone, Default)]
pub struct MatmulScratch {
    pub(crate) bytes: AlignedBuffer,
    /// `s_x` and `z` of each row.
    pub(crate) scales: Vec<RowScale>,
}

/// What turns the sums of a row of bytes into numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct RowScale {
    pub(crate) scale: f32,
    pub(crate) zero: i32,
}

impl MatmulScratch {
    /// An empty one; the first call fills it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(self.bytes.as_slice()) + self.scales.capacity() * size_of::<RowScale>()
    }

    /// Room for `rows` of `stride` bytes.
    pub(crate) fn reserve(&mut self, rows: usize, stride: usize) {
        self.bytes.grow((rows * stride).div_ceil(size_of::<f32>()));
        if self.scales.len() < rows {
            self.scales.resize(rows, RowScale::default());
        }
    }
}

/// Bytes of a row of `k` values, which are multiples of a cache line.
pub(crate) fn row_bytes(precision: Precision, k: usize) -> usize {
    let bytes = match precision {
        Precision::F32 => 4 * k,
        Precision::Bf16 => 2 * k,
        Precision::Int8 => k,
    };
    bytes.next_multiple_of(LINE)
}

/// The parameters of rounding a row whose smallest and largest values, and 0, are `min` and `max`: [`RowScale`] and what
/// values are multiplied by. `sum` is any value that is not finite if one of the row is not.
#[inline]
pub(crate) fn row_scale(min: f32, max: f32, sum: f32) -> (RowScale, f32) {
    let range = max - min;
    let step = range / 255.0;
    if !sum.is_finite() || !step.is_finite() {
        return (RowScale { scale: f32::NAN, zero: 0 }, 0.0);
    }
    // Below that its inverse is no number.
    if step < f32::MIN_POSITIVE {
        return (RowScale { scale: 0.0, zero: 0 }, 0.0);
    }
    let inverse = 255.0 / range;
    let zero = (-min * inverse).round_ties_even() as i32;
    (RowScale { scale: step, zero }, inverse)
}

/// The bf16 nearest to a value, of two the even one; NaN stays NaN.
pub(crate) fn to_bf16(value: f32) -> u16 {
    half::bf16::from_f32(value).to_bits()
}

/// The weights of some outputs as bytes in panels, and what turns sums into numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct ColumnScales {
    /// `s_w` of each column, 0 in those that fill up the last panel.
    pub(crate) scales: Vec<f32>,
    /// Σ c of each column.
    pub(crate) sums: Vec<i32>,
}

/// Packs `w`, `[n, k]` row-major, as bytes into `[panel][group][width][4]`.
pub(crate) fn pack_bytes(width: usize, w: &[f32], k: usize) -> (AlignedBuffer, ColumnScales) {
    let stride = row_bytes(Precision::Int8, k);
    let n = (w.len() / k).next_multiple_of(width);
    let mut panels = AlignedBuffer::zeroed(n * stride / size_of::<f32>());
    let mut columns = ColumnScales { scales: vec![0.0; n], sums: vec![0; n] };
    for (j, w) in w.chunks_exact(k).enumerate() {
        let (panel, column) = (j / width, j % width);
        let panel = &mut panels.as_bytes_mut()[panel * width * stride..][..width * stride];
        let most = w.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
        let scale = most / 127.0;
        let inverse = if scale >= f32::MIN_POSITIVE { 127.0 / most } else { 0.0 };
        for (p, w) in w.iter().enumerate() {
            let c = (w * inverse).round_ties_even() as i8;
            panel[(p / GROUP * width + column) * GROUP + p % GROUP] = c.cast_unsigned();
            columns.sums[j] += i32::from(c);
        }
        // A weight that is not finite reaches every result of its column.
        let finite = w.iter().all(|w| w.is_finite());
        columns.scales[j] = if finite { scale } else { f32::NAN };
    }
    (panels, columns)
}

/// Packs `w`, `[n, k]` row-major, as bf16 into `[panel][group][width][2]`.
pub(crate) fn pack_bf16(width: usize, w: &[f32], k: usize) -> AlignedBuffer {
    let stride = row_bytes(Precision::Bf16, k);
    let n = (w.len() / k).next_multiple_of(width);
    let mut panels = AlignedBuffer::zeroed(n * stride / size_of::<f32>());
    for (j, w) in w.chunks_exact(k).enumerate() {
        let (panel, column) = (j / width, j % width);
        let panel = &mut panels.as_bytes_mut()[panel * width * stride..][..width * stride];
        for (p, w) in w.iter().enumerate() {
            let at = (p / 2 * width + column) * GROUP + p % 2 * 2;
            panel[at..at + 2].copy_from_slice(&to_bf16(*w).to_ne_bytes());
        }
    }
    panels
}
