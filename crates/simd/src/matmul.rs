//! The operands of a matrix product: packed weights and what is done to each output value.
//!
//! ```text
//! out[i][j] = epilogue(Σ_p x[i][p] w[j][p])          x: [m, k]   w: [n, k]   out: [m, n]
//! ```
//!
//! Weights are packed once, when a model is loaded, into panels of as many output columns as one block of registers
//! holds. In a panel the values that are multiplied by the same `x[i][p]` lie side by side:
//!
//! ```text
//! packed[panel][p][column]  =  w[panel * width + column][p]        zero where panel * width + column ≥ n
//! ```
//!
//! so the inner loop reads one stream of whole vectors, aligned to a cache line, whatever `n` and `k` are. Rounded weights
//! lie in much the same way, a few at a time: see [`crate::rounded`].

use std::fmt;

use crate::{
    MappedBytes, Precision,
    activation::Activation,
    aligned::AlignedBuffer,
    rounded::{self, ColumnScales, LINE},
};

/// A weight matrix in the layout of a level's [`Kernels::matmul`](crate::Kernels::matmul).
#[derive(Clone)]
pub struct PackedMatrix {
    precision: Precision,
    /// Columns in a panel.
    pub(crate) width: usize,
    n: usize,
    k: usize,
    panels: Panels,
    /// Of bytes.
    pub(crate) columns: ColumnScales,
}

/// Where panels lie, at an address that is a multiple of a cache line.
#[derive(Clone)]
enum Panels {
    Owned(AlignedBuffer),
    Mapped(MappedBytes),
}

impl Panels {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Owned(buffer) => buffer.as_bytes(),
            Self::Mapped(bytes) => bytes,
        }
    }
}

/// What a packed matrix consists of, to be kept in a file.
#[derive(Debug, Clone, Copy)]
pub struct PackedParts<'a> {
    /// The panels.
    pub panels: &'a [u8],
    /// The scale of each column, of bytes.
    pub scales: &'a [f32],
    /// The sum of each column, of bytes.
    pub sums: &'a [i32],
}

impl PackedMatrix {
    /// Packs `w`, `[n, k]` row-major, into panels of `width` columns.
    pub(crate) fn new(precision: Precision, width: usize, w: &[f32], n: usize, k: usize) -> Self {
        let (panels, columns) = match precision {
            Precision::F32 => (pack_f32(width, w, n, k), ColumnScales::default()),
            Precision::Bf16 => (rounded::pack_bf16(width, w, k), ColumnScales::default()),
            Precision::Int8 => rounded::pack_bytes(width, w, k),
        };
        Self { precision, width, n, k, panels: Panels::Owned(panels), columns }
    }

    /// A matrix of the parts that another one was taken into. None if they are not those of such a matrix.
    pub(crate) fn from_parts(
        precision: Precision,
        width: usize,
        [n, k]: [usize; 2],
        panels: MappedBytes,
        columns: ColumnScales,
    ) -> Option<Self> {
        let padded = n.checked_next_multiple_of(width)?;
        let row = match precision {
            Precision::F32 => k.checked_mul(size_of::<f32>())?,
            _ => rounded::row_bytes(precision, k),
        };
        let scaled = if precision == Precision::Int8 { padded } else { 0 };
        let fits = panels.len() == (padded.checked_mul(row)?).next_multiple_of(LINE)
            && panels.as_ptr().addr().is_multiple_of(LINE)
            && columns.scales.len() == scaled
            && columns.sums.len() == scaled;
        fits.then_some(Self { precision, width, n, k, panels: Panels::Mapped(panels), columns })
    }

    /// What it consists of.
    #[must_use]
    pub fn parts(&self) -> PackedParts<'_> {
        PackedParts {
            panels: self.panels.as_bytes(),
            scales: &self.columns.scales,
            sums: &self.columns.sums,
        }
    }

    /// The form of its values.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// How many outputs: the rows of the matrix that was packed.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// How many inputs: the columns of the matrix that was packed.
    #[must_use]
    pub fn k(&self) -> usize {
        self.k
    }

    /// How much memory the packed values take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.panels.as_bytes().len()
    }

    /// `[panel][k][width]`, of f32.
    pub(crate) fn panels(&self) -> &[f32] {
        let bytes = self.panels.as_bytes();
        // SAFETY: panels start at a multiple of a cache line, and any four bytes are an f32.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<f32>()) }
    }

    /// `[panel][group][width][4 bytes]`, of rounded values.
    pub(crate) fn panel_bytes(&self) -> &[u8] {
        self.panels.as_bytes()
    }
}

/// `[panel][k][width]`.
fn pack_f32(width: usize, w: &[f32], n: usize, k: usize) -> AlignedBuffer {
    let mut panels = AlignedBuffer::zeroed(n.div_ceil(width) * width * k);
    let rows = w.chunks(width * k);
    for (panel, rows) in panels.as_mut_slice().chunks_exact_mut(width * k).zip(rows) {
        pack_panel(panel, width, rows.chunks_exact(k));
    }
    panels
}

/// Lays up to `width` rows side by side: `panel[p][column] = rows[column][p]`, 0 in columns without a row.
#[inline]
fn pack_panel<'a>(panel: &mut [f32], width: usize, rows: impl ExactSizeIterator<Item = &'a [f32]>) {
    if rows.len() < width {
        panel.fill(0.0);
    }
    for (column, row) in rows.enumerate() {
        for (group, value) in panel.chunks_exact_mut(width).zip(row) {
            group[column] = *value;
        }
    }
}

impl fmt::Debug for PackedMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackedMatrix")
            .field("precision", &self.precision)
            .field("n", &self.n)
            .field("k", &self.k)
            .finish_non_exhaustive()
    }
}

/// What happens to an output value of a matrix product before it is stored, while it is still in the cache.
#[derive(Debug, Clone, Copy)]
pub enum Epilogue<'a> {
    /// Nothing.
    None,
    /// `+ bias[j]`; `bias: [n]`.
    Bias(&'a [f32]),
    /// `f(· + bias[j])`.
    BiasActivation(&'a [f32], Activation),
    /// `+ bias[j] + residual[i][j]`; `residual: [m, n]`.
    BiasResidual(&'a [f32], &'a [f32]),
}
