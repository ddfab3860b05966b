"""A checkpoint without its tokenizer reads every text alike, and would look robust: it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

from robustness.errors import UsageError, VictimError
from robustness.helpers.encoder import load_encoder
from robustness.helpers.masked_lm import load_masker
from robustness.victims.transformers import checkpoints
from robustness.victims.transformers.classifier import load_huggingface
from robustness.victims.transformers.vocabulary import _check_size, saved_files, vocabulary_notes

Build = Callable[..., Path]


def words(count: int, **names: str) -> Any:
    vocabulary = {"[UNK]": 0, "[PAD]": 1, **{f"w{n}": n + 2 for n in range(count)}}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", **names)


@pytest.mark.parametrize("kind", ["bert", "roberta", "deberta", "gpt2", "xlnet"])
def test_a_folder_without_a_tokenizer_is_refused(build: Build, kind: str) -> None:
    folder = build(kind)
    for file in saved_files(folder):
        file.unlink()
    with pytest.raises(VictimError, match=r"holds no tokenizer \(tokenizer\.json.*save it beside the model"):
        load_huggingface(str(folder), device="cpu")


@pytest.mark.parametrize("kind", ["bert", "roberta", "gpt2", "xlnet"])
def test_settings_of_a_tokenizer_are_no_vocabulary(build: Build, kind: str) -> None:
    """Without its words a tokenizer of special tokens alone is built, or none, depending on the class."""
    folder = build(kind)
    classes = {"bert": "BertTokenizer", "roberta": "RobertaTokenizer", "gpt2": "GPT2Tokenizer", "xlnet": "XLNetTokenizer"}
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": classes[kind]}))
    with pytest.raises(VictimError, match=r"knows 1?\d special tokens and no words, so every text reads alike"):
        load_huggingface(str(folder), device="cpu")


def test_a_tokenizer_that_cannot_be_read_is_told_as_such(build: Build) -> None:
    folder = build("bert")
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(VictimError, match=r"cannot read the tokenizer of .*save it beside the model"):
        load_huggingface(str(folder), device="cpu")


@pytest.mark.parametrize(("known", "made_for"), [(2_000, 30_522), (20_000, 50_265), (30, 104)])
def test_a_vocabulary_far_smaller_than_the_models_is_refused(known: int, made_for: int) -> None:
    with pytest.raises(VictimError, match=rf"knows {known:,} tokens, the model {made_for:,}: it belongs to another model"):
        _check_size("X", words(known - 2), SimpleNamespace(vocab_size=made_for))


@pytest.mark.parametrize(("known", "made_for"), [(30_522, 30_528), (50_257, 50_304), (384, 384), (100_000, 102_400), (60, 50)])
def test_padded_and_resized_vocabularies_are_taken(known: int, made_for: int) -> None:
    tokenizer, config = words(known - 2), SimpleNamespace(vocab_size=made_for)
    _check_size("X", tokenizer, config)
    assert vocabulary_notes(tokenizer, config) == ()


def test_a_vocabulary_somewhat_smaller_is_noted() -> None:
    (note,) = vocabulary_notes(words(598), SimpleNamespace(vocab_size=1_000))
    assert "knows 600 of the model's 1,000 tokens" in note


def test_tokens_past_the_models_embeddings_are_refused_and_added_ones_are_not(build: Build) -> None:
    folder = build("gpt2")
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(folder))
    tokenizer.add_special_tokens({"pad_token": "<added>"})  # as in many a notebook, and the model is never told
    tokenizer.save_pretrained(folder)
    texts = [("the film",), ("a longer text about brothers",)]
    with_added = load_huggingface(str(folder), device="cpu")
    assert (with_added.predict(texts) == load_huggingface(str(build("gpt2")), device="cpu").predict(texts)).all()
    words(300).save_pretrained(folder)
    with pytest.raises(UsageError, match=r"tokens up to number 301, but the model has \d+: it belongs to another model"):
        load_huggingface(str(folder), device="cpu")


def test_characters_and_bytes_need_no_files_and_are_pinned_by_their_class(build: Build, tmp_path: Path) -> None:
    config = transformers.PerceiverConfig(num_latents=4, d_latents=8, d_model=8, num_blocks=1, num_self_attends_per_block=1)
    config.num_self_attention_heads = config.num_cross_attention_heads = 2
    torch.manual_seed(0)
    transformers.AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    victim = load_huggingface(str(tmp_path), device="cpu", max_length=32)
    assert dict(victim.info.identity)["tokenizer"].startswith("built in: PerceiverTokenizer, transformers ")
    first, other = victim.readings([("good",), ("goodd",)])
    assert first != other


def test_nothing_is_never_pinned(build: Build, tmp_path: Path) -> None:
    folder = build("bert")
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder))
    for file in saved_files(folder):
        file.unlink()
    with pytest.raises(VictimError, match="no file of a tokenizer that could be pinned"):
        checkpoints.identity(folder, tokenizer)
    (folder / "model.safetensors").unlink()
    with pytest.raises(VictimError, match="no weights that could be pinned"):
        checkpoints.identity(folder, tokenizer)


def test_helpers_are_refused_without_a_tokenizer_too(build: Build) -> None:
    folder = build("bert", base=True)
    for file in saved_files(folder):
        file.unlink()
    with pytest.raises(VictimError, match="holds no tokenizer"):
        load_encoder(f"hf:{folder}", device="cpu")
    config = transformers.AutoConfig.from_pretrained(str(folder))
    transformers.AutoModelForMaskedLM.from_config(config).save_pretrained(folder)
    with pytest.raises(VictimError, match="holds no tokenizer"):
        load_masker(f"hf:{folder}", device="cpu")
