//! An inverted file: lists of codes around centroids, of which a search scans the nearest.

use hippocamp_simd::{Kernels, LargeVec, ScanTable};

use super::candidates::Candidates;
use super::codes::{BLOCK, CodeList, CodeView, EncodeScratch, Frame};
use crate::Metric;

/// Lists of codes, one behind the other. One list without a centroid is the flat index.
pub(crate) struct Lists {
    pub(crate) codes: LargeVec<u8>,
    pub(crate) factors: LargeVec<f32>,
    pub(crate) slots: LargeVec<u32>,
    /// The first block of each list, and the end.
    pub(crate) starts: Vec<u32>,
    pub(crate) centroids: Option<Centroids>,
    /// Vectors in them.
    pub(crate) len: usize,
}

impl Lists {
    /// `count` lists of pieces with the number of their list, in order. All pieces of a list but the last are whole blocks.
    pub(crate) fn of(
        pieces: &[(u32, CodeList)],
        count: usize,
        centroids: Option<Centroids>,
    ) -> Self {
        let len = pieces.iter().map(|(_, piece)| piece.len()).sum();
        let sizes = pieces.iter().map(|(_, piece)| {
            let CodeView { codes, factors, slots } = piece.view();
            [codes.len(), factors.len(), slots.len()]
        });
        let [codes, factors, slots] = sizes
            .fold([0; 3], |[a, b, c], [codes, factors, slots]| [a + codes, b + factors, c + slots]);
        let mut codes = LargeVec::with_capacity(codes);
        let mut factors = LargeVec::with_capacity(factors);
        let mut slots = LargeVec::with_capacity(slots);
        let mut starts = vec![0; count + 1];
        for (list, piece) in pieces {
            let piece = piece.view();
            codes.extend_from_slice(piece.codes);
            factors.extend_from_slice(piece.factors);
            slots.extend_from_slice(piece.slots);
            if let Some(end) = starts.get_mut(*list as usize + 1) {
                *end = (slots.len() / BLOCK) as u32;
            }
        }
        // Lists without a piece end where they start.
        let mut last = 0;
        for start in &mut starts {
            last = last.max(*start);
            *start = last;
        }
        Self { codes, factors, slots, starts, centroids, len }
    }

    /// The `count` lists nearest to the centred query `y`, nearest first; without centroids the only one. Leaves the
    /// query's table for scanning them in `table`.
    pub(crate) fn nearest(
        &self,
        frame: &Frame,
        y: &[f32],
        table: &mut ScanTable,
        count: usize,
        candidates: &mut Candidates,
        probes: &mut Vec<Probe>,
    ) {
        probes.clear();
        match &self.centroids {
            None => probes.extend((0..self.count() as u32).map(Probe::of_only)),
            Some(centroids) => {
                frame.kernels.scan_table(y, 1, table);
                centroids.nearest(frame.kernels, y, table, count, candidates, probes);
            }
        }
        if self.centroids.is_none() || frame.planes != 1 {
            frame.kernels.scan_table(y, frame.planes, table);
        }
    }

    /// How many lists there are.
    pub(crate) fn count(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    pub(crate) fn view(&self, list: usize) -> Option<CodeView<'_>> {
        let (from, to) = (*self.starts.get(list)? as usize, *self.starts.get(list + 1)? as usize);
        let blocks = self.slots.len() / BLOCK;
        let block_bytes = self.codes.len().checked_div(blocks).unwrap_or(0);
        Some(CodeView {
            codes: self.codes.get(from * block_bytes..to * block_bytes)?,
            factors: self.factors.get(from * 2 * BLOCK..to * 2 * BLOCK)?,
            slots: self.slots.get(from * BLOCK..to * BLOCK)?,
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        let centroids = self.centroids.as_ref().map_or(0, Centroids::bytes);
        self.codes.len()
            + (self.factors.len() + self.slots.len() + self.starts.len()) * 4
            + centroids
    }
}

/// The centroids of lists, themselves found by their codes: comparing each exactly would cost more than
/// scanning the lists.
pub(crate) struct Centroids {
    dimension: usize,
    /// `[count, dimension]`, rotated and relative to the mean.
    pub(crate) rows: Vec<f32>,
    /// What `⟨y, c⟩` is to be lessened by to rank the lists: |c|² / 2, or 0 for inner products.
    penalties: Vec<f32>,
    /// What `⟨y, c⟩` is to be raised by to be the right estimate for the centroid.
    constants: Vec<f32>,
    codes: CodeList,
}

/// A list to be scanned: its number and `⟨y, centroid⟩`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    pub(crate) list: u32,
    pub(crate) base: f32,
    rank: f32,
    /// The estimate that would be right for the centroid.
    pub(crate) level: f32,
}

impl Probe {
    /// Of a list without a centroid.
    pub(crate) fn of_only(list: u32) -> Self {
        Self { list, base: 0.0, rank: 0.0, level: f32::INFINITY }
    }
}

impl Centroids {
    pub(crate) fn new(frame: &Frame, rows: Vec<f32>) -> Self {
        let dimension = frame.dimension();
        let mut codes = CodeList::default();
        let mut scratch = EncodeScratch::default();
        let mut penalties = Vec::with_capacity(rows.len() / dimension);
        let mut constants = Vec::with_capacity(rows.len() / dimension);
        for (list, row) in rows.chunks_exact(dimension).enumerate() {
            let penalty = match frame.metric {
                Metric::Cosine | Metric::L2 => 0.5 * frame.kernels.dot(row, row),
                Metric::Dot => 0.0,
            };
            scratch.residual.clear();
            scratch.residual.extend_from_slice(row);
            codes.push_residual(frame.kernels, 1, list as u32, -penalty, &mut scratch);
            penalties.push(penalty);
            constants.push(frame.constant(row));
        }
        Self { dimension, rows, penalties, constants, codes }
    }

    pub(crate) fn count(&self) -> usize {
        self.penalties.len()
    }

    pub(crate) fn row(&self, list: usize) -> &[f32] {
        self.rows.get(list * self.dimension..(list + 1) * self.dimension).unwrap_or_default()
    }

    fn bytes(&self) -> usize {
        (self.rows.capacity() + self.penalties.capacity() + self.constants.capacity()) * 4
            + self.codes.bytes()
    }

    /// The `count` lists nearest to the centred query `y`, nearest first. `table` is that of `y` for one
    /// plane.
    pub(crate) fn nearest(
        &self,
        kernels: &Kernels,
        y: &[f32],
        table: &ScanTable,
        count: usize,
        candidates: &mut Candidates,
        probes: &mut Vec<Probe>,
    ) {
        probes.clear();
        let mut probe = |list: u32| {
            let base = kernels.dot(y, self.row(list as usize));
            let rank = base - self.penalties.get(list as usize).copied().unwrap_or(f32::INFINITY);
            let level = base + self.constants.get(list as usize).copied().unwrap_or(f32::INFINITY);
            probes.push(Probe { list, base, rank, level });
        };
        let all = self.penalties.len();
        let estimated = count * 2 + 16;
        if estimated >= all {
            (0..all as u32).for_each(&mut probe);
        } else {
            candidates.reset(estimated);
            self.codes.view().scan(kernels, table, 0.0, candidates, &|_| true);
            for &(_, list) in candidates.best() {
                probe(list);
            }
        }
        let nearest_first =
            |a: &Probe, b: &Probe| b.rank.total_cmp(&a.rank).then(a.list.cmp(&b.list));
        if probes.len() > count {
            probes.select_nth_unstable_by(count, nearest_first);
            probes.truncate(count);
        }
        probes.sort_unstable_by(nearest_first);
    }
}
