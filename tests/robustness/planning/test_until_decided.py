"""Audits that stop when the verdict is certain: where they stop, that nothing else moves it, and that they resume."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reports.gate.gate import evaluate
from reports.gate.policy import Policy, parse_policy
from reports.run import Run
from reports.run.store import load_run
from robustness.auditing import audit
from robustness.cli import main
from robustness.errors import UsageError

LABELS = ("negative", "positive")


def holds(texts: list[str]) -> list[list[float]]:
    """Right on every clean text; texts whose number ends in 0 to 3 are broken by any edit, the others by none."""
    rows = []
    for text in texts:
        stem = text.split(" ")[0]
        intact = text == f"{stem} is a film of number"
        weak = stem[-1:] in "0123"
        rows.append([0.1, 0.9] if intact or not weak else [0.9, 0.1])
    return rows


def rows(n: int = 400) -> list[tuple[str, str]]:
    return [(f"n{i} is a film of number", "positive") for i in range(n)]


def wanted(share: float, **more: Any) -> Policy:
    accepted = ["one-label", "near-chance", "constant"]
    return parse_policy({"gate": {"min_robust_accuracy": share, "accept_flags": accepted, **more}}, "test")


def run(out: Path, policy: Policy | None, **settings: Any) -> Run:
    options: dict[str, Any] = {"encoder": "none", "budget": 20, "until_decided": True, **settings}
    victim, options["protect"] = {"labels": list(LABELS)}, ["n\\d+"]  # the number says which examples hold
    return audit(
        holds, options.pop("rows", rows()), recipes="deepwordbug", out=out, policy=policy, victim_options=victim, **options
    )


def test_it_stops_early_and_says_how_many_it_took(tmp_path: Path) -> None:
    found = run(tmp_path / "run", wanted(0.3))
    drawn = found.manifest.sequential["drawn"]
    assert drawn == len({o.example_id for o in found.outcomes}) < found.manifest.examples == 400
    assert found.manifest.due == drawn
    result = evaluate(found, wanted(0.3))
    assert result.verdict == "passed"
    assert (
        next(r.message for r in result.rules if r.rule == "complete") == f"every trial ended; {drawn} of 400 examples were drawn"
    )
    assert found.manifest.comparability["until_decided"] is True


@pytest.mark.parametrize(("threshold", "verdict"), [(0.95, "failed"), (0.6, "inconclusive")])
def test_it_stops_on_failure_and_ends_with_the_data(threshold: float, verdict: str, tmp_path: Path) -> None:
    found = run(tmp_path / "run", wanted(threshold))
    assert evaluate(found, wanted(threshold)).verdict == verdict
    assert (found.manifest.sequential["drawn"] == 400) == (verdict == "inconclusive")


def test_min_examples_are_waited_for(tmp_path: Path) -> None:
    assert run(tmp_path / "run", wanted(0.05, min_examples=200)).manifest.sequential["drawn"] >= 200


@pytest.mark.parametrize("policy", [None, parse_policy({"gate": {"min_examples": 5}}, "test")])
def test_without_a_threshold_there_is_nothing_to_decide(policy: Policy | None, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs something to decide"):
        run(tmp_path / "run", policy)
    assert not (tmp_path / "run").exists()


def content(folder: Path) -> tuple[list[str], Any]:
    manifest = json.loads((folder / "run.json").read_text())
    return sorted((folder / "outcomes.jsonl").read_text().splitlines()), manifest["sequential"]


def test_where_it_stops_depends_on_the_seed_and_nothing_else(tmp_path: Path) -> None:
    run(tmp_path / "a", wanted(0.4))
    others: dict[str, dict[str, Any]] = {
        "one at a time": {"in_flight": 1},
        "many": {"in_flight": 256, "batch_tokens": 64},
        "turned round": {"rows": rows()[::-1]},
    }
    for name, settings in others.items():
        run(tmp_path / name, wanted(0.4), **settings)
        assert content(tmp_path / name) == content(tmp_path / "a"), name
    run(tmp_path / "seed", wanted(0.4), seed=1)
    assert content(tmp_path / "seed")[0] != content(tmp_path / "a")[0]


def cut(folder: Path, kept: int) -> None:
    """The state that a kill leaves: no seal, an unfinished manifest and the first lines, the last of them torn."""
    (folder / "seal.json").unlink()
    manifest = json.loads((folder / "run.json").read_text())
    manifest |= {"finished": False, "outcomes": {}, "sequential": {"looks": 0}, "flags": []}
    (folder / "run.json").write_text(json.dumps(manifest))
    lines = (folder / "outcomes.jsonl").read_text().splitlines(keepends=True)
    (folder / "outcomes.jsonl").write_text("".join(lines[:kept]) + lines[kept][:50])


@pytest.mark.parametrize("kept", [0, 1, 30, 80])
def test_a_run_cut_short_resumes_to_the_same_end(kept: int, tmp_path: Path) -> None:
    run(tmp_path / "whole", wanted(0.53))
    run(tmp_path / "cut", wanted(0.53))
    cut(tmp_path / "cut", kept)
    run(tmp_path / "cut", wanted(0.53), resume=True)
    assert content(tmp_path / "cut") == content(tmp_path / "whole")
    assert content(tmp_path / "whole")[1]["looks"] > 3


def test_an_easier_question_at_resume_drops_nothing_that_was_begun(tmp_path: Path) -> None:
    """It would have stopped at 25 examples; 80 were begun already."""
    run(tmp_path / "run", wanted(0.53))
    cut(tmp_path / "run", 80)
    found = run(tmp_path / "run", wanted(0.05), resume=True)
    assert found.manifest.sequential == {"looks": 4, "drawn": 100}
    assert evaluate(found, wanted(0.05)).verdict == "passed"


def test_a_finished_run_resumed_stays_as_it_is(tmp_path: Path) -> None:
    run(tmp_path / "run", wanted(0.4))
    before = content(tmp_path / "run")
    run(tmp_path / "run", wanted(0.4), resume=True)
    assert content(tmp_path / "run") == before


@pytest.mark.parametrize("other", [0.05, 0.6])
def test_a_finished_run_is_not_drawn_further(other: float, tmp_path: Path) -> None:
    """Another question, easier or harder, is answered from what was drawn; its intervals allow that."""
    before = run(tmp_path / "run", wanted(0.45)).manifest.sequential
    again = run(tmp_path / "run", wanted(other), resume=True)
    assert again.manifest.sequential == before
    assert evaluate(again, wanted(other)).verdict == ("passed" if other < 0.45 else "inconclusive")


def test_a_run_over_all_is_not_resumed_as_one_that_stops(tmp_path: Path) -> None:
    from reports.run import RunError

    run(tmp_path / "run", wanted(0.4), until_decided=False, rows=rows(30))
    with pytest.raises(RunError, match="until_decided"):
        run(tmp_path / "run", wanted(0.4), rows=rows(30), resume=True)


def test_the_program_does_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["text,label", *(f"bad film number {i},negative" for i in range(300))]
    Path("data.csv").write_text("\n".join(lines) + "\n")
    flags = ["audit", "--victim", "scripted:keyword", "--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none"]
    asked = [*flags, "--until-decided", "--out", "run", "--json"]
    assert main([*asked, "--min-robust-accuracy", "60%"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["gate"]["verdict"] == "failed"
    assert load_run("run").manifest.sequential == {"looks": 1, "drawn": 25}
    assert main([*flags, "--until-decided", "--out", "other"]) == 2
    assert "--min-robust-accuracy" in capsys.readouterr().err
