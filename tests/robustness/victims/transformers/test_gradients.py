"""Gradient requests: checked against finite differences of the victim's own loss, mapped to words, the same in any batch."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attacks.search import Flips, Gradients
from attacks.words import Words
from robustness.engine.gradients import GradientBackend
from robustness.engine.oracle import Oracle
from robustness.victims.transformers.classifier import load_huggingface

TEXT = "the film is a warm and funny story about two brothers"
LABEL = 2


@pytest.fixture(scope="module")
def folders(build: Any, kinds: tuple[str, ...]) -> dict[str, Path]:
    return {kind: build(kind) for kind in kinds}


def _loss(victim: Any, text: str) -> float:
    return -math.log(victim.predict([(text,)] * 4)[0][LABEL])


@pytest.mark.parametrize("kind", ["bert", "gpt2", "xlnet", "distilbert"])
def test_gradient_is_the_slope_of_the_loss(folders: dict[str, Path], kind: str) -> None:
    victim: Any = load_huggingface(str(folders[kind]))
    found = victim.token_gradients([(TEXT,), ("a mess",)] * 2, [LABEL] * 4)[0]
    ids = found.ids.tolist()
    token = next(i for i, p in zip(ids, found.places, strict=True) if p is not None and ids.count(i) == 1)
    gradient = found.gradient[ids.index(token)]
    direction = gradient / np.linalg.norm(gradient)
    weight, step = victim._derivatives._layer.weight, 1e-2
    losses = []
    for sign in (1, -1):
        weight[token] += weight.new_tensor(sign * step * direction)
        losses.append(_loss(victim, TEXT))
        weight[token] -= weight.new_tensor(sign * step * direction)
    assert (losses[0] - losses[1]) / (2 * step) == pytest.approx(float(np.linalg.norm(gradient)), rel=0.05)


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert", "deberta", "gpt2", "xlnet"])
def test_every_word_has_a_norm_and_the_batch_does_not_matter(folders: dict[str, Path], kind: str) -> None:
    victim: Any = load_huggingface(str(folders[kind]))
    one, other = Gradients(((TEXT,),), 0, LABEL), Gradients((("it fails as a comedy and as a drama",),), 0, 0)
    alone, mixed = Oracle[Any, Any](GradientBackend(victim)), Oracle[Any, Any](GradientBackend(victim))
    alone.submit(1, [one])
    mixed.submit(1, [other, one])
    found: Any = alone.pump()[0][1]
    answers: list[Any] = []
    while not answers:
        answers = mixed.pump()
    (norms,) = found
    assert norms.shape == (len(Words(TEXT)),)
    assert (norms > 0).all()
    assert np.array_equal(norms, answers[0][1][1])


def test_words_that_the_victim_does_not_read_have_no_gradient(folders: dict[str, Path]) -> None:
    victim: Any = load_huggingface(str(folders["bert"]), max_length=6)
    ask = Flips(((TEXT,),), 0, LABEL, ((0, 3), (45, 53)), n=3)
    answers: Any = GradientBackend(victim).compute([Gradients(((TEXT,),), 0, LABEL), ask])
    norms, flips = answers
    assert [norm > 0 for norm in norms] == [True] * 4 + [False] * (len(Words(TEXT)) - 4)
    assert len(flips[0]) == 3
    assert flips[1] == []


def test_the_second_field_has_its_own_words(build: Any) -> None:
    victim: Any = load_huggingface(str(build("bert", type_vocab_size=2)), fields=("premise", "hypothesis"))
    (norms,) = GradientBackend(victim).compute([Gradients((("the film", "a warm story"),), 1, LABEL)])
    assert len(norms) == 3
    assert np.all(np.asarray(norms) > 0)


def test_flips_are_ranked_by_first_order_gain(folders: dict[str, Path]) -> None:
    victim: Any = load_huggingface(str(folders["bert"]))
    words, found = Words(TEXT), victim.token_gradients([(TEXT,)] * 4, [LABEL] * 4)[0]
    at = next(n for n, p in enumerate(found.places) if p is not None and p[1:] == words.span(1))
    table, token = victim.embeddings(), dict((w, i) for i, w in victim.whole_words())
    slope = {w: float((table[i] - table[found.ids[at]]) @ found.gradient[at]) for w, i in token.items()}
    backend = GradientBackend(victim)
    ((free,), (chosen,)) = backend.compute(
        [Flips(((TEXT,),), 0, LABEL, (words.span(1),), n=5), Flips(((TEXT,),), 0, LABEL, (words.span(1),), (("drama", "mess"),))]
    )
    assert [w for w, _ in free] == sorted(slope, key=lambda w: -slope[w])[:5]
    assert dict(chosen) == pytest.approx({"drama": slope["drama"], "mess": slope["mess"]}, abs=1e-5)
    assert chosen[0][1] >= chosen[1][1]


def test_a_span_without_words_to_choose_from_is_refused() -> None:
    with pytest.raises(ValueError, match="a span each"):
        Flips((("a b",),), 0, 0, ((0, 1), (2, 3)), (("c",),))


@pytest.mark.parametrize("kind", ["bert", "distilbert"])
def test_a_gradient_has_the_same_bits_in_any_number_of_rows(folders: dict[str, Path], kind: str) -> None:
    victim: Any = load_huggingface(str(folders[kind]), device="cpu")
    words = TEXT.split()
    texts = [(" ".join([*words[:at], "bad", *words[at + 1 :]]),) for at in range(9)]
    alone = [victim.token_gradients([text], [LABEL])[0].gradient.tobytes() for text in texts]
    for count in (2, 3, 5, 9):
        for start in range(0, 9, count):
            part = texts[start : start + count]
            found = victim.token_gradients(part, [LABEL] * len(part))
            assert [one.gradient.tobytes() for one in found] == alone[start : start + count]
