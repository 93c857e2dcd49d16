//! The index as sections of a file. docs/file-format.md describes them.
//!
//! The rows, the codes of the base and what they share are written; the tail is coded again when they are
//! read. Rotations are made anew from their seed, and so is a graph: until then every row is compared.

use std::io::{Read, Write};
use std::sync::Arc;

use hippocamp_simd::{Kernels, LargeVec};

use super::calibration::{Calibration, CalibrationPoint};
use super::codes::{BLOCK, Frame, NO_SLOT};
use super::lists::{Centroids, Lists};
use super::mean::Sum;
use super::rotation::Rotation;
use super::rows::Rows;
use super::slots::SlotSet;
use super::{Base, Coded, IndexOptions, Structure, VectorIndex};
use crate::Metric;
use crate::sections::{SectionError, SectionReader, SectionWriter};

/// Of the rotation and of everything that codes mean.
const VERSION: u64 = 3;
/// A calibration point: k, target, recall, probes, candidates, margin, gap, most.
const POINT: usize = 8;

/// The index at a moment, to be written while it goes on being used.
pub struct Snapshot {
    rows: Rows,
    dead: SlotSet,
    sum: Sum,
    base: Option<Arc<Base>>,
}

impl VectorIndex {
    /// It as it is now. Shares almost everything.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let base = self.codes().map(|coded| Arc::clone(&coded.base));
        Snapshot { rows: self.rows.clone(), dead: self.dead.clone(), sum: self.sum.clone(), base }
    }

    /// The index that was written, if it is one of such vectors and of such options.
    ///
    /// # Errors
    /// [`SectionError`], also when it is another index.
    pub fn read(
        from: &mut SectionReader<impl Read>,
        dimension: usize,
        metric: Metric,
        options: IndexOptions,
        kernels: &'static Kernels,
    ) -> Result<Self, SectionError> {
        let head: Vec<u64> = from.read(*b"vidx", 10)?;
        let [
            version,
            written_dimension,
            written_metric,
            format,
            slots,
            words,
            end,
            planes,
            lists,
            blocks,
        ] = head[..]
        else {
            return Err(SectionError::Damaged("its head is short"));
        };
        let expected = [VERSION, dimension as u64, metric as u64, options.rows as u64];
        if [version, written_dimension, written_metric, format] != expected {
            return Err(SectionError::Damaged("it is of another index"));
        }
        let sizes = [slots, words, end, planes, lists, blocks]
            .map(|size| u32::try_from(size).unwrap_or(u32::MAX));
        let [slots, words, end, planes, lists, blocks] = sizes;
        let whole =
            slots < NO_SLOT && end <= slots && u64::from(words) * 64 <= u64::from(slots) + 64;
        if !whole || !(planes == 0 || [1, 2, 4].contains(&planes)) {
            return Err(SectionError::Damaged("its numbers are impossible"));
        }
        let rows = Rows::load(from, dimension, metric, options.rows, slots)?;
        let dead = SlotSet::from_words(from.read(*b"dead", words as usize)?);
        if dead.iter().last().is_some_and(|last| last.0 >= slots) {
            return Err(SectionError::Damaged("it has removed what it has not"));
        }
        let summed = if metric == Metric::Cosine && slots > 0 { dimension } else { 0 };
        let sum = Sum::of(from.read(*b"summ", summed)?);
        let mut index = Self::new(dimension, metric, options, kernels);
        if planes > 0 {
            let frame = read_frame(from, dimension, metric, planes, kernels)?;
            let base = read_base(from, frame, end, lists as usize, blocks as usize)?;
            let mut coded = Coded::of(base);
            coded.append_rest(&rows, kernels, &mut index.scratch);
            index.structure = Structure::Codes(coded);
        }
        (index.rows, index.dead, index.sum) = (rows, dead, sum);
        Ok(index)
    }
}

impl Snapshot {
    /// Writes it.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, to: &mut SectionWriter<impl Write>) -> std::io::Result<()> {
        let rows = &self.rows;
        let base = self.base.as_deref();
        let head = [
            VERSION,
            rows.dimension() as u64,
            rows.metric() as u64,
            rows.format() as u64,
            u64::from(rows.len()),
            self.dead.words().len() as u64,
            base.map_or(0, |base| u64::from(base.slots_end)),
            base.map_or(0, |base| u64::from(base.frame.planes)),
            base.map_or(0, |base| base.lists.count() as u64),
            base.map_or(0, |base| (base.lists.slots.len() / BLOCK) as u64),
        ];
        to.write(*b"vidx", [head.as_slice()].into_iter())?;
        rows.write(to)?;
        to.write(*b"dead", [self.dead.words()].into_iter())?;
        to.write(*b"summ", [self.sum.values()].into_iter())?;
        if let Some(base) = base {
            write_base(to, base)?;
        }
        Ok(())
    }
}

fn write_base(to: &mut SectionWriter<impl Write>, base: &Base) -> std::io::Result<()> {
    let Base { frame, lists, calibration, trained, .. } = base;
    to.write(*b"mean", [frame.mean.as_slice()].into_iter())?;
    let centroids = lists.centroids.as_ref();
    let counts =
        [u64::from(*trained), u64::from(centroids.is_some()), calibration.points.len() as u64];
    to.write(*b"base", [counts.as_slice()].into_iter())?;
    to.write(*b"strt", [lists.starts.as_slice()].into_iter())?;
    to.write(*b"code", [&*lists.codes].into_iter())?;
    to.write(*b"fact", [&*lists.factors].into_iter())?;
    to.write(*b"slot", [&*lists.slots].into_iter())?;
    if let Some(centroids) = centroids {
        to.write(*b"cent", [centroids.rows.as_slice()].into_iter())?;
    }
    let points: Vec<[u32; POINT]> = calibration
        .points
        .iter()
        .map(|p| {
            let [target, recall, margin, gap] =
                [p.target, p.recall, p.margin, p.gap].map(f32::to_bits);
            [p.k, target, recall, p.probes, p.candidates, margin, gap, p.most]
        })
        .collect();
    to.write(*b"cali", [points.as_flattened()].into_iter())
}

fn read_frame(
    from: &mut SectionReader<impl Read>,
    dimension: usize,
    metric: Metric,
    planes: u32,
    kernels: &'static Kernels,
) -> Result<Frame, SectionError> {
    let rotation = Rotation::new(dimension);
    let mean = from.read(*b"mean", rotation.dimension())?;
    Ok(Frame { metric, kernels, rotation, mean, planes })
}

fn read_base(
    from: &mut SectionReader<impl Read>,
    frame: Frame,
    slots_end: u32,
    count: usize,
    blocks: usize,
) -> Result<Base, SectionError> {
    let impossible = || SectionError::Damaged("its lists are impossible");
    let counts: Vec<u64> = from.read(*b"base", 3)?;
    let [trained, centroids, points] = counts[..] else { return Err(impossible()) };
    let starts: Vec<u32> = from.read(*b"strt", count + 1)?;
    let block_bytes = frame.dimension() * 4 * frame.planes as usize;
    let codes =
        from.read_large(*b"code", blocks.checked_mul(block_bytes).ok_or_else(impossible)?)?;
    let factors = from.read_large(*b"fact", blocks * 2 * BLOCK)?;
    let slots: LargeVec<u32> = from.read_large(*b"slot", blocks * BLOCK)?;
    let in_order = starts.first() == Some(&0)
        && starts.last().is_some_and(|last| *last as usize == blocks)
        && starts.is_sorted();
    if !in_order || slots.iter().any(|&slot| slot >= slots_end && slot != NO_SLOT) {
        return Err(impossible());
    }
    let centroids = if centroids == 0 {
        None
    } else {
        let values = count.checked_mul(frame.dimension()).ok_or_else(impossible)?;
        Some(Centroids::new(&frame, from.read(*b"cent", values)?))
    };
    let points = usize::try_from(points).ok().and_then(|n| n.checked_mul(POINT));
    let points: Vec<u32> = from.read(*b"cali", points.ok_or_else(impossible)?)?;
    let points = points.as_chunks::<POINT>().0.iter().map(
        |&[k, target, recall, probes, candidates, margin, gap, most]| {
            let [target, recall, margin, gap] = [target, recall, margin, gap].map(f32::from_bits);
            CalibrationPoint { k, target, recall, probes, candidates, margin, gap, most }
        },
    );
    let calibration = Calibration { points: points.collect() };
    let len = slots.iter().filter(|&&slot| slot != NO_SLOT).count();
    let lists = Lists { codes, factors, slots, starts, centroids, len };
    Ok(Base { frame, lists, calibration, slots_end, trained: trained as u32 })
}
