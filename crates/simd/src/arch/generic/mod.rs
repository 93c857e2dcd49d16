//! The algorithms, written once over [`Vector`](vector::Vector) and compiled for each instruction set.
//!
//! Every function here is `#[inline(always)]`, down to the single operations: it becomes part of the
//! `#[target_feature]` functions that [`vector_kernels!`] makes, and only there can its operations become instructions.
//! For the same reason there are no closures and no calls of functions that take vectors and are not inlined.

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod bytes;
pub(crate) mod coded;
pub(crate) mod distance;
mod epilogue;
pub(crate) mod matmul;
pub(crate) mod rotation;
pub(crate) mod rounded;
pub(crate) mod rounded_attention;
pub(crate) mod rows;
pub(crate) mod scan;
mod transpose;
pub(crate) mod values;
pub(crate) mod vector;

/// Makes the table of one level: `vector_kernels!(Level::Avx2, F32x8, Bf16, Bytes, "avx2,fma")`, with the type of its
/// vectors and how groups of bf16 and of bytes are multiplied.
macro_rules! vector_kernels {
    ($level:expr, $vector:ident, $bf16:ident, $bytes:ident, $features:literal) => {
        pub(crate) static KERNELS: crate::Kernels = crate::Kernels::from_table(TABLE);

        /// What levels with further instructions build upon.
        pub(super) const TABLE: crate::dispatch::Table =
            crate::dispatch::Table {
                level: $level,
                width: <$vector as crate::arch::generic::matmul::Tiles>::COLUMNS,
                dot: kernels::dot,
                l2_squared: kernels::l2_squared,
                dot_rows: kernels::dot_rows,
                l2_squared_rows: kernels::l2_squared_rows,
                matmul: kernels::matmul,
                matmul_bf16: kernels::matmul_bf16,
                matmul_int8: kernels::matmul_int8,
                layer_norm: kernels::layer_norm,
                add: kernels::add,
                max: kernels::max,
                scale: kernels::scale,
                divide: kernels::divide,
                softmax: kernels::softmax,
                activate: kernels::activate,
                attention: kernels::attention,
                attention_bf16: kernels::attention,
                tabulate: kernels::tabulate,
                scan: kernels::scan,
                pack_signs: kernels::pack_signs,
                dot_f16: kernels::dot_f16,
                l2_squared_f16: kernels::l2_squared_f16,
                dot_f16_rows: kernels::dot_f16_rows,
                l2_squared_f16_rows: kernels::l2_squared_f16_rows,
                dot_i8: kernels::dot_i8,
                l2_squared_i8: kernels::l2_squared_i8,
                dot_i8_rows: kernels::dot_i8_rows,
                l2_squared_i8_rows: kernels::l2_squared_i8_rows,
                to_f16: kernels::to_f16,
                from_f16: kernels::from_f16,
                prefetch: kernels::prefetch,
                hadamard: kernels::hadamard,
                butterfly: kernels::butterfly,
                mul: kernels::mul,
                abs_sum: kernels::abs_sum,
            };

        /// The generic algorithms with this level's instructions. All of them have the conditions of
        /// [`Table`](crate::dispatch::Table).
        mod kernels {
            use super::{$bf16, $bytes, $vector};
            use crate::{
                activation::Activation,
                arch::generic::{
                    attention, coded, distance, matmul, rotation, rows, scan, values,
                },
                attention::{AttentionScratch, RelativeBias},
                matmul::{Epilogue, PackedMatrix},
                rounded::MatmulScratch,
                scan::{ScanOutput, ScanTable},
            };

            crate::arch::generic::entries! { $vector, $features;
                dot => distance::dot::<f32>(a: &[f32], b: &[f32]) -> f32;
                l2_squared => distance::l2_squared::<f32>(a: &[f32], b: &[f32]) -> f32;
                dot_rows => distance::dot_rows::<f32>(query: &[f32], rows: &[f32], out: &mut [f32]) -> ();
                l2_squared_rows => distance::l2_squared_rows::<f32>(query: &[f32], rows: &[f32], out: &mut [f32]) -> ();
                matmul => matmul::matmul(
                    x: &[f32], w: &PackedMatrix, epilogue: Epilogue<'_>, scratch: &mut MatmulScratch, out: &mut [f32]
                ) -> ();
                layer_norm => rows::layer_norm(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) -> ();
                add => values::add(x: &mut [f32], y: &[f32]) -> ();
                max => values::max(x: &mut [f32], y: &[f32]) -> ();
                scale => values::scale(x: &mut [f32], by: f32) -> ();
                divide => values::divide(x: &mut [f32], by: f32) -> ();
                softmax => rows::softmax(x: &mut [f32], width: usize) -> ();
                activate => values::activate(x: &mut [f32], f: Activation) -> ();
                attention => attention::attention(
                    qkv: &[f32], heads: usize, head_dim: usize, bias: Option<RelativeBias<'_>>,
                    scratch: &mut AttentionScratch, out: &mut [f32]
                ) -> ();
                tabulate => scan::tabulate(query: &[f32], table: &mut ScanTable) -> ();
                scan => scan::scan(
                    table: &ScanTable, codes: &[u8], factors: &[f32], out: &mut ScanOutput<'_>
                ) -> ();
                pack_signs => scan::pack_signs(x: &[f32], lane: usize, plane: &mut [u8]) -> ();
                dot_f16 => distance::dot::<u16>(query: &[f32], row: &[u16]) -> f32;
                l2_squared_f16 => distance::l2_squared::<u16>(query: &[f32], row: &[u16]) -> f32;
                dot_f16_rows => distance::dot_rows::<u16>(query: &[f32], rows: &[u16], out: &mut [f32]) -> ();
                l2_squared_f16_rows => distance::l2_squared_rows::<u16>(query: &[f32], rows: &[u16], out: &mut [f32]) -> ();
                dot_i8 => distance::dot::<i8>(query: &[f32], row: &[i8]) -> f32;
                l2_squared_i8 => distance::l2_squared_scaled::<i8>(query: &[f32], row: &[i8], scale: f32) -> f32;
                dot_i8_rows => distance::dot_rows::<i8>(query: &[f32], rows: &[i8], out: &mut [f32]) -> ();
                l2_squared_i8_rows => distance::l2_squared_scaled_rows::<i8>(
                    query: &[f32], rows: &[i8], scales: &[f32], out: &mut [f32]
                ) -> ();
                to_f16 => coded::to_f16(from: &[f32], to: &mut [u16]) -> ();
                from_f16 => coded::from_f16(from: &[u16], to: &mut [f32]) -> ();
                prefetch => coded::prefetch(bytes: &[u8]) -> ();
                hadamard => rotation::hadamard(x: &mut [f32]) -> ();
                butterfly => rotation::butterfly(a: &mut [f32], b: &mut [f32]) -> ();
                mul => values::mul(x: &mut [f32], y: &[f32]) -> ();
                abs_sum => rows::abs_sum(x: &[f32]) -> f32;
            }
            crate::arch::generic::products! { $features; matmul_bf16 = $bf16; matmul_int8 = $bytes; }
        }
    };
}
pub(crate) use vector_kernels;

/// The functions of a table: each calls its generic twin where the instructions may be used.
macro_rules! entries {
    ($vector:ident, $features:literal; $(
        $name:ident => $module:ident::$function:ident$(::<$stored:ty>)?($($argument:ident: $type:ty),*) -> $result:ty;
    )*) => {$(
        #[target_feature(enable = $features)]
        pub(super) unsafe fn $name($($argument: $type),*) -> $result {
            // SAFETY: the instructions are enabled here, and the caller has checked the CPU and the lengths.
            unsafe { $module::$function::<$vector $(, $stored)?>($($argument),*) }
        }
    )*};
}
pub(crate) use entries;

/// Matrix products of rounded values: `products! { "avx2,fma"; matmul_int8 = Bytes; }`.
macro_rules! products {
    ($features:literal; $($name:ident = $groups:ident;)*) => {$(
        #[target_feature(enable = $features)]
        pub(super) unsafe fn $name(
            x: &[f32],
            w: &crate::matmul::PackedMatrix,
            epilogue: crate::matmul::Epilogue<'_>,
            scratch: &mut crate::rounded::MatmulScratch,
            out: &mut [f32],
        ) {
            // SAFETY: the instructions are enabled here, and the caller has checked the CPU and the lengths.
            unsafe { crate::arch::generic::rounded::matmul::<$groups>(x, w, epilogue, scratch, out) }
        }
    )*};
}
pub(crate) use products;

/// Attention with products of bf16: `attention_of_tiles! { "avx512f,avx512bf16"; attention_bf16 = Bf16; }`.
macro_rules! attention_of_tiles {
    ($features:literal; $name:ident = $groups:ident;) => {
        #[target_feature(enable = $features)]
        pub(super) unsafe fn $name(
            qkv: &[f32],
            heads: usize,
            head_dim: usize,
            bias: Option<crate::attention::RelativeBias<'_>>,
            scratch: &mut crate::attention::AttentionScratch,
            out: &mut [f32],
        ) {
            // SAFETY: the instructions are enabled here, and the caller has checked the CPU and the lengths.
            unsafe {
                crate::arch::generic::rounded_attention::attention::<$groups>(
                    qkv, heads, head_dim, bias, scratch, out,
                );
            }
        }
    };
}
pub(crate) use attention_of_tiles;
