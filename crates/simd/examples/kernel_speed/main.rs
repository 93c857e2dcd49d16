//! Prints how fast the kernels of every available level are on this CPU.
//!
//! `cargo run --release -p hippocamp-simd --example kernel_speed [level or part…]`
//!
//! The parts are `encoder`, `distances` and `quantised`.

mod clock;
mod distances;
mod encoder;
mod peak;
mod quantised;

use std::time::{Duration, Instant};

use hippocamp_simd::{Kernels, Level, LevelError};

/// A name and what it measures.
type Part = (&'static str, fn(&Kernels));

const PARTS: [Part; 3] = [
    ("encoder", encoder::measure),
    ("distances", distances::measure),
    ("quantised", quantised::measure),
];

fn main() -> Result<(), LevelError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (parts, levels): (Vec<_>, Vec<_>) = arguments
        .iter()
        .partition(|argument| PARTS.iter().any(|(name, _)| name == &argument.as_str()));
    let mut levels =
        levels.into_iter().map(|name| name.parse()).collect::<Result<Vec<Level>, _>>()?;
    if levels.is_empty() {
        levels = Level::all_available();
    }
    for level in levels {
        let kernels = Kernels::at(level)?;
        println!("{level}");
        for (name, measure) in PARTS {
            if parts.is_empty() || parts.iter().any(|part| part.as_str() == name) {
                measure(kernels);
            }
        }
    }
    Ok(())
}

/// The shortest of the runs that fit in a fifth of a second, in seconds a run.
fn best(mut f: impl FnMut()) -> f64 {
    f();
    let (start, mut shortest) = (Instant::now(), f64::INFINITY);
    while start.elapsed() < Duration::from_millis(200) {
        let run = Instant::now();
        f();
        shortest = shortest.min(run.elapsed().as_secs_f64());
    }
    shortest
}

/// Values in [-2, 2) from a linear congruential generator.
fn noise(len: usize) -> Vec<f32> {
    let mut state = len as u32 | 1;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 22) as f32 - 2.0
        })
        .collect()
}
