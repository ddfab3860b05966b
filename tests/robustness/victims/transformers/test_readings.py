"""What the victim reads: equal digests for inputs that it cannot tell apart, and how much of a text it does not know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustness.victims import load_victim
from robustness.victims.transformers.classifier import load_huggingface

Build = Callable[..., Path]


def test_inputs_that_the_victim_cannot_tell_apart_read_alike(build: Build) -> None:
    victim = load_huggingface(str(build("bert")), device="cpu")
    known, same, other = victim.readings([("the film",), ("The  FILM",), ("the films",)])
    assert known == same != other, "case and blanks are lost on it"
    assert known is not None
    assert len(known) == 16
    thai, other_thai = victim.readings([("หนังสนุก",), ("หนังแย่",)])
    assert thai == other_thai, "both are one unknown word"
    long = "film " * 200
    kept, cut = victim.readings([(long,), (long + "that is dreadful",)])
    assert kept == cut, "they differ past the cut"
    np.testing.assert_array_equal(*(victim.predict([(text,)]) for text in (long, long + "that is dreadful")))


def test_the_second_text_of_a_pair_is_read_as_such(build: Build) -> None:
    folder = str(build("bert"))
    pair, single = load_huggingface(folder, device="cpu", fields=("a", "b")), load_huggingface(folder, device="cpu")
    first, swapped = pair.readings([("the film", "is great"), ("is great", "the film")])
    assert first != swapped
    assert first not in single.readings([("the film [SEP] is great",)]), "same tokens, other token types"


@pytest.mark.parametrize("kind", ["bert", "roberta", "gpt2", "xlnet"])
def test_unknown_tokens_are_counted_without_special_ones(build: Build, kind: str) -> None:
    victim = load_huggingface(str(build(kind)), device="cpu", max_length=32)
    known, unknown, empty, cut = victim.unknown_tokens([("film",), ("หนัง 🙂",), ("",), ("film " * 40,)])
    words = kind in ("bert", "xlnet")
    assert known == ((0, 1) if words else (0, 4)), "a byte-level tokenizer has a token for each byte"
    assert unknown[0] == (2 if words else 0)
    assert empty == (0, 0)
    assert cut == (0, {"bert": 30, "roberta": 30, "gpt2": 32, "xlnet": 30}[kind])
    literal = {"bert": "[UNK]", "gpt2": "<|endoftext|>"}.get(kind)
    if literal is not None:
        assert victim.unknown_tokens([(literal,)]) == [(int(kind == "bert"), 1)]


def test_a_pair_counts_the_unknown_tokens_of_both_texts(build: Build) -> None:
    victim = load_huggingface(str(build("bert")), device="cpu", fields=("a", "b"))
    assert victim.unknown_tokens([("the หนัง", "สนุก film")]) == [(2, 4)]


def test_a_text_of_which_the_tokenizer_leaves_nothing_is_unknown(build: Build) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    from robustness.victims.transformers.tokens import Tokens

    bare = Tokenizer(models.BPE({"<e>": 0, "a": 1}, []))
    bare.pre_tokenizer = pre_tokenizers.Whitespace()
    tokens = Tokens(PreTrainedTokenizerFast(tokenizer_object=bare, eos_token="<e>"), None)
    assert tokens.unknown([("หนัง",), ("a a",), (" ",)]) == [(1, 1), (0, 2), (0, 0)]


def test_reading_a_text_again_does_not_tokenise_it_again(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    from robustness.victims.transformers.tokens import Tokens

    victim = load_huggingface(str(build("bert")), device="cpu")
    victim.unknown_tokens([("",)])  # learns once what the tokenizer adds
    calls: list[int] = []
    plain = Tokens._tokenize

    def counted(self: Tokens, inputs: Any) -> Any:
        calls.append(len(inputs))
        return plain(self, inputs)

    monkeypatch.setattr(Tokens, "_tokenize", counted)
    texts = [("the film",), ("is great",)]
    victim.predict(texts)
    assert victim.lengths(texts) == [4, 4]
    assert len(set(victim.readings(texts))) == 2
    assert victim.unknown_tokens(texts) == [(0, 2), (0, 2)]
    assert calls == [2]


def test_a_lone_surrogate_reads_as_nothing_known(build: Build) -> None:
    victim = load_huggingface(str(build("bert")), device="cpu")
    inputs = [("fine",), ("half \ud83d",)]
    assert [reading is None for reading in victim.readings(inputs)] == [False, True]
    assert victim.unknown_tokens(inputs)[1] == (0, 0)


def test_victims_without_a_tokenizer_have_no_readings() -> None:
    victim = load_victim("scripted:keyword")
    assert victim.readings([("a",), ("b",)]) == [None, None]
    assert victim.unknown_tokens([("a",), ("b",)]) == [(0, 0), (0, 0)]
