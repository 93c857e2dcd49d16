//! Scans of quantised vectors, for [`Kernels::scan`](crate::Kernels::scan), and their tables.
//!
//! ```text
//! for block of 32 vectors
//!   for plane, for groups of 4 dimensions:  sum[i] += entry[g][nibble of vector i]      # 16 look-ups an instruction
//!   estimate[i] = base + add[i] + mul[i] · (scale · sum[i] + bias)
//! ```
//!
//! A register of codes is as many groups as it has sixteens of bytes, and gives two registers of look-ups, for its low and
//! its high nibbles. Eight of these are added as bytes before they are widened. The sums of a block never leave the
//! registers, but for the end of a plane (or of [`PART`]).

use std::mem::MaybeUninit;

use super::{bytes::Bytes, vector::Vector};
use crate::scan::{BLOCK, ENTRIES, GROUP, ScanOutput, ScanTable};

/// Bytes of a plane whose sums stay below 2¹⁶: 1,024 groups with entries of at most 31.
const PART: usize = 1_024 * ENTRIES;
/// Look-ups that are added before they are widened: 8 · 31 < 256.
const STEP: usize = 8;
/// Bytes of a cache line.
const LINE: usize = 64;
/// How far ahead codes are asked for, in bytes.
const AHEAD: usize = 2_048;

/// Parts that are summed before the first of them is widened.
const BATCH: usize = 8;

/// The sums of a block.
#[repr(C, align(64))]
struct Sums([u32; BLOCK]);

/// A part of a block: at most [`PART`] bytes of one plane, from `at` on.
#[derive(Clone, Copy)]
struct Part {
    plane: u32,
    at: usize,
}

impl Part {
    const FIRST: Self = Self { plane: 0, at: 0 };

    #[inline(always)]
    fn bytes(self, plane_bytes: usize) -> usize {
        PART.min(plane_bytes - self.at)
    }

    /// The next part of the same block, or else the first of another.
    #[inline(always)]
    fn next(self, plane_bytes: usize, planes: u32) -> Self {
        let at = self.at + PART;
        if at < plane_bytes {
            Self { at, ..self }
        } else if self.plane + 1 < planes {
            Self { plane: self.plane + 1, at: 0 }
        } else {
            Self::FIRST
        }
    }

    #[inline(always)]
    fn is_first(self) -> bool {
        self.plane == 0 && self.at == 0
    }
}

/// # Safety
/// The CPU has V's instructions; all lengths are those of `out.hits.len()` blocks.
#[inline(always)]
pub(crate) unsafe fn scan<V: Vector>(
    table: &ScanTable,
    codes: &[u8],
    factors: &[f32],
    out: &mut ScanOutput<'_>,
) {
    let entries = table.entries();
    // Without dimensions a block still has one part, an empty one.
    let (plane_bytes, planes) = (entries.len(), table.planes.max(1));
    let mut left = out.hits.len() * planes as usize * plane_bytes.div_ceil(PART).max(1);
    let (entries, mut codes, mut factors) = (entries.as_ptr(), codes.as_ptr(), factors.as_ptr());
    let (mut values, mut hits) = (out.values.as_mut_ptr(), out.hits.as_mut_ptr());
    let mut sums = Sums([0; BLOCK]);
    let (mut summed, mut widened) = (Part::FIRST, Part::FIRST);
    // SAFETY: there are `left` parts, which make up `codes`; `factors`, `values` and `hits` are moved over one block after
    // the last part of it. Every part of a batch is written before it is read.
    unsafe {
        let mut batch = [const { MaybeUninit::uninit() }; BATCH];
        while left > 0 {
            let batch = &mut batch[..BATCH.min(left)];
            left -= batch.len();
            for part in batch.iter_mut() {
                let bytes = summed.bytes(plane_bytes);
                part.write(look_up_part::<V>(entries.add(summed.at), codes, bytes));
                codes = codes.add(bytes);
                summed = summed.next(plane_bytes, planes);
            }
            for part in batch.iter() {
                let (low, high) = part.assume_init();
                let mut part = Sums([0; BLOCK]);
                V::Bytes::store_sums(low, high, part.0.as_mut_ptr());
                if widened.is_first() {
                    sums = part;
                } else {
                    for (sum, part) in sums.0.iter_mut().zip(part.0) {
                        *sum += part << widened.plane;
                    }
                }
                widened = widened.next(plane_bytes, planes);
                if widened.is_first() {
                    *hits = estimate::<V>(&sums, table, factors, out.base, out.threshold, values);
                    factors = factors.add(2 * BLOCK);
                    values = values.add(BLOCK);
                    hits = hits.add(1);
                }
            }
        }
    }
}

/// The sums of look-ups over a part of a plane, for the low nibbles and for the high ones.
///
/// # Safety
/// The CPU has V's instructions; `bytes`, a multiple of 64 up to [`PART`], can be read from `entries` and `codes` on.
#[inline(always)]
unsafe fn look_up_part<V: Vector>(
    mut entries: *const u8,
    mut codes: *const u8,
    bytes: usize,
) -> (<V::Bytes as Bytes>::Sums, <V::Bytes as Bytes>::Sums) {
    let step = STEP * V::Bytes::LANES;
    // SAFETY: all steps together read `bytes`, of which LANES is a divisor; prefetches may go anywhere.
    unsafe {
        let mut sums = (V::Bytes::no_sums(), V::Bytes::no_sums());
        for _ in 0..bytes / step {
            for line in (0..step).step_by(LINE) {
                V::prefetch(codes.wrapping_add(AHEAD + line).cast());
            }
            sums = look_up::<V::Bytes, STEP>(entries, codes, sums);
            (entries, codes) = (entries.add(step), codes.add(step));
        }
        for _ in 0..bytes % step / V::Bytes::LANES {
            sums = look_up::<V::Bytes, 1>(entries, codes, sums);
            (entries, codes) = (entries.add(V::Bytes::LANES), codes.add(V::Bytes::LANES));
        }
        sums
    }
}

/// The sums of the low and the high nibbles, with N more registers of look-ups.
///
/// # Safety
/// The CPU has B's instructions; `N * LANES` bytes can be read from `entries` and `codes` on; N ≤ [`STEP`].
#[inline(always)]
unsafe fn look_up<B: Bytes, const N: usize>(
    entries: *const u8,
    codes: *const u8,
    (low_sums, high_sums): (B::Sums, B::Sums),
) -> (B::Sums, B::Sums) {
    // SAFETY: passed on.
    unsafe {
        let (table, code) = (B::load(entries), B::load(codes));
        let (mut low, mut high) = (table.look_up(code.low()), table.look_up(code.high()));
        for i in 1..N {
            let table = B::load(entries.add(i * B::LANES));
            let code = B::load(codes.add(i * B::LANES));
            low = low.add(table.look_up(code.low()));
            high = high.add(table.look_up(code.high()));
        }
        (low.add_to(low_sums), high.add_to(high_sums))
    }
}

/// Writes the estimates of a block, and returns which are above the threshold.
///
/// # Safety
/// The CPU has V's instructions; the factors of a block can be read, and its estimates written.
#[inline(always)]
unsafe fn estimate<V: Vector>(
    sums: &Sums,
    table: &ScanTable,
    factors: *const f32,
    base: f32,
    threshold: f32,
    values: *mut f32,
) -> u32 {
    // SAFETY: `i + LANES ≤ BLOCK`.
    unsafe {
        let (scale, bias) = (V::splat(table.scale), V::splat(table.bias));
        let (base, threshold) = (V::splat(base), V::splat(threshold));
        let mut hits = 0;
        for i in (0..BLOCK).step_by(V::LANES) {
            let product = V::load_u32(sums.0.as_ptr().add(i)).fma(scale, bias);
            let mul = V::load(factors.add(i));
            let add = V::load(factors.add(BLOCK + i)).add(base);
            let value = product.fma(mul, add);
            value.store(values.add(i));
            hits |= value.above(threshold) << i;
        }
        hits
    }
}

/// # Safety
/// The CPU has V's instructions; the buffers of `table` have room for the query, which is a multiple of 16 long.
#[inline(always)]
pub(crate) unsafe fn tabulate<V: Vector>(query: &[f32], table: &mut ScanTable) {
    let (len, query) = (query.len(), query.as_ptr());
    let magnitudes = table.magnitudes.as_mut_slice().as_mut_ptr();
    // SAFETY: `i + LANES ≤ len`, and `4 g + 4 ≤ len`; the entries are four bytes a dimension.
    unsafe {
        let (mut largest, mut total) = (V::splat(0.0), V::splat(0.0));
        for i in (0..len).step_by(V::LANES) {
            let magnitude = V::load(query.add(i)).abs();
            let pairs = magnitude.add(magnitude.exchange::<1>());
            let groups = pairs.add(pairs.exchange::<2>());
            groups.store(magnitudes.add(i));
            largest = groups.max(largest);
            total = total.add(groups);
        }
        // Each group is there four times.
        let factor = V::splat(table.set(largest.largest(), total.sum() / 4.0));
        let entries = table.entries.as_bytes_mut().as_mut_ptr();
        for g in 0..len / GROUP {
            let magnitude = V::splat(*magnitudes.add(GROUP * g));
            let query = query.add(GROUP * g);
            for first in (0..ENTRIES).step_by(V::LANES) {
                // As in the plain twin: twice the sum of the subset above the least one.
                let mut twice = magnitude;
                for (i, signs) in SUBSETS.iter().enumerate() {
                    twice = V::splat(*query.add(i)).fma(V::load(signs.as_ptr().add(first)), twice);
                }
                twice.mul(factor).store_bytes(entries.add(ENTRIES * g + first));
            }
        }
    }
}

/// For each value of a group and each of the sixteen subsets: 1 where it is in the subset, else -1.
static SUBSETS: [[f32; ENTRIES]; GROUP] = {
    let mut signs = [[-1.0; ENTRIES]; GROUP];
    let mut subset = 0;
    while subset < ENTRIES {
        let mut i = 0;
        while i < GROUP {
            if subset >> i & 1 == 1 {
                signs[i][subset] = 1.0;
            }
            i += 1;
        }
        subset += 1;
    }
    signs
};

/// # Safety
/// The CPU has V's instructions; `x` is a multiple of 4 long, `plane` four times as long, `lane` below 32.
#[inline(always)]
pub(crate) unsafe fn pack_signs<V: Vector>(x: &[f32], lane: usize, plane: &mut [u8]) {
    let shift = if lane < ENTRIES { 0 } else { GROUP };
    let (len, x) = (x.len(), x.as_ptr());
    let plane = plane.as_mut_ptr();
    // SAFETY: `i + count ≤ len`, and `lane % 16` lies in each of the `len / 4` groups.
    unsafe {
        let zero = V::splat(0.0);
        let mut i = 0;
        while i < len {
            let count = V::LANES.min(len - i);
            let values =
                if count == V::LANES { V::load(x.add(i)) } else { V::load_first(x.add(i), count) };
            let signs = values.not_below(zero);
            for j in (0..count).step_by(GROUP) {
                let byte = plane.add((i + j) / GROUP * ENTRIES + lane % ENTRIES);
                *byte |= ((signs >> j & 15) << shift) as u8;
            }
            i += count;
        }
    }
}
