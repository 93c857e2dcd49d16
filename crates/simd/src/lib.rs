//! CPU kernels with run-time dispatch: distances, matrix products, row operations, attention.

mod activation;
mod aligned;
mod arch;
mod attention;
mod dispatch;
mod kernels;
mod level;
mod matmul;

pub use activation::Activation;
pub use attention::AttentionScratch;
pub use kernels::Kernels;
pub use level::{Level, LevelError};
pub use matmul::{Epilogue, PackedMatrix};
