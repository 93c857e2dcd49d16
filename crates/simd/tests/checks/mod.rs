//! What every kernel must do at every level, as functions that panic when it does not.
//!
//! The tests run them here, and `examples/kernel_check.rs` where there is no test harness: on an emulated CPU.
//! The truth is [`reference`]: definitions in f64.
#![expect(clippy::float_cmp, reason = "exact results are asked for where they are exact")]

pub(crate) mod activations;
pub(crate) mod attention;
pub(crate) mod coded;
pub(crate) mod distances;
pub(crate) mod inputs;
pub(crate) mod products;
pub(crate) mod reference;
pub(crate) mod rotation;
pub(crate) mod rows;
pub(crate) mod scan;

use hippocamp_simd::Kernels;

/// A check and what it shows.
pub(crate) type Check = (&'static str, fn(&Kernels));

/// All of them.
pub(crate) const ALL: &[Check] = &[
    ("dot and l2_squared of every length and alignment", distances::of_every_length),
    ("dot_rows and l2_squared_rows have the bits of single rows", distances::of_rows),
    ("normalize, from the smallest to the largest values", distances::normalized),
    ("matmul of every number of rows", products::of_every_number_of_rows),
    ("matmul of every number of columns", products::of_every_number_of_columns),
    ("matmul of every depth", products::of_every_depth),
    ("a row of a matmul has the same bits in any batch", products::same_bits_in_any_batch),
    ("matmul passes NaN and infinity on", products::of_special_values),
    ("matmul passes weights of NaN and infinity on", products::of_special_weights),
    ("matmul of tiny, huge and constant rows", products::of_extreme_rows),
    ("add, max, scale of every length", rows::arithmetic),
    ("layer_norm of every width", rows::layer_norms),
    ("softmax of every width", rows::softmaxes),
    ("softmax of extreme values", rows::softmax_of_extremes),
    ("activations over all of f32", activations::over_all_values),
    ("activations of special values", activations::of_special_values),
    ("activations do not depend on the position", activations::at_every_position),
    ("attention of every length", attention::of_every_length),
    ("attention of every head size", attention::of_every_head),
    ("attention of long texts", attention::of_long_texts),
    ("attention with a relative bias", attention::with_relative_bias),
    ("attention does not see what is left in the scratch", attention::with_used_scratch),
    ("from_f16 of all halfs", coded::all_halfs),
    ("to_f16 of all ties and exponents", coded::rounded_halfs),
    ("to_f16 and from_f16 of every length", coded::conversions_at_every_position),
    ("products and distances of halfs and bytes", coded::of_every_length),
    ("rows of halfs and bytes have the bits of single rows", coded::of_rows),
    ("prefetch of any length", coded::prefetching),
    ("hadamard of every length", rotation::hadamard),
    ("mul, butterfly, abs_sum of every length", rotation::arithmetic),
    ("scan_table is the plain one", scan::tables),
    ("scan_table rounds to even", scan::tables_of_ties),
    ("scan sums exactly", scan::sums),
    ("scan of the largest sums", scan::largest_sums),
    ("scan estimates inner products", scan::products),
    ("a scanned block has the same bits anywhere", scan::blocks_alone),
    ("scan marks what is above the threshold", scan::thresholds),
    ("scan passes NaN and infinity on", scan::special_values),
    ("pack_signs sets its lane", scan::signs),
];

/// Room behind an output, to see that nothing is written there.
const GUARD: usize = 32;
const CANARY: f32 = 123_456.0;

/// Runs `f` on an output of `len` values at `offset` (in values) in a larger buffer, and checks that what lies around it
/// stays as it was.
pub(crate) fn guarded(len: usize, offset: usize, f: impl FnOnce(&mut [f32])) -> Vec<f32> {
    let mut buffer = vec![CANARY; offset + len + GUARD];
    f(&mut buffer[offset..][..len]);
    assert!(buffer[..offset].iter().all(|x| *x == CANARY), "wrote before the output");
    assert!(buffer[offset + len..].iter().all(|x| *x == CANARY), "wrote behind the output");
    buffer[offset..][..len].to_vec()
}

/// Each value within `tolerance` of the truth.
#[track_caller]
pub(crate) fn assert_close(found: &[f32], truth: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), truth.len(), "{what}");
    for (i, (found, truth)) in found.iter().zip(truth).enumerate() {
        let error = (f64::from(*found) - truth).abs();
        assert!(error <= tolerance, "{what}: value {i} is {found}, not {truth}");
    }
}

/// The same bits.
#[track_caller]
pub(crate) fn assert_same_bits(a: &[f32], b: &[f32], what: &str) {
    let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(a), bits(b), "{what}");
}
