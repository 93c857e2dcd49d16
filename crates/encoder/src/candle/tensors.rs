//! Tensors on their way from a checked file to candle.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;

use super::architecture::Shape;
use crate::Error;
use crate::weights::Weights;

/// Tensors by the names that candle looks for.
pub(super) struct Tensors<'a> {
    weights: &'a mut Weights,
    found: HashMap<String, Tensor>,
}

impl<'a> Tensors<'a> {
    pub(super) fn new(weights: &'a mut Weights) -> Self {
        Self { weights, found: HashMap::new() }
    }

    /// Reads a tensor that must have this name and shape.
    pub(super) fn read(&mut self, name: &str, shape: &[usize]) -> Result<(), Error> {
        self.read_as(name, name, shape)
    }

    /// The same, for candle under another name.
    pub(super) fn read_as(
        &mut self,
        name: &str,
        candle_name: &str,
        shape: &[usize],
    ) -> Result<(), Error> {
        let mut values = Vec::new();
        self.weights.append(name, shape, &mut values)?;
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu)
            .map_err(|error| Error::InvalidInput { problem: error.to_string() })?;
        self.found.insert(candle_name.to_owned(), tensor);
        Ok(())
    }

    /// Reads a weight and a bias.
    pub(super) fn read_with_bias(
        &mut self,
        name: &str,
        weight_shape: &[usize],
    ) -> Result<(), Error> {
        self.read(&format!("{name}.weight"), weight_shape)?;
        let outputs = weight_shape.first().copied().unwrap_or_default();
        self.read(&format!("{name}.bias"), &[outputs])
    }

    /// Reads the tables of tokens and of token types.
    pub(super) fn read_embeddings(
        &mut self,
        shape: &Shape,
        token_types: usize,
    ) -> Result<(), Error> {
        let [tokens, types] =
            ["word", "token_type"].map(|of| format!("embeddings.{of}_embeddings.weight"));
        self.read(&tokens, &[shape.vocabulary, shape.hidden])?;
        self.read(&types, &[token_types, shape.hidden])
    }

    /// All that was read, and nothing else.
    pub(super) fn finish(self) -> VarBuilder<'static> {
        VarBuilder::from_tensors(self.found, DType::F32, &Device::Cpu)
    }
}
