"""A run of schema 1, written when every victim was a classifier, is still rendered, judged, compared and replayed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from reports.compare.compare import compare
from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from reports.render import render_all
from reports.run import Outcome, Run
from reports.run.cases import read_cases
from reports.run.store import load_run
from robustness import audit
from robustness.followups.replay import replay
from robustness.victims import load_victim

SINCE = ("deepwordbug",)
"""Recipes that search otherwise than when the run was written."""
OLD = Path(__file__).with_name("schema1")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    shutil.copytree(OLD, tmp_path / "old")
    return tmp_path / "old"


def test_it_is_read_as_what_the_same_audit_writes_today(old: Path, tmp_path: Path) -> None:
    run = load_run(old)
    assert (run.manifest.schema, run.manifest.task, run.manifest.goal) == (2, "classification", "misclassify")
    texts = {o.example_id: (o.texts["text"], o.reference) for o in run.outcomes}
    rows = [{"id": name, "text": text, "label": label} for name, (text, label) in sorted(texts.items())]
    recipes = run.manifest.recipe_names
    new = audit("scripted:keyword", rows, recipes=recipes, seed=3, budget=40, encoder="none", out=tmp_path / "new")
    before, after = (sorted(_content(o) for o in r.outcomes if o.recipe not in SINCE) for r in (run, new))
    assert before == after != []
    assert _comparable(run) == _comparable(new)
    assert compare(run, run).verdict == "inconclusive", "too few examples, and comparable"
    assert compare(run, new).verdict == "not comparable", "deepwordbug is another search now, which its parameters say"


def _comparable(run: Run) -> dict[str, object]:
    held = dict(run.manifest.comparability)
    return {**held, "recipes": [recipe for recipe in held["recipes"] if recipe["name"] not in SINCE]}


def _content(outcome: Outcome) -> str:
    line = json.loads(outcome.to_json())
    for side in ("clean", "best"):
        if line[side] is not None:
            line[side]["score"] = round(line[side]["score"], 5)
    return json.dumps(line, sort_keys=True)


def test_it_is_rendered_and_judged(old: Path) -> None:
    run = load_run(old)
    policy = parse_policy({"gate": {"max_attack_success_rate": 0.01, "min_examples": 1}}, "test")
    assert evaluate(run, policy).verdict == "failed"
    render_all(run, policy)
    assert {"report.html", "report.md", "junit.xml", "findings.sarif", "summary.json"} <= {p.name for p in old.iterdir()}
    assert {o.status for o in load_run(old).outcomes} >= {"succeeded", "skipped"}


def test_its_failures_are_replayed(old: Path) -> None:
    cases = read_cases(old / "failures.jsonl")
    assert {case.goal for case in cases} == {"misclassify", "keep-answer"}
    assert {one.state for one in replay(load_victim("scripted:keyword"), cases).cases} == {"still broken"}
