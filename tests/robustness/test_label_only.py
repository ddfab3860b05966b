"""A victim that gives labels only is attacked by searches that need no more, and the run says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reports.run.store import load_run
from robustness import audit

ROWS = [
    (f"{first} and {second} film about a {place} with a {third} ending", "positive")
    for first, second, third, place in [
        ("good", "moving", "warm", "farm"),
        ("great", "fresh", "funny", "school"),
        ("lovely", "smart", "sweet", "harbour"),
        ("brilliant", "honest", "strong", "village"),
        ("charming", "clever", "perfect", "prison"),
        ("powerful", "solid", "pleasant", "garden"),
    ]
] + [
    (f"{first} and {second} film about a {place} with a {third} ending", "negative")
    for first, second, third, place in [
        ("bad", "boring", "weak", "farm"),
        ("dull", "flat", "lazy", "school"),
        ("stale", "clumsy", "poor", "harbour"),
        ("tedious", "lame", "sad", "village"),
    ]
]
KEPT = ("status", "queries", "perturbed", "details", "words_changed")


def run(folder: Path, victim: str, recipes: str, **more: Any) -> Any:
    return audit(victim, ROWS, recipes=recipes, out=folder, encoder="none", **({"budget": 200} | more))


def told(done: Any) -> list[tuple[Any, ...]]:
    rows = [(o.example_id, o.recipe, *(getattr(o, name) for name in KEPT)) for o in done.outcomes]
    return sorted(rows, key=lambda row: row[:2])


def broken(done: Any) -> int:
    return sum(o.status == "succeeded" for o in done.outcomes)


def test_it_breaks_about_what_scores_break_and_says_how_it_searched(tmp_path: Path) -> None:
    scores = run(tmp_path / "scores", "scripted:keyword", "deepwordbug")
    labels = run(tmp_path / "labels", "scripted:hard-label", "deepwordbug")
    assert broken(labels) >= broken(scores) > 3
    (recipe,) = labels.manifest.recipes
    assert recipe["access"] == "labels"
    assert recipe["parameters"]["search"].startswith("labels only")
    assert "gives labels only" in recipe["note"]
    assert "labels only" in (tmp_path / "labels" / "report.md").read_text("utf-8")
    assert labels.manifest.recipes != scores.manifest.recipes
    assert all(o.details["won_at"] <= o.queries <= 200 for o in labels.outcomes if o.status == "succeeded")


def test_the_standard_cascade_does_the_same(tmp_path: Path) -> None:
    done = run(tmp_path / "run", "scripted:hard-label", "standard", budget=60)
    climbing = [r["name"] for r in done.manifest.recipes if r["access"] == "scores" and "ranking" in r["parameters"]]
    assert climbing == []
    assert all("labels only" in r["parameters"]["search"] for r in done.manifest.recipes if r["name"] in ("deepwordbug", "pwws"))
    assert broken(done) > 3


@pytest.mark.parametrize("recipes", ["deepwordbug,bad-characters", "annealing", "universal-trigger-scores"])
def test_outcomes_depend_on_neither_how_many_run_at_once_nor_a_kill(tmp_path: Path, recipes: str) -> None:
    whole = run(tmp_path / "whole", "scripted:hard-label", recipes, budget=90)
    one = run(tmp_path / "one", "scripted:hard-label", recipes, budget=90, in_flight=1, batch_tokens=64)
    assert told(one) == told(whole)
    path = tmp_path / "one" / "outcomes.jsonl"
    manifest = tmp_path / "one" / "run.json"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:4]) + lines[4][:20])  # as a kill in the middle of a line leaves it
    (tmp_path / "one" / "seal.json").unlink()
    manifest.write_text(manifest.read_text("utf-8").replace('"finished": true', '"finished": false'), "utf-8")
    again = run(tmp_path / "one", "scripted:hard-label", recipes, budget=90, resume=True)
    assert told(again) == told(whole) == told(load_run(tmp_path / "one"))


def test_what_a_trigger_is_worth_is_said_apart(tmp_path: Path) -> None:
    done = run(tmp_path / "run", "scripted:keyword", "universal-trigger-scores", budget=150)
    (flag,) = {f["code"]: f for f in done.manifest.flags if f["code"] == "universal-trigger" and f["value"]}.values()
    assert "that it was found on" in flag["message"]
    assert not any(word in flag["message"] for o in done.outcomes for word in str(o.details.get("trigger", "–")).split())


def test_scores_that_do_not_move_are_noticed(tmp_path: Path) -> None:
    def sure(texts: list[str]) -> list[list[float]]:
        words = [set(text.split()) for text in texts]
        return [[0.0, 1.0] if {"film", "ending"} & one else [1.0, 0.0] for one in words]

    rows = [(text, "positive") for text, _ in ROWS]
    done = audit(sure, rows, labels=["negative", "positive"], recipes="pwws,deepwordbug", out=tmp_path / "r", encoder="none")
    assert "flat-scores" in {flag["code"] for flag in done.manifest.flags}
    assert broken(done) > 0
