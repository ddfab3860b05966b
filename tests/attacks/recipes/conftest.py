"""A driver that answers every kind of request by hand: keyword counts, hashed n-grams, canned rewrites and fillings."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from attacks.search import (
    BudgetExhaustedError,
    Embed,
    Fill,
    Flips,
    Fluency,
    Gradients,
    Mark,
    Parse,
    Pool,
    Prediction,
    Query,
    Recipe,
    Request,
    Rewrite,
    Scan,
    Speak,
    Trial,
)
from attacks.syntax.tree import Tree
from attacks.words import Words
from robustness.helpers.parser import SpacyParser, load_parser
from robustness.tasks.classification import Classification, against
from robustness.tasks.task import Space

GOOD = ("good", "great", "wonderful", "moving", "fresh", "love", "friends", "warm")
ENTITIES = {"Mary": "PER", "London": "LOC"}
DIMENSIONS = 256
FILLINGS = ("bad", "thing", "movie", "strange", "dull", "good", "walk", "slow")


def predict(text: str) -> Prediction:
    """Positive while enough of the words it knows stand there unharmed; every other word moves it a little."""
    words = re.findall(r"[a-z]+", text.lower())
    drift = sum(hashed(word)[0] / DIMENSIONS - 0.5 for word in words)
    belief = 1 / (1 + math.exp(-(sum(w in GOOD for w in words) - 1.5 + 0.1 * drift)))
    return Prediction(int(belief >= 0.5), (1 - belief, belief))


@cache
def hashed(feature: str) -> tuple[int, float]:
    digest = blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=3).digest()
    return int.from_bytes(digest[:2], "big") % DIMENSIONS, 1.0 if digest[2] & 1 else -1.0


def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Hashed character trigrams and words as unit vectors."""
    rows = np.zeros((len(texts), DIMENSIONS), np.float32)
    for row, text in zip(rows, texts, strict=True):
        padded = f"  {text}  "
        for feature in [*text.split(), *(padded[i : i + 3] for i in range(len(padded) - 2))]:
            place, sign = hashed(feature)
            row[place] += sign
        row[0] += 1e-3
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def rewrites(request: Rewrite) -> list[list[str]]:
    return [[f"{text} indeed", text, text[::-1], f"well, {text}"][: request.n] for text in request.texts]


@cache
def tree(text: str) -> Tree:
    """What the installed parser makes of a text."""
    return _parser().parse([text])[0]


@cache
def _parser() -> SpacyParser:
    return load_parser(None)


def norms(request: Gradients) -> list[NDArray[np.float64]]:
    """Words that count weigh one, others a little."""
    views = [Words(inputs[request.field]) for inputs in request.inputs]
    return [np.asarray([1.0 if w[i].lower() in GOOD else 0.1 for i in range(len(w))], np.float64) for w in views]


def flips(request: Flips) -> list[list[list[tuple[str, float]]]]:
    """What is known to be good loses."""
    among = request.among or (FILLINGS,) * len(request.spans)
    one = [sorted(((w, -float(w.lower() in GOOD)) for w in words), key=lambda p: -p[1])[: request.n] for words in among]
    return [one for _ in request.inputs]


def fillings(request: Fill) -> list[list[tuple[str, float]]]:
    return [[(w, 1 / (n + 2)) for n, w in enumerate(FILLINGS)][: request.n] for _ in request.contexts]


@dataclass
class Ran:
    """What one trial asked and how it ended; ``gold`` is what the victim says of the clean text."""

    trial: Trial
    status: str = ""
    queries: list[str] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    embedded: set[str] = field(default_factory=set)

    def outcome(self) -> tuple[Any, ...]:
        winner = self.trial.winner[0].text if self.trial.winner else None
        return self.status, winner, self.trial.best.text, tuple(self.queries), tuple(sorted(self.trial.ladder))

    def answer(self, request: Request) -> Any:
        self.kinds.add(type(request).__name__)
        if isinstance(request, Query):
            texts = [inputs[self.trial.field] for inputs in request.inputs]
            self.queries += texts
            return [predict(text) for text in texts]
        if isinstance(request, Embed):
            self.embedded.update(request.texts)
            return vectors(request.texts)
        if isinstance(request, Gradients):
            return norms(request)
        if isinstance(request, Flips):
            return flips(request)
        if isinstance(request, Fill):
            return fillings(request)
        if isinstance(request, Pool):
            return [] if request.last else [(request.example_id, request.report)]
        if isinstance(request, Scan | Speak):
            return [text[: -request.severity] for text in request.texts]
        if isinstance(request, Parse):
            return list(map(tree, request.texts))
        if isinstance(request, Fluency):
            return [-3.0 - hashed(text)[0] / DIMENSIONS for text in request.texts]
        assert isinstance(request, Rewrite)
        return rewrites(request)


QUESTION, ANSWER = "Where does Mary stay?", "London"


def _marks(text: str, answer: int | None) -> tuple[Mark, ...]:
    """The gold answer inside the context of a question; else the names of the text."""
    if answer is not None:
        return (Mark(1, answer, answer + len(ANSWER)),) if answer >= 0 else ()
    return tuple(Mark(0, m.start(), m.end(), ENTITIES[m.group()]) for m in re.finditer("|".join(ENTITIES), text))


def run_recipe(recipe: Recipe, text: str, *, budget: int | None = None, seed: int = 0) -> Ran:
    """One trial; a recipe for questions gets one, with its answer marked where it stands in the text."""
    clean = predict(text)
    goal = Classification().goal(recipe.goal, Space(("no", "yes")))
    asked = recipe.tasks == ("qa",)
    at = text.find(ANSWER)
    trial = Trial(
        inputs=(QUESTION, text) if asked else (text,),
        field=int(asked),
        gold=clean.label,
        judge=against(clean.label, goal),
        clean=clean,
        rng=Random(seed),
        budget=budget,
        marks=_marks(text, at if asked else None),
    )
    ran = Ran(trial)
    search, answer = recipe.attack.search(trial), None
    try:
        while True:
            answer = ran.answer(search.send(answer))
    except StopIteration:
        ran.status = "succeeded" if trial.won else "failed"
    except BudgetExhaustedError:
        ran.status = "exhausted"
    return ran


@pytest.fixture
def run() -> Callable[..., Ran]:
    return run_recipe


@pytest.fixture
def victim() -> Callable[[str], Prediction]:
    return predict


@pytest.fixture
def encode() -> Callable[[Sequence[str]], NDArray[np.float32]]:
    return vectors
