"""A project with an ``attacks`` or ``reports`` of its own, which hides ours: said clearly, and pytest still runs there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
KINDS = {"package": "reports/__init__.py", "module": "attacks.py"}


def ran(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in that folder, with this checkout installed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(params=sorted(KINDS))
def hiding(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The file of a user's that hides one of our packages."""
    file: Path = tmp_path / KINDS[request.param]
    file.parent.mkdir(exist_ok=True)
    file.write_text("")
    return file


def explained(text: str, hiding: Path) -> bool:
    return all(part in text for part in (str(hiding), str(ROOT), "rename that, or run from a folder"))


def test_the_program_names_the_file_that_hides_ours(hiding: Path, tmp_path: Path) -> None:
    shown = ran(tmp_path, "-m", "robustness", "list", "victims", "--json")
    assert shown.returncode == 2
    (line,) = shown.stderr.splitlines()
    assert explained(line, hiding)
    assert json.loads(shown.stdout) == {
        "error": {"type": "ShadowedError", "message": line.removeprefix("robustness: ")},
        "exit_code": 2,
    }


def test_a_script_can_catch_the_error(hiding: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import robustness\ntry:\n    robustness.audit('demo')\nexcept robustness.RobustnessError as e:\n    print('caught', e)\n"
    )
    shown = ran(tmp_path, str(script))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert explained(shown.stdout, hiding)


def test_pytest_runs_there_and_explains_what_needs_ours(hiding: Path, tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(
        f"import {hiding.relative_to(tmp_path).parts[0].removesuffix('.py')}\n"
        "def test_of_theirs(): pass\ndef test_audit(audit): audit('demo')\n"
    )
    (tmp_path / "robustness.toml").write_text('[audit]\nvictim = "demo"\n')
    shown = ran(tmp_path, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=line", "--continue-on-collection-errors")
    assert "1 failed, 1 passed, 1 error" in shown.stdout
    errors, failures = shown.stdout.split("= FAILURES =")
    assert explained(errors, hiding)
    assert explained(failures, hiding)


def test_a_folder_that_python_does_not_take_for_a_package_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "june.html").write_text("")
    assert ran(tmp_path, "-m", "robustness", "list", "victims").returncode == 0
