"""A broken victim, or data that cannot show it, never passes: each doubt makes a pass inconclusive until it is accepted."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from robustness.auditing import audit

LABELS = ["negative", "positive"]
GOOD, BAD = ("warm", "great", "good"), ("dull", "cold", "bad")
ROWS = [(f"a {(GOOD if i % 2 else BAD)[i % 3]} film number {i}", LABELS[i % 2]) for i in range(60)]
Ask = Callable[[Sequence[str]], Any]


def right(text: str) -> int:
    return int(any(word in text for word in GOOD))


def constant(texts: Sequence[str]) -> list[list[float]]:
    return [[0.1234567, 0.8765433] for _ in texts]


def tied(texts: Sequence[str]) -> list[list[float]]:
    return [[0.5, 0.5] for _ in texts]


def swapped(texts: Sequence[str]) -> list[list[float]]:
    return [[0.8, 0.2] if right(t) else [0.2, 0.8] for t in texts]


def sorting(texts: Sequence[str]) -> list[list[float]]:
    """Answers in the order of its own sorting, as a data loader that sorts by length does."""
    return [[0.2, 0.8 + len(t) / 1e4] if right(t) else [0.8 + len(t) / 1e4, 0.2] for t in sorted(texts)]


def rules(ask: Ask, rows: Sequence[tuple[str, str]], tmp_path: Path, gate: dict[str, Any]) -> tuple[str, list[str]]:
    run = audit(ask, rows, recipes="natural:word-order", out=tmp_path / "run", victim_options={"labels": LABELS}, encoder="none")
    result = evaluate(run, parse_policy({"gate": gate}, "test"))
    return result.verdict, [rule.message.split(":")[0] for rule in result.rules if rule.rule == "doubts"]


@pytest.mark.parametrize(
    ("ask", "rows", "doubt"),
    [
        (constant, [row for row in ROWS if row[1] == "positive"], "constant"),
        (constant, ROWS, "constant"),
        (tied, ROWS, "ties"),
        (swapped, ROWS, "swapped-labels"),
        (sorting, ROWS, "batch-order"),
    ],
    ids=["constant on one label", "constant", "ties", "labels swapped", "answers in another order"],
)
def test_a_broken_victim_does_not_pass(ask: Ask, rows: Any, doubt: str, tmp_path: Path) -> None:
    verdict, doubts = rules(ask, rows, tmp_path, {"max_accuracy_drop": "99pt"})
    assert verdict == "inconclusive"
    assert doubt in doubts


def test_data_of_one_label_passes_only_where_that_is_accepted(tmp_path: Path) -> None:
    rng = Random(0)
    scores = {text: 0.6 + rng.random() / 3 for text, _ in ROWS}

    def fine(texts: Sequence[str]) -> list[list[float]]:
        return [[1 - p, p] if right(t) else [p, 1 - p] for t in texts for p in [scores.get(t, 0.7)]]

    rows = [row for row in ROWS if row[1] == "positive"]
    assert rules(fine, rows, tmp_path / "a", {"min_robust_accuracy": 0.5}) == ("inconclusive", ["one-label"])
    accepted = {"min_robust_accuracy": 0.5, "accept_flags": ["one-label"]}
    assert rules(fine, rows, tmp_path / "b", accepted) == ("passed", [])


def test_answers_that_flip_often_do_not_pass(tmp_path: Path) -> None:
    rng = Random(0)

    def flipping(texts: Sequence[str]) -> list[list[float]]:
        return [[p, 1 - p] for t in texts for p in [rng.choice((0.2, 0.8))] if right(t) is not None]

    run = audit(
        flipping, ROWS, recipes="natural:word-order", out=tmp_path / "run", victim_options={"labels": LABELS}, encoder="none"
    )
    found = {rule.rule: rule.verdict for rule in evaluate(run, parse_policy({"gate": {"max_accuracy_drop": "99pt"}}, "t")).rules}
    assert found["max_flip_rate"] == "inconclusive"
    assert json.loads((tmp_path / "run" / "run.json").read_text())["repeats"]["flips"] > 2
