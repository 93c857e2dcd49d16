//! How the kernels are computed: one module per instruction set.
#![cfg_attr(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    expect(
        clippy::inline_always,
        reason = "operations become instructions only inside a #[target_feature] function"
    )
)]

pub(crate) mod scalar;

#[cfg(target_arch = "aarch64")]
pub(crate) mod aarch64;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod generic;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86_64;
