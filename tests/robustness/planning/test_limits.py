"""How many queries the cascade gives each of its recipes: with scores to follow, and with labels only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import robustness
from attacks.recipes import registry

WORDS = {"good": 1, "great": 1, "bad": -1, "awful": -1}
LABELS = ["negative", "positive"]


def scores(texts: list[str]) -> list[list[float]]:
    found = [sum(WORDS.get(word, 0) for word in text.split()) for text in texts]
    return [[0.5 - 0.1 * n, 0.5 + 0.1 * n] for n in found]


def answers(texts: list[str]) -> list[str]:
    return [LABELS[row[1] > row[0]] for row in scores(texts)]


DATA = [("a good film", "positive"), ("an awful plot", "negative")]


@pytest.mark.parametrize(("victim", "access"), [(scores, "scores"), (answers, "labels")])
def test_each_stage_of_the_cascade_is_given_what_was_measured_for_such_a_victim(victim: Any, access: str, tmp_path: Path) -> None:
    run = robustness.audit(victim, DATA, labels=LABELS, access=access, encoder="none", budget=500, out=tmp_path / "run")
    given = {recipe["name"]: recipe["limit"] for recipe in run.manifest.recipes}
    assert given == registry.limits("standard", access)
    assert (given["learned"] == 100) == (access == "labels")
