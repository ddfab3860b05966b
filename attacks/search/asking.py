"""Requests as one line of a search: ``vectors = yield from embed(texts)``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attacks.search.requests import Embed, Fill, Flips, Fluency, Gradients, Parse, Ranked, Rewrite, Search, Span
from attacks.search.trial import Trial

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from attacks.syntax.tree import Tree


def embed(texts: Sequence[str]) -> Search[NDArray[np.float32]]:
    """Ask the sentence encoder for unit vectors, (n, d)."""
    answer: NDArray[np.float32] = yield Embed(tuple(texts))
    return answer


def rewrite(texts: Sequence[str], n: int = 5) -> Search[list[list[str]]]:
    """Ask the paraphraser for up to ``n`` rewrites of each text."""
    answer: list[list[str]] = yield Rewrite(tuple(texts), n)
    return answer


def parse(texts: Sequence[str]) -> Search[list[Tree]]:
    """Ask the parser for the tree of each text."""
    answer: list[Tree] = yield Parse(tuple(texts))
    return answer


def fluency(texts: Sequence[str]) -> Search[list[float]]:
    """Ask the language model for the mean log-probability of a token of each text."""
    answer: list[float] = yield Fluency(tuple(texts))
    return answer


def gradients(trial: Trial) -> Search[list[float]]:
    """Ask the victim for the norm of its loss gradient over each word of the attacked text, as it came."""
    answer: list[NDArray[np.float64]] = yield Gradients((trial.inputs,), trial.field, trial.gold)
    return list(map(float, answer[0]))


def flips(trial: Trial, text: str, spans: Sequence[Span], among: Sequence[Sequence[str]] = (), n: int = 50) -> Search[Ranked]:
    """Ask the victim for the replacements at each span of ``text`` that raise its loss most: (word, gain) lists."""
    named = tuple(map(tuple, among))
    answer: list[Ranked] = yield Flips((trial.with_text(text),), trial.field, trial.gold, tuple(spans), named, n)
    return answer[0]


def fill(contexts: Sequence[tuple[str, str]], n: int = 50, standing: Sequence[str] = ()) -> Search[Ranked]:
    """Ask the masked language model for the likeliest words of each blank: (word, probability) lists."""
    answer: Ranked = yield Fill(tuple(contexts), n, tuple(standing))
    return answer
