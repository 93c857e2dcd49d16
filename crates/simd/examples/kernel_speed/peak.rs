//! The rate of multiply-adds at which a core can go.

use std::hint::black_box;

use hippocamp_simd::{Level, Precision};

use super::best;

/// The rate of multiply-adds that wait for nothing, at the levels that have instructions for them: two operations each.
pub(crate) fn flops(level: Level, precision: Precision) -> Option<f64> {
    const ROUNDS: usize = 100_000;
    let rounds = black_box(ROUNDS);
    let (products, run): (usize, unsafe fn(usize)) = match (level, precision) {
        #[cfg(target_arch = "x86_64")]
        (Level::Avx2, Precision::F32) => (8, x86_64::avx2),
        #[cfg(target_arch = "x86_64")]
        (Level::Avx512 | Level::Avx512Vnni | Level::Avx512Bf16 | Level::Amx, Precision::F32) => {
            (16, x86_64::avx512)
        }
        #[cfg(target_arch = "x86_64")]
        (Level::Avx512Vnni | Level::Avx512Bf16, Precision::Int8) => (64, x86_64::avx512_vnni),
        #[cfg(target_arch = "x86_64")]
        (Level::Avx512Bf16, Precision::Bf16) => (32, x86_64::avx512_bf16),
        _ => return None,
    };
    // SAFETY: the level is available, or there would be no kernels to compare with.
    let seconds = best(|| unsafe { run(rounds) });
    Some(2.0 * (CHAINS * products * ROUNDS) as f64 / seconds)
}

/// Enough to fill two pipelines of four steps, few enough for the registers.
const CHAINS: usize = 12;

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::x86_64::{
        __m512bh, __m512i, _mm256_fmadd_ps, _mm256_set1_ps, _mm512_dpbf16_ps, _mm512_dpbusd_epi32,
        _mm512_fmadd_ps, _mm512_set1_epi32, _mm512_set1_ps,
    };
    use std::hint::black_box;
    use std::mem::transmute;

    use super::CHAINS;

    /// `CHAINS` sums, each `f(sum)` again and again.
    macro_rules! chains {
        ($($name:ident, $features:literal: $start:expr, |$sum:ident| $next:expr;)*) => {$(
            #[target_feature(enable = $features)]
            pub(super) fn $name(rounds: usize) {
                let mut sums = black_box([$start; CHAINS]);
                for _ in 0..rounds {
                    for sum in &mut sums {
                        let $sum = *sum;
                        *sum = $next;
                    }
                }
                black_box(sums);
            }
        )*};
    }

    chains! {
        avx2, "avx2,fma": _mm256_set1_ps(0.5),
            |sum| _mm256_fmadd_ps(_mm256_set1_ps(0.5), _mm256_set1_ps(0.25), sum);
        avx512, "avx512f": _mm512_set1_ps(0.5),
            |sum| _mm512_fmadd_ps(_mm512_set1_ps(0.5), _mm512_set1_ps(0.25), sum);
        avx512_vnni, "avx512f,avx512vnni": _mm512_set1_epi32(1),
            |sum| _mm512_dpbusd_epi32(sum, _mm512_set1_epi32(0x0203_0405), _mm512_set1_epi32(0x0101_0101));
        avx512_bf16, "avx512f,avx512bf16": _mm512_set1_ps(0.5),
            |sum| _mm512_dpbf16_ps(sum, ones(), ones());
    }

    #[target_feature(enable = "avx512f")]
    fn ones() -> __m512bh {
        // SAFETY: both types are 64 bytes without invalid values.
        unsafe { transmute::<__m512i, __m512bh>(_mm512_set1_epi32(0x3F80_3F80)) }
    }
}
