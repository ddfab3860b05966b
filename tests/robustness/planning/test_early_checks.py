"""What costs nothing to find is found before anything is loaded, and something is said before anything slow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from robustness.cli import main

INPUTS = ["--victim", "hf:some/checkpoint", "--data", "films.csv"]
AUDIT = ["audit", *INPUTS]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A folder with data and an old run; loading a victim or an encoder is noted, and fails."""
    from robustness import victims
    from robustness.helpers import registry

    loads: list[str] = []

    def refuse(*what: Any, **options: Any) -> Any:
        loads.append(str(what[0]))
        raise AssertionError("loaded")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(victims, "_load", refuse)
    monkeypatch.setattr(registry, "load_helpers", refuse)
    Path("films.csv").write_text("text,label\na warm film,positive\na dull film,negative\n")
    Path("pairs.csv").write_text("sentence1,sentence2,label\na,b,1\nc,d,0\n")
    Path("old").mkdir()
    Path("old/run.json").write_text("{}")
    Path("notes").write_text("")
    return loads


@pytest.mark.parametrize(
    ("flags", "fragment"),
    [
        (["--recipes", "deepwordbugg"], "deepwordbug"),
        (["--recipes", "pwws,pwws"], "named twice"),
        (["--recipes", "paraphrase-model"], "needs a rewriter"),
        (["--recipes", "bae"], "needs a masked language model"),
        (["--out", "old"], "already holds a run"),
        (["--out", "notes"], "is a file"),
        (["--victim", "hff:x"], "there is no kind of victim"),
        (["--access", "labels"], "access cannot be used with hf"),
        (["--data", "none.csv"], "no such file"),
        (["--data", "films.txt"], "no such file"),
        (["--label", "stars"], "no column 'stars'"),
        (["--id", "key"], "no column 'key'"),
        (["--data", "pairs.csv"], "--fields sentence1,sentence2"),
        (["--fields", "premise,hypothesis"], "text fields (premise, hypothesis)"),
        (["--field", "premise"], "no field 'premise'"),
        (["--columns", "label,text"], "leave --columns out"),
        (["--protect", "("], "is not a regular expression"),
        (["--budget", "1"], "at least 2 queries"),
        (["--encoder", "mini"], "unknown encoder 'mini'"),
        (["--encoder", "hf:./none"], "no such folder"),
        (["--rewriter", "rewrites"], "unknown rewriter"),
        (["--masked-lm", "hf:old"], "old holds no config.json"),
        (["--fluency", "gpt"], "expects a causal language model as hf:PATH_OR_NAME"),
        (["--goal", "misclasify"], "no task has a goal 'misclasify'"),
        (["--task", "classify"], "there is no task 'classify'"),
        (["--limit", "0"], "must be a whole number from 1"),
        (["--cache", "notes"], "--cache expects a folder"),
        (["--label", "stars", "--text", "words"], "'label'; and there is no column 'words' for --text"),
    ],
)
def test_a_cheap_mistake_is_told_before_anything_is_loaded(
    flags: list[str], fragment: str, folder: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("audit", "plan", "validate"):
        if command != "audit" and flags[0] in ("--out", "--field", "--budget", "--limit", "--cache"):
            continue
        usual = [word for i, word in enumerate(INPUTS) if INPUTS[i - i % 2] != flags[0]]  # a flag may be given once
        assert main([command, *usual, *flags]) == 2
        assert fragment in " ".join(capsys.readouterr().err.split())
    assert folder == []


def test_what_is_being_loaded_is_said_at_once(folder: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for words in (AUDIT, ["plan", *INPUTS], ["validate", *INPUTS], ["attack", "a film", *INPUTS[:2]]):
        assert main(words) == 2
        assert capsys.readouterr().err.startswith("loading victim hf:some/checkpoint\n")
    assert main([*AUDIT, "-q"]) == 2
    assert "loading" not in capsys.readouterr().err
    assert folder == ["hf"] * 5


def test_columns_that_cannot_be_guessed_are_named_in_one_error(folder: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("odd.csv").write_text("words,stars\na warm film,5\n")
    assert main(["validate", "--victim", "demo", "--data", "odd.csv"]) == 2
    said = capsys.readouterr().err
    assert "no column has a usual name for the label" in said
    assert "no column has a usual name for the text" in said
    Path("known.csv").write_text("text,stars\na warm film,5\n")
    assert main(["validate", "--victim", "demo", "--data", "known.csv"]) == 2
    assert "the text" not in capsys.readouterr().err, "a text that can be chosen is no fault"
    assert folder == []


def test_what_only_the_victim_can_tell_is_left_until_it_is_loaded(folder: list[str]) -> None:
    assert main([*AUDIT, "-q", "--protect", "labels"]) == 2
    assert folder == ["hf"]


def test_the_column_of_a_lone_label_may_be_known_only_after_loading(folder: list[str]) -> None:
    Path("toxic.csv").write_text("text,toxic\na,1\nb,0\n")
    for victim in ("hf:some/checkpoint", "hf:some/checkpoint#toxic", "python:mine:predict"):
        assert main(["audit", "--victim", victim, "--data", "toxic.csv", "-q"]) == 2
    assert folder == ["hf", "hf", "python"]
    assert main(["audit", "--victim", "hf:some/checkpoint#insult", "--data", "toxic.csv", "-q"]) == 2
    assert len(folder) == 3
