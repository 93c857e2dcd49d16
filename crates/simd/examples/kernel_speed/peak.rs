//! The rate of multiply-adds at which a core can go.

use std::hint::black_box;

use hippocamp_simd::Level;

use super::best;

/// The rate of multiply-adds that wait for nothing, at the levels that have them.
pub(crate) fn flops(level: Level) -> Option<f64> {
    const ROUNDS: usize = 100_000;
    let rounds = black_box(ROUNDS);
    let (lanes, seconds) = match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level is available, or there would be no kernels to compare with.
        Level::Avx2 => (8, best(|| unsafe { avx2(rounds) })),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx512 => (16, best(|| unsafe { avx512(rounds) })),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => (4, best(|| chains::<4>(rounds))),
        _ => return None,
    };
    Some(2.0 * (CHAINS * lanes * ROUNDS) as f64 / seconds)
}

/// Enough to fill two pipelines of four steps, few enough for the registers.
const CHAINS: usize = 12;

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(rounds: usize) {
    chains::<8>(rounds);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512(rounds: usize) {
    chains::<16>(rounds);
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(clippy::inline_always, reason = "becomes vector code only inside its callers")]
#[inline(always)]
fn chains<const LANES: usize>(rounds: usize) {
    let (x, y) = (black_box([0.5_f32; LANES]), black_box([0.25_f32; LANES]));
    let mut sums = [x; CHAINS];
    for _ in 0..rounds {
        for sum in &mut sums {
            for ((sum, x), y) in sum.iter_mut().zip(x).zip(y) {
                *sum = sum.mul_add(x, y);
            }
        }
    }
    black_box(sums);
}
