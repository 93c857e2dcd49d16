//! Operations on single values. Memory-bound, but for the exponentials in the activation functions.

use super::{
    activation::{Function, Gelu, GeluTanh, Relu, Tanh},
    vector::Vector,
};
use crate::activation::Activation;

/// What is done to each value.
trait Map<V> {
    /// # Safety
    /// The CPU has V's instructions.
    unsafe fn apply(&self, x: V) -> V;
}

/// `x = f(x)`.
#[inline(always)]
unsafe fn map<V: Vector, F: Map<V>>(x: &mut [f32], f: &F) {
    let (len, x) = (x.len(), x.as_mut_ptr());
    // SAFETY: `i + LANES ≤ len`, and `i + (len - i) = len` for the last, partial one.
    unsafe {
        let mut i = 0;
        while i + V::LANES <= len {
            f.apply(V::load(x.add(i))).store(x.add(i));
            i += V::LANES;
        }
        if i < len {
            f.apply(V::load_first(x.add(i), len - i)).store_first(x.add(i), len - i);
        }
    }
}

/// What is made of two values.
trait Combine<V> {
    fn apply(x: V, y: V) -> V;
}

/// `x = f(x, y)` for equally many values.
#[inline(always)]
unsafe fn combine<V: Vector, F: Combine<V>>(x: &mut [f32], y: &[f32]) {
    let (len, x, y) = (x.len(), x.as_mut_ptr(), y.as_ptr());
    // SAFETY: `i + LANES ≤ len`, and `i + (len - i) = len` for the last, partial one.
    unsafe {
        let mut i = 0;
        while i + V::LANES <= len {
            F::apply(V::load(x.add(i)), V::load(y.add(i))).store(x.add(i));
            i += V::LANES;
        }
        if i < len {
            let rest = len - i;
            F::apply(V::load_first(x.add(i), rest), V::load_first(y.add(i), rest))
                .store_first(x.add(i), rest);
        }
    }
}

struct Sum;

impl<V: Vector> Combine<V> for Sum {
    #[inline(always)]
    fn apply(x: V, y: V) -> V {
        x.add(y)
    }
}

struct Product;

impl<V: Vector> Combine<V> for Product {
    #[inline(always)]
    fn apply(x: V, y: V) -> V {
        x.mul(y)
    }
}

struct Larger;

impl<V: Vector> Combine<V> for Larger {
    #[inline(always)]
    fn apply(x: V, y: V) -> V {
        y.max(x)
    }
}

/// # Safety
/// The CPU has V's instructions; `x` and `y` are equally long.
#[inline(always)]
pub(crate) unsafe fn add<V: Vector>(x: &mut [f32], y: &[f32]) {
    // SAFETY: passed on.
    unsafe { combine::<V, Sum>(x, y) }
}

/// # Safety
/// The CPU has V's instructions; `x` and `y` are equally long.
#[inline(always)]
pub(crate) unsafe fn max<V: Vector>(x: &mut [f32], y: &[f32]) {
    // SAFETY: passed on.
    unsafe { combine::<V, Larger>(x, y) }
}

/// # Safety
/// The CPU has V's instructions; `x` and `y` are equally long.
#[inline(always)]
pub(crate) unsafe fn mul<V: Vector>(x: &mut [f32], y: &[f32]) {
    // SAFETY: passed on.
    unsafe { combine::<V, Product>(x, y) }
}

struct Times<V>(V);

impl<V: Vector> Map<V> for Times<V> {
    #[inline(always)]
    unsafe fn apply(&self, x: V) -> V {
        x.mul(self.0)
    }
}

struct Over<V>(V);

impl<V: Vector> Map<V> for Over<V> {
    #[inline(always)]
    unsafe fn apply(&self, x: V) -> V {
        x.div(self.0)
    }
}

/// # Safety
/// The CPU has V's instructions.
#[inline(always)]
pub(crate) unsafe fn scale<V: Vector>(x: &mut [f32], by: f32) {
    // SAFETY: passed on.
    unsafe { map(x, &Times(V::splat(by))) }
}

/// # Safety
/// The CPU has V's instructions.
#[inline(always)]
pub(crate) unsafe fn divide<V: Vector>(x: &mut [f32], by: f32) {
    // SAFETY: passed on.
    unsafe { map(x, &Over(V::splat(by))) }
}

impl<V: Vector, F: Function> Map<V> for F {
    #[inline(always)]
    unsafe fn apply(&self, x: V) -> V {
        // SAFETY: passed on.
        unsafe { F::of(x) }
    }
}

/// # Safety
/// The CPU has V's instructions.
#[inline(always)]
pub(crate) unsafe fn activate<V: Vector>(x: &mut [f32], f: Activation) {
    // SAFETY: passed on.
    unsafe {
        match f {
            Activation::Gelu => map::<V, _>(x, &Gelu),
            Activation::GeluTanh => map::<V, _>(x, &GeluTanh),
            Activation::Relu => map::<V, _>(x, &Relu),
            Activation::Tanh => map::<V, _>(x, &Tanh),
        }
    }
}
