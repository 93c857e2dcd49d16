//! The epilogues of a matrix product, applied to the rows of a block and the columns of a panel.

use super::{
    activation::{Function, Gelu, GeluTanh, Relu, Tanh},
    matmul::{Place, Product},
    vector::Vector,
};
use crate::{activation::Activation, matmul::Epilogue};

/// # Safety
/// The CPU has V's instructions; `at` lies in the C of `product`; the epilogue's operands are `[n]` and `[m, n]`.
#[inline(always)]
pub(crate) unsafe fn finish<V: Vector>(product: Product, at: Place, epilogue: Epilogue<'_>) {
    // SAFETY: passed on.
    unsafe {
        match epilogue {
            Epilogue::None => {}
            Epilogue::Bias(bias) => with::<V, _>(product, at, bias, &Identity),
            Epilogue::BiasActivation(bias, Activation::Gelu) => {
                with::<V, _>(product, at, bias, &Gelu);
            }
            Epilogue::BiasActivation(bias, Activation::GeluTanh) => {
                with::<V, _>(product, at, bias, &GeluTanh);
            }
            Epilogue::BiasActivation(bias, Activation::Relu) => {
                with::<V, _>(product, at, bias, &Relu);
            }
            Epilogue::BiasActivation(bias, Activation::Tanh) => {
                with::<V, _>(product, at, bias, &Tanh);
            }
            Epilogue::BiasResidual(bias, residual) => {
                with::<V, _>(product, at, bias, &Residual(residual.as_ptr()));
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

/// `C = step(C + bias)` at a place, down one vector of columns after the other.
#[inline(always)]
unsafe fn with<V: Vector, S: Step<V>>(product: Product, at: Place, bias: &[f32], step: &S) {
    let Product { c, c_stride, n, .. } = product;
    let mut j = at.column;
    let end = at.column + at.columns;
    // SAFETY: `j + count ≤ end ≤ n`, and the rows of `at` exist.
    unsafe {
        while j < end {
            let count = V::LANES.min(end - j);
            let bias = V::load_first(bias.as_ptr().add(j), count);
            if count == V::LANES {
                for row in at.row..at.row + at.rows {
                    let c = c.add(row * c_stride + j);
                    step.apply(V::load(c).add(bias), row * n + j, V::LANES).store(c);
                }
            } else {
                for row in at.row..at.row + at.rows {
                    let c = c.add(row * c_stride + j);
                    let x = V::load_first(c, count).add(bias);
                    step.apply(x, row * n + j, count).store_first(c, count);
                }
            }
            j += count;
        }
    }
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
        unsafe {
            let from = self.0.add(at);
            x.add(if count == V::LANES { V::load(from) } else { V::load_first(from, count) })
        }
    }
}

impl<V: Vector, F: Function> Step<V> for F {
    #[inline(always)]
    unsafe fn apply(&self, x: V, _: usize, _: usize) -> V {
        // SAFETY: passed on.
        unsafe { F::of(x) }
    }
}
