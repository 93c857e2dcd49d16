//! Every kernel at every level that this CPU has, against definitions in f64.

mod checks;

use hippocamp_simd::{
    AttentionScratch, Kernels, Level, MatmulScratch, Precision, RelativeBias, ScanTable,
};

fn at_every_level(check: fn(&Kernels)) {
    for level in Level::all_available() {
        println!("{level}");
        check(Kernels::at(level).unwrap());
    }
}

macro_rules! tests {
    ($($name:ident = $check:path;)*) => {
        $(
            #[test]
            fn $name() {
                at_every_level($check);
            }
        )*

        #[test]
        fn the_list_of_checks_is_complete() {
            let named = [$($check as fn(&Kernels)),*];
            assert_eq!(checks::ALL.len(), named.len());
        }
    };
}

tests! {
    distances_are_right_at_every_length_and_alignment = checks::distances::of_every_length;
    a_scan_has_the_bits_of_single_distances = checks::distances::of_rows;
    any_finite_vector_is_normalized = checks::distances::normalized;
    products_are_right_for_every_number_of_rows = checks::products::of_every_number_of_rows;
    products_are_right_for_every_number_of_columns = checks::products::of_every_number_of_columns;
    products_are_right_for_every_depth = checks::products::of_every_depth;
    a_row_has_the_same_bits_in_any_batch = checks::products::same_bits_in_any_batch;
    a_product_passes_nan_on_in_its_row_only = checks::products::of_special_values;
    a_product_passes_nan_on_in_its_column_only = checks::products::of_special_weights;
    products_are_right_for_extreme_rows = checks::products::of_extreme_rows;
    arithmetic_is_exact = checks::rows::arithmetic;
    layer_norms_are_right_at_every_width = checks::rows::layer_norms;
    softmax_is_right_at_every_width = checks::rows::softmaxes;
    softmax_holds_for_extreme_values = checks::rows::softmax_of_extremes;
    activations_are_right_over_all_of_f32 = checks::activations::over_all_values;
    activations_hold_for_special_values = checks::activations::of_special_values;
    activations_do_not_depend_on_the_position = checks::activations::at_every_position;
    attention_is_right_at_every_length = checks::attention::of_every_length;
    attention_is_right_for_every_head_size = checks::attention::of_every_head;
    attention_over_long_texts_needs_linear_memory = checks::attention::of_long_texts;
    attention_adds_a_bias_by_distance = checks::attention::with_relative_bias;
    attention_does_not_see_what_is_left_in_the_scratch = checks::attention::with_used_scratch;
    all_halfs_are_widened_exactly = checks::coded::all_halfs;
    rounding_to_halfs_is_to_the_nearest_and_even = checks::coded::rounded_halfs;
    conversions_do_not_depend_on_the_position = checks::coded::conversions_at_every_position;
    products_of_halfs_and_bytes_are_right_at_every_length = checks::coded::of_every_length;
    a_scan_of_halfs_or_bytes_has_the_bits_of_single_rows = checks::coded::of_rows;
    any_bytes_can_be_prefetched = checks::coded::prefetching;
    a_hadamard_transform_is_right_and_the_same_at_every_level = checks::rotation::hadamard;
    products_butterflies_and_sums_are_right_at_every_length = checks::rotation::arithmetic;
    a_scan_table_is_the_same_at_every_level = checks::scan::tables;
    a_scan_table_rounds_to_even = checks::scan::tables_of_ties;
    a_scan_sums_exactly = checks::scan::sums;
    a_scan_holds_the_largest_sums = checks::scan::largest_sums;
    a_scan_estimates_inner_products = checks::scan::products;
    a_scanned_block_has_the_same_bits_anywhere = checks::scan::blocks_alone;
    a_scan_marks_what_is_above_the_threshold = checks::scan::thresholds;
    a_scan_passes_nan_and_infinity_on = checks::scan::special_values;
    signs_are_packed_into_their_lane_alone = checks::scan::signs;
}

#[test]
fn the_longest_text_needs_less_than_two_megabytes_of_scratch() {
    let kernels = Kernels::detect().unwrap();
    let (len, head_dim) = (8_192, 8);
    let mut scratch = AttentionScratch::new();
    let mut out = vec![0.0; len * head_dim];
    kernels.attention(
        Precision::F32,
        &checks::inputs::noise(len * 3 * head_dim),
        1,
        head_dim,
        None,
        &mut scratch,
        &mut out,
    );
    assert!(scratch.bytes() < 2 << 20, "{} bytes", scratch.bytes());
    assert!(out.iter().all(|x| x.abs() < 2.0));
}

#[test]
#[should_panic(expected = "a bias for 2 tokens, and a text of 3")]
fn attention_refuses_a_bias_for_shorter_texts() {
    let bias = Some(RelativeBias::new(&[0.0; 3], 1));
    let mut scratch = AttentionScratch::new();
    let kernels = Kernels::at(Level::Scalar).unwrap();
    kernels.attention(Precision::F32, &[0.0; 9], 1, 1, bias, &mut scratch, &mut [0.0; 3]);
}

#[test]
#[should_panic(expected = "out is [2, 3]")]
fn a_product_refuses_an_output_of_the_wrong_length() {
    let kernels = Kernels::at(Level::Scalar).unwrap();
    let w = kernels.pack(&[1.0; 12], 3, 4, Precision::F32);
    let scratch = &mut MatmulScratch::new();
    kernels.matmul(&[1.0; 8], &w, hippocamp_simd::Epilogue::None, scratch, &mut [0.0; 5]);
}

#[test]
#[should_panic(expected = "rows × query.len()")]
fn a_scan_refuses_rows_of_another_width() {
    Kernels::at(Level::Scalar).unwrap().dot_rows(&[1.0; 3], &[1.0; 8], &mut [0.0; 3]);
}

#[test]
#[should_panic(expected = "a scan of 24 dimensions")]
fn a_scan_table_refuses_half_a_step() {
    let mut table = ScanTable::default();
    Kernels::at(Level::Scalar).unwrap().scan_table(&[0.0; 24], 1, &mut table);
}

#[test]
#[should_panic(expected = "codes of 1 blocks of 64 bytes")]
fn a_scan_refuses_codes_of_another_length() {
    let (kernels, mut table) = (Kernels::at(Level::Scalar).unwrap(), ScanTable::default());
    kernels.scan_table(&[0.0; 16], 1, &mut table);
    kernels.scan(&table, &[0; 63], &[0.0; 64], 0.0, 0.0, &mut [0.0; 32], &mut [0]);
}

#[test]
#[should_panic(expected = "a Hadamard transform of 12 values")]
fn a_hadamard_transform_refuses_what_is_no_power_of_two() {
    Kernels::at(Level::Scalar).unwrap().hadamard(&mut [0.0; 12]);
}

#[test]
#[should_panic(expected = "lane 32 of 32")]
fn signs_are_refused_for_a_lane_that_does_not_exist() {
    Kernels::at(Level::Scalar).unwrap().pack_signs(&[0.0; 4], 32, &mut [0; 16]);
}
