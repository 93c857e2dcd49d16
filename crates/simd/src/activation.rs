//! The activation functions: which there are, and the constants of their approximations.
//!
//! All of them are written so that they need only `exp` of an argument that is not positive, which can neither
//! overflow nor cancel:
//!
//! ```text
//! gelu(x)      = x Φ(x)         = max(x, 0) - |x| Q(|x|)                 Q(a) = 1 - Φ(a) = exp(-a²/2) R(a)
//! gelu_tanh(x) = x sigmoid(2u)  = max(x, 0) - |x| e / (1 + e)            e = exp(-2u(|x|)), u(x) = √(2/π) (x + 0.044715 x³)
//! tanh(x)      = sign(x) (-e) / (2 + e)                                  e = exp(-2|x|) - 1
//! ```
//!
//! In the first two the subtracted term is at most 0.17, so its relative error of a few units in the last place is an
//! absolute error of a few 1e-8: the result is off by little more than its own rounding. A polynomial of erf itself loses
//! ten times as much in the tails, because it must cancel against 1 there.

/// What a layer applies to every value of its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activation {
    /// The Gaussian error linear unit by its definition, `x Φ(x) = x/2 (1 + erf(x/√2))` (Hendrycks and Gimpel, 2016).
    /// Within 3e-7 of the exact value for |x| ≤ 5, within rounding beyond.
    Gelu,
    /// The older approximation by tanh, `x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`, for the models trained with it.
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

/// In `R(a) = P(t)`, `t = 1 / (1 + 0.28 a)`.
pub(crate) const GELU_T: f32 = 0.28;

/// `R(a) = exp(a²/2) (1 - Φ(a))` as a polynomial in `t`, lowest power first.
///
/// A weighted minimax fit over 0 ≤ a ≤ 13 (weight `a exp(-a²/2)`, which is what the error of R is multiplied by):
/// `a exp(-a²/2) |P - R| < 4.1e-9`.
pub(crate) const GELU_R: [f32; 7] = [
    -0.000_921_098_2,
    0.124_471_29,
    0.039_429_612,
    0.320_906_55,
    -0.290_406_55,
    0.418_763_07,
    -0.112_243_08,
];

/// Beyond these |x| the subtracted terms are below 1e-30 (and 1 - tanh is less than half a unit in the last place). The
/// cut keeps infinities out of the products, and it keeps every product in the range of normal numbers: in a CPU that
/// treats subnormal ones slowly, large negative inputs would otherwise cost three times as much as others.
pub(crate) const GELU_CUT: f32 = 12.0;
/// See [`GELU_CUT`].
pub(crate) const GELU_TANH_CUT: f32 = 9.3;
/// See [`GELU_CUT`].
pub(crate) const TANH_CUT: f32 = 20.0;

/// `2√(2/π)`: twice the factor in `gelu_tanh`.
pub(crate) const GELU_TANH_SCALE: f32 = 1.595_769;
/// The cubic coefficient in `gelu_tanh`.
pub(crate) const GELU_TANH_CUBIC: f32 = 0.044_715;
