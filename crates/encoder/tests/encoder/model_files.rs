//! Small models with random weights, written the way sentence-transformers writes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use half::{bf16, f16};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tokenizer_files;

/// A model to be written. The default is a BERT of two layers with mean pooling and normalisation.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) model_type: &'static str,
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) intermediate: usize,
    pub(crate) positions: usize,
    pub(crate) activation: &'static str,
    pub(crate) dtype: Dtype,
    /// Before the name of every tensor.
    pub(crate) prefix: &'static str,
    /// Files that the weights are spread over.
    pub(crate) shards: usize,
    /// `LayerNorm.gamma` and `.beta`.
    pub(crate) old_norm_names: bool,
    /// `1_Pooling/config.json`; without it there is no `modules.json` either.
    pub(crate) pooling: Option<Value>,
    pub(crate) dense: Option<Dense>,
    pub(crate) normalize: bool,
    pub(crate) max_seq_length: Option<usize>,
    pub(crate) seed: u64,
    /// What is done to the random weights.
    pub(crate) change: fn(&mut Tensors),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dtype {
    F32,
    F16,
    Bf16,
}

#[derive(Clone, Debug)]
pub(crate) struct Dense {
    pub(crate) outputs: usize,
    pub(crate) bias: bool,
    pub(crate) activation: &'static str,
}

/// Row-major values, already rounded to the type in which they are stored.
#[derive(Clone, Debug)]
pub(crate) struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

pub(crate) type Tensors = BTreeMap<String, Tensor>;

impl Default for Spec {
    fn default() -> Self {
        Self {
            model_type: "bert",
            hidden: 24,
            layers: 2,
            heads: 3,
            intermediate: 40,
            positions: 32,
            activation: "gelu",
            dtype: Dtype::F32,
            prefix: "",
            shards: 1,
            old_norm_names: false,
            pooling: Some(json!({"pooling_mode_mean_tokens": true})),
            dense: None,
            normalize: true,
            max_seq_length: None,
            seed: 1,
            change: |_| {},
        }
    }
}

impl Spec {
    /// Writes the model to a folder that lives as long as the result.
    pub(crate) fn write(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path();
        write_json(path, "config.json", &self.config());
        write_json(path, "tokenizer.json", &self.tokenizer());
        if let Some(length) = self.max_seq_length {
            write_json(
                path,
                "sentence_bert_config.json",
                &json!({"max_seq_length": length, "do_lower_case": false}),
            );
        }
        self.write_modules(path);
        self.write_weights(path);
        folder
    }

    /// `RoBERTa`'s and `MPNet`'s first position is 2, BERT's and `DistilBERT`'s 0.
    pub(crate) fn first_position(&self) -> usize {
        if matches!(self.model_type, "bert" | "distilbert") { 0 } else { 2 }
    }

    pub(crate) fn has_token_types(&self) -> bool {
        !matches!(self.model_type, "distilbert" | "mpnet")
    }

    pub(crate) fn config(&self) -> Value {
        let mut config = json!({
            "model_type": self.model_type,
            "max_position_embeddings": self.positions,
            "vocab_size": self.vocabulary(),
            "pad_token_id": i32::from(self.model_type != "bert"),
        });
        let fields = if self.model_type == "distilbert" {
            json!({
                "dim": self.hidden, "n_layers": self.layers, "n_heads": self.heads,
                "hidden_dim": self.intermediate, "activation": self.activation,
            })
        } else {
            json!({
                "hidden_size": self.hidden, "num_hidden_layers": self.layers,
                "num_attention_heads": self.heads, "intermediate_size": self.intermediate,
                "hidden_act": self.activation, "type_vocab_size": 2, "layer_norm_eps": self.epsilon(),
            })
        };
        let fields = fields.as_object().expect("an object").clone();
        config.as_object_mut().expect("an object").extend(fields);
        config
    }

    /// `DistilBERT`'s is not in its configuration.
    pub(crate) fn epsilon(&self) -> f64 {
        if self.model_type == "distilbert" { 1e-12 } else { 1e-5 }
    }

    pub(crate) fn tokenizer(&self) -> Value {
        if matches!(self.model_type, "roberta" | "xlm-roberta" | "camembert") {
            tokenizer_files::unigram()
        } else {
            tokenizer_files::word_piece()
        }
    }

    /// Three rows more than the tokenizer uses.
    pub(crate) fn vocabulary(&self) -> usize {
        tokenizer_files::size(&self.tokenizer()) + 3
    }

    /// The network's tensors by plain name.
    pub(crate) fn tensors(&self) -> Tensors {
        let (hidden, intermediate) = (self.hidden, self.intermediate);
        let mut random = Random(self.seed);
        let mut tensors = Tensors::new();
        let mut add = |name: &str, shape: &[usize], centre: f32, spread: f32| {
            let values = (0..shape.iter().product())
                .map(|_| self.dtype.round(centre + spread * random.signed()))
                .collect();
            tensors.insert(name.to_owned(), Tensor { shape: shape.to_vec(), values });
        };
        add("embeddings.word_embeddings.weight", &[self.vocabulary(), hidden], 0.0, 1.0);
        add("embeddings.position_embeddings.weight", &[self.positions, hidden], 0.0, 0.5);
        if self.has_token_types() {
            add("embeddings.token_type_embeddings.weight", &[2, hidden], 0.0, 0.5);
        }
        if self.model_type == "mpnet" {
            add("encoder.relative_attention_bias.weight", &[32, self.heads], 0.0, 2.0);
        }
        add("embeddings.LayerNorm.weight", &[hidden], 1.0, 0.2);
        add("embeddings.LayerNorm.bias", &[hidden], 0.0, 0.2);
        for layer in 0..self.layers {
            let parts = [
                ("attention.self.query", hidden, hidden),
                ("attention.self.key", hidden, hidden),
                ("attention.self.value", hidden, hidden),
                ("attention.output.dense", hidden, hidden),
                ("intermediate.dense", intermediate, hidden),
                ("output.dense", hidden, intermediate),
            ];
            for (part, outputs, inputs) in parts {
                let name = self.layer_name(layer, part);
                add(&format!("{name}.weight"), &[outputs, inputs], 0.0, 0.4);
                add(&format!("{name}.bias"), &[outputs], 0.0, 0.2);
            }
            for part in ["attention.output.LayerNorm", "output.LayerNorm"] {
                let name = self.layer_name(layer, part);
                add(&format!("{name}.weight"), &[hidden], 1.0, 0.2);
                add(&format!("{name}.bias"), &[hidden], 0.0, 0.2);
            }
        }
        (self.change)(&mut tensors);
        tensors
    }

    /// What this family calls a part of a layer that BERT calls `part`.
    pub(crate) fn layer_name(&self, layer: usize, part: &str) -> String {
        let (layers, own) = match self.model_type {
            "distilbert" => (
                "transformer.layer",
                match part {
                    "attention.self.query" => "attention.q_lin",
                    "attention.self.key" => "attention.k_lin",
                    "attention.self.value" => "attention.v_lin",
                    "attention.output.dense" => "attention.out_lin",
                    "attention.output.LayerNorm" => "sa_layer_norm",
                    "intermediate.dense" => "ffn.lin1",
                    "output.dense" => "ffn.lin2",
                    _ => "output_layer_norm",
                },
            ),
            "mpnet" => (
                "encoder.layer",
                match part {
                    "attention.self.query" => "attention.attn.q",
                    "attention.self.key" => "attention.attn.k",
                    "attention.self.value" => "attention.attn.v",
                    "attention.output.dense" => "attention.attn.o",
                    "attention.output.LayerNorm" => "attention.LayerNorm",
                    other => other,
                },
            ),
            _ => ("encoder.layer", part),
        };
        format!("{layers}.{layer}.{own}")
    }

    /// The dense layer's tensors.
    pub(crate) fn dense_tensors(&self) -> Tensors {
        let Some(dense) = &self.dense else { return Tensors::new() };
        let mut random = Random(self.seed + 1000);
        let mut values =
            |count: usize| (0..count).map(|_| 0.4 * random.signed()).collect::<Vec<_>>();
        let weight = Tensor {
            shape: vec![dense.outputs, self.hidden],
            values: values(dense.outputs * self.hidden),
        };
        let mut tensors = Tensors::from([("linear.weight".to_owned(), weight)]);
        if dense.bias {
            tensors.insert(
                "linear.bias".to_owned(),
                Tensor { shape: vec![dense.outputs], values: values(dense.outputs) },
            );
        }
        tensors
    }

    fn write_modules(&self, path: &Path) {
        let Some(pooling) = &self.pooling else { return };
        let mut modules = vec![module("", "Transformer"), module("1_Pooling", "Pooling")];
        write_json(path, "1_Pooling/config.json", pooling);
        if let Some(dense) = &self.dense {
            modules.push(module("2_Dense", "Dense"));
            let class = format!("torch.nn.modules.activation.{}", dense.activation);
            let config = json!({
                "in_features": self.hidden, "out_features": dense.outputs,
                "bias": dense.bias, "activation_function": class
            });
            write_json(path, "2_Dense/config.json", &config);
            let bytes = safetensors(&self.dense_tensors(), Dtype::F32);
            fs::write(path.join("2_Dense/model.safetensors"), bytes).expect("written");
        }
        if self.normalize {
            modules.push(module("3_Normalize", "Normalize"));
        }
        write_json(path, "modules.json", &Value::Array(modules));
    }

    fn write_weights(&self, path: &Path) {
        let named: Tensors = self
            .tensors()
            .into_iter()
            .map(|(name, tensor)| (self.file_name(&name), tensor))
            .collect();
        if self.shards == 1 {
            fs::write(path.join("model.safetensors"), safetensors(&named, self.dtype))
                .expect("written");
            return;
        }
        let mut map = serde_json::Map::new();
        for shard in 0..self.shards {
            let file = format!("model-{:05}-of-{:05}.safetensors", shard + 1, self.shards);
            let own: Tensors = named.clone().into_iter().skip(shard).step_by(self.shards).collect();
            map.extend(own.keys().map(|name| (name.clone(), Value::from(file.as_str()))));
            fs::write(path.join(file), safetensors(&own, self.dtype)).expect("written");
        }
        write_json(
            path,
            "model.safetensors.index.json",
            &json!({"metadata": {}, "weight_map": map}),
        );
    }

    fn file_name(&self, name: &str) -> String {
        let mut name = format!("{}{name}", self.prefix);
        if self.old_norm_names {
            name = name
                .replace("LayerNorm.weight", "LayerNorm.gamma")
                .replace("LayerNorm.bias", "LayerNorm.beta");
        }
        name
    }
}

impl Dtype {
    fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
        }
    }

    fn round(self, value: f32) -> f32 {
        match self {
            Self::F32 => value,
            Self::F16 => f16::from_f32(value).to_f32(),
            Self::Bf16 => bf16::from_f32(value).to_f32(),
        }
    }

    fn bytes(self, value: f32) -> Vec<u8> {
        match self {
            Self::F32 => value.to_le_bytes().to_vec(),
            Self::F16 => f16::from_f32(value).to_le_bytes().to_vec(),
            Self::Bf16 => bf16::from_f32(value).to_le_bytes().to_vec(),
        }
    }
}

/// A safetensors file.
pub(crate) fn safetensors(tensors: &Tensors, dtype: Dtype) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (name, tensor) in tensors {
        let begin = data.len();
        data.extend(tensor.values.iter().flat_map(|value| dtype.bytes(*value)));
        let entry = json!({"dtype": dtype.name(), "shape": tensor.shape, "data_offsets": [begin, data.len()]});
        header.insert(name.clone(), entry);
    }
    with_header(&Value::Object(header), &data)
}

/// A safetensors file of any header.
pub(crate) fn with_header(header: &Value, data: &[u8]) -> Vec<u8> {
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// Splits a safetensors file into its header and the rest.
pub(crate) fn header_of(file: &[u8]) -> (Value, Vec<u8>) {
    let (length, rest) = file.split_at(8);
    let length = u64::from_le_bytes(length.try_into().expect("8 bytes")) as usize;
    let (header, data) = rest.split_at(length);
    (serde_json::from_slice(header).expect("a header"), data.to_vec())
}

pub(crate) fn write_json(folder: &Path, name: &str, value: &Value) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("created");
    fs::write(path, value.to_string()).expect("written");
}

pub(crate) fn module(path: &str, kind: &str) -> Value {
    json!({"idx": 0, "name": "0", "path": path, "type": format!("sentence_transformers.models.{kind}")})
}

/// `SplitMix64` (Steele et al., 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// Evenly in -1..1.
    pub(crate) fn signed(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}
