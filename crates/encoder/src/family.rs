//! What the families of networks on the fast path call their tensors, and where their positions start.
//!
//! BERT (Devlin et al., 2018), `RoBERTa` (Liu et al., 2019), `DistilBERT` (Sanh et al., 2019) and `MPNet` (Song et
//! al., 2020) have the same blocks. `RoBERTa` and `MPNet` count positions from behind the padding token's,
//! `DistilBERT` and `MPNet` have no token types, and `MPNet` adds to the scores of attention a bias by distance.

use hippocamp_simd::Activation;

/// A family of networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Bert,
    Roberta,
    DistilBert,
    Mpnet,
}

/// Fields of `config.json`.
pub(crate) struct Keys {
    pub(crate) hidden: &'static str,
    pub(crate) layers: &'static str,
    pub(crate) heads: &'static str,
    pub(crate) intermediate: &'static str,
    pub(crate) activation: &'static str,
}

/// Tensors, without `.weight` and `.bias`; those of a layer without the layer's own name before them.
pub(crate) struct TensorNames {
    /// Before the number of a layer.
    pub(crate) layers: &'static str,
    pub(crate) query_key_value: [&'static str; 3],
    pub(crate) attention_output: &'static str,
    pub(crate) attention_norm: &'static str,
    pub(crate) intermediate: &'static str,
    pub(crate) output: &'static str,
    pub(crate) output_norm: &'static str,
}

/// The two linear layers that make a score of a pair's first token, and what stands between them.
pub(crate) struct HeadNames {
    pub(crate) dense: &'static str,
    /// Whether the first one's name has the prefix of the network's.
    pub(crate) dense_has_prefix: bool,
    pub(crate) activation: Activation,
    pub(crate) score: &'static str,
}

impl Family {
    /// The family of a `model_type`.
    pub(crate) fn of(model_type: &str) -> Option<Self> {
        match model_type {
            "bert" => Some(Self::Bert),
            "roberta" | "xlm-roberta" | "camembert" => Some(Self::Roberta),
            "distilbert" => Some(Self::DistilBert),
            "mpnet" => Some(Self::Mpnet),
            _ => None,
        }
    }

    pub(crate) fn keys(self) -> Keys {
        match self {
            Self::Bert | Self::Roberta | Self::Mpnet => Keys {
                hidden: "hidden_size",
                layers: "num_hidden_layers",
                heads: "num_attention_heads",
                intermediate: "intermediate_size",
                activation: "hidden_act",
            },
            Self::DistilBert => Keys {
                hidden: "dim",
                layers: "n_layers",
                heads: "n_heads",
                intermediate: "hidden_dim",
                activation: "activation",
            },
        }
    }

    pub(crate) fn tensors(self) -> TensorNames {
        let bert = TensorNames {
            layers: "encoder.layer",
            query_key_value: ["attention.self.query", "attention.self.key", "attention.self.value"],
            attention_output: "attention.output.dense",
            attention_norm: "attention.output.LayerNorm",
            intermediate: "intermediate.dense",
            output: "output.dense",
            output_norm: "output.LayerNorm",
        };
        match self {
            Self::Bert | Self::Roberta => bert,
            Self::DistilBert => TensorNames {
                layers: "transformer.layer",
                query_key_value: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
                attention_output: "attention.out_lin",
                attention_norm: "sa_layer_norm",
                intermediate: "ffn.lin1",
                output: "ffn.lin2",
                output_norm: "output_layer_norm",
            },
            Self::Mpnet => TensorNames {
                query_key_value: ["attention.attn.q", "attention.attn.k", "attention.attn.v"],
                attention_output: "attention.attn.o",
                attention_norm: "attention.LayerNorm",
                ..bert
            },
        }
    }

    pub(crate) fn head(self) -> HeadNames {
        let own = |dense, activation, score| HeadNames {
            dense,
            dense_has_prefix: false,
            activation,
            score,
        };
        match self {
            // Its pooler, which is a part of the network.
            Self::Bert => HeadNames {
                dense_has_prefix: true,
                ..own("pooler.dense", Activation::Tanh, "classifier")
            },
            Self::Roberta | Self::Mpnet => {
                own("classifier.dense", Activation::Tanh, "classifier.out_proj")
            }
            Self::DistilBert => own("pre_classifier", Activation::Relu, "classifier"),
        }
    }

    /// Whether the second text of a pair has another token type: only BERT was trained so.
    pub(crate) fn types_pairs(self) -> bool {
        self == Self::Bert
    }

    pub(crate) fn has_token_types(self) -> bool {
        matches!(self, Self::Bert | Self::Roberta)
    }
}
