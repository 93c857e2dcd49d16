//! One table of kernels per level, and the choice among them.

use std::sync::OnceLock;

use crate::{
    Kernels, Level, LevelError,
    activation::Activation,
    arch,
    attention::{AttentionScratch, RelativeBias},
    matmul::{Epilogue, PackedMatrix},
    rounded::MatmulScratch,
    scan::{ScanOutput, ScanTable},
};

/// The environment variable that forces a level.
const VARIABLE: &str = "HIPPOCAMP_CPU";

/// A matrix product: inputs, weights, what is done to each output, working memory, outputs.
pub(crate) type Matmul =
    unsafe fn(&[f32], &PackedMatrix, Epilogue<'_>, &mut MatmulScratch, &mut [f32]);

/// Attention: queries, keys and values, heads and their size, a bias, working memory, outputs.
pub(crate) type Attention =
    unsafe fn(&[f32], usize, usize, Option<RelativeBias<'_>>, &mut AttentionScratch, &mut [f32]);

/// The kernels of one level.
///
/// Safety of every entry: the CPU has the level's instructions, and the lengths are those that [`Kernels`] documents and
/// asserts. They are called from there only.
#[expect(clippy::type_complexity, reason = "the operands of the kernels, as they come")]
pub(crate) struct Table {
    pub(crate) level: Level,
    /// Columns in a panel of packed weights.
    pub(crate) width: usize,
    pub(crate) dot: unsafe fn(&[f32], &[f32]) -> f32,
    pub(crate) l2_squared: unsafe fn(&[f32], &[f32]) -> f32,
    pub(crate) dot_rows: unsafe fn(&[f32], &[f32], &mut [f32]),
    pub(crate) l2_squared_rows: unsafe fn(&[f32], &[f32], &mut [f32]),
    pub(crate) matmul: Matmul,
    pub(crate) matmul_bf16: Matmul,
    pub(crate) matmul_int8: Matmul,
    pub(crate) layer_norm: unsafe fn(&mut [f32], &[f32], &[f32], f32),
    pub(crate) add: unsafe fn(&mut [f32], &[f32]),
    pub(crate) max: unsafe fn(&mut [f32], &[f32]),
    pub(crate) scale: unsafe fn(&mut [f32], f32),
    pub(crate) divide: unsafe fn(&mut [f32], f32),
    pub(crate) softmax: unsafe fn(&mut [f32], usize),
    pub(crate) activate: unsafe fn(&mut [f32], Activation),
    pub(crate) attention: Attention,
    pub(crate) attention_bf16: Attention,
    pub(crate) tabulate: unsafe fn(&[f32], &mut ScanTable),
    pub(crate) scan: unsafe fn(&ScanTable, &[u8], &[f32], &mut ScanOutput<'_>),
    pub(crate) pack_signs: unsafe fn(&[f32], usize, &mut [u8]),
    pub(crate) dot_f16: unsafe fn(&[f32], &[u16]) -> f32,
    pub(crate) l2_squared_f16: unsafe fn(&[f32], &[u16]) -> f32,
    pub(crate) dot_f16_rows: unsafe fn(&[f32], &[u16], &mut [f32]),
    pub(crate) l2_squared_f16_rows: unsafe fn(&[f32], &[u16], &mut [f32]),
    pub(crate) dot_i8: unsafe fn(&[f32], &[i8]) -> f32,
    pub(crate) l2_squared_i8: unsafe fn(&[f32], &[i8], f32) -> f32,
    pub(crate) dot_i8_rows: unsafe fn(&[f32], &[i8], &mut [f32]),
    pub(crate) l2_squared_i8_rows: unsafe fn(&[f32], &[i8], &[f32], &mut [f32]),
    pub(crate) to_f16: unsafe fn(&[f32], &mut [u16]),
    pub(crate) from_f16: unsafe fn(&[u16], &mut [f32]),
    pub(crate) prefetch: unsafe fn(&[u8]),
    pub(crate) hadamard: unsafe fn(&mut [f32]),
    pub(crate) butterfly: unsafe fn(&mut [f32], &mut [f32]),
    pub(crate) mul: unsafe fn(&mut [f32], &[f32]),
    pub(crate) abs_sum: unsafe fn(&[f32]) -> f32,
}

/// The table of a level, if this CPU has it.
pub(crate) fn at(level: Level) -> Result<&'static Kernels, LevelError> {
    if !level.is_available() {
        return Err(LevelError::Unavailable { level, available: Level::all_available() });
    }
    Ok(table(level))
}

/// The table of a level, whether this CPU has it or not.
pub(crate) fn table(level: Level) -> &'static Kernels {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => &arch::x86_64::avx2::KERNELS,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => &arch::x86_64::avx512::KERNELS,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512Vnni => &arch::x86_64::avx512::vnni::KERNELS,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512Bf16 => &arch::x86_64::avx512::bf16::KERNELS,
        #[cfg(target_arch = "x86_64")]
        Level::Amx => &arch::x86_64::amx::KERNELS,
        #[cfg(target_arch = "aarch64")]
        Level::Neon => &arch::aarch64::neon::KERNELS,
        #[cfg(target_arch = "aarch64")]
        Level::NeonDot => &arch::aarch64::neon::dot::KERNELS,
        #[cfg(target_arch = "aarch64")]
        Level::NeonBf16 => &arch::aarch64::neon::bf16::KERNELS,
        _ => &arch::scalar::KERNELS,
    }
}

/// The process-wide choice.
pub(crate) fn detect() -> Result<&'static Kernels, LevelError> {
    static CHOICE: OnceLock<Result<&'static Kernels, LevelError>> = OnceLock::new();
    CHOICE.get_or_init(|| choose(std::env::var_os(VARIABLE).as_deref())).clone()
}

/// The level that `forced` names; without it (or with an empty one) the best there is.
fn choose(forced: Option<&std::ffi::OsStr>) -> Result<&'static Kernels, LevelError> {
    match forced {
        Some(name) if !name.is_empty() => at(name.to_string_lossy().parse()?),
        _ => at(Level::all_available().last().copied().unwrap_or(Level::Scalar)),
    }
}
