//! Texts that go through the model together.
//!
//! They may be of many calls: a text has the same bits in any batch. Equal texts of calls that are remembered go through
//! once.

use std::collections::BTreeMap;
use std::sync::Arc;

use hippocamp_encoder::{MICRO_BATCH_TOKENS, Tokens};

use crate::encode_call::{Call, Piece};

/// Texts of at most [`MICRO_BATCH_TOKENS`] tokens together, or one text.
#[derive(Default)]
pub(crate) struct MicroBatch {
    /// What goes through the model.
    texts: Vec<Tokens>,
    /// Who gets which of the vectors.
    pieces: Vec<(Piece, usize)>,
    tokens: usize,
}

impl MicroBatch {
    pub(crate) fn texts(&self) -> &[Tokens] {
        &self.texts
    }

    /// How many texts, equal ones counted each.
    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    pub(crate) fn tokens(&self) -> usize {
        self.tokens
    }

    /// Takes a text on, unless there is no room: then it is given back.
    pub(crate) fn push(&mut self, piece: Piece, tokens: Tokens) -> Option<(Piece, Tokens)> {
        if !self.texts.is_empty() && self.tokens + tokens.len() > MICRO_BATCH_TOKENS {
            return Some((piece, tokens));
        }
        self.tokens += tokens.len();
        self.pieces.push((piece, self.texts.len()));
        self.texts.push(tokens);
        None
    }

    /// Takes a text on that is here already, unless it is not: then it is given back.
    pub(crate) fn join(&mut self, piece: Piece) -> Option<Piece> {
        let same = |other: &Piece| {
            other.text() == piece.text() && other.call().prefix == piece.call().prefix
        };
        let known = self.pieces.iter().find(|(other, _)| piece.text().is_some() && same(other));
        let Some(at) = known.map(|(_, at)| *at) else { return Some(piece) };
        self.pieces.push((piece, at));
        None
    }

    /// The texts of each call by themselves.
    pub(crate) fn by_call(self) -> Vec<Self> {
        let Self { texts, pieces, .. } = self;
        let mut calls: BTreeMap<u64, Self> = BTreeMap::new();
        for (piece, at) in pieces {
            let part = calls.entry(piece.call().number).or_default();
            if let Some(tokens) = texts.get(at) {
                part.tokens += tokens.len();
                part.pieces.push((piece, part.texts.len()));
                part.texts.push(tokens.clone());
            }
        }
        calls.into_values().collect()
    }

    /// Its call, if all texts are of one.
    pub(crate) fn only_call(&self) -> Option<&Arc<Call>> {
        let (first, _) = self.pieces.first()?;
        let of_first = |(piece, _): &(Piece, usize)| Arc::ptr_eq(piece.call(), first.call());
        self.pieces.iter().all(of_first).then(|| first.call())
    }

    /// The position of a text in its call.
    pub(crate) fn row_of(&self, text: usize) -> Option<usize> {
        self.pieces.iter().find(|(_, at)| *at == text).map(|(piece, _)| piece.row())
    }

    /// What went through the model, and who gets which of the vectors.
    pub(crate) fn into_parts(self) -> (Vec<Tokens>, Vec<(Piece, usize)>) {
        (self.texts, self.pieces)
    }
}
