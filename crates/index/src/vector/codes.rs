//! Vectors as a few bits per dimension, and what is estimated from them.
//!
//! A vector is rotated, the mean and the centroid of its list are taken off, and of the residual r only
//! codes remain: x, with values ±½ for one bit (the sign), ±½ and ±1½ for two, and so on. For a rotated
//! query y (less the mean) this gives
//!
//! ```text
//! ⟨y, r⟩ ≈ |r|² / ⟨x, r⟩ · ⟨x, y⟩
//! ```
//!
//! which is right on average over the rotations (`RaBitQ`: Gao, Long 2024). With
//!
//! ```text
//! mul = |r|² / ⟨x, r⟩      add = ⟨M, R v⟩ (cosine, dot)   or   -|R v - M|² / 2 (l2)      base = ⟨y, centroid⟩
//! ```
//!
//! `base + add + mul · ⟨x, y⟩` is the similarity of query and vector up to a constant of the query, so that
//! estimates from all lists can be compared. M is the mean, centroids are relative to it.

use std::mem;

use hippocamp_simd::{Kernels, ScanTable};

use super::candidates::Candidates;
use super::rotation::Rotation;
use crate::{Metric, Slot};

/// Vectors in a block.
pub(crate) const BLOCK: usize = 32;
/// Blocks that are scanned at once: their estimates stay in the nearest cache.
const RUN: usize = 8;
/// Bytes that are prefetched in one call.
const PREFETCH: usize = 1_024;
/// The slot of places in a block that no vector has taken.
pub(crate) const NO_SLOT: u32 = u32::MAX;

/// What all codes of an index share.
pub(crate) struct Frame {
    pub(crate) metric: Metric,
    pub(crate) kernels: &'static Kernels,
    pub(crate) rotation: Rotation,
    /// Of the rotated vectors, `[rotation.dimension()]`.
    pub(crate) mean: Vec<f32>,
    /// Bits per dimension: 1, 2 or 4.
    pub(crate) planes: u32,
}

impl Frame {
    /// Values in a rotated vector.
    pub(crate) fn dimension(&self) -> usize {
        self.rotation.dimension()
    }

    /// The vector (or query) rotated and relative to the mean.
    pub(crate) fn centre(&self, vector: &[f32], out: &mut [f32]) {
        self.rotation.apply(self.kernels, vector, out);
        for (value, mean) in out.iter_mut().zip(&self.mean) {
            *value -= mean;
        }
    }

    /// What estimates for the query of which `centred` is left would be if they were right.
    pub(crate) fn right_estimates(&self, centred: &[f32]) -> RightEstimates {
        match self.metric {
            Metric::L2 => {
                RightEstimates { mul: 0.5, add: 0.5 * self.kernels.dot(centred, centred) }
            }
            Metric::Cosine | Metric::Dot => {
                RightEstimates { mul: 1.0, add: -self.kernels.dot(&self.mean, centred) }
            }
        }
    }

    /// `add` of a centred vector.
    pub(crate) fn constant(&self, centred: &[f32]) -> f32 {
        let constant = match self.metric {
            Metric::L2 => -0.5 * self.kernels.dot(centred, centred),
            Metric::Cosine | Metric::Dot => {
                self.kernels.dot(&self.mean, centred) + self.kernels.dot(&self.mean, &self.mean)
            }
        };
        // What is too large for f32 is compared last or first, but it is compared.
        if constant.is_nan() { f32::MIN } else { constant.clamp(f32::MIN, f32::MAX) }
    }
}

/// From similarities to the estimates that would be right: the constant of the query.
#[derive(Clone, Copy, Default)]
pub(crate) struct RightEstimates {
    mul: f32,
    add: f32,
}

impl RightEstimates {
    pub(crate) fn of(self, similarity: f32) -> f32 {
        let right = self.mul * similarity + self.add;
        // Beyond all numbers: then every estimate may be right.
        if right.is_finite() { right } else { f32::NEG_INFINITY }
    }
}

/// Codes of some vectors as they are scanned.
#[derive(Clone, Copy)]
pub(crate) struct CodeView<'a> {
    pub(crate) codes: &'a [u8],
    /// `[blocks][2][BLOCK]`: mul, then add.
    pub(crate) factors: &'a [f32],
    pub(crate) slots: &'a [u32],
}

impl<'a> CodeView<'a> {
    /// The same in pieces of so many blocks.
    pub(crate) fn pieces(self, blocks: usize) -> impl Iterator<Item = CodeView<'a>> {
        let block_bytes = self.codes.len() / (self.slots.len() / BLOCK).max(1);
        let codes = self.codes.chunks((blocks * block_bytes).max(1));
        let factors = self.factors.chunks(blocks * 2 * BLOCK);
        let slots = self.slots.chunks(blocks * BLOCK);
        codes.zip(factors).zip(slots).map(|((codes, factors), slots)| CodeView {
            codes,
            factors,
            slots,
        })
    }

    /// Asks for its memory to be brought near.
    pub(crate) fn prefetch(self, kernels: &Kernels) {
        self.codes.chunks(PREFETCH).for_each(|part| kernels.prefetch(part));
        bytemuck::cast_slice(self.factors).chunks(PREFETCH).for_each(|part| kernels.prefetch(part));
    }

    /// Offers every vector that may be among the best and that `accept`s to the candidates.
    pub(crate) fn scan(
        self,
        kernels: &Kernels,
        table: &ScanTable,
        base: f32,
        candidates: &mut Candidates,
        accept: &impl Fn(Slot) -> bool,
    ) {
        let block_bytes = self.codes.len() / (self.slots.len() / BLOCK).max(1);
        let mut room = mem::take(&mut candidates.room);
        room.resize(RUN * BLOCK, 0.0);
        let mut hits = [0; RUN];
        let codes = self.codes.chunks(RUN * block_bytes.max(1));
        let factors = self.factors.chunks(RUN * 2 * BLOCK);
        for ((codes, factors), slots) in codes.zip(factors).zip(self.slots.chunks(RUN * BLOCK)) {
            let (Some(estimates), Some(hits)) =
                (room.get_mut(..slots.len()), hits.get_mut(..slots.len() / BLOCK))
            else {
                break;
            };
            let threshold = candidates.threshold();
            kernels.scan(table, codes, factors, base, threshold, estimates, hits);
            for ((hits, estimates), slots) in
                hits.iter().zip(estimates.chunks_exact(BLOCK)).zip(slots.chunks_exact(BLOCK))
            {
                // First who is accepted, without a branch: under a mask nobody can foretell it.
                let accepted = ones(*hits).fold(0, |accepted, at| {
                    let passes = slots.get(at).is_some_and(|&slot| accept(Slot(slot)));
                    accepted | u32::from(passes) << at
                });
                for at in ones(accepted) {
                    if let (Some(&estimate), Some(&slot)) = (estimates.get(at), slots.get(at)) {
                        candidates.push(estimate, slot);
                    }
                }
            }
        }
        candidates.room = room;
    }
}

/// The places of the ones.
fn ones(mut bits: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        (at < BLOCK).then_some(at)
    })
}

/// Codes that are appended to.
#[derive(Clone, Default)]
pub(crate) struct CodeList {
    codes: Vec<u8>,
    factors: Vec<f32>,
    slots: Vec<u32>,
    len: usize,
}

impl CodeList {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn bytes(&self) -> usize {
        self.codes.capacity() + (self.factors.capacity() + self.slots.capacity()) * 4
    }

    pub(crate) fn view(&self) -> CodeView<'_> {
        CodeView { codes: &self.codes, factors: &self.factors, slots: &self.slots }
    }

    /// Appends a centred vector that belongs to the list of `centroid` (none: the mean itself).
    pub(crate) fn push(
        &mut self,
        frame: &Frame,
        slot: u32,
        centred: &[f32],
        centroid: Option<&[f32]>,
        scratch: &mut EncodeScratch,
    ) {
        let add = frame.constant(centred);
        scratch.residual.clear();
        match centroid {
            Some(centroid) => {
                scratch.residual.extend(centred.iter().zip(centroid).map(|(v, c)| v - c));
            }
            None => scratch.residual.extend_from_slice(centred),
        }
        self.push_residual(frame.kernels, frame.planes, slot, add, scratch);
    }

    /// Appends the code of the residual in `scratch` with the given constant.
    pub(crate) fn push_residual(
        &mut self,
        kernels: &Kernels,
        planes: u32,
        slot: u32,
        add: f32,
        scratch: &mut EncodeScratch,
    ) {
        let plane_bytes = scratch.residual.len() * 4;
        let lane = self.len % BLOCK;
        if lane == 0 {
            self.codes.resize(self.codes.len() + planes as usize * plane_bytes, 0);
            self.factors.extend([0.0; BLOCK]);
            self.factors.extend([f32::NEG_INFINITY; BLOCK]);
            self.slots.extend([NO_SLOT; BLOCK]);
        }
        let block = self.len / BLOCK;
        self.len += 1;
        let Some(code) = self.codes.get_mut(block * planes as usize * plane_bytes..) else {
            return;
        };
        let mul = if planes == 1 {
            one_bit(kernels, &scratch.residual, lane, code)
        } else {
            more_bits(kernels, planes, scratch, lane, code)
        };
        if let Some([muls, adds]) =
            self.factors.as_chunks_mut::<BLOCK>().0.as_chunks_mut::<2>().0.get_mut(block)
            && let (Some(to_mul), Some(to_add)) = (muls.get_mut(lane), adds.get_mut(lane))
        {
            (*to_mul, *to_add) = (mul, add);
        }
        if let Some(to) = self.slots.get_mut(block * BLOCK + lane) {
            *to = slot;
        }
    }
}

/// Room for one vector on its way to a code.
#[derive(Default)]
pub(crate) struct EncodeScratch {
    pub(crate) residual: Vec<f32>,
    levels: Vec<f32>,
    plane: Vec<f32>,
}

fn one_bit(kernels: &Kernels, residual: &[f32], lane: usize, code: &mut [u8]) -> f32 {
    if let Some(plane) = code.get_mut(..residual.len() * 4) {
        kernels.pack_signs(residual, lane, plane);
    }
    quotient(kernels.dot(residual, residual), 0.5 * kernels.abs_sum(residual))
}

/// The codes of those steps, of a few, whose direction is nearest to the residual's.
fn more_bits(
    kernels: &Kernels,
    planes: u32,
    scratch: &mut EncodeScratch,
    lane: usize,
    code: &mut [u8],
) -> f32 {
    /// Of the largest level: how much of the largest value it stands for. Smaller cuts more.
    const REACHES: [f32; 8] = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
    let EncodeScratch { residual, levels, plane } = scratch;
    let top = ((1u32 << planes) - 1) as f32;
    let largest = residual.iter().fold(0f32, |largest, x| largest.max(x.abs()));
    let quantise = |step: f32, levels: &mut Vec<f32>| {
        levels.clear();
        levels.extend(residual.iter().map(|x| (x / step + top / 2.0).round().clamp(0.0, top)));
    };
    // ⟨x, r⟩ and |x|² for the codes in `levels`.
    let judge = |levels: &[f32]| {
        levels.iter().zip(residual.iter()).fold((0f32, 0f32), |(along, length), (level, r)| {
            let x = level - top / 2.0;
            (along + x * r, length + x * x)
        })
    };
    let mut best = (f32::NEG_INFINITY, 1.0);
    for reach in REACHES {
        let step = (largest * reach / (top / 2.0)).max(f32::MIN_POSITIVE);
        quantise(step, levels);
        let (along, length) = judge(levels);
        let cosine = quotient(along, length.sqrt());
        if cosine > best.0 {
            best = (cosine, step);
        }
    }
    quantise(best.1, levels);
    let (along, _) = judge(levels);
    for (bit, code) in code.chunks_exact_mut(residual.len() * 4).take(planes as usize).enumerate() {
        plane.clear();
        plane.extend(levels.iter().map(
            |&level| {
                if (level as u32) >> bit & 1 == 1 { 1.0 } else { -1.0 }
            },
        ));
        kernels.pack_signs(plane, lane, code);
    }
    quotient(kernels.dot(residual, residual), along)
}

/// 0 where there is nothing to divide by: the residual is 0 then, or too small to matter.
fn quotient(a: f32, b: f32) -> f32 {
    if b > f32::MIN_POSITIVE && a.is_finite() { a / b } else { 0.0 }
}
