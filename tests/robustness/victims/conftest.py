"""Tiny real checkpoints: two layers, random weights, a tokenizer made of a few words. Nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

SENTENCES = [
    "the film is a warm and funny story about two brothers",
    "a dull, empty and endless mess that nobody should watch",
    "not bad at all, and the music is great!",
    "the plot is thin but the actors are wonderful; what a cast",
    "it fails as a comedy and as a drama",
]

Build = Callable[..., Path]


def _wordpiece(*segments: str) -> Any:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = sorted({w for s in SENTENCES for w in s.replace(",", "").replace("!", "").replace(";", "").split()})
    letters = list("abcdefghijklmnopqrstuvwxyz,.;!'")
    vocab = {
        token: n for n, token in enumerate(special + letters + ["##" + c for c in letters] + [w for w in words if len(w) > 1])
    }
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    inputs = ["input_ids", *segments, "attention_mask"]
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_input_names=inputs, **names)


def _bytes(special: list[str], **names: str) -> Any:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({token: n for n, token in enumerate(special + alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if "cls_token" in names:
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def _roberta_tokens() -> Any:
    names = {"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>"}
    return _bytes(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], pad_token="<pad>", unk_token="<unk>", mask_token="<mask>", **names)


def _gpt2_tokens() -> Any:
    return _bytes(["<|endoftext|>"], bos_token="<|endoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>")


# Heads of 16: with heads of 8, torch 2.13 with two threads rounds differently by the thread that computes a head.
WIDE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "initializer_range": 0.3}
KINDS: dict[str, tuple[Any, Callable[[], Any], dict[str, Any]]] = {
    "bert": (transformers.BertConfig, lambda: _wordpiece("token_type_ids"), {**WIDE, "max_position_embeddings": 64}),
    "roberta": (transformers.RobertaConfig, _roberta_tokens, {**WIDE, "max_position_embeddings": 66, "type_vocab_size": 1}),
    "electra": (
        transformers.ElectraConfig,
        lambda: _wordpiece("token_type_ids"),
        {**WIDE, "max_position_embeddings": 64, "embedding_size": 16},
    ),
    "distilbert": (
        transformers.DistilBertConfig,
        _wordpiece,
        {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "max_position_embeddings": 64, "initializer_range": 0.3},
    ),
    "deberta": (
        transformers.DebertaV2Config,
        _wordpiece,
        {**WIDE, "max_position_embeddings": 64, "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0},
    ),
    "gpt2": (
        transformers.GPT2Config,
        _gpt2_tokens,
        {
            "n_embd": 32,
            "n_layer": 2,
            "n_head": 2,
            "n_positions": 64,
            "initializer_range": 0.3,
            "bos_token_id": 0,
            "eos_token_id": 0,
        },
    ),
    "xlnet": (
        transformers.XLNetConfig,
        _wordpiece,
        {"d_model": 32, "n_layer": 2, "n_head": 2, "d_inner": 64, "initializer_range": 0.3, "pad_token_id": 0},
    ),
}


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Save a tiny classifier of one architecture and return its folder; keyword arguments change its config."""

    def make(kind: str = "bert", *, safe: bool = True, base: bool = False, **changes: Any) -> Path:
        config_class, tokens, sizes = KINDS[kind]
        tokenizer = tokens()
        labels = {"num_labels": 3, "id2label": {0: "bad", 1: "fair", 2: "good"}, "label2id": {"bad": 0, "fair": 1, "good": 2}}
        config = config_class(vocab_size=len(tokenizer), **{**sizes, **labels, **changes})
        torch.manual_seed(7)
        auto = transformers.AutoModel if base else transformers.AutoModelForSequenceClassification
        folder = tmp_path_factory.mktemp(kind)
        model = auto.from_config(config)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        if not safe:
            (folder / "model.safetensors").unlink()
            torch.save(model.state_dict(), folder / "pytorch_model.bin")
        return folder

    return make


@pytest.fixture(scope="session")
def kinds() -> tuple[str, ...]:
    """The architectures that ``build`` knows."""
    return tuple(KINDS)


@pytest.fixture(autouse=True)
def quiet_transformers() -> Iterator[None]:
    """Saving draws progress bars too."""
    transformers.utils.logging.disable_progress_bar()
    yield
    transformers.utils.logging.enable_progress_bar()
