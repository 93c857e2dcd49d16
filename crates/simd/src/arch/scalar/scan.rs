//! The plain twins of [`scan`](crate::scan).

use crate::scan::{BLOCK, ENTRIES, GROUP, ScanOutput, ScanTable};

pub(crate) fn tabulate(query: &[f32], table: &mut ScanTable) {
    let magnitude = |q: &[f32]| (q[0].abs() + q[1].abs()) + (q[2].abs() + q[3].abs());
    let groups = query.chunks_exact(GROUP);
    let largest = groups.clone().map(magnitude).fold(0.0, f32::max);
    let factor = table.set(largest, super::rotation::abs_sum(query));
    let entries = table.entries.as_bytes_mut().chunks_exact_mut(ENTRIES);
    for (entries, q) in entries.zip(groups) {
        for (subset, entry) in entries.iter_mut().enumerate() {
            // Σ |q| ± q is twice what is in the subset and positive, or out of it and negative: twice the subset's sum
            // above the least one.
            let mut twice = magnitude(q);
            for (i, q) in q.iter().enumerate() {
                twice += if subset >> i & 1 == 1 { *q } else { -q };
            }
            *entry = (twice * factor).round_ties_even() as u8;
        }
    }
}

pub(crate) fn scan(table: &ScanTable, codes: &[u8], factors: &[f32], out: &mut ScanOutput<'_>) {
    let plane_bytes = table.dimensions / GROUP * ENTRIES;
    let block_bytes = plane_bytes * table.planes as usize;
    let blocks = factors.chunks_exact(2 * BLOCK).zip(out.values.chunks_exact_mut(BLOCK));
    for (t, (hits, (factors, estimates))) in out.hits.iter_mut().zip(blocks).enumerate() {
        let mut sums = [0_u32; BLOCK];
        for plane in 0..table.planes as usize {
            let codes = &codes[t * block_bytes + plane * plane_bytes..][..plane_bytes];
            let groups = codes.chunks_exact(ENTRIES).zip(table.entries().chunks_exact(ENTRIES));
            for (codes, entries) in groups {
                let (low, high) = sums.split_at_mut(ENTRIES);
                for ((low, high), code) in low.iter_mut().zip(high).zip(codes) {
                    *low += u32::from(entries[usize::from(code & 15)]) << plane;
                    *high += u32::from(entries[usize::from(code >> 4)]) << plane;
                }
            }
        }
        *hits = 0;
        let (mul, add) = factors.split_at(BLOCK);
        for (i, estimate) in estimates.iter_mut().enumerate() {
            let product = table.scale * sums[i] as f32 + table.bias;
            *estimate = (out.base + add[i]) + mul[i] * product;
            *hits |= u32::from(*estimate > out.threshold) << i;
        }
    }
}

pub(crate) fn pack_signs(x: &[f32], lane: usize, plane: &mut [u8]) {
    let shift = if lane < ENTRIES { 0 } else { GROUP };
    for (x, bytes) in x.chunks_exact(GROUP).zip(plane.chunks_exact_mut(ENTRIES)) {
        for (i, x) in x.iter().enumerate() {
            bytes[lane % ENTRIES] |= u8::from(*x >= 0.0) << (i + shift);
        }
    }
}
