"""Sense by context: of the words offered for a place, those that move the sentence far more than the nearest are refused."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from attacks.constraints import SenseInContext
from attacks.search import Candidate, Embed, Judgement, Prediction, Trial
from attacks.words import Words

TEXT = "what will the weather be like"
COSINES = {"climate": 0.95, "conditions": 0.91, "brave": 0.80}


def offered(index: int, *words: str, **known: float) -> list[Candidate]:
    views = {word: Words(TEXT).replace(index, word, "test") for word in words}
    return [Candidate(str(view), "test", view, known.get(word)) for word, view in views.items()]


def filtered(rule: SenseInContext, candidates: list[Candidate]) -> tuple[list[str], int]:
    """The words let through, and how many requests were asked."""
    trial = Trial(inputs=(TEXT,), gold=0, judge=lambda answer, inputs: Judgement(0.0, False), clean=Prediction(0), rng=Random(0))
    search, answer, asked = rule.filter(trial, candidates), None, 0
    while True:
        try:
            request: Any = search.send(answer)
        except StopIteration as end:
            return [next(w for w in c.text.split() if w not in TEXT.split()) for c in end.value], asked
        assert isinstance(request, Embed)
        asked += 1
        cosines = [1.0] + [next(v for k, v in COSINES.items() if k in text) for text in request.texts[1:]]
        answer = np.array([[c, (1 - c * c) ** 0.5] for c in cosines], dtype=np.float32)


def test_a_word_of_another_sense_is_refused() -> None:
    assert filtered(SenseInContext(), offered(3, "climate", "conditions", "brave")) == (["climate", "conditions"], 1)


def test_known_cosines_are_not_asked_again() -> None:
    assert filtered(SenseInContext(), offered(3, "climate", "brave", **COSINES)) == (["climate"], 0)


def test_each_place_has_its_own_measure() -> None:
    both = [*offered(3, "climate", **COSINES), *offered(5, "brave", **COSINES)]
    assert filtered(SenseInContext(), both)[0] == ["climate", "brave"]


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="times must be at least 1"):
        SenseInContext(0.5)
