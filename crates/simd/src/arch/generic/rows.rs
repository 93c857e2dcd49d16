//! Operations on whole rows: layer normalisation, softmax, sums of magnitudes.
//!
//! A row is reduced in an order that depends on its width alone.

use super::{
    activation::{EXP_LOWEST, exp},
    values::scale,
    vector::Vector,
};

/// A row brought down to one value.
trait Fold<V> {
    /// `so_far` and one more value.
    fn take(&self, so_far: V, x: V) -> V;
    /// Two partial results in one.
    fn merge(a: V, b: V) -> V;
}

/// Folds a row in four registers in turn, so that one step need not wait for the last.
///
/// The lanes of the result are still to be brought together.
///
/// # Safety
/// The CPU has V's instructions; `width` values can be read from `row` on.
#[inline(always)]
unsafe fn fold<V: Vector, F: Fold<V>>(row: *const f32, width: usize, start: V, f: &F) -> V {
    const CHAINS: usize = 4;
    let mut chains = [start; CHAINS];
    let mut i = 0;
    // SAFETY: `at + LANES ≤ width`, or `i + rest ≤ width` for the partial load.
    unsafe {
        while i + CHAINS * V::LANES <= width {
            for (chain, so_far) in chains.iter_mut().enumerate() {
                *so_far = f.take(*so_far, V::load(row.add(i + chain * V::LANES)));
            }
            i += CHAINS * V::LANES;
        }
        for so_far in &mut chains {
            let rest = (width - i).min(V::LANES);
            if rest == 0 {
                break;
            }
            let x = V::load_first(row.add(i), rest);
            *so_far = f.take(*so_far, x).first_or(rest, *so_far);
            i += rest;
        }
    }
    let [a, b, c, d] = chains;
    F::merge(F::merge(a, b), F::merge(c, d))
}

struct Total;

impl<V: Vector> Fold<V> for Total {
    #[inline(always)]
    fn take(&self, so_far: V, x: V) -> V {
        so_far.add(x)
    }

    #[inline(always)]
    fn merge(a: V, b: V) -> V {
        a.add(b)
    }
}

struct SquaredDeviations<V> {
    from: V,
}

impl<V: Vector> Fold<V> for SquaredDeviations<V> {
    #[inline(always)]
    fn take(&self, so_far: V, x: V) -> V {
        let deviation = x.sub(self.from);
        deviation.fma(deviation, so_far)
    }

    #[inline(always)]
    fn merge(a: V, b: V) -> V {
        a.add(b)
    }
}

struct Largest;

impl<V: Vector> Fold<V> for Largest {
    #[inline(always)]
    fn take(&self, so_far: V, x: V) -> V {
        so_far.max(x)
    }

    #[inline(always)]
    fn merge(a: V, b: V) -> V {
        a.max(b)
    }
}

/// # Safety
/// The CPU has V's instructions; `x` is whole rows of `weight.len()` > 0, and `bias` is as long.
#[inline(always)]
pub(crate) unsafe fn layer_norm<V: Vector>(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let width = weight.len();
    let (weight, bias) = (weight.as_ptr(), bias.as_ptr());
    for row in x.chunks_exact_mut(width) {
        let row = row.as_mut_ptr();
        // SAFETY: row, weight and bias hold `width` values each; `i + LANES ≤ width`, and `i + rest = width`.
        unsafe {
            let zero = V::splat(0.0);
            let mean = V::splat(fold(row, width, zero, &Total).sum() / width as f32);
            let squares = fold(row, width, zero, &SquaredDeviations { from: mean }).sum();
            let factor = V::splat(1.0 / (squares / width as f32 + eps).sqrt());
            let mut i = 0;
            while i + V::LANES <= width {
                let (weight, bias) = (V::load(weight.add(i)), V::load(bias.add(i)));
                V::load(row.add(i)).sub(mean).mul(factor).fma(weight, bias).store(row.add(i));
                i += V::LANES;
            }
            if i < width {
                let rest = width - i;
                let weight = V::load_first(weight.add(i), rest);
                let bias = V::load_first(bias.add(i), rest);
                let x = V::load_first(row.add(i), rest);
                x.sub(mean).mul(factor).fma(weight, bias).store_first(row.add(i), rest);
            }
        }
    }
}

struct Magnitudes;

impl<V: Vector> Fold<V> for Magnitudes {
    #[inline(always)]
    fn take(&self, so_far: V, x: V) -> V {
        so_far.add(x.abs())
    }

    #[inline(always)]
    fn merge(a: V, b: V) -> V {
        a.add(b)
    }
}

/// # Safety
/// The CPU has V's instructions.
#[inline(always)]
pub(crate) unsafe fn abs_sum<V: Vector>(x: &[f32]) -> f32 {
    // SAFETY: all of `x` can be read.
    unsafe { fold(x.as_ptr(), x.len(), V::splat(0.0), &Magnitudes).sum() }
}

/// # Safety
/// The CPU has V's instructions; `x` is whole rows of `width` > 0.
#[inline(always)]
pub(crate) unsafe fn softmax<V: Vector>(x: &mut [f32], width: usize) {
    for row in x.chunks_exact_mut(width) {
        // SAFETY: a row holds `width` values.
        unsafe {
            let sum = exponentials::<V>(row.as_mut_ptr(), width, 1.0);
            scale::<V>(row, 1.0 / sum);
        }
    }
}

/// Softmax without its last step: `x = exp(by · (x - largest x))`; returns the sum of these.
///
/// # Safety
/// The CPU has V's instructions; `width` values can be read and written from `row` on; `by` > 0.
#[inline(always)]
pub(crate) unsafe fn exponentials<V: Vector>(row: *mut f32, width: usize, by: f32) -> f32 {
    // SAFETY: `i + LANES ≤ width`, and `i + rest = width`.
    unsafe {
        let largest = fold(row, width, V::splat(f32::NEG_INFINITY), &Largest).largest();
        let (largest, by) = (V::splat(largest), V::splat(by));
        let lowest = V::splat(EXP_LOWEST);
        let mut sum = V::splat(0.0);
        let mut i = 0;
        while i + V::LANES <= width {
            let e = exp(lowest.max(V::load(row.add(i)).sub(largest).mul(by)));
            e.store(row.add(i));
            sum = sum.add(e);
            i += V::LANES;
        }
        if i < width {
            let rest = width - i;
            let e = V::load_first(row.add(i), rest).sub(largest).mul(by);
            let e = exp(lowest.max(e));
            e.store_first(row.add(i), rest);
            sum = sum.add(e).first_or(rest, sum);
        }
        sum.sum()
    }
}
