//! The AMX kernels on CPUs without AMX: the instructions that they consist of are emulated.
//!
//! A CPU that does not know an instruction raises SIGILL. The handler here decodes it, does with the memory and with tiles of
//! its own what Intel's manual says, and lets the program go on behind it. So the very machine code that runs on a CPU with
//! AMX is tested everywhere, except for its speed. (The levels below must be there: AMX comes with AVX-512 BF16.)
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

#[expect(dead_code, reason = "the others run at the levels of kernels.rs")]
mod checks;
#[path = "tiles/emulator.rs"]
mod emulator;

use hippocamp_simd::{Kernels, Level};

/// The kernels, on tiles of this CPU or on emulated ones. None where the vectors are missing as well.
fn kernels() -> Option<&'static Kernels> {
    if let Ok(kernels) = Kernels::at(Level::Amx) {
        return Some(kernels);
    }
    if !Level::Avx512Bf16.is_available() {
        println!("skipped: this CPU has no AVX-512 BF16");
        return None;
    }
    emulator::install();
    // SAFETY: the CPU has what AMX comes with, and the rest is emulated.
    Some(unsafe { Kernels::at_unchecked(Level::Amx) })
}

macro_rules! tests {
    ($($name:ident = $check:path;)*) => {$(
        #[test]
        fn $name() {
            if let Some(kernels) = kernels() {
                let before = emulator::instructions();
                $check(kernels);
                let is_emulated = !Level::Amx.is_available();
                assert_eq!(emulator::instructions() > before, is_emulated, "tiles were in use");
            }
        }
    )*};
}

tests! {
    products_are_right_for_every_number_of_rows = checks::products::of_every_number_of_rows;
    products_are_right_for_every_number_of_columns = checks::products::of_every_number_of_columns;
    products_are_right_for_every_depth = checks::products::of_every_depth;
    a_row_has_the_same_bits_in_any_batch = checks::products::same_bits_in_any_batch;
    a_product_passes_nan_on_in_its_row_only = checks::products::of_special_values;
    a_product_passes_nan_on_in_its_column_only = checks::products::of_special_weights;
    products_are_right_for_extreme_rows = checks::products::of_extreme_rows;
    attention_is_right_for_every_length = checks::attention::of_every_length;
    attention_is_right_for_every_head = checks::attention::of_every_head;
    attention_is_right_with_a_relative_bias = checks::attention::with_relative_bias;
    attention_does_not_see_what_is_left_in_the_scratch = checks::attention::with_used_scratch;
}
