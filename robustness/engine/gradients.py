"""Answers gradient requests from a victim's token gradients: norms over words, and first-order replacements."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from attacks.search import Flips, Gradients, Input, Span
from attacks.words import Words
from robustness.engine.time_limit import Guard
from robustness.victims.base import Differentiable, TokenGradients, Victim

Ask = Gradients | Flips
"""A request about one input."""
Flip = tuple[str, float]
Answer = NDArray[np.float64] | list[list[Flip]]


class DifferentiableVictim(Victim, Differentiable, Protocol):
    """A victim that gives gradients."""


class GradientBackend:
    """Asks a differentiable victim; an item is a ``Gradients`` or ``Flips`` request that holds one input."""

    def __init__(self, victim: DifferentiableVictim, *, timeout: float | None = None) -> None:
        self.victim = victim
        self.row_quantum, self.length_quantum = victim.info.row_quantum, victim.info.length_quantum
        self.mixed_lengths, self.padding_cost = (0, 0), 1.0
        self._guard = Guard(victim, timeout, "the victim's gradients")

    def lengths(self, items: Sequence[Ask]) -> Sequence[int]:
        """Lengths in the victim's own tokens."""
        return self._guard.run(lambda: self.victim.lengths(_inputs(items)))

    def compute(self, items: Sequence[Ask]) -> Sequence[Answer]:
        """An array (words,) for each ``Gradients``; for each ``Flips``, (word, gain) lists, one a span."""
        return self._guard.run(lambda: self._answers(items))

    def _answers(self, items: Sequence[Ask]) -> list[Answer]:
        found = self.victim.token_gradients(_inputs(items), [item.label for item in items])
        return [self._answer(item, one) for item, one in zip(items, found, strict=True)]

    def _answer(self, item: Ask, found: TokenGradients) -> Answer:
        if isinstance(item, Flips):
            among = item.among or ((),) * len(item.spans)
            return [self._flips(item, span, words, found) for span, words in zip(item.spans, among, strict=True)]
        spans = Words(item.inputs[0][item.field]).spans()
        return np.asarray([word_norm(found, item.field, span) for span in spans], np.float64)

    def _flips(self, item: Flips, span: Span, words: Sequence[str], found: TokenGradients) -> list[Flip]:
        at = covered(found, item.field, span)
        if not at:
            return []  # cut off, or nothing to the tokenizer: no gradient reaches it
        names, vectors = self._vectors(words) if item.among else self._vocabulary
        step = found.gradient[at].mean(0)
        gains = (vectors - self._table[found.ids[at]].mean(0)) @ step
        best = np.lexsort((np.arange(len(names)), -gains))[: item.n]
        return [(names[i], float(gains[i])) for i in best]

    def _vectors(self, words: Sequence[str]) -> tuple[Sequence[str], NDArray[np.float32]]:
        known = [(word, ids) for word, ids in zip(words, self.victim.word_ids(words), strict=True) if ids]
        rows = [self._table[list(ids)].mean(0) for _, ids in known]
        empty = np.empty((0, self._table.shape[1]), np.float32)
        return [word for word, _ in known], np.stack(rows) if rows else empty

    @cached_property
    def _table(self) -> NDArray[np.float32]:
        return self.victim.embeddings()

    @cached_property
    def _vocabulary(self) -> tuple[Sequence[str], NDArray[np.float32]]:
        pairs = self.victim.whole_words()
        return [word for _, word in pairs], self._table[[i for i, _ in pairs]]


def covered(found: TokenGradients, field: int, span: Span) -> list[int]:
    """The tokens that overlap a span of a field."""
    return [n for n, p in enumerate(found.places) if p is not None and p[0] == field and p[1] < span[1] and span[0] < p[2]]


def word_norm(found: TokenGradients, field: int, span: Span) -> float:
    """The mean over a word's tokens of the gradient's L1 norm (Yoo and Qi 2021, section 3.1); 0 for a word cut off."""
    at = covered(found, field, span)
    return float(np.abs(found.gradient[at].astype(np.float64)).sum(1).mean()) if at else 0.0


def _inputs(items: Sequence[Ask]) -> list[Input]:
    return [item.inputs[0] for item in items]
