//! The algorithms, written once over [`Vector`](vector::Vector) and compiled for each instruction set.
//!
//! Every function here is `#[inline(always)]`, down to the single operations: it becomes part of the
//! `#[target_feature]` functions that [`vector_kernels!`] makes, and only there can its operations become instructions.
//! For the same reason there are no closures and no calls of functions that take vectors and are not inlined.

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod distance;
mod epilogue;
pub(crate) mod matmul;
pub(crate) mod rows;
pub(crate) mod values;
pub(crate) mod vector;

/// Makes the table of one level: `vector_kernels!(Level::Avx2, F32x8, "avx2,fma")`.
macro_rules! vector_kernels {
    ($level:expr, $vector:ident, $features:literal) => {
        pub(crate) static KERNELS: crate::Kernels =
            crate::Kernels::from_table(crate::dispatch::Table {
                level: $level,
                width: <$vector as crate::arch::generic::matmul::Tiles>::COLUMNS,
                dot: kernels::dot,
                l2_squared: kernels::l2_squared,
                dot_rows: kernels::dot_rows,
                l2_squared_rows: kernels::l2_squared_rows,
                matmul: kernels::matmul,
                layer_norm: kernels::layer_norm,
                add: kernels::add,
                max: kernels::max,
                scale: kernels::scale,
                divide: kernels::divide,
                softmax: kernels::softmax,
                activate: kernels::activate,
                attention: kernels::attention,
                tabulate: crate::arch::scalar::scan::tabulate,
                scan: crate::arch::scalar::scan::scan,
                pack_signs: crate::arch::scalar::scan::pack_signs,
                dot_f16: crate::arch::scalar::coded::dot_f16,
                l2_squared_f16: crate::arch::scalar::coded::l2_squared_f16,
                dot_f16_rows: crate::arch::scalar::coded::dot_f16_rows,
                l2_squared_f16_rows: crate::arch::scalar::coded::l2_squared_f16_rows,
                dot_i8: crate::arch::scalar::coded::dot_i8,
                l2_squared_i8: crate::arch::scalar::coded::l2_squared_i8,
                dot_i8_rows: crate::arch::scalar::coded::dot_i8_rows,
                l2_squared_i8_rows: crate::arch::scalar::coded::l2_squared_i8_rows,
                to_f16: crate::arch::scalar::coded::to_f16,
                from_f16: crate::arch::scalar::coded::from_f16,
                prefetch: crate::arch::scalar::coded::prefetch,
                hadamard: crate::arch::scalar::rotation::hadamard,
                butterfly: crate::arch::scalar::rotation::butterfly,
                mul: crate::arch::scalar::rotation::mul,
                abs_sum: crate::arch::scalar::rotation::abs_sum,
            });

        /// The generic algorithms with this level's instructions. All of them have the conditions of
        /// [`Table`](crate::dispatch::Table).
        mod kernels {
            use super::$vector;
            use crate::{
                activation::Activation,
                arch::generic::{attention, distance, matmul, rows, values},
                attention::AttentionScratch,
                matmul::{Epilogue, PackedMatrix},
            };

            crate::arch::generic::entries! { $vector, $features;
                dot => distance::dot(a: &[f32], b: &[f32]) -> f32;
                l2_squared => distance::l2_squared(a: &[f32], b: &[f32]) -> f32;
                dot_rows => distance::dot_rows(query: &[f32], rows: &[f32], out: &mut [f32]) -> ();
                l2_squared_rows => distance::l2_squared_rows(query: &[f32], rows: &[f32], out: &mut [f32]) -> ();
                matmul => matmul::matmul(x: &[f32], w: &PackedMatrix, epilogue: Epilogue<'_>, out: &mut [f32]) -> ();
                layer_norm => rows::layer_norm(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) -> ();
                add => values::add(x: &mut [f32], y: &[f32]) -> ();
                max => values::max(x: &mut [f32], y: &[f32]) -> ();
                scale => values::scale(x: &mut [f32], by: f32) -> ();
                divide => values::divide(x: &mut [f32], by: f32) -> ();
                softmax => rows::softmax(x: &mut [f32], width: usize) -> ();
                activate => values::activate(x: &mut [f32], f: Activation) -> ();
                attention => attention::attention(
                    qkv: &[f32], heads: usize, head_dim: usize, scratch: &mut AttentionScratch, out: &mut [f32]
                ) -> ();
            }
        }
    };
}
pub(crate) use vector_kernels;

/// The functions of a table: each calls its generic twin where the instructions may be used.
macro_rules! entries {
    ($vector:ident, $features:literal; $(
        $name:ident => $module:ident::$function:ident($($argument:ident: $type:ty),*) -> $result:ty;
    )*) => {$(
        #[target_feature(enable = $features)]
        pub(super) unsafe fn $name($($argument: $type),*) -> $result {
            // SAFETY: the instructions are enabled here, and the caller has checked the CPU and the lengths.
            unsafe { $module::$function::<$vector>($($argument),*) }
        }
    )*};
}
pub(crate) use entries;
