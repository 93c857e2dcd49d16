//! Inner products and squared distances, of two vectors and of one with many rows.
//!
//! ```text
//! for each row:  Σ q[i] r[i]      or      Σ (q[i] - r[i])²
//! ```
//!
//! A row is summed in [`CHAINS`] registers in turn, because a multiply-add can start every half cycle but takes four: one
//! register would make the sum eight times slower. Rows are taken [`ROWS`] at a time: the query is then loaded once for
//! all of them, and their reads from memory overlap. A row is summed in the same order alone and in a group, so
//! `dot_rows` has the bits of `dot`.

use super::vector::Vector;

/// Registers that one row is summed in.
const CHAINS: usize = 4;
/// Rows that are summed together.
const ROWS: usize = 2;

/// One term of a sum.
trait Term<V> {
    /// `sum` and what `a` and `b` add to it.
    fn add_to(sum: V, a: V, b: V) -> V;
}

struct Product;

impl<V: Vector> Term<V> for Product {
    #[inline(always)]
    fn add_to(sum: V, a: V, b: V) -> V {
        a.fma(b, sum)
    }
}

struct SquaredDifference;

impl<V: Vector> Term<V> for SquaredDifference {
    #[inline(always)]
    fn add_to(sum: V, a: V, b: V) -> V {
        let difference = a.sub(b);
        difference.fma(difference, sum)
    }
}

/// # Safety
/// The CPU has V's instructions; `a` and `b` are equally long.
#[inline(always)]
pub(crate) unsafe fn dot<V: Vector>(a: &[f32], b: &[f32]) -> f32 {
    // SAFETY: `b` is one row as long as `a`.
    let [sum] = unsafe { sums::<V, Product, 1>(a, b.as_ptr()) };
    sum
}

/// # Safety
/// The CPU has V's instructions; `a` and `b` are equally long.
#[inline(always)]
pub(crate) unsafe fn l2_squared<V: Vector>(a: &[f32], b: &[f32]) -> f32 {
    // SAFETY: `b` is one row as long as `a`.
    let [sum] = unsafe { sums::<V, SquaredDifference, 1>(a, b.as_ptr()) };
    sum
}

/// # Safety
/// The CPU has V's instructions; `rows` is `[out.len(), query.len()]`.
#[inline(always)]
pub(crate) unsafe fn dot_rows<V: Vector>(query: &[f32], rows: &[f32], out: &mut [f32]) {
    // SAFETY: passed on.
    unsafe { each_row::<V, Product>(query, rows, out) }
}

/// # Safety
/// The CPU has V's instructions; `rows` is `[out.len(), query.len()]`.
#[inline(always)]
pub(crate) unsafe fn l2_squared_rows<V: Vector>(query: &[f32], rows: &[f32], out: &mut [f32]) {
    // SAFETY: passed on.
    unsafe { each_row::<V, SquaredDifference>(query, rows, out) }
}

#[inline(always)]
unsafe fn each_row<V: Vector, T: Term<V>>(query: &[f32], rows: &[f32], out: &mut [f32]) {
    let mut row = rows.as_ptr();
    let mut groups = out.chunks_exact_mut(ROWS);
    for group in &mut groups {
        // SAFETY: a group of values of `out` stands for as many rows from `row` on.
        unsafe {
            group.copy_from_slice(&sums::<V, T, ROWS>(query, row));
            row = row.add(ROWS * query.len());
        }
    }
    for out in groups.into_remainder() {
        // SAFETY: each further value of `out` stands for one more row.
        unsafe {
            [*out] = sums::<V, T, 1>(query, row);
            row = row.add(query.len());
        }
    }
}

/// The sums of `R` rows that lie one after another.
///
/// # Safety
/// The CPU has V's instructions; `R * query.len()` values can be read from `rows` on.
#[inline(always)]
unsafe fn sums<V: Vector, T: Term<V>, const R: usize>(query: &[f32], rows: *const f32) -> [f32; R] {
    let len = query.len();
    let query = query.as_ptr();
    // SAFETY: every offset `i` below has `i + LANES ≤ len`, or `i + rest ≤ len` for the last, partial load.
    unsafe {
        let mut sums = [[V::splat(0.0); CHAINS]; R];
        let mut i = 0;
        while i + CHAINS * V::LANES <= len {
            for chain in 0..CHAINS {
                let at = i + chain * V::LANES;
                let q = V::load(query.add(at));
                for (r, sums) in sums.iter_mut().enumerate() {
                    sums[chain] = T::add_to(sums[chain], q, V::load(rows.add(r * len + at)));
                }
            }
            i += CHAINS * V::LANES;
        }
        for chain in 0..CHAINS {
            let rest = (len - i).min(V::LANES);
            if rest == 0 {
                break;
            }
            let q = V::load_first(query.add(i), rest);
            for (r, sums) in sums.iter_mut().enumerate() {
                let row = V::load_first(rows.add(r * len + i), rest);
                sums[chain] = T::add_to(sums[chain], q, row);
            }
            i += rest;
        }
        let mut totals = [0.0; R];
        for (total, [a, b, c, d]) in totals.iter_mut().zip(sums) {
            *total = a.add(b).add(c.add(d)).sum();
        }
        totals
    }
}
