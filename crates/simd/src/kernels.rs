//! The safe door: every kernel, with its lengths asserted once, before the unchecked loops.

use std::fmt;

use crate::{
    Level, LevelError, MappedBytes, Precision,
    activation::Activation,
    attention::{AttentionScratch, RelativeBias},
    dispatch::{self, Table},
    matmul::{Epilogue, PackedMatrix},
    rounded::{ColumnScales, MatmulScratch},
};

/// The kernels of one [`Level`].
///
/// Slices of wrong lengths are mistakes in the calling program, and every method panics on them, naming both lengths.
/// Empty input is allowed everywhere. NaN and infinities give NaN or infinities in the values that they reach, no panic.
///
/// At a given level the bits of an output row depend on that row's inputs only: not on how many rows there are, where
/// among them it stands, or what the others hold.
pub struct Kernels {
    pub(crate) table: Table,
}

impl Kernels {
    pub(crate) const fn from_table(table: Table) -> Self {
        Self { table }
    }

    /// The choice of the process, made at the first call: the level that the environment variable `HIPPOCAMP_CPU` names,
    /// else the best that this CPU has.
    ///
    /// # Errors
    /// If `HIPPOCAMP_CPU` names no level, or one that this CPU does not have.
    pub fn detect() -> Result<&'static Self, LevelError> {
        dispatch::detect()
    }

    /// The kernels of a given level.
    ///
    /// # Errors
    /// [`LevelError::Unavailable`] if this CPU does not have it.
    pub fn at(level: Level) -> Result<&'static Self, LevelError> {
        dispatch::at(level)
    }

    /// The kernels of a level, or without one the [choice of the process](Self::detect).
    ///
    /// # Errors
    /// As [`at`](Self::at) and [`detect`](Self::detect).
    pub fn of(level: Option<Level>) -> Result<&'static Self, LevelError> {
        level.map_or_else(Self::detect, Self::at)
    }

    /// The kernels of a level that this CPU may not have.
    ///
    /// # Safety
    /// Something executes the level's instructions: this CPU, or an emulator in a test.
    #[must_use]
    pub unsafe fn at_unchecked(level: Level) -> &'static Self {
        dispatch::table(level)
    }

    /// Which level this is.
    #[must_use]
    pub fn level(&self) -> Level {
        self.table.level
    }

    /// Σ aᵢ bᵢ.
    ///
    /// # Panics
    /// If the lengths differ.
    #[must_use]
    pub fn dot(&self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len(), "dot of vectors of different lengths");
        // SAFETY: the lengths are equal; the table is handed out only where its level is available.
        unsafe { (self.table.dot)(a, b) }
    }

    /// Σ (aᵢ - bᵢ)².
    ///
    /// # Panics
    /// If the lengths differ.
    #[must_use]
    pub fn l2_squared(&self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len(), "l2_squared of vectors of different lengths");
        // SAFETY: the lengths are equal; the table is handed out only where its level is available.
        unsafe { (self.table.l2_squared)(a, b) }
    }

    /// [`dot`](Self::dot) of `query` with every row of `rows`, `[out.len(), query.len()]`, with the same bits.
    ///
    /// # Panics
    /// If `rows` does not hold `out.len()` rows.
    pub fn dot_rows(&self, query: &[f32], rows: &[f32], out: &mut [f32]) {
        assert_eq!(rows.len(), out.len() * query.len(), "rows × query.len()");
        if query.is_empty() {
            return out.fill(0.0);
        }
        // SAFETY: `rows` is `[out.len(), query.len()]`; the table is handed out only where its level is available.
        unsafe { (self.table.dot_rows)(query, rows, out) }
    }

    /// [`l2_squared`](Self::l2_squared) of `query` and every row of `rows`, `[out.len(), query.len()]`, with the same bits.
    ///
    /// # Panics
    /// If `rows` does not hold `out.len()` rows.
    pub fn l2_squared_rows(&self, query: &[f32], rows: &[f32], out: &mut [f32]) {
        assert_eq!(rows.len(), out.len() * query.len(), "rows × query.len()");
        if query.is_empty() {
            return out.fill(0.0);
        }
        // SAFETY: `rows` is `[out.len(), query.len()]`; the table is handed out only where its level is available.
        unsafe { (self.table.l2_squared_rows)(query, rows, out) }
    }

    /// Divides `v` by its L2 norm and returns the norm. A zero vector stays as it is (norm 0).
    ///
    /// Right for every finite input: where the sum of squares leaves the range of f32, it is taken in f64.
    pub fn normalize(&self, v: &mut [f32]) -> f32 {
        /// Below this the squares have lost bits to underflow.
        const SMALL: f32 = 1e-24;
        let squared = self.dot(v, v);
        if squared < SMALL || squared == f32::INFINITY {
            return normalize_in_f64(v);
        }
        let norm = squared.sqrt();
        // SAFETY: any length will do; the table is handed out only where its level is available.
        unsafe { (self.table.divide)(v, norm) };
        norm
    }

    /// Packs `w`, `[n, k]` row-major (a linear layer's weight: one row per output), for this level's
    /// [`matmul`](Self::matmul) in a precision.
    ///
    /// # Panics
    /// If `w.len() != n * k`, `n` or `k` is 0, or `k` above 65,536 for bytes, whose sums could overflow.
    #[must_use]
    pub fn pack(&self, w: &[f32], n: usize, k: usize, precision: Precision) -> PackedMatrix {
        assert!(n > 0 && k > 0, "a matrix of {n} × {k} has no values");
        assert_eq!(w.len(), n * k, "a matrix of {n} × {k}");
        let most = if precision == Precision::Int8 { Precision::MOST_INPUTS_OF_INT8 } else { k };
        assert!(k <= most, "{k} products of bytes, at most {most}");
        PackedMatrix::new(precision, self.table.width, w, n, k)
    }

    /// Columns in a panel of packed weights: levels for which it is the same can use each other's.
    #[must_use]
    pub fn panel_width(&self) -> usize {
        self.table.width
    }

    /// A matrix of `[n, k]` from [`parts`](PackedMatrix::parts) of one that was packed by a level with the same
    /// [`panel_width`](Self::panel_width), and whose panels have been put into a file at a multiple of 64 bytes. None if the
    /// parts cannot be those of such a matrix.
    #[must_use]
    pub fn packed(
        &self,
        precision: Precision,
        shape: [usize; 2],
        panels: MappedBytes,
        scales: Vec<f32>,
        sums: Vec<i32>,
    ) -> Option<PackedMatrix> {
        let columns = ColumnScales { scales, sums };
        PackedMatrix::from_parts(precision, self.table.width, shape, panels, columns)
    }

    /// `out[i][j] = epilogue(Σ_p x[i][p] w[j][p])` for `x: [m, k]`, `w: [n, k]` packed, `out: [m, n]`; m is
    /// `x.len() / k`. The values of `x` are rounded as those of `w` were, a row at a time.
    ///
    /// Every output value is a sum over p in one fixed order, or an exact one.
    ///
    /// # Panics
    /// If a length does not fit, or `w` was packed for a level with other tiles.
    pub fn matmul(
        &self,
        x: &[f32],
        w: &PackedMatrix,
        epilogue: Epilogue<'_>,
        scratch: &mut MatmulScratch,
        out: &mut [f32],
    ) {
        let (n, k) = (w.n(), w.k());
        let m = x.len() / k;
        assert_eq!(w.width, self.table.width, "the matrix was packed for another level");
        assert_eq!(x.len(), m * k, "x is [m, {k}]");
        assert_eq!(out.len(), m * n, "out is [{m}, {n}]");
        match epilogue {
            Epilogue::None => {}
            Epilogue::Bias(bias) | Epilogue::BiasActivation(bias, _) => {
                assert_eq!(bias.len(), n, "bias is [{n}]");
            }
            Epilogue::BiasResidual(bias, residual) => {
                assert_eq!(bias.len(), n, "bias is [{n}]");
                assert_eq!(residual.len(), m * n, "residual is [{m}, {n}]");
            }
        }
        let matmul = match w.precision() {
            Precision::F32 => self.table.matmul,
            Precision::Bf16 => self.table.matmul_bf16,
            Precision::Int8 => self.table.matmul_int8,
        };
        // SAFETY: all lengths fit `m`, `n` and `k`, and the panels have this level's width and the function's precision; the
        // table is handed out only where its level is available.
        unsafe { matmul(x, w, epilogue, scratch, out) }
    }

    /// Layer normalisation of every row of `x`, `[rows, weight.len()]`:
    /// `(x - mean) / √(variance + eps) · weight + bias`, with the variance over the whole row (Ba et al., 2016).
    ///
    /// # Panics
    /// If `weight` and `bias` differ in length, or `x` is not whole rows.
    pub fn layer_norm(&self, x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
        let width = weight.len();
        assert_eq!(width, bias.len(), "weight and bias of a layer norm");
        assert_rows(x, width);
        if x.is_empty() {
            return;
        }
        // SAFETY: `x` is whole rows of `width` > 0; the table is handed out only where its level is available.
        unsafe { (self.table.layer_norm)(x, weight, bias, eps) }
    }

    /// `x += y`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn add(&self, x: &mut [f32], y: &[f32]) {
        assert_eq!(x.len(), y.len(), "add of vectors of different lengths");
        // SAFETY: the lengths are equal; the table is handed out only where its level is available.
        unsafe { (self.table.add)(x, y) }
    }

    /// `x = y where y > x`, value by value (so a NaN in `x` stays, a NaN in `y` is passed over).
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn max(&self, x: &mut [f32], y: &[f32]) {
        assert_eq!(x.len(), y.len(), "max of vectors of different lengths");
        // SAFETY: the lengths are equal; the table is handed out only where its level is available.
        unsafe { (self.table.max)(x, y) }
    }

    /// `x *= by`.
    pub fn scale(&self, x: &mut [f32], by: f32) {
        // SAFETY: any length will do; the table is handed out only where its level is available.
        unsafe { (self.table.scale)(x, by) }
    }

    /// Softmax of every row of `x`, `[rows, width]`: `exp(xⱼ) / Σ exp(xⱼ)`, relative to the row's largest value, so that
    /// nothing overflows. A row with a NaN or of nothing but -∞ becomes NaN.
    ///
    /// # Panics
    /// If `x` is not whole rows.
    pub fn softmax(&self, x: &mut [f32], width: usize) {
        assert_rows(x, width);
        if x.is_empty() {
            return;
        }
        // SAFETY: `x` is whole rows of `width` > 0; the table is handed out only where its level is available.
        unsafe { (self.table.softmax)(x, width) }
    }

    /// `x = f(x)`, value by value.
    pub fn activate(&self, x: &mut [f32], f: Activation) {
        // SAFETY: any length will do; the table is handed out only where its level is available.
        unsafe { (self.table.activate)(x, f) }
    }

    /// Multi-head self-attention of one text (Vaswani et al., 2017), for each head
    /// `softmax(q kᵀ / √head_dim + bias) v`.
    ///
    /// `qkv: [len, 3 * heads * head_dim]`, each row q, then k, then v of all heads;
    /// `out: [len, heads * head_dim]`, the heads side by side. len is `out.len() / (heads * head_dim)`.
    ///
    /// For any precision but f32 the operands of both products are rounded to bf16, at levels with instructions for such
    /// products; without them f32 is as fast, and no less exact.
    ///
    /// # Panics
    /// If a length does not fit, `bias` is for other heads or shorter texts, or `heads * head_dim` is 0.
    #[expect(clippy::too_many_arguments, reason = "the operands of attention, as they come")]
    pub fn attention(
        &self,
        precision: Precision,
        qkv: &[f32],
        heads: usize,
        head_dim: usize,
        bias: Option<RelativeBias<'_>>,
        scratch: &mut AttentionScratch,
        out: &mut [f32],
    ) {
        let hidden = heads * head_dim;
        assert!(hidden > 0, "attention with {heads} heads of {head_dim}");
        assert_eq!(out.len() % hidden, 0, "out is [len, {hidden}]");
        assert_eq!(qkv.len(), 3 * out.len(), "qkv is [len, 3 × {hidden}]");
        if let Some(bias) = bias {
            let (len, longest) = (out.len() / hidden, bias.max_len());
            assert_eq!(bias.heads(), heads, "the bias is for other heads");
            assert!(len <= longest, "a bias for {longest} tokens, and a text of {len}");
        }
        if out.is_empty() {
            return;
        }
        let attention = match precision {
            Precision::F32 => self.table.attention,
            Precision::Bf16 | Precision::Int8 => self.table.attention_bf16,
        };
        // SAFETY: `qkv` and `out` have equally many rows, at least one, of `3 * hidden` and `hidden`, and the bias is for them; the
        // table is handed out only where its level is available.
        unsafe { attention(qkv, heads, head_dim, bias, scratch, out) }
    }
}

impl fmt::Debug for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernels").field("level", &self.level()).finish_non_exhaustive()
    }
}

fn assert_rows(x: &[f32], width: usize) {
    let whole = if width == 0 { x.is_empty() } else { x.len().is_multiple_of(width) };
    assert!(whole, "{} values are not rows of {width}", x.len());
}

/// For vectors whose squares are too large or too small for f32. Squares of f32 fit in f64.
fn normalize_in_f64(v: &mut [f32]) -> f32 {
    let norm = v.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    if norm > 0.0 {
        for x in v {
            *x = (f64::from(*x) / norm) as f32;
        }
    }
    norm as f32
}
