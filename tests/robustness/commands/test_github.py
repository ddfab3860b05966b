"""GitHub: annotations, the job summary, and the steps of ``action.yml`` run as the runner would."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reports.render.github import command
from robustness.cli import main

ROOT = Path(__file__).resolve().parents[3]
ROWS = [("a great and moving film", "positive"), ("a dull film", "negative"), ("charming and fun", "positive"),
        ("weak , lazy and slow", "negative")]  # fmt: skip


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step.md"))
    with (tmp_path / "data.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("text", "label"), *ROWS])
    return tmp_path / "data.csv"


def audit(data: Path, *more: str) -> int:
    flags = ("--victim", "scripted:keyword", "--recipes", "deepwordbug", "--encoder", "none", "--out", "run", "-q")
    return main(["audit", "--data", str(data), *flags, *more])


def test_a_command_is_one_line_whatever_it_says() -> None:
    said = command("error", "a:b,c", "50 % off\r\n::stop-commands::x\u202e")
    assert said == "::error title=a%3Ab%2Cc::50 %25 off⟨U+000D⟩ ::stop-commands::x⟨U+202E⟩"


def test_a_broken_rule_is_annotated_and_summarised_without_texts(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(data, "--github", "--min-robust-accuracy", "99%") == 1
    out, err = capsys.readouterr()
    assert re.search(r"^::error title=robustness%3A min_robust_accuracy::", err, re.MULTILINE)
    assert "::" not in out
    summary = Path("step.md").read_text("utf-8")
    assert "# FAILED" in summary
    assert "## Failures" in summary
    assert not any(text in summary for text, _ in ROWS)


def test_texts_are_shown_when_asked_for(data: Path) -> None:
    audit(data, "--github", "--show-texts")
    assert ROWS[1][0] in Path("step.md").read_text("utf-8")


def test_it_is_on_by_itself_on_github_only(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit(data)
    assert not Path("step.md").exists()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(["gate", "run", "--no-github", "-q"]) == 3
    assert not Path("step.md").exists()
    assert main(["gate", "run", "-q"]) == 3
    assert Path("step.md").exists()


def test_an_undecided_gate_is_an_error_on_github(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit(data)
    capsys.readouterr()
    assert main(["gate", "run", "--github", "--min-examples", "999", "-q"]) == 3
    assert "::error title=robustness%3A min_examples is inconclusive::" in capsys.readouterr().err


def steps() -> dict[str, Any]:
    import yaml

    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    defaults = {name: value.get("default", "") for name, value in action["inputs"].items()}
    return {"inputs": defaults, "steps": {step["name"]: step for step in action["runs"]["steps"]}}


def run_step(step: dict[str, Any], inputs: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """One step as the runner runs it: inputs put into its environment, bash with -e and pipefail."""
    filled = {k: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: inputs[m[1]], v) for k, v in step["env"].items()}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **filled, "PATH": path, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(folder / "step.md")}
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(shell, env=env, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_the_steps_of_the_action(data: Path) -> None:
    action = steps()
    arguments = "--recipes\ndeepwordbug\n\n--encoder\nnone\n--min-robust-accuracy\n99%"
    given = {"victim": "scripted:keyword", "data": "data.csv", "arguments": arguments, "out": "runs/a folder"}
    inputs = {**action["inputs"], **given, "base-victim": "scripted:keyword"}
    audited = run_step(action["steps"]["Audit"], inputs, data.parent)
    assert audited.returncode == 1, audited.stderr
    assert "::error" in audited.stderr
    assert json.loads((data.parent / "runs/a folder/findings.sarif").read_text())["version"] == "2.1.0"
    assert "FAILED" in (data.parent / "step.md").read_text("utf-8")
    base = run_step(action["steps"]["Audit the base"], inputs, data.parent)
    assert base.returncode == 0, base.stderr
    assert (data.parent / "runs/a folder-base/run.json").exists()
    assert run_step(action["steps"]["Verify"], inputs, data.parent).returncode == 0
    compared = run_step(action["steps"]["Compare with the base"], inputs, data.parent)
    assert compared.returncode in (0, 3), compared.stderr
    assert json.loads((data.parent / "runs/a folder-compared/comparison.sarif").read_text())["version"] == "2.1.0"
    assert "What changed" in (data.parent / "step.md").read_text("utf-8")
    assert not any(text in (data.parent / "step.md").read_text("utf-8") for text, _ in ROWS)
    shutil.rmtree(data.parent / "runs/a folder-base")
    assert run_step(action["steps"]["Compare with the base"], inputs, data.parent).returncode == 2
    (data.parent / "runs/a folder/report.md").write_text("all is well")
    assert run_step(action["steps"]["Verify"], inputs, data.parent).returncode == 1


def test_the_action_and_the_workflow_on_the_page_follow_github_s_schemas(tmp_path: Path) -> None:
    (example,) = [block for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/ci.md").read_text("utf-8"), re.DOTALL)
                  if block.startswith("jobs:")]  # fmt: skip
    (tmp_path / "workflow.yml").write_text(f"on: [push, pull_request]\n{example}")
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    for schema, path in (("github-actions", ROOT / "action.yml"), ("github-workflows", tmp_path / "workflow.yml")):
        checked = subprocess.run([*checker, f"vendor.{schema}", str(path)], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_no_input_is_pasted_into_a_script() -> None:
    """An expression inside ``run`` would let an input write shell code."""
    assert not [name for name, step in steps()["steps"].items() if "${{" in step["run"]]


def acted(folder: Path, **changes: str) -> dict[str, int]:
    """The exit codes of the steps that decide, by name, for these inputs."""
    action = steps()
    arguments = "--recipes\ndeepwordbug\n--encoder\nnone\n--min-robust-accuracy\n1%"
    given = {"victim": "scripted:constant:negative", "data": "data.csv", "arguments": arguments, "out": "runs/ci", **changes}
    inputs = {**action["inputs"], **given}
    return {name: run_step(action["steps"][name], inputs, folder).returncode for name in ("Audit", "Verify", "Verdict")}


@pytest.mark.parametrize(
    "ends",
    ["os._exit(0)", "import atexit; atexit.register(os._exit, 0)"],
    ids=["before the end", "after the end"],
)
def test_a_victim_that_ends_its_process_with_0_is_not_green(data: Path, ends: str) -> None:
    (data.parent / "quits.py").write_text(
        f"import os\n\ndef ask(texts):\n    {ends}\n    return ['positive' if 'great' in t else 'negative' for t in texts]\n\n"
        "ask.labels, ask.robustness_access = ['negative', 'positive'], 'labels'\n"
    )
    arguments = "--recipes\ndeepwordbug\n--encoder\nnone\n--min-robust-accuracy\n99%"
    codes = acted(data.parent, victim="python:quits:ask", arguments=arguments)
    assert codes["Audit"] in (1, 2)
    codes = acted(data.parent, victim="python:quits:ask", arguments=f"{arguments}\n--no-isolate", out="runs/here")
    assert codes["Verdict"] in (1, 2, 3)


@pytest.mark.slow
def test_a_run_that_lies_there_already_is_not_the_job_s(data: Path) -> None:
    acted(data.parent)
    assert acted(data.parent, victim="scripted:keyword")["Audit"] == 2


def test_the_action_asks_for_a_threshold_before_it_spends_anything(data: Path) -> None:
    codes = acted(data.parent, arguments="--recipes\ndeepwordbug\n--encoder\nnone")
    assert codes["Audit"] == 2
    assert not (data.parent / "runs").exists()
