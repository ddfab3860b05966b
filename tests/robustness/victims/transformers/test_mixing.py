"""Whether lengths may share a batch is measured: one bit that follows the padding, and they may not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from transformers import AutoTokenizer

from robustness.victims.transformers.fast.mixing import LEAST, MOST, NEVER, mixable
from robustness.victims.transformers.tokens import Tokens

Columns = Mapping[str, NDArray[np.int64]]


@pytest.fixture
def tokens(build: Callable[[str], Path]) -> Callable[[int | None], Tokens]:
    tokenizer = AutoTokenizer.from_pretrained(str(build("bert")))
    return lambda limit: Tokens(tokenizer, limit)


def steady(columns: Columns) -> NDArray[Any]:
    """An answer that padding does not reach."""
    found: NDArray[Any] = (columns["input_ids"] * columns["attention_mask"]).sum(1, keepdims=True)
    return found


def test_a_model_that_padding_does_not_reach_mixes(tokens: Callable[[int | None], Tokens]) -> None:
    assert mixable(steady, tokens(None), 0) == (LEAST, MOST)
    assert mixable(steady, tokens(512), 0, fields=2) == (LEAST, MOST)
    assert mixable(steady, tokens(64), 0) == (LEAST, 64), "never past what the model reads"


def test_one_bit_is_enough_against_it(tokens: Callable[[int | None], Tokens]) -> None:
    def drifting(columns: Columns) -> NDArray[Any]:
        drift: float = np.spacing(1e5) * (columns["input_ids"].shape[1] > LEAST * 4)
        return np.asarray(steady(columns) + drift)

    assert mixable(drifting, tokens(None), 0) == NEVER


def test_a_neighbour_is_enough_against_it(tokens: Callable[[int | None], Tokens]) -> None:
    assert mixable(lambda columns: steady(columns) + columns["input_ids"].mean(), tokens(None), 0) == NEVER


def test_what_reads_little_or_cannot_answer_does_not_mix(tokens: Callable[[int | None], Tokens]) -> None:
    def broken(columns: Columns) -> NDArray[Any]:
        raise RuntimeError("no such kernel")

    assert mixable(steady, tokens(10), 0) == NEVER
    assert mixable(broken, tokens(None), 0) == NEVER
