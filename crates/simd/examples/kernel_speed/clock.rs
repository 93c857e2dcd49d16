//! The clock of the core, which is neither the nominal one nor constant.

use std::{hint::black_box, time::Instant};

use super::best;

/// The shortest run of `f` in seconds and in cycles.
///
/// The clock is taken right before and after several times; the highest counts.
pub(crate) fn best_with_cycles(mut f: impl FnMut()) -> (f64, f64) {
    let (mut seconds, mut clock) = (f64::INFINITY, cycles_per_second());
    for _ in 0..3 {
        seconds = seconds.min(best(&mut f));
        clock = clock.max(cycles_per_second());
    }
    (seconds, seconds * clock)
}

/// Cycles in a second: by steps that take two cycles each and wait for one another.
fn cycles_per_second() -> f64 {
    const STEPS: u32 = 10_000;
    let mut shortest = f64::INFINITY;
    for _ in 0..300 {
        let start = Instant::now();
        let mut x = black_box(1_u64);
        for _ in 0..STEPS {
            x = x.rotate_left(7) ^ black_box(0x9E37_79B9);
        }
        black_box(x);
        shortest = shortest.min(start.elapsed().as_secs_f64());
    }
    2.0 * f64::from(STEPS) / shortest
}
