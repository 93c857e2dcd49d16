//! Checks every kernel of every level that this CPU has, and exits with 1 if one fails.
//!
//! `cargo run --release -p hippocamp-simd --example kernel_check [level…]`
//!
//! The tests run the same checks. This program needs one thread and no file, so it also runs under a user-mode emulator
//! or as the first and only process of an emulated machine.

#[path = "../tests/checks/mod.rs"]
mod checks;

use std::{panic::catch_unwind, process::ExitCode, time::Instant};

use hippocamp_simd::{Kernels, Level, LevelError};

fn main() -> Result<ExitCode, LevelError> {
    let mut levels =
        std::env::args().skip(1).map(|name| name.parse()).collect::<Result<Vec<_>, _>>()?;
    if levels.is_empty() {
        levels = Level::all_available();
    }
    let mut failed = 0;
    for level in levels {
        let kernels = Kernels::at(level)?;
        for (what, check) in checks::ALL {
            let start = Instant::now();
            let passed = catch_unwind(|| check(kernels)).is_ok();
            let outcome = if passed { "ok" } else { "FAILED" };
            println!("{level}: {what}: {outcome} ({} ms)", start.elapsed().as_millis());
            failed += usize::from(!passed);
        }
    }
    println!("{failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
