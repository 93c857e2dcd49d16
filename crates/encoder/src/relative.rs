//! `MPNet`'s bias by distance: one value for each head and bucket of distances, shared by all layers.
//!
//! The buckets are T5's for both directions (Raffel et al., 2020, section 2.1): a half for keys behind the query,
//! a half for the others; of each, one for every distance below 8, and eight that grow by √2 up to a distance of
//! 128 and on. They are written out once, when the model is loaded, as a row of values by distance.

use hippocamp_simd::RelativeBias;

use crate::Error;
use crate::config::Architecture;
use crate::packed_file::PartReader;
use crate::weights::Weights;

const TENSOR: &str = "encoder.relative_attention_bias.weight";
/// How many buckets there are. The original takes this number whatever its configuration says.
pub(crate) const BUCKETS: usize = 32;

/// The values by distance, `[heads, 2 * max_tokens - 1]`.
pub(crate) struct RelativeTable {
    values: Vec<f32>,
    max_tokens: usize,
}

impl RelativeTable {
    pub(crate) fn load(weights: &mut Weights, architecture: &Architecture) -> Result<Self, Error> {
        let (heads, max_tokens) = (architecture.heads, architecture.max_tokens());
        let mut buckets = Vec::new();
        weights.append(TENSOR, &[BUCKETS, heads], &mut buckets)?;
        let mut values = Vec::with_capacity(heads * (2 * max_tokens).saturating_sub(1));
        for head in 0..heads {
            let value = |bucket: usize| buckets.get(bucket * heads + head).copied();
            let before = (1..max_tokens).rev().map(|distance| value(bucket(distance)));
            let behind = (1..max_tokens).map(|distance| value(BUCKETS / 2 + bucket(distance)));
            values.extend(before.chain([value(0)]).chain(behind).map(Option::unwrap_or_default));
        }
        Ok(Self { values, max_tokens })
    }

    /// All of them, row-major.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// What was written of one to a packed file.
    pub(crate) fn read(parts: &mut PartReader, architecture: &Architecture) -> Option<Self> {
        let max_tokens = architecture.max_tokens();
        let distances = (2 * max_tokens).saturating_sub(1);
        let values = parts.values(distances.checked_mul(architecture.heads)?)?;
        Some(Self { values, max_tokens })
    }

    pub(crate) fn bias(&self) -> RelativeBias<'_> {
        RelativeBias::new(&self.values, self.max_tokens.saturating_sub(1))
    }
}

/// The bucket of a distance within its half: `8 + ⌊2 log₂(distance / 8)⌋` from 8 on, in whole numbers.
fn bucket(distance: usize) -> usize {
    const EXACT: usize = BUCKETS / 4;
    if distance < EXACT {
        return distance;
    }
    let doublings = (distance * distance / (EXACT * EXACT)).ilog2() as usize;
    (EXACT + doublings).min(BUCKETS / 2 - 1)
}

#[cfg(test)]
mod tests {
    use super::bucket;

    #[test]
    fn buckets_are_those_of_the_original() {
        // From `MPNetEncoder.relative_position_bucket` of transformers: the first distance of each bucket.
        let firsts = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91];
        for (number, first) in firsts.into_iter().enumerate() {
            assert_eq!(bucket(first), number, "distance {first}");
            assert_eq!(bucket(first.saturating_sub(1)), number.saturating_sub(1), "{first}");
        }
        assert_eq!((bucket(127), bucket(128), bucket(5000)), (15, 15, 15));
    }
}
