//! The activation functions: which there are, and the constants of their approximations.
//!
//! ```text
//! gelu(x)      = x Φ(x)         = max(x, 0) - |x| Q(|x|)                 Q(a) = 1 - Φ(a)
//! gelu_tanh(x) = x sigmoid(2u)  = max(x, 0) - |x| e / (1 + e)            e = exp(-2u(|x|)), u(x) = √(2/π) (x + 0.044715 x³)
//! tanh(x)      = sign(x) (-e) / (2 + e)                                  e = exp(-2|x|) - 1
//! ```
//!
//! Nothing cancels, and `exp` has arguments that are not positive, so nothing overflows. Q is a polynomial, one chain of
//! multiply-adds. (`exp(-a²/2) R(1 / (1 + ca))` is ten times as exact, and takes half as many steps again and a division.)

/// What a layer applies to every value of its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activation {
    /// The Gaussian error linear unit by its definition, `x Φ(x) = x/2 (1 + erf(x/√2))` (Hendrycks and Gimpel, 2016).
    /// Within 1e-6 of the exact value, beyond the rounding of the result.
    Gelu,
    /// The older approximation by tanh, `x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`, for the models trained with it.
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

/// `Q(a) = 1 - Φ(a)` as a polynomial in `u = GELU_SCALE · a - 1`, lowest power first.
///
/// A weighted minimax fit over 0 ≤ a ≤ [`GELU_CUT`], which is -1 ≤ u ≤ 1, with the weight `max(a, 1.2)`: a is what the error
/// is multiplied by, and near 0 it is the relative error that counts. `|P - Q| max(a, 1.2) < 9e-7`, and P(1) is 0 exactly.
pub(crate) const GELU_Q: [f32; 15] = [
    0.003_830_589_4,
    -0.030_392_408,
    0.108_028_64,
    -0.219_964_7,
    0.263_604_64,
    -0.141_330_93,
    -0.086_350_09,
    0.213_006_36,
    -0.110_977_165,
    -0.074_543_41,
    0.101_610_646,
    -0.001_502_023_3,
    -0.033_835_05,
    0.004_727_415_3,
    0.004_087_474_7,
];

/// See [`GELU_Q`].
pub(crate) const GELU_SCALE: f32 = 0.375;
/// `2 / GELU_SCALE`: for |x| beyond it, Q is 0. (It is 5e-8 there.)
pub(crate) const GELU_CUT: f32 = 16.0 / 3.0;
/// Beyond these |x| the subtracted terms are below 1e-30 (and 1 - tanh is less than half a unit in the last place). The
/// cut keeps infinities out of the products, and it keeps every product in the range of normal numbers: in a CPU that
/// treats subnormal ones slowly, large negative inputs would otherwise cost three times as much as others.
pub(crate) const GELU_TANH_CUT: f32 = 9.3;
/// See [`GELU_TANH_CUT`].
pub(crate) const TANH_CUT: f32 = 20.0;

/// `2√(2/π)`: twice the factor in `gelu_tanh`.
pub(crate) const GELU_TANH_SCALE: f32 = 1.595_769;
/// The cubic coefficient in `gelu_tanh`.
pub(crate) const GELU_TANH_CUBIC: f32 = 0.044_715;
