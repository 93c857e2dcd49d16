//! A fast 64-bit checksum of weights, for the fingerprint.
//!
//! A cryptographic hash of every byte would be the obvious choice, but on processors without instructions for it
//! it takes longer than everything else in loading. What has to be told apart here are models, not forgeries
//! (those are a matter of the pinned SHA-256 at download), and one multiplication for each 8 bytes keeps pace
//! with reading.

/// Any odd number with bits spread evenly: the fractional part of the golden ratio.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
/// Anything but zero, so that leading zeros count: the fractional part of π.
const START: u64 = 0x243f_6a88_85a3_08d3;

/// `state = fold((state ^ word) * MULTIPLIER)` over little-endian words of 8 bytes, where `fold` combines both
/// halves of the product of 128 bits: the lower half alone would carry the top bits of a word nowhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checksum {
    state: u64,
    bytes: u64,
}

impl Default for Checksum {
    fn default() -> Self {
        Self { state: START, bytes: 0 }
    }
}

impl Checksum {
    /// Pieces must be whole words, except the last; it is filled up with zeros.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let last = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            self.word(last);
        }
        self.bytes += bytes.len() as u64;
    }

    pub(crate) fn finish(mut self) -> u64 {
        self.word(self.bytes);
        self.word(0);
        self.state
    }

    fn word(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(MULTIPLIER);
        self.state = product as u64 ^ (product >> 64) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::Checksum;

    fn checksum(pieces: &[&[u8]]) -> u64 {
        let mut checksum = Checksum::default();
        for piece in pieces {
            checksum.update(piece);
        }
        checksum.finish()
    }

    #[test]
    fn the_cuts_between_pieces_do_not_matter() {
        let bytes: Vec<u8> = (0..61).collect();
        let (a, b) = bytes.split_at(24);
        assert_eq!(checksum(&[&bytes]), checksum(&[a, b]));
    }

    #[test]
    fn every_bit_and_the_length_matter() {
        let mut bytes = vec![0; 37];
        let mut seen = std::collections::HashSet::from([checksum(&[&bytes])]);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(seen.insert(checksum(&[&bytes])), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for length in 0..37 {
            assert!(seen.insert(checksum(&[&bytes[..length]])), "length {length}");
        }
    }
}
