//! The epilogues of a matrix product, applied to some rows and the columns of a panel.

use super::{
    activation::{Function, Gelu, GeluTanh, Relu, Tanh},
    matmul::Place,
    vector::Vector,
};
use crate::{activation::Activation, matmul::Epilogue};

/// C as it is written.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) c: *mut f32,
    pub(crate) c_stride: usize,
    pub(crate) n: usize,
}

/// Where the numbers come from that an epilogue is applied to.
pub(crate) trait Source<V> {
    /// What all rows of a vector of columns share.
    type Columns: Copy;
    /// For the columns from `column` of C on.
    ///
    /// # Safety
    /// The CPU has V's instructions, and C the column.
    unsafe fn columns(&self, column: usize) -> Self::Columns;
    /// The first `count` numbers from a place in C on.
    ///
    /// # Safety
    /// The CPU has V's instructions, and C the place; `columns` are those of `column`.
    unsafe fn numbers(&self, columns: Self::Columns, row: usize, column: usize, count: usize) -> V;
}

/// Sums that are in C.
impl<V: Vector> Source<V> for Output {
    type Columns = ();

    #[inline(always)]
    unsafe fn columns(&self, _: usize) {}

    #[inline(always)]
    unsafe fn numbers(&self, (): (), row: usize, column: usize, count: usize) -> V {
        // SAFETY: passed on.
        unsafe { load(self.c.add(row * self.c_stride + column), count) }
    }
}

/// `C = epilogue(from)` at a place.
///
/// # Safety
/// The CPU has V's instructions; `at` lies in C and in what `from` has; the epilogue's operands are `[n]` and `[m, n]`.
#[inline(always)]
pub(crate) unsafe fn finish<V: Vector>(
    from: &impl Source<V>,
    to: Output,
    at: Place,
    epilogue: Epilogue<'_>,
) {
    // SAFETY: passed on.
    unsafe {
        match epilogue {
            Epilogue::None => with::<V, _>(from, to, at, &[], &Identity),
            Epilogue::Bias(bias) => with::<V, _>(from, to, at, bias, &Identity),
            Epilogue::BiasActivation(bias, Activation::Gelu) => {
                with::<V, _>(from, to, at, bias, &Gelu);
            }
            Epilogue::BiasActivation(bias, Activation::GeluTanh) => {
                with::<V, _>(from, to, at, bias, &GeluTanh);
            }
            Epilogue::BiasActivation(bias, Activation::Relu) => {
                with::<V, _>(from, to, at, bias, &Relu);
            }
            Epilogue::BiasActivation(bias, Activation::Tanh) => {
                with::<V, _>(from, to, at, bias, &Tanh);
            }
            Epilogue::BiasResidual(bias, residual) => {
                with::<V, _>(from, to, at, bias, &Residual(residual.as_ptr()));
            }
        }
    }
}

/// What follows the bias.
trait Step<V> {
    /// `x` and the `count` values that stand at offset `at` of an operand of C's shape.
    ///
    /// # Safety
    /// The CPU has V's instructions; `at + count` is not beyond C.
    unsafe fn apply(&self, x: V, at: usize, count: usize) -> V;
}

/// `C = step(from + bias)` at a place, down one vector of columns after the other. No bias is an empty one.
#[inline(always)]
unsafe fn with<V: Vector, S: Step<V>>(
    from: &impl Source<V>,
    to: Output,
    at: Place,
    bias: &[f32],
    step: &S,
) {
    let Output { c, c_stride, n } = to;
    let mut j = at.column;
    let end = at.column + at.columns;
    // SAFETY: `j + count ≤ end ≤ n`, and the rows of `at` exist.
    unsafe {
        while j < end {
            let count = V::LANES.min(end - j);
            let columns = from.columns(j);
            let bias = if bias.is_empty() {
                V::splat(0.0)
            } else {
                V::load_first(bias.as_ptr().add(j), count)
            };
            if count == V::LANES {
                for row in at.row..at.row + at.rows {
                    let x = from.numbers(columns, row, j, V::LANES).add(bias);
                    step.apply(x, row * n + j, V::LANES).store(c.add(row * c_stride + j));
                }
            } else {
                for row in at.row..at.row + at.rows {
                    let x = from.numbers(columns, row, j, count).add(bias);
                    step.apply(x, row * n + j, count).store_first(c.add(row * c_stride + j), count);
                }
            }
            j += count;
        }
    }
}

/// The first `count` values, as one load where they fill a vector.
#[inline(always)]
unsafe fn load<V: Vector>(from: *const f32, count: usize) -> V {
    // SAFETY: the caller's promise.
    unsafe { if count == V::LANES { V::load(from) } else { V::load_first(from, count) } }
}

struct Identity;

impl<V: Vector> Step<V> for Identity {
    #[inline(always)]
    unsafe fn apply(&self, x: V, _: usize, _: usize) -> V {
        x
    }
}

/// Where `[m, n]` values to add begin.
struct Residual(*const f32);

impl<V: Vector> Step<V> for Residual {
    #[inline(always)]
    unsafe fn apply(&self, x: V, at: usize, count: usize) -> V {
        // SAFETY: the residual has the shape of C.
        unsafe { x.add(load(self.0.add(at), count)) }
    }
}

impl<V: Vector, F: Function> Step<V> for F {
    #[inline(always)]
    unsafe fn apply(&self, x: V, _: usize, _: usize) -> V {
        // SAFETY: passed on.
        unsafe { F::of(x) }
    }
}
