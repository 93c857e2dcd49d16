//! The embeddings of all tokens: for multilingual models four fifths of the weights, of which a text needs a few rows.

use bytemuck::try_cast_slice;
use half::bf16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use hippocamp_simd::{Kernels, MappedBytes, Precision};

use crate::Error;
use crate::config::Architecture;
use crate::layers::Packing;
use crate::packed_file::{PartReader, Parts};
use crate::weights::{Values, Weights};

/// `[vocabulary, hidden]`, in f32 or in half the bits: as they are stored, and in half in any case where the network itself
/// is rounded.
pub(crate) struct TokenTable {
    rows: Rows,
    hidden: usize,
}

enum Rows {
    Owned(Values),
    MappedF32(MappedBytes),
    MappedF16(MappedBytes),
    MappedBf16(MappedBytes),
}

impl TokenTable {
    pub(crate) fn load(
        weights: &mut Weights,
        name: &str,
        architecture: &Architecture,
        packing: Packing,
    ) -> Result<Self, Error> {
        let shape = [architecture.vocabulary, architecture.hidden];
        let values = match packing.precision {
            Precision::F32 => weights.stored(name, &shape)?,
            _ => weights.halved(name, &shape)?,
        };
        Ok(Self { rows: Rows::Owned(values), hidden: architecture.hidden })
    }

    /// Writes the embedding of a token to `out`; false when there is no such token.
    pub(crate) fn embed(&self, token: u32, out: &mut [f32], kernels: &Kernels) -> bool {
        let start = token as usize * self.hidden;
        let range = start..start + self.hidden;
        let copied = match &self.rows {
            Rows::Owned(Values::F32(values)) => {
                values.get(range).map(|row| out.copy_from_slice(row))
            }
            Rows::Owned(Values::F16(values)) => {
                values.get(range).map(|row| kernels.from_f16(row.reinterpret_cast(), out))
            }
            Rows::Owned(Values::Bf16(values)) => {
                values.get(range).map(|row| row.convert_to_f32_slice(out))
            }
            Rows::MappedF32(bytes) => try_cast_slice(bytes)
                .ok()
                .and_then(|values: &[f32]| values.get(range))
                .map(|row| out.copy_from_slice(row)),
            Rows::MappedF16(bytes) => try_cast_slice(bytes)
                .ok()
                .and_then(|values: &[u16]| values.get(range))
                .map(|row| kernels.from_f16(row, out)),
            Rows::MappedBf16(bytes) => try_cast_slice(bytes)
                .ok()
                .and_then(|values: &[u16]| values.get(range))
                .map(|row| row.reinterpret_cast::<bf16>().convert_to_f32_slice(out)),
        };
        copied.is_some()
    }

    /// The type, then the values.
    pub(crate) fn write<'a>(&'a self, parts: &mut Parts<'a>) {
        let mut add = |kind: Kind, values: &'a [u8]| {
            parts.add(kind.name());
            parts.add(values);
        };
        match &self.rows {
            Rows::Owned(Values::F32(values)) => add(Kind::F32, bytemuck::cast_slice(values)),
            Rows::Owned(Values::F16(values)) => {
                add(Kind::F16, bytemuck::cast_slice(values.reinterpret_cast()));
            }
            Rows::Owned(Values::Bf16(values)) => {
                add(Kind::Bf16, bytemuck::cast_slice(values.reinterpret_cast()));
            }
            Rows::MappedF32(bytes) => add(Kind::F32, bytes),
            Rows::MappedF16(bytes) => add(Kind::F16, bytes),
            Rows::MappedBf16(bytes) => add(Kind::Bf16, bytes),
        }
    }

    /// What [`write`](Self::write) gave to a packed file.
    pub(crate) fn read(parts: &mut PartReader, architecture: &Architecture) -> Option<Self> {
        let kind = parts.next()?;
        let kind = [Kind::F32, Kind::F16, Kind::Bf16].into_iter().find(|k| *k.name() == *kind)?;
        let values = parts.next()?;
        let size = if kind == Kind::F32 { 4 } else { 2 };
        let count = architecture.vocabulary.checked_mul(architecture.hidden)?;
        if values.len() != count.checked_mul(size)? {
            return None;
        }
        // Its checksum has just been taken: of all that was read for it, a few rows will be needed again.
        values.give_back();
        let rows = match kind {
            Kind::F32 => Rows::MappedF32(values),
            Kind::F16 => Rows::MappedF16(values),
            Kind::Bf16 => Rows::MappedBf16(values),
        };
        Some(Self { rows, hidden: architecture.hidden })
    }
}

/// A type of values.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    F32,
    F16,
    Bf16,
}

impl Kind {
    fn name(self) -> &'static [u8] {
        match self {
            Self::F32 => b"F32",
            Self::F16 => b"F16",
            Self::Bf16 => b"BF16",
        }
    }
}
