"""Commands that follow a run ask its own victim, unasked where this account made the run, and only if it is still the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robustness.cli import main
from tests.robustness.followups.test_integrated_gradients import checkpoint

CODE = """
def ask(texts):
    return [[0.1, 0.9] if "great" in text else [0.9, 0.1] for text in texts]
ask.labels = ("negative", "positive")
"""
FOLLOWING = (
    ["replay", "run"],
    ["minimise", "run"],
    ["explain", "run"],
    ["certify", "run", "--space", "char-1:swap"],
    ["transfer", "run"],
)


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    Path("data.csv").write_text("text,label\na great film,positive\na dull film,negative\n")
    Path("mine.py").write_text(CODE)
    flags = ["--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none", "-q", "--out", "run"]
    assert main(["audit", "--victim", "python:mine.py:ask", *flags]) == 0
    capsys.readouterr()
    return Path("run")


def test_a_run_of_ones_own_needs_no_victim_named(capsys: pytest.CaptureFixture[str]) -> None:
    codes = {words[0]: main(words) for words in FOLLOWING}
    said = capsys.readouterr().err
    assert codes == {"replay": 1, "minimise": 0, "explain": 0, "certify": 0, "transfer": 0}, said
    assert said.count("loading victim python:mine.py:ask") == len(FOLLOWING)


def test_a_checkpoint_outside_the_working_folder_is_found_again_and_never_looked_for_elsewhere(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """``run.json`` names it by its last part alone, and a model of that name may be on the hub."""
    far = tmp_path_factory.mktemp("far") / "tiny"
    checkpoint(far)
    flags = ["--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none", "--budget", "12", "-q", "--offline"]
    assert main(["audit", "--victim", f"hf:{far}", *flags, "--out", "tiny run"]) in (0, 3)
    assert json.loads(Path("tiny run", "run.json").read_text())["victim"]["name"] == "hf:tiny"
    capsys.readouterr()
    assert main(["replay", "tiny run"]) in (0, 1, 3)
    assert "cannot be opened" not in capsys.readouterr().err
    far.rename(far.with_name("moved"))
    assert main(["replay", "tiny run"]) == 2
    assert "is not where it was any more" in capsys.readouterr().err


def test_code_outside_the_working_folder_is_found_again_and_versions_of_one_name_are_told_apart(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none", "-q"]
    for name, word in (("one", "great"), ("two", "film")):
        far = tmp_path_factory.mktemp(name) / "version.py"
        far.write_text(CODE.replace("great", word))
        assert main(["audit", "--victim", f"python:{far}:ask", *flags, "--out", name]) == 0
        assert json.loads(Path(name, "run.json").read_text())["victim"]["name"] == "python:version.py:ask"
    capsys.readouterr()
    assert main(["replay", "one"]) == 1
    assert main(["watch", "one", "--once"]) == 1
    capsys.readouterr()
    assert main(["transfer", "one", "two", "--json"]) in (0, 1, 3)
    asked = {cell["victim"] for cell in json.loads(capsys.readouterr().out)["cells"]}
    assert asked == {"python:version.py:ask (one)", "python:version.py:ask (two)"}


def test_a_victim_that_changed_since_is_refused_by_each(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.py").write_text(CODE.replace("great", "grand"))
    for words in FOLLOWING:
        assert main(words) == 2
        said = capsys.readouterr().err
        assert "python:mine.py:ask is no longer the victim of the run: source changed since" in said, words
        assert "--victim" in said
    assert main(["replay", "run", "--victim", "python:mine.py:ask"]) in (1, 3)


def test_a_run_of_somebody_else_opens_no_code(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("theirs.py").write_text("raise SystemExit('ran')\n")
    manifest = json.loads((run / "run.json").read_text())
    (run / "seal.json").unlink()
    (run / "run.json").write_text(json.dumps({**manifest, "victim": {**manifest["victim"], "name": "python:theirs.py:ask"}}))
    for words in FOLLOWING:
        assert main(words) == 2
        assert "--allow-local-code" in capsys.readouterr().err, words
    (run / "run.json").write_text(json.dumps(manifest))
    monkeypatch.setenv("XDG_STATE_HOME", "another account")
    assert main(FOLLOWING[0]) == 2
    assert "runs code of its own" in capsys.readouterr().err
