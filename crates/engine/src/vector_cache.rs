//! Vectors of texts that were encoded lately.
//!
//! Questions come again, word by word: from the user who retries, from the agent that asks every store. Texts
//! that are stored do not, so only calls in which somebody waits look here and are remembered; bulk work
//! neither drives out what they left nor pays for looking. An encoder gives a text the same bits every time, so a
//! remembered vector is the vector.
//!
//! Invariant: the sizes of all that is remembered add up to no more than the limit.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Longer texts with their prefix are not remembered: they are documents, not questions.
const MAX_TEXT: usize = 4 << 10;
/// What an entry takes beside its text and its vector: two tables' rows and three allocations, roughly.
const OVERHEAD: usize = 200;

/// The most recently used vectors, up to so many bytes.
pub(crate) struct VectorCache {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    vectors: HashMap<Arc<str>, Entry>,
    /// Keys by when they were used last.
    order: BTreeMap<u64, Arc<str>>,
    clock: u64,
    bytes: usize,
    hits: u64,
    misses: u64,
}

struct Entry {
    used: u64,
    vector: Arc<Remembered>,
}

/// What an encoder has made of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Encoded<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) tokens: usize,
    pub(crate) truncated: bool,
}

/// The same, kept.
pub(crate) struct Remembered {
    values: Box<[f32]>,
    tokens: usize,
    truncated: bool,
}

/// A cache in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Texts that were found.
    pub hits: u64,
    /// Texts that were looked for in vain.
    pub misses: u64,
    /// Vectors that are remembered.
    pub vectors: usize,
    /// What they take.
    pub bytes: usize,
}

impl VectorCache {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default() }
    }

    /// Whether a text is looked up and remembered at all.
    pub(crate) fn takes(&self, prefix: &str, text: &str) -> bool {
        self.limit > 0 && prefix.len() + text.len() <= MAX_TEXT
    }

    pub(crate) fn find(&self, prefix: &str, text: &str) -> Option<Arc<Remembered>> {
        if !self.takes(prefix, text) {
            return None;
        }
        let key = key(prefix, text);
        let mut state = self.lock();
        let now = state.tick();
        let Some(entry) = state.vectors.get_mut(key.as_str()) else {
            state.misses += 1;
            return None;
        };
        let vector = Arc::clone(&entry.vector);
        let before = std::mem::replace(&mut entry.used, now);
        if let Some(key) = state.order.remove(&before) {
            state.order.insert(now, key);
        }
        state.hits += 1;
        Some(vector)
    }

    pub(crate) fn remember(&self, prefix: &str, text: &str, encoded: Encoded<'_>) {
        if !self.takes(prefix, text) {
            return;
        }
        let key: Arc<str> = key(prefix, text).into();
        let bytes = bytes(&key, encoded.values);
        if bytes > self.limit {
            return;
        }
        let Encoded { values, tokens, truncated } = encoded;
        let vector = Arc::new(Remembered { values: values.into(), tokens, truncated });
        let mut state = self.lock();
        let used = state.tick();
        let entry = Entry { used, vector };
        state.bytes += bytes;
        state.order.insert(used, Arc::clone(&key));
        if let Some(old) = state.vectors.insert(key, entry)
            && let Some(key) = state.order.remove(&old.used)
        {
            state.bytes -= self::bytes(&key, &old.vector.values);
        }
        while state.bytes > self.limit
            && let Some((_, key)) = state.order.pop_first()
        {
            if let Some(old) = state.vectors.remove(&key) {
                state.bytes -= self::bytes(&key, &old.vector.values);
            }
        }
    }

    pub(crate) fn stats(&self) -> CacheStats {
        let state = self.lock();
        let State { hits, misses, bytes, .. } = *state;
        CacheStats { hits, misses, vectors: state.vectors.len(), bytes }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    pub(crate) fn encoded(&self) -> Encoded<'_> {
        let Self { values, tokens, truncated } = self;
        Encoded { values, tokens: *tokens, truncated: *truncated }
    }
}

impl State {
    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }
}

/// Different for any two pairs of prefix and text.
fn key(prefix: &str, text: &str) -> String {
    format!("{}:{prefix}{text}", prefix.len())
}

fn bytes(key: &str, values: &[f32]) -> usize {
    key.len() + size_of_val(values) + OVERHEAD
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    /// What is made of a text, told by its first value.
    fn encoded(values: &[f32; 25]) -> Encoded<'_> {
        Encoded { values, tokens: 3, truncated: values[0] > 5.0 }
    }

    /// Room for `count` vectors of texts of one character.
    fn room(count: usize) -> VectorCache {
        VectorCache::new(count * bytes("0:a", &[0.0; 25]))
    }

    #[test]
    fn a_prefix_and_a_text_are_not_the_text_that_they_make_together() {
        let cache = room(10);
        cache.remember("a", "b", encoded(&[1.0; 25]));
        let found = cache.find("a", "b").unwrap();
        assert_eq!(found.encoded(), encoded(&[1.0; 25]));
        assert!(cache.find("", "ab").is_none());
        assert!(cache.find("ab", "").is_none());
        let CacheStats { hits, misses, vectors, .. } = cache.stats();
        assert_eq!((hits, misses, vectors), (1, 2, 1));
    }

    #[test]
    fn nothing_is_remembered_of_long_texts_nor_without_room() {
        let cache = VectorCache::new(1 << 20);
        cache.remember("", &"a".repeat(MAX_TEXT + 1), encoded(&[1.0; 25]));
        cache.remember("b", &"a".repeat(MAX_TEXT), encoded(&[1.0; 25]));
        let none = VectorCache::new(0);
        none.remember("", "a", encoded(&[1.0; 25]));
        let small = VectorCache::new(100);
        small.remember("", "a", encoded(&[1.0; 25]));
        assert!([cache, none, small].iter().all(|cache| cache.stats().vectors == 0));
    }

    proptest! {
        #[test]
        fn what_was_used_last_is_what_is_kept(
            uses in prop::collection::vec((0..8_u8, any::<bool>()), 0..200),
            room in 0..6_usize,
        ) {
            let cache = self::room(room);
            let mut kept: VecDeque<(u8, f32)> = VecDeque::new();
            for (at, (text, store)) in uses.into_iter().enumerate() {
                let name = text.to_string();
                let known = kept.iter().position(|(kept, _)| *kept == text);
                if store {
                    cache.remember("", &name, encoded(&[at as f32; 25]));
                    known.map(|known| kept.remove(known));
                    kept.push_back((text, at as f32));
                    kept.drain(..kept.len().saturating_sub(room));
                } else {
                    let expected = known.and_then(|known| kept.remove(known));
                    kept.extend(expected);
                    let found = cache.find("", &name).map(|found| found.values[0]);
                    prop_assert_eq!(found, expected.map(|(_, value)| value));
                }
                let stats = cache.stats();
                prop_assert_eq!(stats.vectors, kept.len());
                prop_assert_eq!(stats.bytes, kept.len() * bytes("0:a", &[0.0; 25]));
            }
        }
    }
}
