"""GitLab: the pipelines that the docs show follow its schema, and their script lines run as its runner would run them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "docs" / "ci-templates" / "gitlab-ci.yml"
POLICY = """
[audit]
victim = "python:model/victim.py:predict"
data = "data.csv"
recipes = ["deepwordbug"]
encoder = "none"
budget = 40
limit = 60

[gate]
min_robust_accuracy = "10%"
"""
VICTIM = """
GOOD = {words!r}

def predict(texts):
    return [(0.1, 0.9) if any(word in text.split() for word in GOOD) else (0.9, 0.1) for text in texts]

predict.labels = ("negative", "positive")
"""
SOLID, BRITTLE = ("great", "film", "the"), ("great",)
"""The words that a victim goes by: that of the label and others of a positive text, one never attacked; or it alone."""

needs_tools = pytest.mark.skipif(not (shutil.which("bash") and shutil.which("git")), reason="no bash or no git")


def faults(path: Path) -> str:
    """What GitLab's own schema has against a pipeline."""
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(path)]
    checked = subprocess.run(checker, capture_output=True, text=True, check=False)
    return "" if checked.returncode == 0 else checked.stdout + checked.stderr


def test_the_pipelines_follow_the_schema_of_gitlab(tmp_path: Path) -> None:
    assert faults(EXAMPLE) == ""
    page = (ROOT / "docs" / "ci.md").read_text("utf-8")
    (short,) = [block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if block.startswith("robustness:")]
    (tmp_path / "short.yml").write_text(short)
    assert faults(tmp_path / "short.yml") == ""
    (tmp_path / "bad.yml").write_text(short.replace("when: always", "when: never-ever"))
    assert "never-ever" in faults(tmp_path / "bad.yml")


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A shallow checkout of a head whose base, a commit earlier, has a victim that goes by more words."""
    origin = tmp_path / "origin"
    (origin / "model").mkdir(parents=True)
    git(origin, "init")
    rows = [f"the great film number {i},positive" for i in range(40)] + [f"a dull book number {i},negative" for i in range(40)]
    (origin / "data.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    (origin / "robustness.toml").write_text(POLICY)
    (origin / ".gitignore").write_text("runs/\n__pycache__/\n")
    for name, words in (("base", SOLID), ("head", BRITTLE)):
        (origin / "model" / "victim.py").write_text(VICTIM.format(words=words))
        git(origin, "add", ".")
        git(origin, "commit", "-m", name)
    git(tmp_path, "clone", "--depth", "1", origin.as_uri(), "work")
    return tmp_path / "work"


def run_job(name: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A job's script in one shell that stops at the first line that fails, as the runner has it; the package is installed."""
    pipeline: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    base = git(folder.parent / "origin", "rev-parse", "HEAD~1")
    env = {**os.environ, **pipeline["variables"], "CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "PYTHONDONTWRITEBYTECODE": "1"}
    env |= {"BASE_VICTIM": "python:base/model/victim.py:predict", "ARGUMENTS": "--allow-local-code", **more}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env.pop("GITHUB_ACTIONS", None)
    script = "\n".join(pipeline[name]["script"])
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(shell, env=env, cwd=folder, capture_output=True, text=True, check=False, timeout=240)


def ended(path: Path, case: str) -> str:
    """The element that says how a case of a JUnit file ended."""
    (found,) = [each for each in ET.parse(path).iter("testcase") if each.get("name") == case]
    return found[0].tag


@needs_tools
def test_a_merge_request_that_makes_the_model_worse_goes_red(checkout: Path) -> None:
    audited = run_job("robustness", checkout)
    assert audited.returncode == 0, audited.stderr
    assert (checkout / "runs/ci/junit.xml").exists()
    compared = run_job("robustness-compare", checkout)
    assert compared.returncode == 1, compared.stdout + compared.stderr
    assert "REGRESSED" in compared.stdout
    assert "film number" not in compared.stdout + compared.stderr
    assert ended(checkout / "compared/comparison.xml", "no regression") == "failure"


@pytest.mark.slow
@needs_tools
def test_the_same_victim_passes_with_a_margin_that_so_few_examples_can_hold(checkout: Path) -> None:
    (checkout / "model/victim.py").write_text(VICTIM.format(words=SOLID))
    assert run_job("robustness", checkout).returncode == 0
    assert run_job("robustness-compare", checkout, MAX_REGRESSION="10pt").returncode == 0
    assert ended(checkout / "compared/comparison.xml", "no regression") == "system-out"


@needs_tools
@pytest.mark.parametrize("broken", ["head", "base"])
def test_what_could_not_be_audited_fails(checkout: Path, broken: str) -> None:
    if broken == "head":
        (checkout / "data.csv").unlink()
        assert run_job("robustness", checkout).returncode == 2
        assert run_job("robustness-compare", checkout).returncode != 0
    else:
        assert run_job("robustness", checkout).returncode == 0
        assert run_job("robustness-compare", checkout, BASE_VICTIM="python:base/model/nothing.py:predict").returncode == 2
    assert not (checkout / "compared/comparison.xml").exists()


def test_every_file_that_a_job_promises_is_one_that_it_writes() -> None:
    from reports.render.comparison.files import COMPARED_FILES
    from reports.run.seal import RENDERED

    pipeline = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    for job, files in (("robustness", RENDERED), ("robustness-compare", COMPARED_FILES)):
        artifacts = pipeline[job]["artifacts"]
        folder, _, name = artifacts["reports"]["junit"].rpartition("/")
        assert artifacts["paths"] == [folder]
        assert name in files
        assert artifacts["access"] == "developer"
        assert artifacts["when"] == "always"
