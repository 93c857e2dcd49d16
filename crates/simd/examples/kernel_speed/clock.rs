//! The clock of the core, which is not the nominal one.

use std::hint::black_box;

use super::best;

/// Cycles in a second: by steps that take two cycles each and wait for one another.
pub(crate) fn cycles_per_second() -> f64 {
    const STEPS: u32 = 1_000_000;
    let seconds = best(|| {
        let mut x = black_box(1_u64);
        for _ in 0..STEPS {
            x = x.rotate_left(7) ^ black_box(0x9E37_79B9);
        }
        black_box(x);
    });
    2.0 * f64::from(STEPS) / seconds
}
