//! Inner products and squared distances, of two vectors and of one with many rows: rows of f32, of halfs, of bytes.
//!
//! ```text
//! for each row:  Σ q[i] r[i]      or      Σ (q[i] - r[i])²
//! ```
//!
//! A row is summed in [`CHAINS`] registers in turn, because a multiply-add can start every half cycle but takes four: one
//! register would make the sum eight times slower.
//!
//! Rows are taken one after another, with the bits of a single `dot`. Two rows at a time would load the query half as
//! often; that gains a tenth where the rows are in the second-level cache, but it reads two streams, which the hardware
//! follows less well: from memory it reached 70 % of the rate of plain reading, one row at a time 90 to 100 %.

use super::{coded::Stored, vector::Vector};

/// Registers that one row is summed in.
const CHAINS: usize = 4;

/// One term of a sum.
trait Term<V> {
    /// `sum` and what `a` and `b` add to it.
    fn add_to(&self, sum: V, a: V, b: V) -> V;
}

struct Product;

impl<V: Vector> Term<V> for Product {
    #[inline(always)]
    fn add_to(&self, sum: V, a: V, b: V) -> V {
        a.fma(b, sum)
    }
}

struct SquaredDifference;

impl<V: Vector> Term<V> for SquaredDifference {
    #[inline(always)]
    fn add_to(&self, sum: V, a: V, b: V) -> V {
        let difference = a.sub(b);
        difference.fma(difference, sum)
    }
}

/// Of `a` and `b` times a factor.
struct ScaledDifference<V>(V);

impl<V: Vector> Term<V> for ScaledDifference<V> {
    #[inline(always)]
    fn add_to(&self, sum: V, a: V, b: V) -> V {
        let difference = b.neg_fma(self.0, a);
        difference.fma(difference, sum)
    }
}

/// # Safety
/// The CPU has V's instructions; `a` and `b` are equally long.
#[inline(always)]
pub(crate) unsafe fn dot<V: Vector, S: Stored>(a: &[f32], b: &[S]) -> f32 {
    // SAFETY: passed on.
    unsafe { sum::<V, _, _>(a, b, &Product) }
}

/// # Safety
/// The CPU has V's instructions; `a` and `b` are equally long.
#[inline(always)]
pub(crate) unsafe fn l2_squared<V: Vector, S: Stored>(a: &[f32], b: &[S]) -> f32 {
    // SAFETY: passed on.
    unsafe { sum::<V, _, _>(a, b, &SquaredDifference) }
}

/// # Safety
/// The CPU has V's instructions; `a` and `b` are equally long.
#[inline(always)]
pub(crate) unsafe fn l2_squared_scaled<V: Vector, S: Stored>(
    a: &[f32],
    b: &[S],
    scale: f32,
) -> f32 {
    // SAFETY: passed on.
    unsafe { sum::<V, _, _>(a, b, &ScaledDifference(V::splat(scale))) }
}

/// # Safety
/// The CPU has V's instructions; `rows` is `[out.len(), query.len()]`, of at least one column.
#[inline(always)]
pub(crate) unsafe fn dot_rows<V: Vector, S: Stored>(query: &[f32], rows: &[S], out: &mut [f32]) {
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(query.len())) {
        // SAFETY: a row is as long as the query.
        *out = unsafe { dot::<V, S>(query, row) };
    }
}

/// # Safety
/// The CPU has V's instructions; `rows` is `[out.len(), query.len()]`, of at least one column.
#[inline(always)]
pub(crate) unsafe fn l2_squared_rows<V: Vector, S: Stored>(
    query: &[f32],
    rows: &[S],
    out: &mut [f32],
) {
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(query.len())) {
        // SAFETY: a row is as long as the query.
        *out = unsafe { l2_squared::<V, S>(query, row) };
    }
}

/// # Safety
/// The CPU has V's instructions; `rows` is `[out.len(), query.len()]`, of at least one column, `scales` `[out.len()]`.
#[inline(always)]
pub(crate) unsafe fn l2_squared_scaled_rows<V: Vector, S: Stored>(
    query: &[f32],
    rows: &[S],
    scales: &[f32],
    out: &mut [f32],
) {
    for ((out, scale), row) in out.iter_mut().zip(scales).zip(rows.chunks_exact(query.len())) {
        // SAFETY: a row is as long as the query.
        *out = unsafe { l2_squared_scaled::<V, S>(query, row, *scale) };
    }
}

/// # Safety
/// The CPU has V's instructions; `a` and `b` are equally long.
#[inline(always)]
unsafe fn sum<V: Vector, S: Stored, T: Term<V>>(a: &[f32], b: &[S], term: &T) -> f32 {
    let len = a.len();
    let (a, b) = (a.as_ptr(), b.as_ptr());
    // SAFETY: every whole load has `at + LANES ≤ len`, every partial one `i + rest ≤ len`.
    unsafe {
        let mut sums = [V::splat(0.0); CHAINS];
        let mut i = 0;
        while i + CHAINS * V::LANES <= len {
            for (chain, sum) in sums.iter_mut().enumerate() {
                let at = i + chain * V::LANES;
                *sum = term.add_to(*sum, V::load(a.add(at)), S::load(b.add(at)));
            }
            i += CHAINS * V::LANES;
        }
        for sum in &mut sums {
            let rest = (len - i).min(V::LANES);
            if rest == 0 {
                break;
            }
            *sum = term.add_to(*sum, V::load_first(a.add(i), rest), S::load_first(b.add(i), rest));
            i += rest;
        }
        let [a, b, c, d] = sums;
        a.add(b).add(c.add(d)).sum()
    }
}
