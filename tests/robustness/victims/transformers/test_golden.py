"""Our scores are those of plain transformers: one text at a time, no padding, a model that was asked nothing before.

Tiny models of many architectures with random weights; any change that a batch, padding, packed weights or a limit makes to an
answer shows here.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from robustness.engine.converse import ask, oracle_for
from robustness.victims.transformers.classifier import load_huggingface

TEXTS = [
    ("the film is great",),
    ("a dull, empty and endless mess that nobody should watch",),
    ("funny!!",),
    ("这家餐厅的菜很好电影",),
    ("🙂 👩\u200d👩\u200d👧 fun \u202eright",),
    ("a </s> story [SEP] of <|endoftext|>",),
    ("not bad at all and",),
    ("the film is a mess and " * 40,),
]
READ_MOST = 96
"""Tokens, where a model itself has no limit."""


def _wordpiece(segments: bool) -> Any:
    letters = "abcdefghijklmnopqrstuvwxyz,.;!'<>/|[]"
    words = "the film is a dull empty and mess that not bad at all great 电 影 好".split()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = dict.fromkeys([*special, *letters, *("##" + letter for letter in letters), *words])
    tokenizer = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_input_names=["input_ids", *(["token_type_ids"] if segments else []), "attention_mask"], model_max_length=READ_MOST,
    )  # fmt: skip


def _bytes(special: list[str], *, before: str = "", after: str = "", **names: str) -> Any:
    pieces = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({piece: n for n, piece in enumerate(pieces)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if before or after:
        added = [(token, special.index(token)) for token in (before, after) if token]
        tokenizer.post_processor = processors.TemplateProcessing(single=f"{before} $A {after}".strip(), special_tokens=added)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=READ_MOST, model_input_names=["input_ids", "attention_mask"], **names
    )


@cache
def tokens(kind: str) -> Any:
    ends = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    makers: dict[str, Callable[[], Any]] = {
        "words": lambda: _wordpiece(segments=True),
        "words, one segment": lambda: _wordpiece(segments=False),
        "like RoBERTa": lambda: _bytes(["<s>", "<pad>", "</s>", "<unk>"], before="<s>", after="</s>", pad_token="<pad>", **ends),
        "like Llama": lambda: _bytes(["<pad>", "<s>", "</s>", "<unk>"], before="<s>", pad_token="<pad>", **ends),
        "like T5": lambda: _bytes(["<pad>", "</s>", "<unk>"], after="</s>", pad_token="<pad>", **(ends | {"bos_token": "</s>"})),
        "like GPT-2": lambda: _bytes(["<|endoftext|>"], eos_token="<|endoftext|>", unk_token="<|endoftext|>"),
        "an end and no padding": lambda: _bytes(["<unk>", "</s>"], after="</s>", eos_token="</s>", unk_token="<unk>"),
    }
    return makers[kind]()


WIDE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
BERT = {**WIDE, "max_position_embeddings": 64}
ROBERTA = {**WIDE, "max_position_embeddings": 66, "type_vocab_size": 1, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
LLAMA = {**BERT, "num_key_value_heads": 2, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 64, "bos_token_id": 0, "eos_token_id": 0}
XLM = {"emb_dim": 32, "n_layers": 2, "n_heads": 2, "max_position_embeddings": 64, "pad_index": 0, "pad_token_id": 0}
BART = {
    "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "max_position_embeddings": 64, "pad_token_id": 1, "bos_token_id": 0,
    "eos_token_id": 2, "decoder_start_token_id": 2,
}  # fmt: skip
T5 = {
    "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2, "pad_token_id": 0, "eos_token_id": 1,
    "decoder_start_token_id": 0,
}  # fmt: skip
BLOCKS = {"block_size": 4, "num_random_blocks": 1}
ZOO: dict[str, tuple[str, dict[str, Any]]] = {
    "Albert": ("words", {**BERT, "embedding_size": 16}),
    "Bart": ("like RoBERTa", BART),
    "Bert": ("words", BERT),
    "BigBird": ("words", {**WIDE, **BLOCKS, "attention_type": "block_sparse", "max_position_embeddings": 128}),
    "BigBirdPegasus": ("like RoBERTa", {**BART, **BLOCKS, "max_position_embeddings": 128}),
    "BioGpt": ("like RoBERTa", {**BERT, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}),
    "Bloom": ("like Llama", {"hidden_size": 32, "n_layer": 2, "n_head": 2, "pad_token_id": 0}),
    "CTRL": ("like T5", {"n_embd": 32, "n_layer": 2, "n_head": 2, "dff": 64, "n_positions": 64, "pad_token_id": 0}),
    "ConvBert": ("words", {**BERT, "embedding_size": 32, "conv_kernel_size": 3}),
    "Data2VecText": ("like RoBERTa", ROBERTA),
    "DebertaV2": ("words", {**BERT, "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0}),
    "DistilBert": ("words, one segment", {
        "dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "max_position_embeddings": 64,
    }),
    "Electra": ("words", {**BERT, "embedding_size": 16}),
    "Ernie": ("words", BERT),
    "Esm": ("like RoBERTa", {**ROBERTA, "mask_token_id": 3, "position_embedding_type": "absolute"}),
    "FNet": ("words", BERT),
    "Flaubert": ("words, one segment", XLM),
    "Funnel": ("words", {
        "d_model": 32, "n_head": 2, "d_head": 16, "d_inner": 64, "block_sizes": [1, 1], "num_decoder_layers": 1,
    }),
    "GPT2": ("like GPT-2", GPT),
    "GPTJ": ("like GPT-2", {**GPT, "rotary_dim": 8}),
    "GPTNeo": ("like GPT-2", {
        "hidden_size": 32, "num_layers": 2, "num_heads": 2, "attention_types": [[["global", "local"], 1]], "window_size": 8,
        "max_position_embeddings": 64, "bos_token_id": 0, "eos_token_id": 0,
    }),
    "GPTNeoX": ("like GPT-2", {**BERT, "bos_token_id": 0, "eos_token_id": 0}),
    "Gemma2": ("like Llama", {**LLAMA, "head_dim": 16, "sliding_window": 8}),
    "Llama": ("an end and no padding", {**BERT, "num_key_value_heads": 2, "bos_token_id": None, "eos_token_id": 1}),
    "Longformer": ("like RoBERTa", {**ROBERTA, "max_position_embeddings": 90, "attention_window": [8, 8]}),
    "MPNet": ("like RoBERTa", {**WIDE, "max_position_embeddings": 66, "pad_token_id": 1}),
    "Mistral": ("like Llama", {**LLAMA, "sliding_window": 8}),
    "Mixtral": ("like Llama", {**LLAMA, "num_local_experts": 2}),
    "MobileBert": ("words", {
        **BERT, "embedding_size": 16, "intra_bottleneck_size": 16, "true_hidden_size": 16, "num_feedforward_networks": 1,
    }),
    "ModernBert": ("words, one segment", {
        **BERT, "pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3,
        "local_attention": 8, "global_attn_every_n_layers": 2,
    }),
    "Mpt": ("like Llama", {"d_model": 32, "n_layers": 2, "n_heads": 2, "max_seq_len": 64, "pad_token_id": 0}),
    "Nystromformer": ("words", {**BERT, "num_landmarks": 64, "segment_means_seq_len": 64}),
    "OPT": ("like RoBERTa", {**BERT, "ffn_dim": 64, "word_embed_proj_dim": 32, "pad_token_id": 1, "bos_token_id": 0}),
    "Qwen2": ("like Llama", LLAMA),
    "RoFormer": ("words", {**BERT, "embedding_size": 32}),
    "Roberta": ("like RoBERTa", ROBERTA),
    "SqueezeBert": ("words", {**BERT, "embedding_size": 32, "q_groups": 1, "k_groups": 1, "v_groups": 1}),
    "T5": ("like T5", T5),
    "XLM": ("words, one segment", XLM),
    "XLNet": ("words, one segment", {"d_model": 32, "n_layer": 2, "n_head": 2, "d_inner": 64, "pad_token_id": 0}),
}  # fmt: skip
READS = {"BigBird": 96, "BigBirdPegasus": 96, "Bloom": 96, "Funnel": 96, "Longformer": 88, "T5": 96, "XLNet": 96}
"""Tokens that a model reads, where not 64: what it has positions for, or what the tokenizer says."""


def saved(name: str, folder: Path) -> Any:
    """A model of that architecture with weights so wide that answers differ, and its tokenizer; the tokenizer."""
    kind, sizes = ZOO[name]
    labels = {"num_labels": 3, "id2label": {0: "bad", 1: "fair", 2: "good"}, "label2id": {"bad": 0, "fair": 1, "good": 2}}
    config = getattr(transformers, f"{name}Config")(vocab_size=len(tokens(kind)), **{**labels, **sizes})
    torch.manual_seed(7)
    model = transformers.AutoModelForSequenceClassification.from_config(config)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 0.2)
    model.save_pretrained(folder)
    tokens(kind).save_pretrained(folder)
    return tokens(kind)


def plain_scores(folder: Path, tokenizer: Any, limit: int) -> NDArray[np.float64]:
    model = transformers.AutoModelForSequenceClassification.from_pretrained(str(folder)).eval()
    logits = []
    for (text,) in TEXTS:
        fresh = copy.deepcopy(model)
        with torch.inference_mode():
            logits.append(fresh(**tokenizer(text, truncation=True, max_length=limit, return_tensors="pt")).logits)
    scores: NDArray[np.float64] = torch.cat(logits).double().softmax(-1).numpy()
    return scores


@pytest.mark.parametrize("name", ZOO)
def test_scores_are_those_of_the_plain_model(name: str, tmp_path: Path) -> None:
    tokenizer = saved(name, tmp_path)
    expected = plain_scores(tmp_path, tokenizer, READS.get(name, 64))
    victim = load_huggingface(str(tmp_path), device="cpu")
    assert victim.info.max_tokens == READS.get(name, 64)
    assert victim.truncated(TEXTS) == [False] * 7 + [True]
    oracle = oracle_for(victim)
    found = np.asarray([answer.scores for answer in ask(oracle, TEXTS)])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(victim.predict(TEXTS), expected, atol=1e-5)
    assert oracle.usage.rescued == 0
    assert np.ptp(expected, axis=0).max() > 0.01, "a fixture whose answers never differ tests nothing"
