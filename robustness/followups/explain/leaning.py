"""Which words an answer hangs on: leave each out and ask again, or follow the gradients.

Leave-one-out is occlusion by word (Zeiler and Fergus 2014; Li, Monroe and Jurafsky 2016, Understanding Neural Networks through
Representation Erasure): it needs answers only. What it costs is one query a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from attacks.search import Input, Span, UnansweredError
from attacks.words import Words, diff, moved
from reports.run import Outcome
from reports.run.cases import inputs_of
from reports.run.explanations import Weight
from robustness.engine.converse import CaseJudge

DIGITS = 4
"""Decimals of a weight: below that lies what the order of additions changes."""


@dataclass(frozen=True, slots=True)
class Side:
    """One text of a case with the stretches of words that are left out in turn, and the inputs without each."""

    text: str
    spans: tuple[Span, ...]
    inputs: tuple[Input, ...]

    @classmethod
    def of(cls, case: Outcome, text: str, kept: Sequence[Span], most: int) -> Side:
        """The words of a text, none of the ``kept`` stretches touched; neighbours together where there are more than ``most``."""
        free = [span for span in Words(text).spans() if not any(span[0] < end and start < span[1] for start, end in kept)]
        size = max(1, -(-len(free) // most))
        groups = [free[at : at + size] for at in range(0, len(free), size)]
        spans = tuple((group[0][0], group[-1][1]) for group in groups if not _covers(group, kept))
        texts = [without(text, *span) for span in spans]
        told = [(span, made) for span, made in zip(spans, texts, strict=True) if made.strip()]
        return cls(text, tuple(span for span, _ in told), tuple(inputs_of(case, made) for _, made in told))


def _covers(group: Sequence[Span], kept: Sequence[Span]) -> bool:
    """Whether something that must stay stands between the words of a group."""
    return any(group[0][0] < end and start < group[-1][1] for start, end in kept)


def without(text: str, start: int, end: int) -> str:
    """The text without a stretch, and without one of the two spaces that stood around it."""
    if text[end : end + 1].isspace() and (start == 0 or text[start - 1].isspace()):
        end += 1
    elif end == len(text) and start and text[start - 1].isspace():
        start -= 1
    return text[:start] + text[end:]


def kept_spans(judge: CaseJudge, perturbed: str) -> tuple[list[Span], list[Span]]:
    """What the right answer speaks of, in the original and in the perturbed text: without it the question is another one."""
    marks = judge.task.marks(judge.reference, judge.inputs) if judge.task.protects else ()
    before = [(mark.start, mark.end) for mark in marks if mark.field == judge.field]
    edits = diff(judge.inputs[judge.field], perturbed, "")
    after = [found for span in before if (found := moved(edits, *span)) is not None]
    return before, after


def weights(spans: Sequence[Span], whole: float, scores: Sequence[float | None], *, toward: bool) -> tuple[Weight, ...]:
    """By how much the score of the answer given falls without each stretch.

    ``whole``: the goal's score of the text. ``toward``: whether the answer given is the goal's, as it is of the perturbed text;
    that of the original is the right one, which falls as the goal's score rises.
    """
    sign = 1 if toward else -1
    return tuple(
        (*span, None if score is None else round(sign * (whole - score), DIGITS) + 0.0)
        for span, score in zip(spans, scores, strict=True)
    )


def by_words(text: str, tokens: Sequence[tuple[Span | None, float]]) -> tuple[Weight, ...]:
    """Weights of tokens added up over the words that they are parts of; a token between words belongs to none."""
    found: list[Weight] = []
    for start, end in Words(text).spans():
        parts = [weight for span, weight in tokens if span is not None and span[0] < end and start < span[1]]
        if parts:
            found.append((start, end, round(sum(parts), DIGITS) + 0.0))
    return tuple(found)


def flips_only(scores: Sequence[float | None]) -> bool:
    """Whether scores say no more than right or wrong, as those of a victim of labels do."""
    return all(score in (0.0, 1.0, None) for score in scores)


def score_of(judge: CaseJudge, answer: Any, text: str, clean: Any) -> float | None:
    """The goal's score of an answer; None where there is none, or none that counts."""
    if isinstance(answer, UnansweredError):
        return None
    found = judge.judged(answer, text, clean)
    return None if found.unusable else float(found.score)
