//! How far a search has to look: measured, not guessed.
//!
//! Approximate search has two settings: how many lists are scanned (probes), and how far an estimate may fall short
//! of the truth before its vector is given up (margin). Which of them give a recall of 0.99 depends on the data. So
//! after every (re)build some queries are answered exactly ([`sample`]), and for each of their true neighbours it is
//! noted in which list it was found and how far its estimate fell short ([`codes`]). From that the recall of every
//! setting is known without another search. So much of what a target leaves open may be missed for want of lists, and
//! the rest for want of margin: trading one against the other as far as the sample allows would save little, and
//! settings at either end fail first with queries that are not like the sample.
//!
//! Of a graph it is the candidates that are measured ([`graph`]): the least number of them (ef) with which a neighbour
//! is found.

pub(super) mod codes;
pub(super) mod graph;
pub(super) mod sample;

/// The recalls that settings are kept for.
const TARGETS: [f32; 7] = [0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];
/// The numbers of neighbours that recall is measured for.
const DEPTHS: [usize; 3] = [1, 10, 100];
/// The largest of these.
const DEEPEST: usize = 100;
/// One neighbour of each query says too little: for the nearest alone, so many stand for it.
const SAMPLED: usize = 10;
/// A setting is chosen for a little more than its target: this part of what the target leaves open.
const RESERVE: f32 = 0.25;

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Setting {
    /// Lists to scan; all if there are fewer.
    pub(crate) probes: u32,
    /// Vectors that are compared exactly, on average; what a graph proposes.
    pub(crate) candidates: u32,
    /// How far an estimate may fall short of the truth, in its spreads.
    pub(crate) margin: f32,
    /// How far the centroid of a neighbour's list may be below the last neighbour, for a query of length 1.
    pub(crate) gap: f32,
    /// Vectors that are compared exactly, at most.
    pub(crate) most: u32,
    /// So many bounds are reason to compare the best of them.
    pub(crate) many: u32,
}

/// Bounds that are many, for each neighbour sought, and at least.
const MANY: u32 = 8;
const MIN_MANY: u32 = 128;

impl Setting {
    /// The setting under a mask. Neighbours may be anywhere and have any similarity then, so that it is by the k-th best
    /// which was found whether lists are scanned and how many vectors are compared.
    pub(crate) fn masked(self, k: usize) -> Self {
        Self {
            probes: u32::MAX,
            most: u32::MAX,
            many: (k as u32).saturating_mul(2).max(32),
            ..self
        }
    }
}

/// What was measured for one depth and target.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct CalibrationPoint {
    /// Neighbours asked for.
    pub k: u32,
    /// The recall asked for.
    pub target: f32,
    /// The recall of the setting on the sample.
    pub recall: f32,
    /// Lists scanned.
    pub probes: u32,
    /// Vectors compared exactly: by their estimates, on average; or what a graph proposes.
    pub candidates: u32,
    pub(crate) margin: f32,
    pub(crate) gap: f32,
    pub(crate) most: u32,
}

/// The settings for each depth and target.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Calibration {
    /// By depth, then target; empty before the first measurement.
    pub(crate) points: Vec<CalibrationPoint>,
}

impl Calibration {
    /// Whether there was anything to measure with.
    pub(crate) fn is_measured(&self) -> bool {
        !self.points.is_empty()
    }

    /// The setting for `k` neighbours at a recall of at least `target`.
    pub(crate) fn setting(&self, k: f32, target: f32) -> Setting {
        let at = |depth: usize| {
            let mut points = self.points.iter().filter(|point| point.k as usize == depth);
            // Beyond the last target that is known, the last.
            points
                .find(|point| point.target >= target - 1e-6)
                .or_else(|| self.points.iter().rev().find(|point| point.k as usize == depth))
        };
        let [one, shallow, deep] = DEPTHS;
        let (near, far) = if k < shallow as f32 { (one, shallow) } else { (shallow, deep) };
        let (Some(a), Some(b)) = (at(near), at(far)) else {
            let candidates = (10.0 * k + 100.0) as u32;
            return Setting {
                probes: u32::MAX,
                candidates,
                margin: f32::INFINITY,
                gap: f32::INFINITY,
                many: u32::MAX,
                most: candidates,
            };
        };
        // Between the depths as powers of k, and numbers beyond them too.
        let step = (k.max(1.0) / near as f32).ln() / (far as f32 / near as f32).ln();
        let power = |a: u32, b: u32| {
            let (a, b) = (a.max(1) as f32, b.max(1) as f32);
            (a * (b / a).max(1.0).powf(step)).ceil() as u32
        };
        let between = |a: f32, b: f32| a + (b - a) * step.min(1.0);
        Setting {
            probes: power(a.probes, b.probes),
            candidates: power(a.candidates, b.candidates).max(k as u32),
            margin: between(a.margin, b.margin),
            gap: between(a.gap, b.gap),
            many: (k as u32).saturating_mul(MANY).max(MIN_MANY),
            most: power(a.most, b.most).max(k as u32),
        }
    }
}

/// The recall that a setting is chosen for.
fn wanted(target: f32) -> f32 {
    target + (1.0 - target) * RESERVE
}

/// How many of `count` values make up at least the part `share`.
fn least_count(share: f32, count: usize) -> usize {
    (share * count as f32).ceil() as usize
}
