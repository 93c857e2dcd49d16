//! Quantised search: rotation, tables, scans of codes, rows of halfs and bytes.

use std::hint::black_box;

use hippocamp_simd::{Kernels, ScanTable};

use super::{clock::best_with_cycles, noise};

/// Runs between two looks at the clock, for what takes less than a microsecond.
const REPEATS: usize = 100;

pub(crate) fn measure(kernels: &Kernels) {
    rotations(kernels);
    tables(kernels);
    scans(kernels);
    rows(kernels);
}

/// Nanoseconds and cycles of one run of `f`.
fn report(name: &str, mut f: impl FnMut()) {
    let (seconds, cycles) = best_with_cycles(|| {
        for _ in 0..REPEATS {
            f();
        }
    });
    let repeats = REPEATS as f64;
    println!("  {name:28} {:8.1} ns, {:7.0} cycles", seconds / repeats * 1e9, cycles / repeats);
}

fn rotations(kernels: &Kernels) {
    for len in [64, 128, 256, 1_024, 4_096] {
        let mut x = vec![0.0; len];
        report(&format!("hadamard of {len}"), || kernels.hadamard(black_box(&mut x)));
    }
    let mut x = noise(384);
    report("abs_sum of 384", || {
        black_box(kernels.abs_sum(black_box(&x)));
    });
    let signs: Vec<f32> = x.iter().map(|x| 1_f32.copysign(*x)).collect();
    report("mul of 384", || kernels.mul(black_box(&mut x), &signs));
    let (mut x, mut y) = (vec![0.0; 384], vec![0.0; 384]);
    report("butterfly of 384", || kernels.butterfly(black_box(&mut x), black_box(&mut y)));
    let (x, mut plane) = (noise(384), vec![0; ScanTable::block_bytes(384, 1)]);
    report("pack_signs of 384", || kernels.pack_signs(black_box(&x), 7, black_box(&mut plane)));
    let mut halfs = vec![0; 384];
    report("to_f16 of 384", || kernels.to_f16(black_box(&x), black_box(&mut halfs)));
    let mut wide = x.clone();
    report("from_f16 of 384", || kernels.from_f16(black_box(&halfs), black_box(&mut wide)));
}

fn tables(kernels: &Kernels) {
    let mut table = ScanTable::default();
    for dimensions in [384, 1_024] {
        let query = noise(dimensions);
        report(&format!("scan_table of {dimensions}"), || {
            kernels.scan_table(black_box(&query), 1, black_box(&mut table));
        });
    }
}

fn scans(kernels: &Kernels) {
    let mut table = ScanTable::default();
    for (dimensions, planes, blocks) in [
        (384, 1, 8),
        (384, 1, 200),
        (384, 1, 5_000),
        (384, 1, 100_000),
        (384, 2, 100),
        (384, 4, 50),
        (1_024, 1, 100),
        (16_384, 1, 10),
    ] {
        kernels.scan_table(&noise(dimensions), planes, &mut table);
        let bytes = ScanTable::block_bytes(dimensions, planes);
        let codes: Vec<u8> = noise(blocks * bytes + 64).iter().map(|x| x.to_bits() as u8).collect();
        // As in a file: a register that crosses a cache line costs two reads.
        let codes = &codes[codes.as_ptr().align_offset(64)..][..blocks * bytes];
        let factors = noise(64 * blocks);
        let (mut estimates, mut hits) = (vec![0.0; 32 * blocks], vec![0; blocks]);
        let (seconds, cycles) = best_with_cycles(|| {
            kernels.scan(&table, codes, &factors, 0.0, 50.0, &mut estimates, &mut hits);
        });
        black_box((&estimates, &hits));
        println!(
            "  scan of {dimensions:5} dimensions, {planes} planes, {blocks:6} blocks   {:6.1} cycles a block, {:5.1} GB/s",
            cycles / blocks as f64,
            (blocks * (bytes + 256)) as f64 / seconds / 1e9
        );
    }
}

fn rows(kernels: &Kernels) {
    let query = noise(384);
    for rows in [20, 100, 1_000, 150_000] {
        let mut f16 = vec![0; rows * 384];
        let source = noise(rows * 384);
        kernels.to_f16(&source, &mut f16);
        let i8: Vec<i8> = source.iter().map(|x| (x * 63.0) as i8).collect();
        let scales = vec![0.02; rows];
        let mut out = vec![0.0; rows];
        if rows == 20 {
            report("dot_f16 of 384", || {
                black_box(kernels.dot_f16(black_box(&query), black_box(&f16[..384])));
            });
        }
        let mut report = |name: &str, row_bytes: usize, f: &dyn Fn(&mut [f32])| {
            let (seconds, cycles) = best_with_cycles(|| f(&mut out));
            println!(
                "  {name:20} {rows:6} rows of 384   {:6.1} cycles a row, {:5.1} GB/s",
                cycles / rows as f64,
                (rows * row_bytes) as f64 / seconds / 1e9
            );
        };
        report("plain reading", 768, &|_| {
            black_box(black_box(&f16).iter().fold(0, |bits, half| bits | half));
        });
        report("dot_rows", 1_536, &|out| kernels.dot_rows(&query, &source, out));
        report("dot_f16_rows", 768, &|out| kernels.dot_f16_rows(&query, &f16, out));
        report("l2_squared_f16_rows", 768, &|out| kernels.l2_squared_f16_rows(&query, &f16, out));
        report("dot_i8_rows", 384, &|out| kernels.dot_i8_rows(&query, &i8, out));
        report("l2_squared_i8_rows", 384, &|out| {
            kernels.l2_squared_i8_rows(&query, &i8, &scales, out);
        });
    }
}
