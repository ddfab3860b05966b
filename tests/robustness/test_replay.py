"""Replay: saved failures as a regression suite, on shipped fakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.cases import read_cases
from reports.replayed import judge
from reports.run import Outcome, PredictionRecord, RunError
from robustness.cli import main
from robustness.errors import UsageError
from robustness.replay import replay
from robustness.victims import load_victim

Case = Callable[..., Outcome]


@pytest.fixture
def case() -> Case:
    def make(text: str, perturbed: str, label: str = "positive", example_id: str = "e1", **changes: Any) -> Outcome:
        wrong = PredictionRecord("negative" if label == "positive" else "positive")
        values: dict[str, Any] = {"recipe": "deepwordbug", "status": "succeeded", "field": "text", "adversarial": wrong}
        values |= {"texts": {"text": text}, "perturbed": perturbed}
        return Outcome(example_id=example_id, label=label, **{**values, **changes})

    return make


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A run of the keyword victim, with failures that it does not resist."""
    monkeypatch.chdir(tmp_path)
    rows = ["text,label", "a dull film,negative", "a weak story,negative", "one boring hour,negative", "a great film,positive"]
    Path("data.csv").write_text("\n".join(rows) + "\n")
    flags = ["--recipes", "deepwordbug", "--encoder", "none", "--out", "run", "-q", "--no-github"]
    assert main(["audit", "--victim", "scripted:keyword", "--data", "data.csv", *flags]) == 0
    capsys.readouterr()
    return tmp_path / "run"


def states(victim: str, cases: list[Outcome], **options: Any) -> list[str]:
    return [one.state for one in replay(load_victim(victim), cases, **options).cases]


def test_each_state(case: Case) -> None:
    cases = [
        case("a dull film", "a du1l film", "negative", "broken"),
        case("a dull film", "a dull, film", "negative", "fixed"),
        case("a dull film", "a du1l film", "positive", "not applicable"),
    ]
    assert states("scripted:keyword", cases) == ["still broken", "fixed", "not applicable"]
    assert states("scripted:raising:du1l", cases) == ["error", "fixed", "error"]


def test_flaky_answers_are_found_by_repetition(case: Case) -> None:
    cases = [case("a dull film", f"a plain film {i}", "negative", f"e{i}") for i in range(8)]
    assert "flaky" not in states("scripted:noisy:1", cases)
    found = replay(load_victim("scripted:noisy:1"), cases, repeat=4)
    assert "flaky" in {one.state for one in found.cases}
    assert found.verdict != "passed"


def test_the_verdict_fails_closed(case: Case) -> None:
    fixed, broken = case("a dull film", "a dull, film", "negative"), case("a dull film", "a du1l film", "negative", "b")
    keyword = load_victim("scripted:keyword")
    assert replay(keyword, [fixed]).exit_code == 0
    assert replay(keyword, [fixed, broken]).exit_code == 1
    assert replay(keyword, [fixed, broken], max_broken=1).exit_code == 0
    assert replay(keyword, []).exit_code == 3
    assert replay(load_victim("scripted:constant:positive"), [fixed, broken]).exit_code == 3
    assert replay(load_victim("scripted:raising:,"), [fixed]).exit_code == 3


def test_a_change_of_the_clean_answer_is_flaky_too(case: Case) -> None:
    assert judge(case("a", "b"), ["positive", "negative"], ["positive", "positive"]).state == "flaky"


def test_cases_that_do_not_fit_the_victim_are_refused(case: Case) -> None:
    with pytest.raises(UsageError, match="labels"):
        replay(load_victim("scripted:keyword"), [case("a", "b", "neutral")])
    with pytest.raises(UsageError, match="field"):
        replay(load_victim("scripted:keyword"), [case("a", "b", texts={"text": "a", "other": "b"})])


def test_the_same_victim_is_still_broken_and_a_sturdier_one_is_not(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "run", "--victim", "scripted:keyword", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["counts"]["still broken"] == len(found["cases"]) > 0
    assert main(["replay", "run/failures.jsonl", "--victim", "scripted:keyword", "--max-broken", "99"]) == 0
    assert main(["replay", "run", "--victim", "scripted:constant:negative"]) in (0, 3)
    assert main(["replay", "run"]) == 2


def test_the_victim_may_come_from_the_policy_file(run: Path) -> None:
    Path("robustness.toml").write_text('[audit]\nvictim = "scripted:keyword"\n')
    assert main(["replay", "run", "-q"]) == 1
    assert main(["replay", "run", "-q", "--victim", ""]) == 2


def test_edited_and_broken_files_are_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (run / "failures.jsonl").read_text().splitlines()
    (run / "failures.jsonl").write_text("\n".join(lines[1:]) + "\n")
    assert main(["replay", "run", "--victim", "scripted:keyword"]) == 2
    assert "failures.jsonl (changed)" in capsys.readouterr().err
    (run / "seal.json").unlink()
    (run / "failures.jsonl").write_text(lines[0] + "\n" + lines[0] + "\n")
    with pytest.raises(RunError, match="twice"):
        read_cases(run)
    (run / "failures.jsonl").write_text(lines[0] + "\n{}\n")
    with pytest.raises(RunError, match="line 2"):
        read_cases(run)
    (run / "failures.jsonl").write_text("")
    assert main(["replay", "run", "--victim", "scripted:keyword", "-q"]) == 3


def test_replay_costs_two_forwards_a_case_at_most(case: Case) -> None:
    from robustness.asking import ask, oracle_for

    cases = [case("a dull film", f"a du1l film {i}", "negative", f"e{i}") for i in range(10)]
    oracle = oracle_for(load_victim("scripted:keyword"))
    ask(oracle, [(text,) for one in cases for text in (one.texts["text"], one.perturbed or "")])
    assert oracle.usage.forwards == 11
    assert oracle.usage.batches < 6
