//! Prints how fast the kernels of every available level are on this CPU.
//!
//! `cargo run --release -p hippocamp-simd --example kernel_speed [level…]`
//!
//! Matrix products are also given as a share of the peak: the rate of independent fused multiply-adds that need no
//! memory, measured next to each product, because the clock and the neighbours on a machine change.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use hippocamp_simd::{Activation, AttentionScratch, Epilogue, Kernels, Level};

fn main() -> Result<(), hippocamp_simd::LevelError> {
    let mut levels =
        std::env::args().skip(1).map(|name| name.parse()).collect::<Result<Vec<_>, _>>()?;
    if levels.is_empty() {
        levels = Level::all_available();
    }
    for level in levels {
        let kernels = Kernels::at(level)?;
        println!("{level}");
        products(kernels);
        attention(kernels);
        values(kernels);
        scans(kernels);
    }
    Ok(())
}

fn products(kernels: &Kernels) {
    for (m, k, n) in [
        (256, 384, 384),
        (256, 384, 1152),
        (256, 384, 1536),
        (256, 1536, 384),
        (256, 1024, 4096),
        (32, 384, 1536),
        (8, 384, 1536),
        (1, 384, 1536),
    ] {
        let x = noise(m * k);
        let w = kernels.pack(&noise(n * k), n, k);
        let bias = noise(n);
        let mut out = vec![0.0; m * n];
        let flops = 2.0 * (m * n * k) as f64;
        let mut plain = f64::INFINITY;
        let mut with_gelu = f64::INFINITY;
        let mut peak: Option<f64> = None;
        for _ in 0..5 {
            peak = peak_flops(kernels.level()).into_iter().chain(peak).reduce(f64::max);
            plain = plain.min(best(|| kernels.matmul(&x, &w, Epilogue::None, &mut out)));
            let gelu = Epilogue::BiasActivation(&bias, Activation::Gelu);
            with_gelu = with_gelu.min(best(|| kernels.matmul(&x, &w, gelu, &mut out)));
        }
        let share = match peak {
            Some(peak) => format!(", {:3.0} % of {:.1}", 100.0 * flops / plain / peak, peak / 1e9),
            None => String::new(),
        };
        println!(
            "  matmul {m:4} × {k:4} × {n:4}   {:6.1} GFLOP/s{share}; with bias and gelu {:6.1}",
            flops / plain / 1e9,
            flops / with_gelu / 1e9
        );
    }
}

fn attention(kernels: &Kernels) {
    let (heads, head_dim) = (12, 32);
    let hidden = heads * head_dim;
    let mut scratch = AttentionScratch::new();
    for len in [16, 64, 256, 512] {
        let qkv = noise(len * 3 * hidden);
        let mut out = vec![0.0; len * hidden];
        let seconds = best(|| kernels.attention(&qkv, heads, head_dim, &mut scratch, &mut out));
        println!(
            "  attention {len:3} tokens, 12 × 32   {:6.1} GFLOP/s, {:6.2} µs a token",
            4.0 * (len * len * hidden) as f64 / seconds / 1e9,
            seconds / len as f64 * 1e6
        );
    }
}

fn values(kernels: &Kernels) {
    let source = noise(64 * 384);
    let mut x = source.clone();
    let mut report = |name: &str, f: &mut dyn FnMut(&mut [f32])| {
        let seconds = best(|| {
            x.copy_from_slice(&source);
            f(&mut x);
        });
        println!("  {name:20} {:6.3} ns a value", seconds / source.len() as f64 * 1e9);
    };
    report("(copy)", &mut |_| {});
    for f in [Activation::Gelu, Activation::GeluTanh, Activation::Relu, Activation::Tanh] {
        report(&format!("{f:?}"), &mut |x| kernels.activate(x, f));
    }
    report("softmax of 384", &mut |x| kernels.softmax(x, 384));
    report("softmax of 32", &mut |x| kernels.softmax(x, 32));
    let weight = noise(384);
    report("layer norm of 384", &mut |x| kernels.layer_norm(x, &weight, &weight, 1e-12));
    report("add", &mut |x| kernels.add(x, &source));
}

fn scans(kernels: &Kernels) {
    let query = noise(384);
    for rows in [100, 1_000, 10_000, 150_000] {
        let matrix = noise(rows * 384);
        let mut out = vec![0.0; rows];
        let bytes = size_of_val(matrix.as_slice()) as f64;
        let dot = best(|| kernels.dot_rows(&query, &matrix, &mut out));
        let one_by_one = best(|| {
            for (out, row) in out.iter_mut().zip(matrix.chunks_exact(384)) {
                *out = kernels.dot(&query, row);
            }
        });
        let l2 = best(|| kernels.l2_squared_rows(&query, &matrix, &mut out));
        println!(
            "  {rows:6} rows of 384   dot_rows {:6.1} µs, {:5.1} GB/s; l2_squared_rows {:5.1}; dot row by row {:5.1}",
            dot * 1e6,
            bytes / dot / 1e9,
            bytes / l2 / 1e9,
            bytes / one_by_one / 1e9
        );
    }
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

/// The rate of multiply-adds that wait for nothing, at the levels that have them.
fn peak_flops(level: Level) -> Option<f64> {
    const ROUNDS: usize = 100_000;
    let rounds = black_box(ROUNDS);
    let (lanes, seconds) = match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level is available, or there would be no kernels to compare with.
        Level::Avx2 => (8, best(|| unsafe { peak::avx2(rounds) })),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx512 => (16, best(|| unsafe { peak::avx512(rounds) })),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => (4, best(|| peak::chains::<4>(rounds))),
        _ => return None,
    };
    Some(2.0 * (peak::CHAINS * lanes * ROUNDS) as f64 / seconds)
}

mod peak {
    use std::hint::black_box;

    /// Enough to fill two pipelines of four steps, few enough for the registers.
    pub(crate) const CHAINS: usize = 12;

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn avx2(rounds: usize) {
        chains::<8>(rounds);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn avx512(rounds: usize) {
        chains::<16>(rounds);
    }

    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    #[expect(clippy::inline_always, reason = "becomes vector code only inside its callers")]
    #[inline(always)]
    pub(crate) fn chains<const LANES: usize>(rounds: usize) {
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
}
