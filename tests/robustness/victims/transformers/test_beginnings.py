"""What prompts begin with is read once, and no number depends on what was read before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from robustness.victims.transformers.beginnings import BLOCK, Beginnings
from robustness.victims.transformers.decoding import Decoder

STEP = BLOCK["cpu"]
LONG = [n % 90 + 1 for n in range(2 * STEP)]
WORDS = [(60,), (61, 62, 63), (64, 65)]
PROMPTS = [[*LONG[: STEP + 9], k] for k in range(1, 5)] + [[*LONG, 7], [3, *LONG[:5]], [*LONG[:STEP], 9]]


@pytest.fixture(scope="module")
def model() -> Any:
    torch.manual_seed(5)
    config = transformers.LlamaConfig(
        vocab_size=100, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, bos_token_id=None
    )
    return transformers.LlamaForCausalLM(config).eval()


@contextmanager
def counted(model: Any) -> Iterator[list[int]]:
    """How many tokens the model reads in each call."""
    read: list[int] = []
    hook = model.register_forward_pre_hook(
        lambda _, args, options: read.append(int(options["input_ids"].numel())), with_kwargs=True
    )
    try:
        yield read
    finally:
        hook.remove()


def rows(decoder: Decoder, prompts: Sequence[Sequence[int]]) -> np.ndarray[Any, Any]:
    return np.array([decoder.likelihoods(one, WORDS) for one in prompts])


def test_answers_are_equal_to_the_last_bit_whatever_was_read_before(model: Any) -> None:
    kept, apart, fixed = Decoder(model, [LONG[:20]], "cpu"), [], Decoder(model, [LONG[:20]], "cpu")
    first = rows(kept, PROMPTS)
    assert (rows(kept, PROMPTS[::-1])[::-1] == first).all()
    for one in PROMPTS:
        fixed.forget_lately()
        apart.append(fixed.likelihoods(one, WORDS))
    assert (np.array(apart) == first).all()
    alone = Decoder(model, [], "cpu")
    alone.sharing = False
    assert first == pytest.approx(rows(alone, PROMPTS), abs=1e-4)


def test_what_candidates_share_is_read_once(model: Any) -> None:
    decoder = Decoder(model, [LONG[:20]], "cpu")
    near = [[*LONG[: 20 + STEP], *[k] * 5] for k in range(1, 9)]
    with counted(model) as read:
        rows(decoder, near)
    once, rest = STEP, len(near) * (5 + sum(len(word) - 1 for word in WORDS) + 1)  # 1: the padding of the shorter word
    assert sum(read) == once + rest
    with counted(model) as read:
        decoder.sharing = False
        rows(decoder, near)
    assert sum(read) > 8 * 84


def test_little_is_kept_and_what_is_pushed_out_is_read_again(model: Any) -> None:
    decoder = Decoder(model, [], "cpu")
    size = 2 * 2 * STEP * 32 * 4  # layers, keys and values, tokens, width, bytes
    tight = Beginnings(decoder._forward, [], "cpu", kept=size)
    others = [[90, *LONG[:STEP], 1], [91, *LONG[:STEP], 1], [90, *LONG[:STEP], 2]]
    with counted(model) as read:
        for one in others:
            tight.read(one)
    assert read == [STEP, 2, STEP, 2, STEP, 2]
    roomy = Beginnings(decoder._forward, [], "cpu", kept=2 * size)
    with counted(model) as read:
        for one in others:
            roomy.read(one)
    assert read == [STEP, 2, STEP, 2, 2]


def test_a_model_whose_cache_holds_a_window_only_is_read_as_before(model: Any) -> None:
    config = transformers.MistralConfig(
        vocab_size=100, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=4, sliding_window=16, bos_token_id=None,
    )  # fmt: skip
    torch.manual_seed(1)
    windowed: Any = transformers.MistralForCausalLM(config).eval()
    shared, alone = Decoder(windowed, [LONG[:20]], "cpu"), Decoder(windowed, [], "cpu")
    alone.cached = alone.grouped = alone.sharing = False
    assert rows(shared, PROMPTS) == pytest.approx(rows(alone, PROMPTS), abs=1e-4)


def test_the_instruction_is_fixed_until_it_is_attacked(decoder: Path) -> None:
    from robustness.victims.transformers.prompting import Prompts, Templated, template_of

    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(decoder))
    asked = Templated(template_of("{order} and {text}", None), supplied=(("order", "tell me"),))
    header, whole = Prompts(tokenizer, asked).prefixes
    assert tokenizer.decode(header) == "<|user|>"
    assert tokenizer.decode(whole) == "<|user|>tell me and "
