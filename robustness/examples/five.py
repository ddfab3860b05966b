"""Two releases of a tiny classifier, for README's "4 of 5 before, 2 of 5 now": the second forgives fewer slips of the pen.

docs/comparing-runs.md shows the commands: ``base`` and ``candidate`` are audited on five.csv, and compared.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import SequenceMatcher

CUES = {"bad": "negative", "dull": "negative", "weak": "negative", "wonderful": "positive", "extraordinary": "positive"}
LABELS = ("negative", "neutral", "positive")


def reader(alike: float) -> Callable[[list[str]], list[str]]:
    """A classifier that knows a cue by words that are spelt nearly so; without one a text is neutral."""

    def label(text: str) -> str:
        words = text.lower().split() or [""]
        near = {cue: max(SequenceMatcher(None, cue, word).ratio() for word in words) for cue in CUES}
        best = max(near, key=lambda cue: near[cue])
        return CUES[best] if near[best] >= alike else "neutral"

    def predict(texts: list[str]) -> list[str]:
        return [label(text) for text in texts]

    predict.labels, predict.robustness_access, predict.robustness_deterministic = LABELS, "labels", True  # type: ignore[attr-defined]
    return predict


base, candidate = reader(0.75), reader(0.85)
