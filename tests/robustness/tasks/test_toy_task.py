"""A task is one file: this one, which no other file knows, is audited, judged, replayed, minimised and compared."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest

from attacks.search import Input, Judgement
from reports.compare.compare import compare
from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from reports.render import render_all
from reports.run.cases import read_cases
from robustness import audit
from robustness.engine.converse import oracle_for
from robustness.errors import DataError, UsageError
from robustness.followups.minimise import minimise
from robustness.followups.replay import replay
from robustness.tasks import registry
from robustness.tasks.answers import Number, Shown, Unusable
from robustness.tasks.task import Goal, GoalKind, Measure, Seen, Space, Task
from robustness.victims.base import Victim
from robustness.victims.function import from_callable

ROWS = [{"text": f"a {word} line of {n} words", "vowels": sum(c in "aeiou" for c in f"a {word} line of {n} words")}
        for n, word in enumerate(("warm", "dull", "plain", "odd", "fine", "short"))]  # fmt: skip


@dataclass(frozen=True)
class Miscount:
    name: ClassVar[str] = "miscount"

    def judge(self, answer: Number, seen: Seen[int, Number]) -> Judgement:
        right = seen.clean.value if seen.reference is None else seen.reference
        off = abs(answer.value - right)
        return Judgement(off, off > 0, max(0.0, 1 - off / 10))


class CountVowels(Task[int, Number]):
    """How many vowels a text has."""

    name = "count-vowels"
    summary = "the number of vowels"
    references = ("vowels",)
    graded = True
    goals = (GoalKind("miscount", "any other number"),)
    measures = (Measure("off", "distance"),)

    def reference(self, cell: object, inputs: Input, space: Space) -> int:
        if isinstance(cell, bool) or not isinstance(cell, int | str) or not str(cell).isdecimal():
            raise ValueError(f"expected a count, got {cell!r}")
        return int(cell)

    def answer(self, row: Any, inputs: Input, space: Space) -> Number | Unusable:
        return Number(float(row)) if row is not None else Unusable("empty", "no count came")

    def goal(self, spec: str, space: Space) -> Goal[int, Number]:
        if spec not in ("", Miscount.name):
            raise self.unknown_goal(spec)
        return Miscount()

    def right(self, answer: Number, seen: Seen[int, Number]) -> bool:
        return seen.reference is None or answer.value == seen.reference

    def show(self, answer: Number, space: Space) -> Shown:
        return Shown(f"{answer.value:g}")

    def measure(self, answer: Number, seen: Seen[int, Number]) -> dict[str, float]:
        return {"off": abs(answer.value - (seen.reference or 0))}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_ADDED", {})
    registry.register(CountVowels())


def count(texts: Sequence[str]) -> list[int | None]:
    return [None if "wrm" in text else sum(c in "aeiou" for c in text) for text in texts]


def counter() -> Victim:
    return from_callable(count, task="count-vowels")


def test_a_task_in_one_file_is_audited_and_its_failures_are_kept(tmp_path: Path) -> None:
    run = audit(counter(), ROWS, recipes="deepwordbug", encoder="none", budget=30, out=tmp_path / "run")
    assert (run.manifest.task, run.manifest.goal) == ("count-vowels", "miscount")
    assert {o.status for o in run.outcomes} <= {"succeeded", "failed", "error"}
    assert any(o.status == "succeeded" for o in run.outcomes)
    for outcome in run.outcomes:
        if outcome.status == "succeeded" and outcome.best and outcome.clean:
            assert outcome.best.shown == f"{count([outcome.perturbed or ''])[0]:g}" != outcome.clean.shown == outcome.reference
            assert outcome.best.measures == {"off": abs(float(outcome.best.shown) - int(outcome.reference))}
    for name in ("report.html", "report.md"):
        text = (tmp_path / "run" / name).read_text("utf-8")
        assert "count-vowels" in text
        assert "distance" in text


def test_its_failures_replay_minimise_and_compare(tmp_path: Path) -> None:
    run = audit(counter(), ROWS, recipes="deepwordbug", encoder="none", budget=30, out=tmp_path / "run")
    cases = read_cases(run.path)
    assert {one.state for one in replay(counter(), cases).cases} == {"still broken"}
    victim = counter()
    assert {one.state for one in minimise(victim, cases, oracle_for(victim))} == {"minimal"}
    right = {text: int(case.reference) for case in cases for text in (*case.texts.values(), case.perturbed)}
    fixed = from_callable(lambda texts: [right[text] for text in texts], task="count-vowels")
    assert {one.state for one in replay(fixed, cases).cases} == {"fixed"}
    same = audit(counter(), ROWS, recipes="deepwordbug", encoder="none", budget=30, out=tmp_path / "again")
    assert compare(run, same).verdict in ("passed", "inconclusive")


def test_its_quality_is_gated(tmp_path: Path) -> None:
    rows = [
        {"text": f"{row['text']} number {i}", "vowels": count([f"{row['text']} number {i}"])[0]} for i in range(8) for row in ROWS
    ]
    run = audit(counter(), rows, recipes="deepwordbug", encoder="none", budget=30, out=tmp_path / "run")
    rules = {"max_error_rate": 1.0, "accept_flags": ["no-encoder", "zero-candidates", "errors", "untested"]}
    strict = evaluate(run, parse_policy({"gate": {"min_quality": 0.999, **rules}}, "test"))
    loose = evaluate(run, parse_policy({"gate": {"min_quality": 0.3, **rules}}, "test"))
    rule = {r.rule: r for r in strict.rules}["min_quality"]
    assert rule.verdict == "fail", rule
    assert {r.rule: r for r in loose.rules}["min_quality"].verdict == "pass"
    render_all(run, parse_policy({"gate": {"min_quality": 0.3}}, "test"))


def test_a_goal_or_reference_that_it_has_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no task has a goal 'win'; there are: .*miscount"):
        audit(counter(), ROWS, recipes="deepwordbug", goal="win", encoder="none", out=tmp_path / "a")
    said = "row 1: the column 'vowels' holds no reference of count-vowels: expected a count, got 'many'"
    with pytest.raises(DataError, match=said):
        audit(counter(), [{"text": "a b", "vowels": "many"}], recipes="deepwordbug", encoder="none", out=tmp_path / "b")


def test_the_guide_for_a_task_of_ones_own_works_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_ADDED", {})
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).resolve().parents[3] / "docs" / "adding-a-task.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    shown: list[str] = []
    guide = ModuleType("guide")
    monkeypatch.setitem(sys.modules, "guide", guide)  # where dataclasses look their module up
    guide.__dict__["print"] = lambda frame: shown.append(str(frame))
    exec(compile(code, "docs/adding-a-task.md", "exec", dont_inherit=True), guide.__dict__)
    assert "succeeded" in shown[0]
