//! Scans of quantised vectors.

use hippocamp_simd::{Kernels, Level, ScanTable};

use super::{assert_close, assert_same_bits, guarded, inputs::Noise, reference};

const DIMENSIONS: [usize; 14] =
    [16, 32, 48, 64, 80, 112, 384, 400, 768, 1_024, 1_536, 4_160, 4_176, 16_384];

/// The most that a table can have.
const MOST: usize = 262_144;

/// Random bytes.
fn codes(len: usize, seed: u64) -> Vec<u8> {
    Noise::new(seed).values(len).iter().map(|x| ((x + 2.0) * 64.0) as u8).collect()
}

/// The code of a vector in one dimension.
fn code(block: &[u8], dimensions: usize, planes: u32, vector: usize, j: usize) -> u32 {
    (0..planes as usize)
        .map(|plane| {
            let byte = block[(plane * dimensions / 4 + j / 4) * 16 + vector % 16];
            u32::from(byte >> (j % 4 + if vector < 16 { 0 } else { 4 }) & 1) << plane
        })
        .sum()
}

/// `Σ_b 2ᵇ Σ_g entry[g][nibble]`.
fn accumulated(table: &ScanTable, block: &[u8], vector: usize) -> u64 {
    let groups = table.dimensions() / 4;
    let mut sum = 0;
    for plane in 0..table.planes() as usize {
        for g in 0..groups {
            let byte = block[(plane * groups + g) * 16 + vector % 16];
            let nibble = if vector < 16 { byte & 15 } else { byte >> 4 };
            sum += u64::from(table.entries()[g * 16 + usize::from(nibble)]) << plane;
        }
    }
    sum
}

struct Scanned {
    estimates: Vec<f32>,
    hits: Vec<u32>,
}

/// A scan into buffers with room around them.
fn scan(
    kernels: &Kernels,
    table: &ScanTable,
    codes: &[u8],
    factors: &[f32],
    base: f32,
    threshold: f32,
) -> Scanned {
    let blocks = factors.len() / 64;
    let mut hits = vec![0xDEAD_BEEF; blocks + 2];
    let estimates = guarded(32 * blocks, 1, |estimates| {
        let hits = &mut hits[1..=blocks];
        kernels.scan(table, codes, factors, base, threshold, estimates, hits);
    });
    assert_eq!((hits[0], hits[blocks + 1]), (0xDEAD_BEEF, 0xDEAD_BEEF));
    for (estimates, hits) in estimates.chunks_exact(32).zip(&hits[1..]) {
        for (i, estimate) in estimates.iter().enumerate() {
            assert_eq!(*hits >> i & 1 == 1, *estimate > threshold, "{estimate} over {threshold}");
        }
    }
    hits.truncate(blocks + 1);
    hits.remove(0);
    Scanned { estimates, hits }
}

/// `mul` 1, `add` 0: the estimates are inner products.
fn plain_factors(blocks: usize) -> Vec<f32> {
    (0..64 * blocks).map(|at| if at % 64 < 32 { 1.0 } else { 0.0 }).collect()
}

pub(crate) fn tables(kernels: &Kernels) {
    let mut table = ScanTable::default();
    for (seed, dimensions) in DIMENSIONS.into_iter().enumerate() {
        for (planes, size) in [(1, 1.0), (2, 1e-3), (4, 1e4), (8, 1e-30)] {
            let query: Vec<f32> =
                Noise::new(seed as u64).values(dimensions).iter().map(|x| x * size).collect();
            kernels.scan_table(&query, planes, &mut table);
            assert_eq!((table.dimensions(), table.planes()), (dimensions, planes));
            let what = format!("{dimensions} dimensions of size {size:e}");
            let subsets = |q: &[f32]| -> Vec<f64> {
                let sum =
                    |c: usize| (0..4).filter(|i| c >> i & 1 == 1).map(|i| f64::from(q[i])).sum();
                (0..16).map(sum).collect()
            };
            let least = |sums: &[f64]| sums.iter().copied().fold(f64::INFINITY, f64::min);
            let largest = |sums: &[f64]| sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let groups: Vec<Vec<f64>> = query.chunks_exact(4).map(subsets).collect();
            let spans = groups.iter().map(|sums| largest(sums) - least(sums));
            let scale = spans.fold(0.0, f64::max) / 31.0;
            assert_close(&[table.scale()], &[scale], 1e-6 * scale, &what);
            let sum: f64 = query.iter().map(|q| f64::from(*q)).sum();
            let least_sum: f64 = groups.iter().map(|sums| least(sums)).sum();
            let bias = f64::from((1 << planes) - 1) * (least_sum - sum / 2.0);
            assert_close(&[table.bias()], &[bias], 1e-5 * bias.abs(), &what);
            for (sums, entries) in groups.iter().zip(table.entries().chunks_exact(16)) {
                for (sum, entry) in sums.iter().zip(entries) {
                    let truth = (sum - least(sums)) / scale;
                    assert!((f64::from(*entry) - truth).abs() < 0.501, "{what}: {entry}, {truth}");
                    assert!(*entry <= 31, "{what}");
                }
            }
            let mut plain = ScanTable::default();
            Kernels::at(Level::Scalar).unwrap().scan_table(&query, planes, &mut plain);
            assert_eq!(
                table.entries(),
                plain.entries(),
                "{what}: another table than the plain one"
            );
            assert_same_bits(&[table.scale()], &[plain.scale()], &what);
        }
    }
}

/// Values where an entry is half a unit, so that it matters how it is rounded, and equal values.
pub(crate) fn tables_of_ties(kernels: &Kernels) {
    let mut table = ScanTable::default();
    let halves: Vec<f32> =
        (0..64).map(|i| if i < 4 { 7.75 } else { (i % 7) as f32 * 0.5 }).collect();
    kernels.scan_table(&halves, 1, &mut table);
    assert_eq!(table.scale(), 1.0);
    for (q, entries) in halves.chunks_exact(4).zip(table.entries().chunks_exact(16)) {
        for (c, entry) in entries.iter().enumerate() {
            let sum: f32 = (0..4).filter(|i| c >> i & 1 == 1).map(|i| q[i]).sum();
            assert_eq!(f32::from(*entry), sum.round_ties_even(), "{q:?}");
        }
    }
    kernels.scan_table(&[0.0; 32], 2, &mut table);
    assert!(table.entries().iter().all(|entry| *entry == 0));
    assert_eq!((table.scale(), table.bias()), (1.0, 0.0));
    kernels.scan_table(&[-3.0; 48], 1, &mut table);
    let truth: Vec<u8> = (0..16_u32)
        .map(|c| (31.0 - 7.75 * f64::from(c.count_ones())).round_ties_even() as u8)
        .collect();
    assert!(table.entries().chunks_exact(16).all(|entries| entries == truth));
}

pub(crate) fn sums(kernels: &Kernels) {
    let mut table = ScanTable::default();
    for dimensions in DIMENSIONS {
        let query = Noise::new(dimensions as u64).values(dimensions);
        for planes in [1, 2, 4] {
            kernels.scan_table(&query, planes, &mut table);
            let block_bytes = ScanTable::block_bytes(dimensions, planes);
            assert_eq!(block_bytes, planes as usize * dimensions * 4);
            for blocks in [0, 1, 2, 7] {
                // One byte off, so that no load is aligned.
                let bytes = codes(blocks * block_bytes + 1, 3);
                let codes = &bytes[1..];
                let found = scan(kernels, &table, codes, &plain_factors(blocks), 0.0, 1.0);
                for (at, estimate) in found.estimates.iter().enumerate() {
                    let block = &codes[at / 32 * block_bytes..][..block_bytes];
                    let acc = accumulated(&table, block, at % 32);
                    let (scale, bias) = (f64::from(table.scale()), f64::from(table.bias()));
                    let units = (f64::from(*estimate) - bias) / scale;
                    assert_eq!(
                        units.round(),
                        acc as f64,
                        "vector {at} of {blocks} blocks of {dimensions} in {planes} planes"
                    );
                    assert!((units - acc as f64).abs() < 0.1, "{units} units");
                }
            }
        }
    }
}

/// Every look-up the largest there is: no sum of a part leaves its range.
pub(crate) fn largest_sums(kernels: &Kernels) {
    let mut table = ScanTable::default();
    for dimensions in DIMENSIONS.into_iter().chain([65_536, MOST]) {
        for planes in [1, 4, 8] {
            kernels.scan_table(&vec![1.0; dimensions], planes, &mut table);
            let codes = vec![0xFF; ScanTable::block_bytes(dimensions, planes)];
            let found = scan(kernels, &table, &codes, &plain_factors(1), 0.0, 0.0);
            let truth = f64::from((1 << planes) - 1) / 2.0 * dimensions as f64;
            let what = format!("{dimensions} dimensions in {planes} planes");
            assert_close(&found.estimates, &[truth; 32], 2e-5 * truth, &what);
            assert_eq!(found.hits, [u32::MAX]);
        }
    }
}

/// Estimates are inner products with the values that the codes stand for.
pub(crate) fn products(kernels: &Kernels) {
    let mut table = ScanTable::default();
    for dimensions in [16, 384, 1_024] {
        let query = Noise::new(1).values(dimensions);
        for planes in [1, 2, 4] {
            kernels.scan_table(&query, planes, &mut table);
            let codes = codes(3 * ScanTable::block_bytes(dimensions, planes), 8);
            let factors = Noise::new(9).values(3 * 64);
            let found = scan(kernels, &table, &codes, &factors, 0.75, 0.5);
            for (at, estimate) in found.estimates.iter().enumerate() {
                let block = &codes[at / 32 * (codes.len() / 3)..];
                let values: Vec<f32> = (0..dimensions)
                    .map(|j| {
                        let code = code(block, dimensions, planes, at % 32, j);
                        code as f32 - ((1 << planes) - 1) as f32 / 2.0
                    })
                    .collect();
                let mul = f64::from(factors[at / 32 * 64 + at % 32]);
                let add = f64::from(factors[at / 32 * 64 + 32 + at % 32]);
                let truth = 0.75 + add + mul * reference::dot(&query, &values);
                // Half a unit an entry at most, of either sign.
                let rounding = f64::from(table.scale()) * 0.29 * (dimensions as f64 / 4.0).sqrt();
                let allowed = 5.0 * rounding * f64::from((1 << planes) - 1) * mul.abs() + 1e-4;
                assert!(
                    (f64::from(*estimate) - truth).abs() < allowed,
                    "{estimate}, not {truth}: {dimensions} dimensions in {planes} planes"
                );
            }
        }
    }
}

/// A block's results are its own, and the bits do not depend on where it stands.
pub(crate) fn blocks_alone(kernels: &Kernels) {
    let mut table = ScanTable::default();
    for (dimensions, planes) in [(48, 1), (400, 2), (64, 4)] {
        kernels.scan_table(&Noise::new(1).values(dimensions), planes, &mut table);
        let bytes = ScanTable::block_bytes(dimensions, planes);
        let (codes, factors) = (codes(7 * bytes, 8), Noise::new(9).values(7 * 64));
        let together = scan(kernels, &table, &codes, &factors, 0.3, 0.1);
        for t in 0..7 {
            let alone = scan(
                kernels,
                &table,
                &codes[t * bytes..][..bytes],
                &factors[t * 64..][..64],
                0.3,
                0.1,
            );
            assert_same_bits(
                &alone.estimates,
                &together.estimates[32 * t..][..32],
                "a block alone",
            );
            assert_eq!(alone.hits, together.hits[t..=t]);
        }
    }
}

pub(crate) fn thresholds(kernels: &Kernels) {
    let mut table = ScanTable::default();
    kernels.scan_table(&[0.0; 16], 1, &mut table);
    let codes = codes(2 * ScanTable::block_bytes(16, 1), 1);
    // The estimates are the second halves, whatever the codes.
    let mut factors = vec![1.0; 2 * 64];
    for t in 0..2 {
        for i in 0..32 {
            factors[64 * t + 32 + i] = i as f32;
        }
    }
    let found = scan(kernels, &table, &codes, &factors, 0.0, 7.0);
    assert_eq!(found.estimates, (0..64).map(|i| (i % 32) as f32).collect::<Vec<_>>());
    assert_eq!(found.hits, [0xFFFF_FF00; 2], "the threshold itself is not above it");
    assert_eq!(scan(kernels, &table, &codes, &factors, 1.0, 7.0).hits, [0xFFFF_FF80; 2]);
    assert_eq!(scan(kernels, &table, &codes, &factors, 0.0, f32::INFINITY).hits, [0; 2]);
    assert_eq!(scan(kernels, &table, &codes, &factors, 0.0, f32::NEG_INFINITY).hits, [u32::MAX; 2]);
    assert_eq!(scan(kernels, &table, &codes, &factors, 0.0, f32::NAN).hits, [0; 2]);
    assert_eq!(scan(kernels, &table, &codes, &factors, f32::NAN, 0.0).hits, [0; 2]);
}

/// NaN and infinities reach the estimates of their vectors, and no others.
pub(crate) fn special_values(kernels: &Kernels) {
    let mut table = ScanTable::default();
    let query = Noise::new(1).values(64);
    kernels.scan_table(&query, 1, &mut table);
    let codes = codes(ScanTable::block_bytes(64, 1), 5);
    let factors = plain_factors(1);
    let sound = scan(kernels, &table, &codes, &factors, 0.0, 0.0);
    for at in 0..32 {
        for special in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for half in [0, 32] {
                let mut factors = factors.clone();
                factors[half + at] = special;
                let found = scan(kernels, &table, &codes, &factors, 0.0, 0.0);
                for i in 0..32 {
                    let (found, sound) = (found.estimates[i], sound.estimates[i]);
                    if i == at {
                        assert!(!found.is_finite(), "{found}");
                    } else {
                        assert_same_bits(&[found], &[sound], "a neighbour");
                    }
                }
            }
        }
    }
    for special in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for at in 0..64 {
            let mut query = query.clone();
            query[at] = special;
            kernels.scan_table(&query, 1, &mut table);
            let found = scan(kernels, &table, &codes, &plain_factors(1), 0.0, 0.0);
            assert!(found.estimates.iter().all(|x| x.is_nan()));
        }
    }
    for size in [f32::MAX, 1e37, 1e-36, 1e-40] {
        kernels.scan_table(&[size; 16], 1, &mut table);
        let codes = [0x55; 64];
        let found = scan(kernels, &table, &codes, &plain_factors(1), 0.0, 0.0);
        assert!(size > 1e36 || found.estimates.iter().all(|x| x.is_finite()), "{size}");
    }
    let empty = ScanTable::default();
    let found = scan(kernels, &empty, &[], &plain_factors(2), 0.5, 0.0);
    assert_eq!(found.estimates, [0.5; 64], "no dimensions, nothing to add");
}

pub(crate) fn signs(kernels: &Kernels) {
    for dimensions in [0, 4, 8, 12, 16, 20, 28, 32, 44, 48, 64, 100, 384, 400, 1_024, 4_100, 16_388]
    {
        let groups = dimensions / 4;
        let vectors: Vec<Vec<f32>> = (0..32)
            .map(|lane| {
                let mut x = Noise::new(lane).values(dimensions);
                for (at, special) in [
                    0.0,
                    -0.0,
                    f32::NAN,
                    -f32::NAN,
                    f32::INFINITY,
                    f32::NEG_INFINITY,
                    1e-45,
                    -1e-45,
                ]
                .iter()
                .enumerate()
                {
                    if dimensions > 8 {
                        x[(at * 5 + lane as usize) % dimensions] = *special;
                    }
                }
                x
            })
            .collect();
        let mut buffer = vec![0xA5; groups * 16 + 64];
        let plane = &mut buffer[32..][..groups * 16];
        plane.fill(0);
        // In an order that is not theirs.
        for lane in (0..32).map(|i| i * 13 % 32) {
            let before = plane.to_vec();
            kernels.pack_signs(&vectors[lane], lane, plane);
            for (at, (before, after)) in before.iter().zip(plane.iter()).enumerate() {
                let own =
                    if at % 16 == lane % 16 { if lane < 16 { 0x0F } else { 0xF0 } } else { 0 };
                assert_eq!(before & !own, after & !own, "another lane was disturbed");
            }
        }
        for (lane, x) in vectors.iter().enumerate() {
            for (j, x) in x.iter().enumerate() {
                assert_eq!(code(plane, dimensions, 1, lane, j) == 1, *x >= 0.0, "{x}");
            }
        }
        assert!(buffer[..32].iter().chain(&buffer[32 + groups * 16..]).all(|byte| *byte == 0xA5));
    }
}
