//! The vectors themselves, by slot: what candidates are compared with in the end.

use std::fmt;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::str::FromStr;

use hippocamp_simd::Kernels;

use super::column::Column;
use crate::Metric;
use crate::sections::{SectionError, SectionReader, SectionWriter};

/// Rows whose similarities are computed at once in a scan.
const BLOCK_ROWS: usize = 128;
/// Rows that queries take turns at; a multiple of [`BLOCK_ROWS`].
const TURN_ROWS: usize = 1_024;

/// How the values of a row are kept in memory. (The store keeps all of them as f32.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowFormat {
    /// Four bytes a value, exact.
    F32,
    /// Two bytes a value, IEEE 754 half precision: 11 bits.
    F16,
    /// One byte a value and one scale a row: the row's largest value is 127 steps.
    Int8,
}

impl RowFormat {
    /// Half precision for long vectors of length 1. In short ones the rounding of the values does not average
    /// out, and others may hold values out of its range.
    #[must_use]
    pub fn default_of(dimension: usize, metric: Metric) -> Self {
        const LONG: usize = 128;
        if metric == Metric::Cosine && dimension >= LONG { Self::F16 } else { Self::F32 }
    }

    /// The name in options and files: `f32`, `f16`, `int8`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
        }
    }
}

impl fmt::Display for RowFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A row format that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown row format \"{0}\": use \"f16\", \"f32\" or \"int8\"")]
pub struct UnknownRowFormat(pub String);

impl FromStr for RowFormat {
    type Err = UnknownRowFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::F32, Self::F16, Self::Int8]
            .into_iter()
            .find(|format| format.as_str() == name)
            .ok_or_else(|| UnknownRowFormat(name.to_owned()))
    }
}

#[derive(Clone)]
enum Values {
    F32(Column<f32>),
    F16(Column<u16>),
    Int8 { values: Column<i8>, scales: Column<f32> },
}

/// Rows of one dimension, appended in slot order. A clone shares almost all of them.
#[derive(Clone)]
pub(crate) struct Rows {
    dimension: usize,
    metric: Metric,
    len: u32,
    values: Values,
}

impl Rows {
    pub(crate) fn new(dimension: usize, metric: Metric, format: RowFormat) -> Self {
        let values = match format {
            RowFormat::F32 => Values::F32(Column::new(dimension)),
            RowFormat::F16 => Values::F16(Column::new(dimension)),
            RowFormat::Int8 => {
                Values::Int8 { values: Column::new(dimension), scales: Column::new(1) }
            }
        };
        Self { dimension, metric, len: 0, values }
    }

    pub(crate) fn dimension(&self) -> usize {
        self.dimension
    }

    pub(crate) fn metric(&self) -> Metric {
        self.metric
    }

    pub(crate) fn format(&self) -> RowFormat {
        match self.values {
            Values::F32(_) => RowFormat::F32,
            Values::F16(_) => RowFormat::F16,
            Values::Int8 { .. } => RowFormat::Int8,
        }
    }

    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    pub(crate) fn bytes(&self) -> usize {
        match &self.values {
            Values::F32(values) => values.bytes(),
            Values::F16(values) => values.bytes(),
            Values::Int8 { values, scales } => values.bytes() + scales.bytes(),
        }
    }

    /// Writes all rows.
    pub(crate) fn write(&self, to: &mut SectionWriter<impl Write>) -> io::Result<()> {
        match &self.values {
            Values::F32(values) => to.write(*b"rows", values.chunks()),
            Values::F16(values) => to.write(*b"rows", values.chunks()),
            Values::Int8 { values, scales } => {
                to.write(*b"rows", values.chunks())?;
                to.write(*b"scal", scales.chunks())
            }
        }
    }

    /// The `len` rows that were written.
    pub(crate) fn load(
        from: &mut SectionReader<impl Read>,
        dimension: usize,
        metric: Metric,
        format: RowFormat,
        len: u32,
    ) -> Result<Self, SectionError> {
        let values = match format {
            RowFormat::F32 => Values::F32(Column::load(from, *b"rows", dimension, len)?),
            RowFormat::F16 => Values::F16(Column::load(from, *b"rows", dimension, len)?),
            RowFormat::Int8 => Values::Int8 {
                values: Column::load(from, *b"rows", dimension, len)?,
                scales: Column::load(from, *b"scal", 1, len)?,
            },
        };
        Ok(Self { dimension, metric, len, values })
    }

    /// All rows in ranges that stay in a cache while several queries are compared with them.
    pub(crate) fn turns(&self) -> impl Iterator<Item = Range<usize>> {
        let len = self.len as usize;
        (0..len).step_by(TURN_ROWS).map(move |start| start..len.min(start + TURN_ROWS))
    }

    /// Appends a row; under cosine it has been normalised.
    pub(crate) fn push(&mut self, kernels: &Kernels, vector: &[f32]) {
        match &mut self.values {
            Values::F32(values) => values.push().copy_from_slice(vector),
            Values::F16(values) => kernels.to_f16(vector, values.push()),
            Values::Int8 { values, scales } => {
                let largest = vector.iter().fold(0f32, |largest, x| largest.max(x.abs()));
                let steps = if largest > 0.0 { 127.0 / largest } else { 0.0 };
                for (to, x) in values.push().iter_mut().zip(vector) {
                    *to = (x * steps).round() as i8;
                }
                scales.push().fill(largest / 127.0);
            }
        }
        self.len += 1;
    }

    /// Appends another store's row as it is.
    pub(crate) fn push_row_of(&mut self, other: &Self, slot: u32) {
        let row = slot as usize;
        match (&mut self.values, &other.values) {
            (Values::F32(to), Values::F32(from)) => copy_row(to, from, row),
            (Values::F16(to), Values::F16(from)) => copy_row(to, from, row),
            (
                Values::Int8 { values, scales },
                Values::Int8 { values: from, scales: from_scales },
            ) => {
                copy_row(values, from, row);
                copy_row(scales, from_scales, row);
            }
            _ => return,
        }
        self.len += 1;
    }

    /// The row's values as f32 into `out`, `[dimension]`; zeros for a row that is not there.
    pub(crate) fn read(&self, kernels: &Kernels, slot: u32, out: &mut [f32]) {
        let row = slot as usize;
        match &self.values {
            Values::F32(values) => match values.row(row) {
                Some(values) => out.copy_from_slice(values),
                None => out.fill(0.0),
            },
            Values::F16(values) => match values.row(row) {
                Some(values) => kernels.from_f16(values, out),
                None => out.fill(0.0),
            },
            Values::Int8 { values, scales } => match (values.row(row), scales.row(row)) {
                (Some(values), Some(&[scale])) => {
                    for (out, &value) in out.iter_mut().zip(values) {
                        *out = scale * f32::from(value);
                    }
                }
                _ => out.fill(0.0),
            },
        }
    }

    /// Asks for a row to be brought near.
    #[inline]
    pub(crate) fn prefetch(&self, kernels: &Kernels, slot: u32) {
        let row = slot as usize;
        let bytes: Option<&[u8]> = match &self.values {
            Values::F32(values) => values.row(row).map(bytemuck::cast_slice),
            Values::F16(values) => values.row(row).map(bytemuck::cast_slice),
            Values::Int8 { values, .. } => values.row(row).map(bytemuck::cast_slice),
        };
        if let Some(bytes) = bytes {
            kernels.prefetch(bytes);
        }
    }

    /// The similarity of a prepared query and a row; the least there is for a row that is not there.
    #[inline]
    pub(crate) fn similarity(&self, kernels: &Kernels, query: &[f32], slot: u32) -> f32 {
        let row = slot as usize;
        let l2 = self.metric == Metric::L2;
        let similarity = match &self.values {
            Values::F32(values) => values.row(row).map(|row| {
                if l2 { -kernels.l2_squared(query, row) } else { kernels.dot(query, row) }
            }),
            Values::F16(values) => values.row(row).map(|row| {
                if l2 { -kernels.l2_squared_f16(query, row) } else { kernels.dot_f16(query, row) }
            }),
            Values::Int8 { values, scales } => match (values.row(row), scales.row(row)) {
                (Some(row), Some(&[scale])) => Some(if l2 {
                    -kernels.l2_squared_i8(query, row, scale)
                } else {
                    scale * kernels.dot_i8(query, row)
                }),
                _ => None,
            },
        };
        comparable(similarity.unwrap_or(f32::NEG_INFINITY))
    }

    /// Calls `visit` with the first slot of each run of rows and the run's similarities, until it says stop.
    pub(crate) fn scan(
        &self,
        kernels: &Kernels,
        query: &[f32],
        visit: impl FnMut(u32, &[f32]) -> bool,
    ) {
        self.scan_some(kernels, query, 0..self.len as usize, visit);
    }

    /// The same for some of the rows.
    pub(crate) fn scan_some(
        &self,
        kernels: &Kernels,
        query: &[f32],
        rows: Range<usize>,
        mut visit: impl FnMut(u32, &[f32]) -> bool,
    ) {
        let l2 = self.metric == Metric::L2;
        match &self.values {
            Values::F32(values) => {
                each_block(values, &rows, |slot, rows, out| {
                    if l2 {
                        kernels.l2_squared_rows(query, rows, out);
                    } else {
                        kernels.dot_rows(query, rows, out);
                    }
                    visit(slot, finish(out, l2))
                });
            }
            Values::F16(values) => {
                each_block(values, &rows, |slot, rows, out| {
                    if l2 {
                        kernels.l2_squared_f16_rows(query, rows, out);
                    } else {
                        kernels.dot_f16_rows(query, rows, out);
                    }
                    visit(slot, finish(out, l2))
                });
            }
            Values::Int8 { values, scales } => {
                each_block(values, &rows, |slot, rows, out| {
                    // Chunks of either column are whole blocks, so a block's scales lie together.
                    let scales = scales.rows(slot as usize, out.len()).unwrap_or_default();
                    if l2 {
                        kernels.l2_squared_i8_rows(query, rows, scales, out);
                    } else {
                        kernels.dot_i8_rows(query, rows, out);
                        out.iter_mut().zip(scales).for_each(|(out, scale)| *out *= scale);
                    }
                    visit(slot, finish(out, l2))
                });
            }
        }
    }
}

fn copy_row<T: bytemuck::Pod>(to: &mut Column<T>, from: &Column<T>, row: usize) {
    let to = to.push();
    if let Some(from) = from.row(row) {
        to.copy_from_slice(from);
    }
}

/// Cuts rows into blocks whose similarities stay in the nearest cache.
fn each_block<T: bytemuck::Pod>(
    values: &Column<T>,
    rows: &Range<usize>,
    mut visit: impl FnMut(u32, &[T], &mut [f32]) -> bool,
) {
    let mut similarities = [0.0; BLOCK_ROWS];
    let mut slot = rows.start;
    for block in values.pieces(rows.clone(), BLOCK_ROWS) {
        let count = block.len() / values.width();
        let Some(out) = similarities.get_mut(..count) else { return };
        if !visit(slot as u32, block, out) {
            return;
        }
        slot += count;
    }
}

fn finish(similarities: &mut [f32], negate: bool) -> &[f32] {
    for value in &mut *similarities {
        *value = comparable(if negate { -*value } else { *value });
    }
    similarities
}

/// Products of huge but finite values can overflow into NaN: the farthest there is.
fn comparable(similarity: f32) -> f32 {
    if similarity.is_nan() { f32::NEG_INFINITY } else { similarity }
}
