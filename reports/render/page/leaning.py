"""Texts shaded by what an answer leaned on: level and figure for each word, so that colour is never all that tells."""

from __future__ import annotations

from collections.abc import Sequence

from reports.render.page.diff import CONTEXT
from reports.run import Outcome
from reports.run.explanations import Explained, Weight

Part = tuple[str, int, str]
"""A stretch of text, its level (0 plain, 1 to 4 leaned on more and more, -1 spoke against the answer), and a figure or ""."""
Leaned = tuple[Part, ...]
LEVELS = (0.1, 0.25, 0.5, 0.75)
"""Shares of a text's largest weight from which a word has level 1, 2, 3, 4."""
FIGURED = 3
LEAST = 0.005
"""A weight below this is drawn as none, however small all the others are."""
MOST_MARKED = 12
"""Words of one text that are shaded at most, the heaviest: a page holds hundreds of texts."""


def leaned(outcome: Outcome, one: Explained | None) -> tuple[Leaned, ...]:
    """Original and perturbed text, shaded; nothing where the failure was not explained."""
    if one is None or not (one.before or one.after):
        return ()
    original = outcome.texts.get(outcome.field, "")
    return _shaded(original, one.before), _shaded(outcome.perturbed or original, one.after)


def _shaded(text: str, weights: Sequence[Weight]) -> Leaned:
    known = [(start, end, weight) for start, end, weight in weights if weight is not None and end <= len(text)]
    top = max((abs(weight) for _, _, weight in known), default=0.0)
    marked = [(start, end, _level(weight, top), weight) for start, end, weight in known if top and _level(weight, top)]
    heaviest = sorted(marked, key=lambda one: -abs(one[3]))[:MOST_MARKED]
    parts: list[Part] = []
    at = 0
    for start, end, level, weight in sorted(heaviest):
        if start >= at:
            figure = f"{weight:+.2f}".replace("-", "−") if level >= FIGURED or level < 0 else ""
            parts += [(_between(text[at:start]), 0, ""), (text[start:end], level, figure)]
            at = end
    return tuple(part for part in (*parts, (_between(text[at:]), 0, "")) if part[0])


def _level(weight: float, top: float) -> int:
    share = weight / top
    if abs(weight) < LEAST:
        return 0
    if weight < 0:
        return -1 if -share >= LEVELS[1] else 0
    return sum(share >= level for level in LEVELS)


def _between(text: str) -> str:
    return text if len(text) <= 2 * CONTEXT else f"{text[:CONTEXT]} … {text[-CONTEXT:]}"
