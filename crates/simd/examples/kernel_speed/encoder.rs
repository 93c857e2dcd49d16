//! Matrix products, attention, operations on values.
//!
//! Matrix products are also given as a share of the peak: the rate of independent fused multiply-adds that need no
//! memory, measured next to each product, because the clock and the neighbours on a machine change.

use hippocamp_simd::{Activation, AttentionScratch, Epilogue, Kernels, MatmulScratch, Precision};

use super::{best, noise, peak};

pub(crate) fn measure(kernels: &Kernels) {
    products(kernels);
    attention(kernels);
    values(kernels);
}

fn products(kernels: &Kernels) {
    for (m, k, n) in [
        (256, 384, 384),
        (256, 384, 1152),
        (256, 384, 1536),
        (256, 1536, 384),
        (256, 1024, 4096),
        (32, 384, 1536),
        (12, 384, 1536),
        (12, 1536, 384),
        (1, 384, 1536),
    ] {
        let (x, weights, bias) = (noise(m * k), noise(n * k), noise(n));
        let mut out = vec![0.0; m * n];
        let mut scratch = MatmulScratch::new();
        let flops = 2.0 * (m * n * k) as f64;
        for precision in Precision::ALL {
            let w = kernels.pack(&weights, n, k, precision);
            let mut plain = f64::INFINITY;
            let mut with_gelu = f64::INFINITY;
            let mut peak: Option<f64> = None;
            for _ in 0..3 {
                peak = peak::flops(kernels.level(), precision)
                    .into_iter()
                    .chain(peak)
                    .reduce(f64::max);
                plain = plain.min(best(|| {
                    kernels.matmul(&x, &w, Epilogue::None, &mut scratch, &mut out);
                }));
                let gelu = Epilogue::BiasActivation(&bias, Activation::Gelu);
                with_gelu =
                    with_gelu.min(best(|| kernels.matmul(&x, &w, gelu, &mut scratch, &mut out)));
            }
            let share = match peak {
                Some(peak) => {
                    format!(", {:3.0} % of {:.1}", 100.0 * flops / plain / peak, peak / 1e9)
                }
                None => String::new(),
            };
            println!(
                "  {precision:4} {m:4} × {k:4} × {n:4}   {:6.1} GFLOP/s{share}; with bias and gelu {:6.1}",
                flops / plain / 1e9,
                flops / with_gelu / 1e9
            );
        }
    }
}

fn attention(kernels: &Kernels) {
    let (heads, head_dim) = (12, 32);
    let hidden = heads * head_dim;
    let mut scratch = AttentionScratch::new();
    for len in [16, 64, 256, 512] {
        let qkv = noise(len * 3 * hidden);
        let mut out = vec![0.0; len * hidden];
        for precision in [Precision::F32, Precision::Bf16] {
            let seconds = best(|| {
                kernels.attention(precision, &qkv, heads, head_dim, None, &mut scratch, &mut out);
            });
            println!(
                "  {precision:4} attention, {len:3} tokens, 12 × 32   {:6.1} GFLOP/s, {:6.2} µs a token",
                4.0 * (len * len * hidden) as f64 / seconds / 1e9,
                seconds / len as f64 * 1e6
            );
        }
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
