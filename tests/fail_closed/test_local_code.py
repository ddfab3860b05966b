"""Code that a repository's own file names does not run until the user says so."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from robustness.cli import main
from robustness.victims import KINDS

pytest_plugins = "pytester"

EVIL = """
from pathlib import Path
Path("ran").touch()
def f(texts):
    return [[.2, .8] if "good" in text else [.7, .3] for text in texts]
f.labels = ("negative", "positive")
"""
POLICY = (
    '[audit]\nvictim = "python:evil:f"\ndata = "data.csv"\nrecipes = ["deepwordbug"]\nencoder = "none"\nbudget = 20\n[gate]\n'
)
DATA = "text,label\na good film,positive\na bad film,negative\none good story,positive\nso bad a mess,negative\n"
COMMANDS = {
    "audit": "audit --out {out} -q",
    "validate": "validate",
    "plan": "plan",
    "replay": "replay run",
    "minimise": "minimise run",
    "attack": "attack 'a good film' --label pos --encoder none",
}


def _folder(folder: Path) -> None:
    (folder / "evil.py").write_text(EVIL)
    (folder / "data.csv").write_text(DATA)
    (folder / "robustness.toml").write_text(POLICY + 'min_robust_accuracy = "1%"\n')


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    _folder(tmp_path)
    sys.modules.pop("evil", None)
    assert main(["audit", "--victim", "python:evil:f", "--out", "run", "-q"]) in (0, 1, 3)  # named by flag: it may run
    (tmp_path / "ran").unlink()
    sys.modules.pop("evil")
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_victim_of_the_policy_file_runs_on_consent_only(command: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(COMMANDS[command].format(out="out"))
    assert main(words) == 2
    assert "--allow-local-code" in capsys.readouterr().err
    assert not (here / "ran").exists()
    assert main([*words, "--allow-local-code"]) in (0, 1, 3)
    assert (here / "ran").exists()


def test_pyproject_is_such_a_file_too(here: Path) -> None:
    (here / "robustness.toml").unlink()
    (here / "pyproject.toml").write_text('[tool.robustness.audit]\nvictim = "python:evil:f"\ndata = "data.csv"\n')
    assert main(["audit", "-q"]) == 2
    assert not (here / "ran").exists()


def test_a_policy_named_by_flag_is_still_a_file(here: Path) -> None:
    assert main(["audit", "--policy", "robustness.toml", "--out", "out", "-q"]) == 2
    assert not (here / "ran").exists()


def test_judging_a_run_needs_no_consent(here: Path) -> None:
    assert main(["gate", "run", "-q"]) in (0, 1, 3)
    assert main(["report", "run", "-q"]) in (0, 1, 3)
    assert not (here / "ran").exists()


def test_a_resource_of_the_policy_file_that_may_be_a_pickle_needs_consent(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "tagger.pt").write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    (here / "words.txt").write_text("a b\n")
    for resource, told in (("flair-ner=tagger.pt", True), ("homoglyphs=words.txt", False), ("flair-ner=none", False)):
        (here / "robustness.toml").write_text(f'[audit]\nvictim = "scripted:keyword"\nresource = ["{resource}"]\n')
        main(["audit", "-q"])
        assert ("--allow-local-code" in capsys.readouterr().err) is told, resource


def test_every_kind_that_loads_code_says_so() -> None:
    assert [kind.name for kind in KINDS if kind.runs_code] == ["python", "command"]


def test_pytest_collects_it_and_runs_it_on_consent_only(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    _folder(pytester.path)
    shown = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert shown.parseoutcomes().get("failed", 0) >= 1
    shown.stdout.fnmatch_lines(["*--robustness-allow-local-code*"])
    assert not (pytester.path / "ran").exists()
    pytester.path.joinpath("pytest.ini").write_text("[pytest]\nrobustness_allow_local_code = true\n")
    pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert (pytester.path / "ran").exists()
