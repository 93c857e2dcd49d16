//! What waits for an encoder, in order: calls of few texts in one lane, those of many in another.
//!
//! This is data behind the queue's lock. Who is let in when others leave is returned, to be told when the lock is free.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use hippocamp_encoder::Tokens;

use crate::Priority;
use crate::encode_call::{Call, Piece};
use crate::encoder_queue::QueueOptions;
use crate::queue_places::{Admitted, Places};
use crate::vector_cache::VectorCache;

/// All that waits.
pub(crate) struct Lanes {
    pub(crate) interactive: Lane,
    pub(crate) bulk: Lane,
}

/// What waits of one priority.
pub(crate) struct Lane {
    /// Calls with texts that nobody has taken, by their numbers.
    calls: BTreeMap<u64, Entry>,
    /// Texts in them.
    texts: usize,
    /// Texts that were tokenised and did not fit into that micro-batch.
    ready: VecDeque<(Piece, Tokens)>,
    pub(crate) places: Places,
    /// Jobs that are queued or running.
    pub(crate) jobs: usize,
    /// Those that have not begun.
    pub(crate) coming: usize,
}

struct Entry {
    call: Arc<Call>,
    texts: Vec<String>,
    rows: Rows,
}

/// The rows of a call's texts that are left.
pub(crate) enum Rows {
    /// All from this one on.
    From(usize),
    /// These.
    Of(std::vec::IntoIter<usize>),
}

/// What is left of a call that is over.
pub(crate) struct Left {
    _entry: Option<Entry>,
    _ready: VecDeque<(Piece, Tokens)>,
}

/// A text that was taken out.
pub(crate) enum Next {
    /// As it came.
    Text(Piece, String),
    /// Tokenised before.
    Tokens(Piece, Tokens),
}

impl Lanes {
    pub(crate) fn new(options: &QueueOptions) -> Self {
        let lane = || Lane {
            calls: BTreeMap::new(),
            texts: 0,
            ready: VecDeque::new(),
            places: Places::new(options.limit, options.when_full),
            jobs: 0,
            coming: 0,
        };
        Self { interactive: lane(), bulk: lane() }
    }

    pub(crate) fn of(&mut self, priority: Priority) -> &mut Lane {
        match priority {
            Priority::Interactive => &mut self.interactive,
            Priority::Bulk => &mut self.bulk,
        }
    }
}

impl Lane {
    /// Texts that nobody has begun to encode.
    pub(crate) fn waiting(&self) -> usize {
        self.texts + self.ready.len()
    }

    /// Queues the texts of a call in these rows, for which so many places were kept.
    pub(crate) fn push(
        &mut self,
        call: Arc<Call>,
        texts: Vec<String>,
        rows: Rows,
        kept: usize,
    ) -> Vec<Admitted> {
        let left = rows.left(&texts);
        self.texts += left;
        self.calls.insert(call.number, Entry { call, texts, rows });
        self.places.exchange(kept, left);
        self.places.admit()
    }

    /// Puts a text back to the front, if somebody still waits for it.
    pub(crate) fn put_back(&mut self, piece: Piece, tokens: Tokens) {
        if !piece.call().is_over() {
            self.ready.push_front((piece, tokens));
        }
    }

    /// The next text that somebody still waits for. Those that may be remembered are carried along.
    pub(crate) fn next(&mut self, cache: &VectorCache) -> (Option<Next>, Vec<Admitted>) {
        while let Some((piece, tokens)) = self.ready.pop_front() {
            if !piece.call().is_over() {
                return (Some(Next::Tokens(piece, tokens)), Vec::new());
            }
        }
        let mut left = 0;
        let mut next = None;
        while next.is_none()
            && let Some(mut entry) = self.calls.first_entry()
        {
            let Entry { call, texts, rows } = entry.get_mut();
            if call.is_over() {
                left += rows.left(texts);
                entry.remove();
                continue;
            }
            if let Some((row, text)) = rows.next(texts) {
                left += 1;
                let remembered = call.remembers && cache.takes(&call.prefix, &text);
                let piece = Piece::new(Arc::clone(call), row, remembered.then(|| text.clone()));
                next = Some(Next::Text(piece, text));
            }
            if rows.left(texts) == 0 {
                entry.remove();
            }
        }
        (next, self.leave(left))
    }

    /// Takes out what is left of a call. It may be much, and is to be dropped when the lock is free.
    pub(crate) fn remove(&mut self, call: &Call) -> (Left, Vec<Admitted>) {
        let is_of = |(piece, _): &(Piece, Tokens)| piece.call().number == call.number;
        let (ready, others) = std::mem::take(&mut self.ready).into_iter().partition(is_of);
        self.ready = others;
        let entry = self.calls.remove(&call.number);
        let texts = entry.as_ref().map_or(0, |entry| entry.rows.left(&entry.texts));
        (Left { _entry: entry, _ready: ready }, self.leave(texts))
    }

    fn leave(&mut self, texts: usize) -> Vec<Admitted> {
        self.texts -= texts;
        self.places.leave(texts);
        self.places.admit()
    }
}

impl Rows {
    pub(crate) fn left(&self, texts: &[String]) -> usize {
        match self {
            Self::From(row) => texts.len() - row,
            Self::Of(rows) => rows.len(),
        }
    }

    fn next(&mut self, texts: &mut [String]) -> Option<(usize, String)> {
        let row = match self {
            Self::From(row) => {
                *row += 1;
                *row - 1
            }
            Self::Of(rows) => rows.next()?,
        };
        Some((row, std::mem::take(texts.get_mut(row)?)))
    }
}
