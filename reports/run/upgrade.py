"""Runs of schema 1, when every victim was a classifier, read as runs of schema 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MISCLASSIFY = "misclassify"
"""What counted as broken where a line names no goal."""
KEEP_ANSWER = "keep-answer"
"""The right answer still, though the text has lost what it rests on."""
_ANSWER_WITH = "answer-with:"


def upgraded_manifest(raw: dict[str, Any]) -> dict[str, Any]:
    """``run.json`` of schema 1 as one of schema 2; any other as it is."""
    return {**raw, "schema": 2} if raw.get("schema") == 1 and not isinstance(raw["schema"], bool) else raw


def upgraded_outcome(raw: dict[str, Any], labels: Sequence[str] = ()) -> dict[str, Any]:
    """An outcome line of schema 1 as one of schema 2; any other as it is.

    Scores that rise towards the goal were not written then: they follow from the scores of the labels.
    """
    if "label" not in raw or "reference" in raw:
        return raw
    line = {name: value for name, value in raw.items() if name not in ("label", "adversarial", "ladder")}
    line["reference"] = raw["label"]
    goal = line.get("goal", MISCLASSIFY)
    for old, new in (("clean", "clean"), ("adversarial", "best")):
        line[new] = _judged(raw.get(old), raw["label"], goal, labels)
    line["ladder"] = [_rung(rung) for rung in raw.get("ladder", ())]
    return line


def _judged(raw: Any, label: Any, goal: Any, labels: Sequence[str]) -> Any:
    if not isinstance(raw, Mapping):
        return raw
    line = {"shown" if name == "label" else name: value for name, value in raw.items()}
    scores = line.get("scores")
    if scores is None:
        line.pop("scores", None)
    wanted = goal.removeprefix(_ANSWER_WITH) if isinstance(goal, str) and goal.startswith(_ANSWER_WITH) else label
    if isinstance(scores, list) and len(scores) == len(labels) and wanted in labels:
        belief = scores[labels.index(wanted)]
        if isinstance(belief, (int, float)):
            line["score"] = belief if goal != MISCLASSIFY else round(1.0 - belief, 6)
    return line


def _rung(raw: Any) -> Any:
    return {{"label": "shown", "correct": "held"}.get(k, k): v for k, v in raw.items()} if isinstance(raw, Mapping) else raw
