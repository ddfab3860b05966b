"""The templates of docs/ci-templates: each follows the schema of its host, and its commands run as the host runs them.

GitLab's has tests of its own (test_gitlab), and GitHub's calls the action, whose steps test_action runs.
"""

from __future__ import annotations

import importlib.util
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
TEMPLATES = ROOT / "docs" / "ci-templates"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
POLICY = """
[audit]
victim = "scripted:keyword"
data = "data/films.csv"
recipes = ["deepwordbug"]
encoder = "none"
budget = 40

[gate]
min_robust_accuracy = "{least}"
"""

needs_tools = pytest.mark.skipif(not (shutil.which("bash") and shutil.which("git")), reason="no bash or no git")
needs_pre_commit = pytest.mark.skipif(importlib.util.find_spec("pre_commit") is None, reason="pre-commit is not installed")


def test_every_template_is_named_by_the_page() -> None:
    page = (ROOT / "docs" / "ci.md").read_text("utf-8")
    assert [path.name for path in sorted(TEMPLATES.iterdir()) if f"(ci-templates/{path.name})" not in page] == []


@pytest.mark.parametrize(("name", "schema"), [("github.yml", "github-workflows"), ("gitlab-ci.yml", "gitlab-ci")])
def test_a_template_follows_the_schema_of_its_host(name: str, schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(TEMPLATES / name)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A user's project, under git, in a folder with a blank."""
    folder = tmp_path / "my project"
    (folder / "data").mkdir(parents=True)
    rows = [f"a {('dull', 'great')[n % 2]} film {n},{('negative', 'positive')[n % 2]}" for n in range(40)]
    (folder / "data" / "films.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    (folder / "robustness.toml").write_text(POLICY.format(least="10%"))
    (folder / ".gitignore").write_text("runs/\n.venv\n")
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    return folder


def environment() -> dict[str, str]:
    """As on a host that is not GitHub, with this checkout installed."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GIT_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    packages = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return env | {"PATH": path, "PYTHONPATH": packages, "OMP_NUM_THREADS": "1", "PRE_COMMIT_COLOR": "never"}


def stages() -> dict[str, list[str]]:
    """The shell lines of the Jenkinsfile by stage; what a Groovy compiler would want of it is checked as far as it goes."""
    text = (TEMPLATES / "Jenkinsfile").read_text("utf-8")
    code = re.sub(r"(?m)(^|\s)//.*$", "", text)
    bare = re.sub(r"'[^'\n]*'", "''", code)
    assert bare.count("{") == bare.count("}")
    assert bare.count("(") == bare.count(")")
    assert bare.count("'") % 2 == 0
    assert '"' not in bare, "Groovy puts values into double quotes before the shell sees them"
    assert re.findall(r"(?m)^ {4}(\w+) \{", bare) == ["agent", "environment", "stages", "post"]
    parts = re.split(r"stage\('(\w+)'\)", code.partition("post {")[0])
    return {name: re.findall(r"sh '([^']*)'", body) for name, body in zip(parts[1::2], parts[2::2], strict=True)}


@needs_tools
def test_the_lines_of_the_jenkinsfile_run_and_go_red_with_the_gate(project: Path) -> None:
    lines = stages()
    assert list(lines) == ["Install", "Audit", "Verdict"]
    (project / ".venv").mkdir()
    (project / ".venv" / "bin").symlink_to(Path(sys.executable).parent)  # what the first stage makes, without a download
    env = environment() | {"ARGUMENTS": "", "PACKAGE": "./robustness-suite[hf]"}

    def run(stage: str) -> list[int]:
        shell = ["sh", "-xe", "-c"]  # Jenkins' own
        return [
            subprocess.run([*shell, line], cwd=project, env=env, capture_output=True, check=False, timeout=200).returncode
            for line in lines[stage]
        ]

    assert run("Audit") == [0, 0]
    assert run("Verdict") == [0]
    (project / "robustness.toml").write_text(POLICY.format(least="99%"))
    assert run("Audit")[-1] == 1, "the run of the build before is gone, and this one fails"
    assert run("Verdict") == [1]
    assert (project / "runs/ci/junit.xml").exists()
    archived = re.findall(r"(?:junit|artifacts:) '([^']+)'", (TEMPLATES / "Jenkinsfile").read_text("utf-8"))
    assert archived == ["runs/ci/junit.xml", "runs/ci/**"]


def hooks() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load(HOOKS.read_text("utf-8"))
    return loaded


def test_the_pre_commit_template_names_hooks_that_there_are() -> None:
    config = yaml.safe_load((TEMPLATES / "pre-commit-config.yaml").read_text("utf-8"))
    assert {hook["id"] for repo in config["repos"] for hook in repo["hooks"]} == {hook["id"] for hook in hooks()}


@needs_pre_commit
def test_pre_commit_accepts_both_files() -> None:
    for command, path in (("validate-manifest", HOOKS), ("validate-config", TEMPLATES / "pre-commit-config.yaml")):
        checked = subprocess.run([sys.executable, "-m", "pre_commit", command, str(path)], capture_output=True, check=False)
        assert checked.returncode == 0, checked.stdout


@needs_tools
@needs_pre_commit
def test_pre_commit_runs_the_hooks_and_a_gate_that_fails_stops_the_push(project: Path) -> None:
    """Real pre-commit; ``language: python`` would download, so that the hooks run in this environment in its place."""
    config = yaml.safe_load((TEMPLATES / "pre-commit-config.yaml").read_text("utf-8"))
    files = {hook["id"]: hook["files"] for hook in config["repos"][0]["hooks"]}
    local = [{**hook, "language": "system", "files": files[hook["id"]]} for hook in hooks()]
    (project / ".pre-commit-config.yaml").write_text(json.dumps({"repos": [{"repo": "local", "hooks": local}]}))
    subprocess.run(["git", "add", "."], cwd=project, check=True)
    env = environment() | {"PRE_COMMIT_HOME": str(project.parent / "cache")}

    def run(stage: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--hook-stage", stage]
        return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False, timeout=200)

    committed = run("pre-commit")
    assert committed.returncode == 0, committed.stdout
    assert "robustness audit" not in committed.stdout
    (project / "robustness.toml").write_text(POLICY.format(least="99%"))
    pushed = run("pre-push")
    assert pushed.returncode == 1
    assert re.search(r"robustness validate\.+Passed", pushed.stdout)
    assert re.search(r"robustness audit\.+Failed", pushed.stdout)
    assert "FAILED: robust accuracy" in pushed.stdout
