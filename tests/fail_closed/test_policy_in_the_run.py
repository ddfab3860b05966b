"""The policy lives in the run: no later command forgets it, and a verdict that another policy changes is announced."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from robustness.cli import main

ROWS = ["text,label", *(f"a dull film number {i},negative" for i in range(40))]
COMMON = [
    "--victim",
    "scripted:keyword",
    "--data",
    "data.csv",
    "--recipes",
    "deepwordbug",
    "--encoder",
    "none",
    "--out",
    "run",
    "-q",
]
HARD, EASY = ["--min-robust-accuracy", "99%"], ["--max-accuracy-drop", "99.9%"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    Path("data.csv").write_text("\n".join(ROWS) + "\n")
    return tmp_path


def audit(*more: str) -> int:
    return main(["audit", *COMMON, *more])


def verdict() -> str:
    return str(json.loads(Path("run/summary.json").read_text())["gate"]["verdict"])


def red() -> int:
    root = ET.parse("run/junit.xml").getroot()
    return int(root.get("failures", "0")) + int(root.get("errors", "0"))


def test_a_failed_run_stays_failed_whatever_renders_it_and_from_where(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert audit(*HARD) == 1
    written = {path.name: path.read_bytes() for path in Path("run").iterdir()}
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    for place, run in ((folder, "run"), (elsewhere, "../run")):
        monkeypatch.chdir(place)
        assert main(["report", run, "-q"]) == 1
        assert main(["gate", run, "-q"]) == 1
    monkeypatch.chdir(folder)
    assert {path.name: path.read_bytes() for path in Path("run").iterdir()} == written


def test_an_undecided_run_stays_undecided() -> None:
    assert audit(*EASY, "--min-examples", "5000") == 3
    assert main(["report", "run", "-q"]) == 3
    assert main(["gate", "run", "-q"]) == 3
    assert red()


def test_the_file_of_the_folder_does_not_judge_a_run_that_has_a_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(*HARD) == 1
    Path("robustness.toml").write_text('[gate]\nmax_accuracy_drop = "99.9%"\n')
    for command in ("gate", "report"):
        capsys.readouterr()
        assert main([command, "run", "-q"]) == 1
        assert "the run is judged by its own policy; robustness.toml says otherwise" in capsys.readouterr().err
    Path("robustness.toml").write_text("[gate\n")
    assert main(["gate", "run", "-q"]) == 1


def test_the_file_of_the_folder_judges_a_run_without_a_policy() -> None:
    assert audit() == 0
    Path("robustness.toml").write_text('[gate]\nmin_robust_accuracy = "99%"\n')
    assert main(["gate", "run", "-q"]) == 1
    assert main(["report", "run", "-q"]) == 1


def test_flags_are_laid_over_the_run_s_own_policy() -> None:
    assert audit(*HARD) == 1
    assert main(["gate", "run", "-q", *EASY]) == 1


def test_a_changed_verdict_is_announced_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(*HARD) == 1
    Path("loose.toml").write_text('[gate]\nmin_robust_accuracy = "0.001%"\nmax_accuracy_drop = "99.99%"\nmin_examples = 0\n')
    said = "another policy changed the verdict: failed under the run's own (flags)"
    capsys.readouterr()
    codes = {main([*command, "-q", "--policy", "loose.toml"]) for command in (["gate", "run"], ["report", "run"])}
    assert capsys.readouterr().err.count(said) == 2
    assert codes == {{"passed": 0, "inconclusive": 3}[verdict()]}
    for name in ("report.md", "report.html", "junit.xml", "findings.sarif"):
        assert "changed the verdict" in Path("run", name).read_text("utf-8")
    assert json.loads(Path("run/summary.json").read_text())["gate"]["own"] == {"verdict": "failed", "policy": "flags"}
    assert red() > 0
    assert main(["gate", "run", "-q"]) == 1


def test_no_policy_at_all_does_not_turn_failed_into_measured() -> None:
    assert audit(*HARD) == 1
    Path("empty.toml").write_text("[audit]\nseed = 0\n")
    assert main(["report", "run", "--policy", "empty.toml"]) == 2
    assert verdict() == "failed"
    assert main(["report", "run", "--policy", "none", "-q"]) == 3
    assert red() > 0


def test_a_resumed_run_keeps_its_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(*HARD) == 1
    assert audit("--resume") == 1
    capsys.readouterr()
    Path("loose.toml").write_text('[gate]\nmax_attack_success_rate = "99.99%"\n')
    audit("--resume", "--policy", "loose.toml")
    assert main(["gate", "run", "-q"]) == 1


def test_a_run_that_was_only_measured_gets_the_policy_that_it_is_resumed_under() -> None:
    assert audit() == 0
    assert audit("--resume", *HARD) == 1
    assert main(["report", "run", "-q"]) == 1


def test_a_damaged_policy_in_the_run_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(*HARD) == 1
    Path("run/seal.json").unlink()
    manifest = json.loads(Path("run/run.json").read_text())
    manifest["policy"]["gate"]["min_robust_acuracy"] = 0.5
    Path("run/run.json").write_text(json.dumps(manifest))
    for command in ("gate", "report"):
        capsys.readouterr()
        assert main([command, "run"]) == 2
        assert "did you mean min_robust_accuracy?" in capsys.readouterr().err


def test_a_run_of_an_older_version_has_no_policy_and_loads() -> None:
    assert audit(*HARD) == 1
    Path("run/seal.json").unlink()
    manifest = json.loads(Path("run/run.json").read_text())
    del manifest["policy"], manifest["asked"]
    Path("run/run.json").write_text(json.dumps(manifest))
    assert main(["gate", "run", "-q"]) == 3
    assert main(["gate", "run", "-q", *HARD]) == 1


def test_the_python_interface_leaves_the_policy_in_the_run_too() -> None:
    from reports.gate.gate import evaluate
    from reports.gate.policy import parse_policy
    from robustness.auditing import audit as run_audit

    policy = parse_policy({"gate": {"min_robust_accuracy": "99%"}}, "here")
    run = run_audit("scripted:keyword", "data.csv", recipes="deepwordbug", encoder="none", out="run", policy=policy)
    assert evaluate(run).verdict == "failed"
    assert main(["gate", "run", "-q"]) == 1
