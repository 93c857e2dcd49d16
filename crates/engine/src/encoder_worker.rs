//! What a thread does with an encoder's queue: takes a micro-batch out, tokenises it, encodes it, and hands the
//! vectors to their calls.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use hippocamp_encoder::{Error as EncoderError, Scratch, Tokens};

use crate::encode_call::{Answer, Piece};
use crate::encoder_queue::{Queue, tell};
use crate::micro_batch::MicroBatch;
use crate::queue_lanes::Next;
use crate::vector_cache::Encoded;
use crate::{Error, Priority};

/// Working memory, used again by the thread that comes next.
#[derive(Default)]
pub(crate) struct Desks(Mutex<Vec<Desk>>);

#[derive(Default)]
struct Desk {
    scratch: Scratch,
    /// Vectors, row-major.
    rows: Vec<f32>,
}

impl Queue {
    /// Takes what is waiting, up to a micro-batch, and encodes it; false if nothing was.
    pub(crate) fn run_micro_batch(&self, priority: Priority) -> bool {
        let run = || {
            let batch = self.take(priority);
            let any = batch.len() > 0;
            if any {
                self.encode(batch);
            }
            any
        };
        // A panic is a fault of ours: the calls whose texts it took with it have failed, and others go on.
        catch_unwind(AssertUnwindSafe(run)).unwrap_or(true)
    }

    fn take(&self, priority: Priority) -> MicroBatch {
        let mut batch = MicroBatch::default();
        let mut lanes = self.lanes();
        let lane = lanes.of(priority);
        // Those that come next are left their share.
        let share = lane.waiting().div_ceil(1 + lane.coming);
        drop(lanes);
        while batch.len() < share
            && let Some(next) = self.next(priority)
        {
            let tokenized = match next {
                Next::Tokens(piece, tokens) => Some((piece, tokens)),
                Next::Text(piece, text) => {
                    batch.join(piece).and_then(|piece| self.tokenize(piece, &text))
                }
            };
            if let Some((piece, tokens)) = tokenized
                && let Some((piece, tokens)) = batch.push(piece, tokens)
            {
                self.lanes().of(priority).put_back(piece, tokens);
                break;
            }
        }
        batch
    }

    fn next(&self, priority: Priority) -> Option<Next> {
        let (next, admitted) = self.lanes().of(priority).next(&self.cache);
        tell(admitted);
        next
    }

    /// Nothing if the text's call has failed by it.
    fn tokenize(&self, piece: Piece, text: &str) -> Option<(Piece, Tokens)> {
        match caught(|| self.encoder.tokenize(text, &piece.call().prefix)) {
            Ok(tokens) => Some((piece, tokens)),
            Err(error) => {
                self.fail(piece.call(), error);
                None
            }
        }
    }

    /// If a micro-batch fails, each call's share goes by itself: only calls whose own texts fail, do.
    fn encode(&self, batch: MicroBatch) {
        let running = self.meter.run(&batch);
        let mut desk = self.desks.take();
        let result = caught(|| self.forward(batch.texts(), &mut desk));
        drop(running);
        match result {
            Ok(()) => {
                self.deliver(batch, &desk.rows);
                self.desks.put(desk);
            }
            Err(error) => match batch.only_call().map(Arc::clone) {
                Some(call) => self.fail(&call, of_row(error, &batch)),
                None => batch.by_call().into_iter().for_each(|part| self.encode(part)),
            },
        }
    }

    fn forward(&self, texts: &[Tokens], desk: &mut Desk) -> Result<(), EncoderError> {
        let Desk { scratch, rows } = desk;
        rows.resize(texts.len() * self.encoder.dimension(), 0.0);
        let references: Vec<&Tokens> = texts.iter().collect();
        self.encoder.forward(&references, scratch, rows)
    }

    fn deliver(&self, batch: MicroBatch, rows: &[f32]) {
        let (texts, pieces) = batch.into_parts();
        let dimension = self.encoder.dimension();
        let mut answers = Vec::new();
        for (piece, at) in pieces {
            let values = rows.get(at * dimension..(at + 1) * dimension);
            let (Some(tokens), Some(values)) = (texts.get(at), values) else { continue };
            let (tokens, truncated) = (tokens.len(), tokens.is_truncated());
            let encoded = Encoded { values, tokens, truncated };
            if let Some(text) = piece.text() {
                self.cache.remember(&piece.call().prefix, text, encoded);
            }
            answers.extend(piece.store(encoded));
        }
        // Nobody's texts wait for what others do with their answers.
        answers.into_iter().for_each(Answer::give);
    }
}

impl Desks {
    fn take(&self) -> Desk {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn put(&self, desk: Desk) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(desk);
    }
}

/// Runs the encoder; a panic in it is an error.
fn caught<T>(run: impl FnOnce() -> Result<T, EncoderError>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => Ok(result?),
        Err(panic) => Err(Error::of_panic(panic.as_ref())),
    }
}

/// The error with the text's position in its call instead of that in the micro-batch.
fn of_row(error: Error, batch: &MicroBatch) -> Error {
    match error {
        Error::Encoder(EncoderError::NotFinite { text }) => {
            let text = batch.row_of(text).unwrap_or(text);
            EncoderError::NotFinite { text }.into()
        }
        other => other,
    }
}
