//! The levels: sets of CPU instructions that the kernels are compiled for.

use std::{fmt, str::FromStr};

/// A set of CPU instructions that every kernel exists for.
///
/// Ordered: of two levels that one CPU has, the greater is the faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Plain Rust, for any CPU. Also the reference that the others are tested against.
    Scalar,
    /// Arm's 128-bit vectors (every 64-bit Arm CPU).
    Neon,
    /// With products of bytes: `FEAT_DotProd` (Armv8.2, about 2018).
    NeonDot,
    /// With products of bf16 as well: `FEAT_BF16` (Armv8.6, about 2020).
    NeonBf16,
    /// 256-bit vectors with fused multiply-add: AVX2, FMA and F16C (x86-64 since about 2013).
    Avx2,
    /// 512-bit vectors: AVX-512 F, BW, VL and DQ.
    Avx512,
    /// With products of bytes: AVX-512 VNNI (Intel since 2019).
    Avx512Vnni,
    /// With products of bf16 as well: AVX-512 BF16 (AMD since Zen 4).
    Avx512Bf16,
    /// With tiles of bytes and bf16 as well: AMX (Intel since Sapphire Rapids, on Linux).
    Amx,
}

impl Level {
    /// All that there are, whether this CPU has them or not.
    pub const ALL: [Self; 9] = [
        Self::Scalar,
        Self::Neon,
        Self::NeonDot,
        Self::NeonBf16,
        Self::Avx2,
        Self::Avx512,
        Self::Avx512Vnni,
        Self::Avx512Bf16,
        Self::Amx,
    ];

    /// The name, as `HIPPOCAMP_CPU` takes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Neon => "neon",
            Self::NeonDot => "neon-dot",
            Self::NeonBf16 => "neon-bf16",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Avx512Vnni => "avx512-vnni",
            Self::Avx512Bf16 => "avx512-bf16",
            Self::Amx => "amx",
        }
    }

    /// Whether this CPU (and its operating system) can run it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => {
                Self::Avx512.is_available() && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Bf16 => {
                Self::Avx512Vnni.is_available() && is_x86_feature_detected!("avx512bf16")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Amx => {
                Self::Avx512Bf16.is_available() && crate::arch::x86_64::amx::is_available()
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[cfg(target_arch = "aarch64")]
            Self::NeonDot => {
                Self::Neon.is_available() && std::arch::is_aarch64_feature_detected!("dotprod")
            }
            #[cfg(target_arch = "aarch64")]
            Self::NeonBf16 => {
                Self::NeonDot.is_available() && std::arch::is_aarch64_feature_detected!("bf16")
            }
            _ => false,
        }
    }

    /// Those that this CPU has, the best last. Never empty.
    #[must_use]
    pub fn all_available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|level| level.is_available()).collect()
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Level {
    type Err = LevelError;

    fn from_str(name: &str) -> Result<Self, LevelError> {
        Self::ALL.into_iter().find(|level| level.as_str() == name).ok_or_else(|| {
            LevelError::Unknown { name: name.to_owned(), available: Self::all_available() }
        })
    }
}

/// A level was asked for that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LevelError {
    /// No level has this name.
    #[error("there is no CPU level {name:?}: this CPU has {}", list(available))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What this CPU has.
        available: Vec<Level>,
    },
    /// The level exists, but not on this CPU.
    #[error("this CPU does not have the level \"{level}\": it has {}", list(available))]
    Unavailable {
        /// What was asked for.
        level: Level,
        /// What this CPU has.
        available: Vec<Level>,
    },
}

fn list(levels: &[Level]) -> String {
    levels.iter().map(|level| format!("\"{level}\"")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_found_by_its_name() {
        for level in Level::ALL {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_names_that_would_do() {
        let error = "sse9".parse::<Level>().unwrap_err().to_string();
        assert!(
            error.starts_with("there is no CPU level \"sse9\": this CPU has \"scalar\""),
            "{error}"
        );
    }

    #[test]
    fn plain_rust_is_always_there_and_comes_first() {
        assert_eq!(Level::all_available().first(), Some(&Level::Scalar));
    }
}
