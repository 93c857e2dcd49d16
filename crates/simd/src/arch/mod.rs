//! How the kernels are computed: one module per instruction set.

pub(crate) mod scalar;
