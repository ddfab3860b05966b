"""``action.yml`` as a whole: every step in its order as GitHub's runner takes it, against this repository's demo."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = ROOT / "docs" / "ci-templates" / "github.yml"
SMALL = "--limit\n40\n--recipes\nnatural:keyboard-typo\n--encoder\nnone\n"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")


class Runner:
    """A composite action's steps: inputs and outputs put in, ``if`` obeyed, files for outputs and summary, bash with -e."""

    def __init__(self, folder: Path, **inputs: str) -> None:
        self.action: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
        unknown = inputs.keys() - self.action["inputs"].keys()
        assert not unknown
        defaults = {name: value.get("default") for name, value in self.action["inputs"].items()}
        self.values = {f"inputs.{name}": value for name, value in {**defaults, **inputs}.items()}
        assert None not in self.values.values(), "a required input is missing"
        self.folder, self.summary, self.codes, self.said = folder, folder / "summary.md", dict[str, int](), ""

    def run(self) -> bool:
        """Whether the job is green."""
        for number, step in enumerate(self.action["runs"]["steps"]):
            if self._wanted(step.get("if", "success()")):
                self.codes[step["name"]] = self._step(step, number)
        return not any(self.codes.values())

    def outputs(self) -> dict[str, str]:
        return {name: self._filled(one["value"]) for name, one in self.action["outputs"].items()}

    def _wanted(self, condition: str) -> bool:
        terms = [term.strip() for term in condition.split("&&")]
        state = True if "always()" in terms else not any(self.codes.values())
        return state and all(self._holds(term) for term in terms if term not in ("always()", "success()"))

    def _holds(self, term: str) -> bool:
        found = re.fullmatch(r"(inputs\.[\w-]+) != ''", term)
        assert found, f"the test's runner does not know {term!r}"
        return bool(self.values[found[1]])

    def _filled(self, text: str) -> str:
        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda m: self.values[m[1]], text)

    def _step(self, step: dict[str, Any], number: int) -> int:
        output = self.folder / f"output-{number}"
        output.touch()
        env = {key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")}
        env |= {key: self._filled(value) for key, value in step.get("env", {}).items()}
        env |= {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(self.folder), "GITHUB_ACTION_PATH": str(ROOT)}
        env |= {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self.summary), "PYTHONPATH": str(ROOT)}
        env |= {"PIP_NO_INDEX": "1", "PIP_DRY_RUN": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "OMP_NUM_THREADS": "1"}
        env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        assert step["shell"] == "bash"
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        ended = subprocess.run(shell, env=env, cwd=self.folder, capture_output=True, text=True, check=False, timeout=240)
        self.said += ended.stdout + ended.stderr
        for line in output.read_text("utf-8").splitlines():
            name, _, value = line.partition("=")
            self.values[f"steps.{step['id']}.outputs.{name}"] = value
        return ended.returncode


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "a workspace").mkdir()
    return tmp_path / "a workspace"


def test_a_demo_that_keeps_its_threshold_is_green_and_gives_what_the_action_promises(workspace: Path) -> None:
    job = Runner(workspace, victim="demo", arguments=f"{SMALL}--min-robust-accuracy\n10%\n", package="")
    assert job.run(), job.said
    assert list(job.codes) == ["Audit", "Verify", "Verdict"]
    outputs = job.outputs()
    assert (workspace / outputs["run"] / "run.json").exists()
    assert json.loads((workspace / outputs["sarif"]).read_text("ascii"))["version"] == "2.1.0"
    assert re.fullmatch("[0-9a-f]{64}", outputs["digest"])
    assert "# PASSED" in job.summary.read_text("utf-8")
    assert "::error" not in job.said


@pytest.mark.slow
def test_a_demo_that_breaks_its_threshold_is_red(workspace: Path) -> None:
    job = Runner(workspace, victim="demo", arguments=f"{SMALL}--min-robust-accuracy\n99%\n", package="")
    assert not job.run()
    assert job.codes == {"Audit": 1, "Verify": 0, "Verdict": 1}


def test_a_red_job_still_compares_with_the_base(workspace: Path) -> None:
    (workspace / "robustness.toml").write_text('[gate]\nmin_robust_accuracy = "99%"\n')
    rows = [f"a {('dull film', 'great piece of film')[n % 2]} {n},{('negative', 'positive')[n % 2]}" for n in range(40)]
    (workspace / "films.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    (workspace / "length.py").write_text(
        "def ask(texts):\n"
        "    return [[0.1, 0.9] if len(text.split()) > 4 else [0.9, 0.1] for text in texts]\n"
        "ask.labels = ('negative', 'positive')\n"
    )
    both = {"victim": "scripted:keyword", "base-victim": "python:length.py:ask", "data": "films.csv"}
    job = Runner(workspace, **both, arguments=SMALL, package="", out="runs/pr 1")
    assert not job.run()
    assert job.codes == {"Audit": 1, "Verify": 0, "Verdict": 1, "Audit the base": 0, "Compare with the base": 1}, job.said
    assert (workspace / job.outputs()["comparison"] / "comparison.sarif").exists()
    summary = job.summary.read_text("utf-8")
    assert "# FAILED" in summary
    assert "What changed" in summary
    assert "::error title=robustness%3A min_robust_accuracy::" in job.said


@pytest.mark.parametrize("given", ["no threshold", "no such data"])
def test_a_job_that_audits_nothing_is_red(workspace: Path, given: str) -> None:
    more = {"data": "nothing.csv", "arguments": "--min-robust-accuracy\n10%"} if given == "no such data" else {}
    job = Runner(workspace, victim="scripted:keyword", package="", **more)
    assert not job.run()
    assert job.codes["Audit"] == 2
    assert all(job.codes.values()), "neither the seal nor the verdict of a run that is not there is green"


def test_the_install_step_takes_the_checkout_of_the_action_itself(workspace: Path) -> None:
    """With no index to reach, and nothing installed: what pip says that it was asked for is the point."""
    job = Runner(workspace, victim="demo")
    step = job.action["runs"]["steps"][0]
    assert step["name"] == "Install"
    assert job._wanted(step["if"])
    job._step(step, 0)
    assert f"Processing {ROOT}" in job.said
    assert not Runner(workspace, victim="demo", package="")._wanted(step["if"])


def test_the_workflow_template_gives_the_action_what_it_takes() -> None:
    workflow = yaml.safe_load(TEMPLATE.read_text("utf-8"))
    steps = workflow["jobs"]["robustness"]["steps"]
    (audit,) = [step for step in steps if step.get("id") == "audit"]
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    assert audit["with"].keys() <= action["inputs"].keys()
    used = set(re.findall(r"steps\.audit\.outputs\.([\w-]+)", TEMPLATE.read_text("utf-8")))
    assert used
    assert used <= action["outputs"].keys()
    lines = [line for line in audit["with"]["arguments"].splitlines() if line]
    assert lines == ["--limit", "500"]
