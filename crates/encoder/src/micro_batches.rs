//! Texts that go through a network together.

use crate::Tokens;

/// Tokens of a micro-batch: enough that the weights are read once for many tokens, few enough that the activations (about
/// 13 KB a token for a hidden size of 384) stay in the second-level cache.
pub const MICRO_BATCH_TOKENS: usize = 256;

/// Cuts texts into micro-batches: of at most [`MICRO_BATCH_TOKENS`] tokens, or of one text.
pub fn micro_batches(texts: &[Tokens]) -> impl Iterator<Item = &[Tokens]> {
    let mut tokens = 0;
    texts.chunk_by(move |text, next| {
        tokens += text.len();
        let fits = tokens + next.len() <= MICRO_BATCH_TOKENS;
        if !fits {
            tokens = 0;
        }
        fits
    })
}

#[cfg(test)]
mod tests {
    use super::{MICRO_BATCH_TOKENS, micro_batches};
    use crate::Tokens;

    fn lengths(of: &[usize]) -> Vec<Vec<usize>> {
        let texts: Vec<Tokens> = of.iter().map(|len| Tokens::of_length(*len)).collect();
        micro_batches(&texts).map(|batch| batch.iter().map(Tokens::len).collect()).collect()
    }

    #[test]
    fn texts_go_together_as_far_as_there_is_room() {
        const MOST: usize = MICRO_BATCH_TOKENS;
        assert!(lengths(&[]).is_empty());
        assert_eq!(lengths(&[3]), [[3]]);
        assert_eq!(lengths(&[MOST - 5, 5, 1]), [vec![MOST - 5, 5], vec![1]]);
        assert_eq!(lengths(&[MOST - 5, 6, 1, 2]), [vec![MOST - 5], vec![6, 1, 2]]);
        assert_eq!(lengths(&[1, 2 * MOST, 3, 4]), [vec![1], vec![2 * MOST], vec![3, 4]]);
        assert_eq!(lengths(&[0, MOST, 0, 1]), [vec![0, MOST, 0], vec![1]]);
    }
}
