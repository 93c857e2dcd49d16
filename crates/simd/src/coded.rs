//! Rows in fewer bits than f32: half-precision floats (IEEE 754, as their bits in u16) and signed bytes.
//!
//! The query stays in f32 and a value of a row is widened in the register, so that the error is that of the row alone, and
//! a row costs half or a quarter of the memory traffic.

use crate::Kernels;

impl Kernels {
    /// Σ qᵢ rᵢ for a row of halfs.
    ///
    /// # Panics
    /// If the lengths differ.
    #[must_use]
    pub fn dot_f16(&self, query: &[f32], row: &[u16]) -> f32 {
        assert_eq!(query.len(), row.len(), "dot_f16 of vectors of different lengths");
        // SAFETY: the lengths are equal; the table is handed out only where its level is available.
        unsafe { (self.table.dot_f16)(query, row) }
    }

    /// Σ (qᵢ - rᵢ)² for a row of halfs.
    ///
    /// # Panics
    /// If the lengths differ.
    #[must_use]
    pub fn l2_squared_f16(&self, query: &[f32], row: &[u16]) -> f32 {
        assert_eq!(query.len(), row.len(), "l2_squared_f16 of vectors of different lengths");
        // SAFETY: the lengths are equal; the table is handed out only where its level is available.
        unsafe { (self.table.l2_squared_f16)(query, row) }
    }

    /// [`dot_f16`](Self::dot_f16) of `query` with every row of `rows`, `[out.len(), query.len()]`, with the same bits.
    ///
    /// # Panics
    /// If `rows` does not hold `out.len()` rows.
    pub fn dot_f16_rows(&self, query: &[f32], rows: &[u16], out: &mut [f32]) {
        assert_eq!(rows.len(), out.len() * query.len(), "rows × query.len()");
        if query.is_empty() {
            return out.fill(0.0);
        }
        // SAFETY: `rows` is `[out.len(), query.len()]`; the table is handed out only where its level is available.
        unsafe { (self.table.dot_f16_rows)(query, rows, out) }
    }

    /// [`l2_squared_f16`](Self::l2_squared_f16) of `query` and every row of `rows`, `[out.len(), query.len()]`, with the
    /// same bits.
    ///
    /// # Panics
    /// If `rows` does not hold `out.len()` rows.
    pub fn l2_squared_f16_rows(&self, query: &[f32], rows: &[u16], out: &mut [f32]) {
        assert_eq!(rows.len(), out.len() * query.len(), "rows × query.len()");
        if query.is_empty() {
            return out.fill(0.0);
        }
        // SAFETY: `rows` is `[out.len(), query.len()]`; the table is handed out only where its level is available.
        unsafe { (self.table.l2_squared_f16_rows)(query, rows, out) }
    }

    /// Σ qᵢ rᵢ for a row of bytes, whose scale is the caller's to multiply by.
    ///
    /// # Panics
    /// If the lengths differ.
    #[must_use]
    pub fn dot_i8(&self, query: &[f32], row: &[i8]) -> f32 {
        assert_eq!(query.len(), row.len(), "dot_i8 of vectors of different lengths");
        // SAFETY: the lengths are equal; the table is handed out only where its level is available.
        unsafe { (self.table.dot_i8)(query, row) }
    }

    /// Σ (qᵢ - scale · rᵢ)² for a row of bytes.
    ///
    /// # Panics
    /// If the lengths differ.
    #[must_use]
    pub fn l2_squared_i8(&self, query: &[f32], row: &[i8], scale: f32) -> f32 {
        assert_eq!(query.len(), row.len(), "l2_squared_i8 of vectors of different lengths");
        // SAFETY: the lengths are equal; the table is handed out only where its level is available.
        unsafe { (self.table.l2_squared_i8)(query, row, scale) }
    }

    /// [`dot_i8`](Self::dot_i8) of `query` with every row of `rows`, `[out.len(), query.len()]`, with the same bits.
    ///
    /// # Panics
    /// If `rows` does not hold `out.len()` rows.
    pub fn dot_i8_rows(&self, query: &[f32], rows: &[i8], out: &mut [f32]) {
        assert_eq!(rows.len(), out.len() * query.len(), "rows × query.len()");
        if query.is_empty() {
            return out.fill(0.0);
        }
        // SAFETY: `rows` is `[out.len(), query.len()]`; the table is handed out only where its level is available.
        unsafe { (self.table.dot_i8_rows)(query, rows, out) }
    }

    /// [`l2_squared_i8`](Self::l2_squared_i8) of `query` and every row of `rows`, `[out.len(), query.len()]`, each with
    /// its own of `scales`, with the same bits.
    ///
    /// # Panics
    /// If `rows` does not hold `out.len()` rows, or there are not as many scales.
    pub fn l2_squared_i8_rows(&self, query: &[f32], rows: &[i8], scales: &[f32], out: &mut [f32]) {
        assert_eq!(rows.len(), out.len() * query.len(), "rows × query.len()");
        assert_eq!(scales.len(), out.len(), "one scale a row");
        if query.is_empty() {
            return out.fill(0.0);
        }
        // SAFETY: `rows` is `[out.len(), query.len()]`, `scales` `[out.len()]`; the table is handed out only where its
        // level is available.
        unsafe { (self.table.l2_squared_i8_rows)(query, rows, scales, out) }
    }

    /// Rounds to half precision: to the nearest, of two equally near ones to the even; beyond 65,519.99 to infinity. NaN
    /// stays NaN.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn to_f16(&self, from: &[f32], to: &mut [u16]) {
        assert_eq!(from.len(), to.len(), "to_f16 between different lengths");
        // SAFETY: the lengths are equal; the table is handed out only where its level is available.
        unsafe { (self.table.to_f16)(from, to) }
    }

    /// Widens halfs, exactly.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn from_f16(&self, from: &[u16], to: &mut [f32]) {
        assert_eq!(from.len(), to.len(), "from_f16 between different lengths");
        // SAFETY: the lengths are equal; the table is handed out only where its level is available.
        unsafe { (self.table.from_f16)(from, to) }
    }

    /// Asks for the cache lines of the first 1,024 bytes of `bytes`, as many as there are, before they are read. Nothing
    /// at the plain level.
    pub fn prefetch(&self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(PREFETCHED)];
        // SAFETY: any bytes will do; the table is handed out only where its level is available.
        unsafe { (self.table.prefetch)(bytes) }
    }
}

/// Sixteen cache lines: a few more would find no free place in the queue of a core.
const PREFETCHED: usize = 1_024;
