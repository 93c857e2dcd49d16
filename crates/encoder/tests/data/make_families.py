"""Writes families/: small seeded models and what transformers and torch make of texts with them.

    pip install torch==2.6.0 transformers==5.24.0
    python make_families.py

For each family a folder with config.json and model.safetensors, as transformers writes them; beside them
tokenizer.json for the encoders, and expected.json: the token ids of the texts and, by family, the mean over the
token vectors of each text, without normalisation. The same in rerankers/: models with one label, the ids and token
types of pairs cut to 64 tokens by the tokenizer, and their logits by family. JinaBERT has no code in transformers: it is written out here
from the papers (Guenther et al., 2023; Press et al., 2021).
"""

import json
import math
import random
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    DistilBertModel,
    ModernBertConfig,
    ModernBertModel,
    MPNetConfig,
    MPNetForSequenceClassification,
    MPNetModel,
    NomicBertConfig,
    NomicBertModel,
    RobertaConfig,
    RobertaForSequenceClassification,
    RobertaModel,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
    XLMRobertaModel,
)

HERE = Path(__file__).parent / "families"
RERANKERS = Path(__file__).parent / "rerankers"
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
WORDS = ["the", "cat", "sat", "on", "mat", "a", "dog", "ran", "away", "what", "is", "best", "way", "to", "learn"]
VOCABULARY = len(SPECIAL) + len(WORDS) + 1
POSITIONS = 180


def tokenizer():
    words = {word: row for row, word in enumerate(SPECIAL + WORDS)}
    made = Tokenizer(models.WordPiece(words, unk_token="<unk>"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.add_special_tokens(SPECIAL)
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return made


def texts():
    choose = random.Random(7)
    return [" ".join(choose.choice(WORDS) for _ in range(length)) for length in (0, 1, 3, 7, 20, 60, 165)]


@torch.no_grad()
def seeded(model, seed):
    """Weights large enough that every part of the network shows, in values that f16 has."""
    torch.manual_seed(seed)
    for name, weight in model.named_parameters():
        is_norm = weight.dim() == 1 and name.endswith("weight")
        spread = 0.2 if weight.dim() == 1 else 0.5
        weight.copy_((torch.randn_like(weight) * spread + float(is_norm)).half().float())
    return model.eval()


def saved(folder, model, config):
    model.save_pretrained(folder)
    file = folder / "model.safetensors"
    weights = {key: value.half() for key, value in load_file(file).items()}
    save_file(weights, file, metadata={"format": "pt"})
    written = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**written, **config}, indent=1) + "\n")


class JinaLayer(nn.Module):
    def __init__(self, hidden, heads, intermediate):
        super().__init__()
        self.heads = heads
        self.attention = nn.ModuleDict(
            {
                "self": nn.ModuleDict({part: nn.Linear(hidden, hidden) for part in ("query", "key", "value")}),
                "output": nn.ModuleDict({"dense": nn.Linear(hidden, hidden), "LayerNorm": nn.LayerNorm(hidden, 1e-12)}),
            }
        )
        self.mlp = nn.ModuleDict(
            {
                "gated_layers": nn.Linear(hidden, 2 * intermediate, bias=False),
                "wo": nn.Linear(intermediate, hidden),
                "layernorm": nn.LayerNorm(hidden, 1e-12),
            }
        )

    def forward(self, x, bias):
        tokens, hidden = x.shape
        split = lambda part: self.attention["self"][part](x).view(tokens, self.heads, -1).transpose(0, 1)
        scores = split("query") @ split("key").transpose(1, 2) / math.sqrt(hidden // self.heads) + bias
        context = (scores.softmax(-1) @ split("value")).transpose(0, 1).reshape(tokens, hidden)
        output = self.attention["output"]
        y = output["LayerNorm"](output["dense"](context) + x)
        gate, value = self.mlp["gated_layers"](y).chunk(2, -1)
        return self.mlp["layernorm"](self.mlp["wo"](nn.functional.gelu(gate) * value) + y)


class Jina(nn.Module):
    """BERT with attention biased by distance (ALiBi) and gated feed-forward blocks (GEGLU), without positions."""

    def __init__(self, hidden=24, heads=6, intermediate=20, layers=2):
        super().__init__()
        self.heads = heads
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(VOCABULARY, hidden),
                "token_type_embeddings": nn.Embedding(2, hidden),
                "LayerNorm": nn.LayerNorm(hidden, 1e-12),
            }
        )
        layers = [JinaLayer(hidden, heads, intermediate) for _ in range(layers)]
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(layers)})

    def slopes(self):
        power = lambda count: [2 ** (-8 * (place + 1) / count) for place in range(count)]
        below = 2 ** math.floor(math.log2(self.heads))
        return power(below) + power(2 * below)[0::2][: self.heads - below]

    def forward(self, ids):
        table = self.embeddings
        x = table["LayerNorm"](table["word_embeddings"](ids) + table["token_type_embeddings"].weight[0])
        places = torch.arange(len(ids))
        distances = (places[:, None] - places[None, :]).abs()
        bias = -torch.tensor(self.slopes())[:, None, None] * distances
        for layer in self.encoder["layer"]:
            x = layer(x, bias)
        return x

    def save_pretrained(self, folder):
        folder.mkdir(exist_ok=True)
        save_file(self.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
        config = {
            "architectures": ["JinaBertForMaskedLM"],
            "model_type": "bert",
            "vocab_size": VOCABULARY,
            "hidden_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 6,
            "intermediate_size": 20,
            "hidden_act": "gelu",
            "feed_forward_type": "geglu",
            "position_embedding_type": "alibi",
            "max_position_embeddings": POSITIONS,
            "type_vocab_size": 2,
            "layer_norm_eps": 1e-12,
            "pad_token_id": 0,
        }
        (folder / "config.json").write_text(json.dumps(config))


SHAPE = dict(
    vocab_size=VOCABULARY,
    hidden_size=24,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=20,
    max_position_embeddings=POSITIONS,
    attn_implementation="eager",
)
DISTILBERT = dict(
    vocab_size=VOCABULARY,
    dim=24,
    n_layers=2,
    n_heads=3,
    hidden_dim=20,
    max_position_embeddings=POSITIONS,
    attn_implementation="eager",
)


def families():
    shape = SHAPE
    plain = dict(add_pooling_layer=False)
    yield "bert", BertModel(BertConfig(**shape), **plain), {}
    # Its configuration does not say which row is the padding's.
    yield "roberta", RobertaModel(RobertaConfig(**shape), **plain), {"pad_token_id": None}
    yield "xlm-roberta", XLMRobertaModel(XLMRobertaConfig(**shape, type_vocab_size=1), **plain), {}
    yield "distilbert", DistilBertModel(DistilBertConfig(**DISTILBERT)), {}
    yield "mpnet", MPNetModel(MPNetConfig(**shape, layer_norm_eps=1e-5), **plain), {}
    modern = dict(
        shape,
        num_hidden_layers=4,
        global_attn_every_n_layers=3,
        local_attention=10,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        cls_token_id=0,
        sep_token_id=2,
    )
    yield "modernbert", ModernBertModel(ModernBertConfig(**modern)), {}
    yield "nomic_bert", NomicBertModel(NomicBertConfig(**shape)), {}
    yield "jina_bert", Jina(), {}


def rerankers():
    one = dict(num_labels=1)
    # The last way to say it is that of sentence-transformers before its version 4.
    identity = {"sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity", "version": "4.0.1"}}
    older = {"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"}
    yield "bert", BertForSequenceClassification(BertConfig(**SHAPE, **one)), identity
    yield "roberta", RobertaForSequenceClassification(RobertaConfig(**SHAPE, **one)), older
    xlm = XLMRobertaConfig(**SHAPE, **one, type_vocab_size=1)
    yield "xlm-roberta", XLMRobertaForSequenceClassification(xlm), {}
    yield "distilbert", DistilBertForSequenceClassification(DistilBertConfig(**DISTILBERT, **one)), {}
    yield "mpnet", MPNetForSequenceClassification(MPNetConfig(**SHAPE, **one)), {}


def pairs():
    choose = random.Random(8)
    words = lambda count: " ".join(choose.choice(WORDS) for _ in range(count))
    lengths = [(1, 1), (5, 0), (0, 5), (4, 20), (30, 31), (31, 30), (10, 100), (100, 10), (60, 60), (90, 61), (33, 28)]
    return [(words(query), words(text)) for query, text in lengths]


@torch.no_grad()
def write_rerankers():
    RERANKERS.mkdir(exist_ok=True)
    made = tokenizer()
    made.save(str(RERANKERS / "tokenizer.json"))
    made.enable_truncation(64, strategy="longest_first")
    encoded = [made.encode(query, text) for query, text in pairs()]
    logits = {}
    for seed, (name, model, config) in enumerate(rerankers()):
        seeded(model, 100 + seed)
        saved(RERANKERS / name, model, config)
        double = model.double()
        typed = name == "bert"
        logits[name] = []
        for one in encoded:
            inputs = {"input_ids": torch.tensor([one.ids])}
            if typed:
                inputs["token_type_ids"] = torch.tensor([one.type_ids])
            logits[name].append(round(double(**inputs).logits.item(), 9))
    tokens = [{"ids": one.ids, "types": one.type_ids} for one in encoded]
    expected = {"pairs": pairs(), "tokens": tokens, "logits": logits}
    (RERANKERS / "expected.json").write_text(json.dumps(expected) + "\n")


@torch.no_grad()
def main():
    write_rerankers()
    HERE.mkdir(exist_ok=True)
    made = tokenizer()
    made.save(str(HERE / "tokenizer.json"))
    tokens = [made.encode(text).ids for text in texts()]
    vectors = {}
    for seed, (name, model, config) in enumerate(families()):
        seeded(model, seed)
        saved(HERE / name, model, config)
        double = model.double()
        rows = []
        for ids in tokens:
            ids = torch.tensor(ids)
            states = double(ids) if name == "jina_bert" else double(ids[None]).last_hidden_state[0]
            rows.append([round(value, 9) for value in states.mean(0).tolist()])
        vectors[name] = rows
    expected = {"texts": texts(), "tokens": tokens, "vectors": vectors}
    (HERE / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
