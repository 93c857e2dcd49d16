//! The clock of the core, which is neither the nominal one nor constant.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// The shortest run of `f` in seconds and in cycles.
///
/// The clock is taken between the runs; the highest counts.
pub(crate) fn best_with_cycles(mut f: impl FnMut()) -> (f64, f64) {
    f();
    let (start, mut seconds, mut cycle) = (Instant::now(), f64::INFINITY, f64::INFINITY);
    while start.elapsed() < Duration::from_millis(400) {
        cycle = cycle.min(seconds_per_cycle());
        let run = Instant::now();
        f();
        seconds = seconds.min(run.elapsed().as_secs_f64());
    }
    (seconds, seconds / cycle)
}

/// By products that wait for one another, three cycles each. They need one pipeline of many, so that a neighbour on the
/// same core hardly slows them.
fn seconds_per_cycle() -> f64 {
    const STEPS: u32 = 5_000;
    let start = Instant::now();
    let mut x = black_box(3_u64);
    for _ in 0..STEPS {
        x = x.wrapping_mul(x);
    }
    black_box(x);
    start.elapsed().as_secs_f64() / (3.0 * f64::from(STEPS))
}
