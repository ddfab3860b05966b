"""A victim of three lines, a transformation of three lines, and hands to drive a search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from attacks.search import (
    Attack,
    BudgetExhaustedError,
    Candidate,
    Citation,
    Prediction,
    Query,
    Trial,
)
from attacks.words import Words
from robustness.tasks.classification import against


@dataclass(frozen=True)
class Table:
    """Replacements from a table, with what every transformation has."""

    options: Mapping[str, Sequence[str]]
    name: str = "table"
    level: str = "word"
    languages: tuple[str, ...] = ("*",)
    description: str = "words from a table"
    citation: Citation = field(default_factory=lambda: Citation("none"))

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        return self.options.get(words[index], ())

    def variants(self, text: str, rng: Random) -> Sequence[Candidate]:
        return [Candidate(new, f"{self.name}-{new}") for new in self.options.get(text, ())]

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        options = self.options.get(str(severity))
        return Candidate(rng.choice(options), self.name, severity=severity) if options else None


@dataclass(frozen=True)
class Marker(Table):
    """Puts a mark behind any character: one position for each."""

    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    marks: str = "*"

    def positions(self, text: str) -> Sequence[int]:
        return range(1, len(text) + 1)

    def replacement(self, text: str, position: int, rng: Random) -> tuple[int, int, str]:
        return position, position, rng.choice(self.marks)


@dataclass
class Driven:
    """What a search asked, request by request, and how it ended."""

    trial: Trial
    requests: list[list[str]]
    exhausted: bool

    @property
    def asked(self) -> list[str]:
        return [text for request in self.requests for text in request]

    @property
    def won(self) -> str | None:
        return self.trial.winner[0].text if self.trial.winner else None


Belief = Callable[[str], float]


def predict(belief: float) -> Prediction:
    """Two classes; the gold one is 1, believed with this probability."""
    return Prediction(int(belief >= 0.5), (1.0 - belief, belief))


def make_trial(text: str, belief: Belief, budget: int | None = None, seed: int = 0) -> Trial:
    return Trial(inputs=(text,), gold=1, judge=against(1), clean=predict(belief(text)), rng=Random(seed), budget=budget)


def run_search(
    attack: Attack, text: str, belief: Belief, budget: int | None = None, seed: int = 0, rewriter: Any = None
) -> Driven:
    trial = make_trial(text, belief, budget, seed)
    search, requests, answer = attack.search(trial), list[list[str]](), None
    while True:
        try:
            request = search.send(answer)
        except StopIteration:
            return Driven(trial, requests, False)
        except BudgetExhaustedError:
            return Driven(trial, requests, True)
        if isinstance(request, Query):
            requests.append([text for (text,) in request.inputs])
            answer = [predict(belief(text)) for text in requests[-1]]
        else:
            answer = rewriter(request)


@pytest.fixture
def drive() -> Callable[..., Driven]:
    return run_search


@pytest.fixture
def trial_of() -> Callable[..., Trial]:
    return make_trial


@pytest.fixture
def table() -> type[Table]:
    return Table


@pytest.fixture
def marker() -> type[Marker]:
    return Marker
