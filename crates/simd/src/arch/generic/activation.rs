//! exp and the activation functions on vectors; see [`crate::activation`] for the formulas and their errors.

use super::vector::Vector;
use crate::activation::{
    GELU_CUT, GELU_Q, GELU_SCALE, GELU_TANH_CUBIC, GELU_TANH_CUT, GELU_TANH_SCALE, TANH_CUT,
};

/// Below this, `exp` is zero.
pub(crate) const EXP_LOWEST: f32 = -88.0;

/// log₂ e, and what it lacks as f32.
const LOG2_E: [f32; 2] = [std::f32::consts::LOG2_E, 1.925_963e-8];
/// `(2^r - 1) / r` on |r| ≤ ½, lowest power first: a minimax fit, 2.0e-9 relative to 2^r.
const EXP2: [f32; 6] = [
    std::f32::consts::LN_2,
    0.240_226_48,
    0.055_503_324,
    0.009_618_436,
    0.001_339_885_3,
    0.000_153_536,
];
/// 1.5 · 2²³ + 127. Adding it rounds to an integer n, and leaves n + 127 in the lowest byte.
const ROUND: f32 = 12_583_039.0;

/// `(s, p)` with `e^x = s + s p`, `s` a power of two: for `EXP_LOWEST` ≤ x ≤ 0.
///
/// ```text
/// n = round(x log₂ e)     r = x log₂ e - n     s = 2^n     p = 2^r - 1 = r · polynomial(r)
/// ```
///
/// n = -127 gives s = 0.
///
/// # Safety
/// The CPU has V's instructions.
#[inline(always)]
unsafe fn exp_parts<V: Vector>(x: V) -> (V, V) {
    // SAFETY: the caller's promise.
    unsafe {
        let rounded = x.fma(V::splat(LOG2_E[0]), V::splat(ROUND));
        let minus_n = V::splat(ROUND).sub(rounded);
        let r = x.fma(V::splat(LOG2_E[0]), minus_n);
        let r = x.fma(V::splat(LOG2_E[1]), r);
        (rounded.shift_into_exponent(), polynomial(r, &EXP2).mul(r))
    }
}

/// `e^x` for `EXP_LOWEST` ≤ x ≤ 0, within two units in the last place.
///
/// # Safety
/// The CPU has V's instructions.
#[inline(always)]
pub(crate) unsafe fn exp<V: Vector>(x: V) -> V {
    // SAFETY: the caller's promise.
    let (s, p) = unsafe { exp_parts(x) };
    s.fma(p, s)
}

/// A function of one value. (A trait and not a closure: closures are not sure to be inlined.)
pub(crate) trait Function {
    /// # Safety
    /// The CPU has V's instructions.
    unsafe fn of<V: Vector>(x: V) -> V;
}

/// [`Activation::Relu`].
pub(crate) struct Relu;

impl Function for Relu {
    #[inline(always)]
    unsafe fn of<V: Vector>(x: V) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::splat(0.0) }.max(x)
    }
}

/// [`Activation::Gelu`].
pub(crate) struct Gelu;

impl Function for Gelu {
    #[inline(always)]
    unsafe fn of<V: Vector>(x: V) -> V {
        // SAFETY: the caller's promise.
        unsafe {
            let a = V::splat(GELU_CUT).min(x.abs());
            let u = a.fma(V::splat(GELU_SCALE), V::splat(-1.0));
            a.neg_fma(polynomial(u, &GELU_Q), Relu::of(x))
        }
    }
}

/// [`Activation::GeluTanh`].
pub(crate) struct GeluTanh;

impl Function for GeluTanh {
    #[inline(always)]
    unsafe fn of<V: Vector>(x: V) -> V {
        // SAFETY: the caller's promise.
        unsafe {
            let a = V::splat(GELU_TANH_CUT).min(x.abs());
            let cubic = a.mul(a).mul(V::splat(GELU_TANH_CUBIC)).fma(a, a);
            let e = exp(cubic.mul(V::splat(-GELU_TANH_SCALE)));
            a.neg_fma(e.div(e.add(V::splat(1.0))), Relu::of(x))
        }
    }
}

/// [`Activation::Tanh`].
pub(crate) struct Tanh;

impl Function for Tanh {
    #[inline(always)]
    unsafe fn of<V: Vector>(x: V) -> V {
        // SAFETY: the caller's promise.
        unsafe {
            let a = V::splat(TANH_CUT).min(x.abs());
            let (s, p) = exp_parts(a.mul(V::splat(-2.0)));
            let one_less = s.fma(p, s.sub(V::splat(1.0)));
            V::splat(0.0).sub(one_less).div(one_less.add(V::splat(2.0))).with_sign_of(x)
        }
    }
}

/// Horner's scheme, lowest power first in `coefficients`.
#[inline(always)]
unsafe fn polynomial<V: Vector, const N: usize>(x: V, coefficients: &[f32; N]) -> V {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sum = V::splat(coefficients[N - 1]);
        for c in coefficients[..N - 1].iter().rev() {
            sum = sum.fma(x, V::splat(*c));
        }
        sum
    }
}
