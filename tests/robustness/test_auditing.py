"""The door in Python: typed keywords, errors of our own for wrong ones, and the task that is said before anything is spent."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

import robustness
from robustness import RobustnessError, audit
from robustness.cli import main
from robustness.loggers.watcher import Silent

ROWS = [("a warm film", "positive"), ("a dull film", "negative"), ("one weak and boring hour", "negative")]


def run(tmp_path: Path, **more: Any) -> Any:
    return audit("scripted:keyword", ROWS, recipes="deepwordbug", encoder="none", out=tmp_path / "run", **more)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"bugdet": 3}, "unexpected keyword argument 'bugdet'; did you mean 'budget'"),
        ({"examples": []}, "unexpected keyword argument 'examples'"),
        ({"gate": {"min_robustness": 0.3}}, "min_robustness"),
        ({"gate": {"min_robust_accuracy": 30}}, "min_robust_accuracy"),
        ({"goal": "win"}, "no task has a goal 'win'; there are: misclassify"),
        ({"task": "sentiment"}, "there is no task 'sentiment'"),
        ({"recipes": "deepwrdbug"}, "deepwordbug"),
        ({"budget": 0}, "budget must be at least 2"),
    ],
)
def test_a_wrong_keyword_is_an_error_of_ours_and_nothing_is_written(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(RobustnessError, match=said):
        audit(
            **{
                "victim": "scripted:keyword",
                "data": ROWS,
                "recipes": "deepwordbug",
                "encoder": "none",
                "out": tmp_path / "run",
                **wrong,
            }
        )
    assert not (tmp_path / "run").exists()


def test_every_keyword_has_a_type_and_its_place_in_the_docstring() -> None:
    parameters = inspect.signature(audit).parameters.values()
    assert all(one.annotation is not inspect.Parameter.empty for one in parameters)
    told = inspect.getdoc(audit) or ""
    assert [one.name for one in parameters if one.name not in ("unknown",) and one.name not in told] == []
    assert callable(robustness.audit)


def test_a_gate_by_keyword_stays_in_the_run(tmp_path: Path) -> None:
    found = run(tmp_path, gate={"max_attack_success_rate": 0.01})
    assert found.manifest.policy["gate"]["max_attack_success_rate"] == 0.01
    assert main(["gate", str(tmp_path / "run"), "-q"]) in (1, 3)


def test_labels_and_fields_of_a_callable_are_keywords(tmp_path: Path) -> None:
    def longer(pairs: Any) -> Any:
        return ["first" if len(a) >= len(b) else "second" for a, b in pairs]

    rows = [{"one": "a b c", "two": "a", "label": "first"}, {"one": "a", "two": "a b c d", "label": "second"}]
    found = audit(longer, rows, recipes="deepwordbug", encoder="none", out=tmp_path / "run", labels=["first", "second"],
                  fields=["one", "two"], access="labels", text=["one", "two"], field="two", budget=20)  # fmt: skip
    assert {o.field for o in found.outcomes} == {"two"}


@pytest.mark.parametrize(
    ("columns", "flags", "said"),
    [
        ("text,label\na warm film,positive\na dull film,negative\n", [], "task classification, as the victim says"),
        ("source\nI like it.\n", ["--task", "translation"], "task translation, as asked"),
        ("document,summary\nOne. Two.,One.\n", [], "task summarisation, as the columns of the data say"),
    ],
)
def test_the_task_is_said_before_anything_is_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str, flags: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text(columns)
    victim = "scripted:keyword" if "label" in columns else "command:cat"
    base = ["audit", "--victim", victim, "--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none", "--budget", "5"]
    assert main([*base, *flags, "--out", "run", "--no-github"]) in (0, 3)
    printed = capsys.readouterr()
    assert said in " ".join(printed.err.split())
    assert f"task {said.split()[1].rstrip(',')}, goal" in " ".join(printed.out.split())


def test_whoever_watches_hears_the_task(tmp_path: Path) -> None:
    heard: list[str] = []

    class Watching(Silent):
        def loading(self, what: str) -> None:
            heard.append(what)

    run(tmp_path, watcher=Watching())
    assert "task classification, as the victim says" in heard
