//! Rebuilding an index while it goes on being used.
//!
//! A [`Growth`] is made from a snapshot that shares the rows, runs for as long as it takes on another
//! thread, and is adopted in a moment: what was appended meanwhile is coded again, what was removed
//! meanwhile stays removed.

use std::sync::Arc;

use hippocamp_simd::Kernels;

use super::calibration::codes::{Subject, calibrate};
use super::calibration::sample::Vectors;
use super::codes::{CodeList, EncodeScratch, Frame};
use super::graph::Graph;
use super::kind::IndexKind;
use super::kmeans::{self, Assigner};
use super::lists::{Centroids, Lists};
use super::rotation::Rotation;
use super::rows::Rows;
use super::slots::SlotSet;
use super::{Base, Coded, Structure, parallel};
use crate::Slot;

/// From so many vectors on a search scans lists instead of everything.
pub(super) const MIN_INVERTED: usize = 16_384;
/// Vectors in a list, on average, while there are not more than [`MAX_LISTS`] of them.
const LIST_LENGTH: usize = 160;
const MAX_LISTS: usize = 4_096;
/// Vectors that centroids are trained with, for each list.
const TRAINING: usize = 48;
/// Vectors that the mean is taken of, at most.
const MEAN_SAMPLE: usize = 16_384;
/// Vectors that are assigned, or coded, at once: a whole number of blocks.
const BATCH: usize = 1_024;
/// Bits per dimension, in the order in which they are tried.
const PLANES: [u32; 3] = [1, 2, 4];
/// More candidates than these for each of ten neighbours, and the codes have too few bits.
const MANY_CANDIDATES: u32 = 30;

/// A rebuild that is due.
pub struct Growth {
    pub(super) kernels: &'static Kernels,
    pub(super) rows: Rows,
    pub(super) dead: SlotSet,
    pub(super) epoch: u64,
    pub(super) kind: IndexKind,
    /// Only code the vectors, which takes a fraction of the time that lists take.
    pub(super) flat: bool,
    /// Close the gaps of removed vectors.
    pub(super) compact: bool,
    /// An index whose centroids are still good.
    pub(super) known: Option<Arc<Base>>,
    /// The recall that the number of bits is chosen for.
    pub(super) target: f32,
}

/// A rebuilt index, to be adopted.
pub struct Grown {
    pub(super) epoch: u64,
    /// The slots of the snapshot were below this one.
    pub(super) snapshot_end: u32,
    pub(super) structure: Structure,
    /// The rows without gaps, and the old slot of each.
    pub(super) compacted: Option<(Rows, Vec<Slot>)>,
}

/// The vectors of the index in rotated form, made anew wherever they are needed.
struct Source<'a> {
    rows: &'a Rows,
    frame: &'a Frame,
}

impl Source<'_> {
    fn read(&self, slot: u32, raw: &mut [f32], centred: &mut [f32]) {
        self.rows.read(self.frame.kernels, slot, raw);
        self.frame.centre(raw, centred);
    }

    /// `[slots.len(), dimension]`, behind what is in `points`.
    fn append(&self, slots: &[u32], points: &mut Vec<f32>) {
        let mut raw = vec![0.0; self.rows.dimension()];
        let start = points.len();
        points.resize(start + slots.len() * self.frame.dimension(), 0.0);
        let (_, new) = points.split_at_mut(start);
        for (slot, point) in slots.iter().zip(new.chunks_exact_mut(self.frame.dimension())) {
            self.read(*slot, &mut raw, point);
        }
    }
}

impl Growth {
    /// Does the work on `threads` threads; nothing when `stop` says so, which is asked often.
    #[must_use]
    pub fn run(mut self, threads: usize, stop: &(dyn Fn() -> bool + Sync)) -> Option<Grown> {
        let snapshot_end = self.rows.len();
        let compacted = self.compact.then(|| self.close_gaps());
        let live: Vec<u32> =
            (0..self.rows.len()).filter(|&slot| !self.dead.contains(Slot(slot))).collect();
        if self.kind == IndexKind::Hnsw {
            let vectors = self.vectors(&live);
            // Without the memory for a graph it goes on to codes, which take less.
            if let Ok(graph) = Graph::build(&vectors, threads, stop) {
                let structure = Structure::Graph(Box::new(graph?));
                return Some(Grown { epoch: self.epoch, snapshot_end, structure, compacted });
            }
        }
        let mean = self.known.as_ref().map_or_else(|| self.mean(&live), |k| k.frame.mean.clone());
        let mut frame = self.frame(mean, 1);
        let centroids = self.centroids(&frame, &live, threads, stop)?;
        let trained = match (&self.known, &centroids) {
            (Some(known), _) => known.trained,
            (None, Some(_)) => live.len() as u32,
            (None, None) => 0,
        };
        let nearest = match &centroids {
            Some(centroids) => Some(self.assign(&frame, centroids, &live, threads, stop)?),
            None => None,
        };
        for planes in PLANES {
            frame = self.frame(frame.mean, planes);
            let lists = self.encode(
                &frame,
                centroids.as_deref(),
                nearest.as_deref(),
                &live,
                threads,
                stop,
            )?;
            let vectors = self.vectors(&live);
            let subject = Subject { vectors: &vectors, frame: &frame, lists: &lists };
            let calibration =
                calibrate(&subject, self.flat && live.len() >= MIN_INVERTED, threads, stop)?;
            let few = calibration.setting(10.0, self.target).candidates <= 10 * MANY_CANDIDATES;
            if few || Some(&planes) == PLANES.last() {
                let slots_end = self.rows.len();
                let base = Base { frame, lists, calibration, slots_end, trained };
                let structure = Structure::Codes(Coded::of(base));
                return Some(Grown { epoch: self.epoch, snapshot_end, structure, compacted });
            }
        }
        None
    }

    fn vectors<'a>(&'a self, live: &'a [u32]) -> Vectors<'a> {
        Vectors { kernels: self.kernels, rows: &self.rows, dead: &self.dead, live }
    }

    fn frame(&self, mean: Vec<f32>, planes: u32) -> Frame {
        let rotation = Rotation::new(self.rows.dimension());
        Frame { metric: self.rows.metric(), kernels: self.kernels, rotation, mean, planes }
    }

    /// Moves the live rows to the front.
    fn close_gaps(&mut self) -> (Rows, Vec<Slot>) {
        let mut rows = Rows::new(self.rows.dimension(), self.rows.metric(), self.rows.format());
        let old: Vec<Slot> =
            (0..self.rows.len()).map(Slot).filter(|slot| !self.dead.contains(*slot)).collect();
        for slot in &old {
            rows.push_row_of(&self.rows, slot.0);
        }
        self.rows = rows.clone();
        self.dead = SlotSet::default();
        (rows, old)
    }

    fn mean(&self, live: &[u32]) -> Vec<f32> {
        let step = live.len().div_ceil(MEAN_SAMPLE).max(1);
        let (mut raw, mut sum) =
            (vec![0.0; self.rows.dimension()], vec![0.0; self.rows.dimension()]);
        let mut count = 0u32;
        for slot in live.iter().step_by(step) {
            self.rows.read(self.kernels, *slot, &mut raw);
            self.kernels.add(&mut sum, &raw);
            count += 1;
        }
        self.kernels.scale(&mut sum, 1.0 / count.max(1) as f32);
        let rotation = Rotation::new(self.rows.dimension());
        let mut mean = vec![0.0; rotation.dimension()];
        rotation.apply(self.kernels, &sum, &mut mean);
        // Of huge values the mean may not exist; without one the codes are only less exact.
        if mean.iter().any(|value| !value.is_finite()) {
            mean.fill(0.0);
        }
        mean
    }

    /// None while there are few vectors.
    #[expect(clippy::option_option, reason = "the outer one is that of a stopped job")]
    fn centroids(
        &self,
        frame: &Frame,
        live: &[u32],
        threads: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Option<Vec<f32>>> {
        if self.flat || live.len() < MIN_INVERTED {
            return Some(None);
        }
        if let Some(known) = self.known.as_ref().and_then(|known| known.lists.centroids.as_ref()) {
            return Some(Some(known.rows.clone()));
        }
        let count = lists_for(live.len());
        let step = (live.len() / (count * TRAINING)).max(1);
        let sample: Vec<u32> = live.iter().step_by(step).copied().collect();
        let mut points = Vec::new();
        Source { rows: &self.rows, frame }.append(&sample, &mut points);
        kmeans::train(self.kernels, &points, frame.dimension(), count, threads, stop).map(Some)
    }

    /// The nearest centroid of each live slot.
    fn assign(
        &self,
        frame: &Frame,
        centroids: &[f32],
        live: &[u32],
        threads: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Vec<u32>> {
        let assigner = Assigner::new(self.kernels, centroids, frame.dimension());
        let source = Source { rows: &self.rows, frame };
        parallel::map(threads, live.len(), stop, |range| {
            let (mut points, mut nearest) = (Vec::new(), Vec::with_capacity(range.len()));
            for slots in live.get(range)?.chunks(BATCH) {
                points.clear();
                source.append(slots, &mut points);
                nearest.extend(assigner.assign(&points, stop)?);
            }
            Some(nearest)
        })
    }

    fn encode(
        &self,
        frame: &Frame,
        centroids: Option<&[f32]>,
        nearest: Option<&[u32]>,
        live: &[u32],
        threads: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Lists> {
        let centroids = centroids.map(|rows| Centroids::new(frame, rows.to_vec()));
        let members = match (&centroids, nearest) {
            (Some(centroids), Some(nearest)) => members(live, nearest, centroids.count()),
            _ => vec![live.to_vec()],
        };
        let pieces: Vec<(u32, &[u32])> = (0..)
            .zip(&members)
            .flat_map(|(list, slots)| slots.chunks(BATCH).map(move |piece| (list, piece)))
            .collect();
        let coded = parallel::map(threads, pieces.len(), stop, |range| {
            let source = Source { rows: &self.rows, frame };
            let (mut raw, mut centred) =
                (vec![0.0; self.rows.dimension()], vec![0.0; frame.dimension()]);
            let mut scratch = EncodeScratch::default();
            let mut coded = Vec::with_capacity(range.len());
            for &(list, slots) in pieces.get(range)? {
                if stop() {
                    return None;
                }
                let centroid = centroids.as_ref().map(|centroids| centroids.row(list as usize));
                let mut codes = CodeList::default();
                for &slot in slots {
                    source.read(slot, &mut raw, &mut centred);
                    codes.push(frame, slot, &centred, centroid, &mut scratch);
                }
                coded.push((list, codes));
            }
            Some(coded)
        })?;
        Some(Lists::of(&coded, members.len(), centroids))
    }
}

/// The slots of each list.
fn members(live: &[u32], nearest: &[u32], lists: usize) -> Vec<Vec<u32>> {
    let mut members = vec![Vec::new(); lists];
    for (&slot, &list) in live.iter().zip(nearest) {
        if let Some(members) = members.get_mut(list as usize) {
            members.push(slot);
        }
    }
    members
}

fn lists_for(vectors: usize) -> usize {
    (vectors / LIST_LENGTH).clamp(1, MAX_LISTS)
}
