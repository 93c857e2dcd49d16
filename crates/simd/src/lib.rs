//! CPU kernels with run-time dispatch: what the encoder and the index spend their time in.
//!
//! [`Kernels`] is a table of functions for one [`Level`] of CPU instructions; [`Kernels::detect`] makes the choice of the
//! process, and the environment variable `HIPPOCAMP_CPU` forces it.
//!
//! Each algorithm is written once, over a small vector type (`arch/generic`); a file per instruction set gives that type
//! its operations and the size of the matrix tile. The scalar column is a plain twin of each kernel, written as its
//! definition reads: the fallback on other CPUs, and what the others are tested against.
//!
//! | kernel                        | scalar | NEON          | AVX2 + FMA    | AVX-512 F, BW, VL, DQ |
//! |-------------------------------|--------|---------------|---------------|-----------------------|
//! | `dot`, `l2_squared`, `*_rows` | plain  | 4 × 4 lanes   | 4 × 8 lanes   | 4 × 16 lanes          |
//! | `matmul`: tile in registers   | 1 × 8  | 8 × 12        | 6 × 16        | 12 × 32               |
//! | `matmul`: depth of a block    | all    | 384           | 384           | 256                   |
//! | `attention`                   | plain  | packed tiles  | packed tiles  | packed tiles          |
//! | `softmax`, `activate`         | libm   | 4 lanes       | 8 lanes       | 16 lanes              |
//! | `layer_norm`                  | plain  | 4 × 4 lanes   | 4 × 8 lanes   | 4 × 16 lanes          |
//! | `add`, `max`, `scale`         | plain  | 4 lanes       | 8 lanes       | 16 lanes              |
//!
//! (4 × n lanes: a row is reduced in four registers of n.)
//!
//! Products of rounded values (`rounded.rs`) are the same algorithm at every level, with the instructions that there are:
//!
//! | level           | bf16               | bytes                |
//! |-----------------|--------------------|----------------------|
//! | scalar          | plain              | plain                |
//! | neon            | 6 × 12, widened    | 8 × 12, widened      |
//! | neon-dot        | as neon            | 8 × 12, `sdot`       |
//! | neon-bf16       | 8 × 12, `bfdot`    | as neon-dot          |
//! | avx2            | 4 × 16, widened    | 4 × 16, widened      |
//! | avx512          | 10 × 32, widened   | 10 × 32, widened     |
//! | avx512-vnni     | as avx512          | 12 × 32, `vpdpbusd`  |
//! | avx512-bf16     | 12 × 32, `vdpbf16ps` | as avx512-vnni     |
//! | amx             | 32 × 32, tiles     | 32 × 32, tiles       |
//!
//! Attention for rounded values is made of the tiles of bf16 at the levels that have instructions for them, and is that of
//! f32 at the others.
//!
//! Invariant, at each level: the bits of one output row depend on that row's inputs alone, not on the number of rows, its
//! position, or its neighbours. The same text has the same vector in any batch. Levels differ from each other by
//! rounding.
//!
//! This crate and the bridge to Node.js are the only ones with `unsafe` code. Here it is the intrinsics and the loops over
//! raw pointers; lengths are asserted once, in the methods of [`Kernels`].

mod activation;
mod aligned;
mod arch;
mod attention;
mod coded;
mod dispatch;
mod kernels;
mod large;
mod level;
mod mapped;
mod matmul;
mod precision;
mod rotation;
mod rounded;
mod scan;

pub use activation::Activation;
pub use attention::{AttentionScratch, RelativeBias};
pub use kernels::Kernels;
pub use large::LargeVec;
pub use level::{Level, LevelError};
pub use mapped::MappedBytes;
pub use matmul::{Epilogue, PackedMatrix, PackedParts};
pub use precision::{Precision, UnknownPrecision};
pub use rounded::MatmulScratch;
pub use scan::ScanTable;
