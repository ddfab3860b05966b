"""``robustness attack``: whose victim, which label, which texts, and that a search that tried nothing has not held."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from robustness.cli import main

KEYWORD = ["--victim", "scripted:keyword", "--encoder", "none"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], str]:
    code = main(["attack", *words])
    told = capsys.readouterr()
    return code, told.out.splitlines(), told.err


def test_the_victim_of_the_policy_file_is_attacked_and_named_first(capsys: pytest.CaptureFixture[str]) -> None:
    Path("robustness.toml").write_text('[audit]\nvictim = "scripted:keyword"\n')
    code, lines, _ = said(capsys, "a dull film", "--label", "neg", "--recipe", "deepwordbug", "--encoder", "none", "-q")
    assert (code, lines[:2]) == (1, ["victim scripted:keyword", "label negative"])
    code, lines, _ = said(capsys, "a dull film", "--label", "neg", *KEYWORD[2:], "--victim", "scripted:constant:negative", "-q")
    assert lines[0] == "victim scripted:constant:negative"


def test_the_label_is_the_victims_own_answer_unless_one_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = said(capsys, "a dull film", *KEYWORD, "--recipes", "deepwordbug", "-q")
    assert (code, lines[1]) == (1, "label negative, the victim's own answer; --label says what is true")
    assert said(capsys, "a dull film", *KEYWORD, "--label", "pos", "-q")[0] == 3
    code, _, err = said(capsys, "a dull film", "--victim", "scripted:nan-scores", "--encoder", "none")
    assert code == 2
    assert "did not answer the clean text" in err


def test_a_text_is_read_from_stdin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["-", *KEYWORD, "--recipe", "deepwordbug", "--json"]
    monkeypatch.setattr("sys.stdin", io.StringIO("a dull film\n"))
    code, lines, _ = said(capsys, *words)
    assert (code, json.loads(lines[0])["texts"]) == (1, {"text": "a dull film"})
    monkeypatch.setattr("sys.stdin", io.StringIO(" \n"))
    assert said(capsys, *words)[0] == 2
    assert said(capsys, "-", "-", *KEYWORD)[0] == 2
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"caf\xe9"), "utf-8"))
    code, _, err = said(capsys, *words)
    assert (code, "not valid utf-8" in err) == (2, True)


def test_several_recipes_are_tried_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = said(capsys, "a dull film", *KEYWORD, "--recipes", "checklist,deepwordbug", "--json")
    outcomes: list[dict[str, Any]] = json.loads(lines[0])
    assert [(o["recipe"], o["status"]) for o in outcomes] == [("checklist", "failed"), ("deepwordbug", "succeeded")]
    assert code == 1
    assert said(capsys, "a dull film", *KEYWORD, "--recipe", "checklist", "-q")[0] == 0


def test_a_search_that_found_nothing_to_try_has_not_held(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = said(capsys, "?!", *KEYWORD, "--recipe", "pwws", "-q")
    assert code == 3
    assert "nothing was tried that the victim can tell from the original" in " ".join(lines)


def test_a_misspelt_recipe_is_told_before_the_victim_is_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, err = said(capsys, "a film", "--victim", "hf:no-such-folder", "--recipe", "deepwordbugg")
    assert (code, lines) == (2, [])
    assert "deepwordbug" in err
