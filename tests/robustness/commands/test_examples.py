"""The examples come with the package, can be copied out of it, and its notebooks run and say what they show."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from robustness.cli import main
from robustness.commands.workbench.examples import EXAMPLES

HOME = Path(__file__).resolve().parents[3] / "robustness" / "examples"
BOOKS = sorted(path.name for path in HOME.glob("*.ipynb"))


def test_every_file_belongs_to_an_example_and_every_example_has_its_files() -> None:
    named = {file for example in EXAMPLES.values() for file in example.files}
    assert named == {path.name for path in HOME.iterdir() if path.is_file() and path.name != "__init__.py"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_copied_whole_and_twice_does_no_harm(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in ([], ["--out", "a folder/é"]):
        assert main(["examples", name, *words]) == 0
        assert main(["examples", name, *words, "--json"]) == 0
        written = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert {Path(path).read_bytes() for path in written} == {(HOME / file).read_bytes() for file in EXAMPLES[name].files}


def test_nothing_of_the_users_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "five.csv").write_text("mine")
    assert main(["examples", "five", "--out", str(tmp_path)]) == 2
    assert "--force" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["five.csv"]
    assert main(["examples", "five", "--out", str(tmp_path), "--force"]) == 0
    assert (tmp_path / "five.csv").read_text() != "mine"
    assert main(["examples", "fve", "--out", str(tmp_path)]) == 2
    assert "did you mean 'five'?" in capsys.readouterr().err


def test_the_examples_are_in_the_wheel(tmp_path: Path) -> None:
    """As pip installs it: hatch takes the files that are in the package, tracked or new."""
    import tomllib

    project = tomllib.loads((HOME.parents[1] / "pyproject.toml").read_text("utf-8"))
    assert "robustness" in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    ignored = subprocess.run(["git", "check-ignore", *map(str, HOME.iterdir())], capture_output=True, text=True, cwd=HOME)
    assert [line for line in ignored.stdout.splitlines() if "__pycache__" not in line] == []


def outputs(book: Any) -> list[str]:
    """What the cells of a notebook show, as text; how long something took left out."""
    shown = [one for cell in book.cells if cell.cell_type == "code" for one in cell.outputs]
    return [str(one.get("data", {}).get("text/plain") or one.get("text") or one) for one in shown]


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n == "two_releases.ipynb" else pytest.mark.slow) for n in BOOKS])
def test_a_notebook_runs_and_shows_what_is_committed_without_control_characters(name: str, tmp_path: Path) -> None:
    import nbformat

    sys.path.insert(0, str(HOME.parents[1] / "scripts"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the kernel and its sockets
        from execute_notebooks import executed

        book = executed(name, tmp_path)
    sys.path.pop(0)
    assert outputs(book) == outputs(nbformat.read(HOME / name, as_version=4))
    text = (HOME / name).read_text("utf-8")
    assert not re.search(r"\\u00[01][0-9a-f](?<!\\u000a)|\\r|/tmp/|/home/", text)
    assert "audit done" in text, "the progress is one line, and its last state is kept"
