"""``robustness attack --interactive``, typed on a terminal and from a pipe, and what a bare ``attack`` reads."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from robustness.cli import main
from tests.robustness.commands.terminals import Terminal

KEYWORD = ["--victim", "scripted:keyword", "--encoder", "none"]


Piped = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def piped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Piped:
    """The program with bytes on its stdin: its exit code and what it wrote."""
    monkeypatch.chdir(tmp_path)

    def run(text: str | bytes, *words: str) -> tuple[int, list[str], str]:
        raw = text if isinstance(text, bytes) else text.encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw), "utf-8"))
        code = main(["attack", *KEYWORD, *words])
        told = capsys.readouterr()
        return code, told.out.splitlines(), told.err

    return run


def test_on_a_terminal_texts_and_commands_are_answered_until_ctrl_d(tmp_path: Path) -> None:
    loop = Terminal("attack", "-i", *KEYWORD, "--recipe", "checklist", "-q", folder=tmp_path)
    try:
        assert "victim scripted:keyword" in loop.until("> ")
        loop.type("a dull film\n")
        assert "checklist: held" in loop.until("\n> ")
        loop.type(":recipe deepwordbugg\n")
        assert "did you mean" in loop.until("\n> ")
        loop.type(":recipe deepwordbug\n")
        loop.until("recipe deepwordbug\r\n")
        loop.type("a dull film\n")
        told = loop.until("\n  a ")
        assert "label negative, the victim's own answer" in told
        assert "deepwordbug: broken" in told
        loop.until("> ")
        for _ in range(3):
            loop.type("\x03")
            assert "stopping" not in loop.until("interrupted")
            loop.until("> ")
        loop.type("\x04")
    finally:
        code = loop.end()
    assert code == 0


def test_in_a_pipe_each_line_is_a_text_and_an_error_does_not_end_the_loop(piped: Piped) -> None:
    lines = "a dull film\n\n:label nonsense\na dull film\n:label neg\n:help\n:nope\na dull film\n:quit\nnever read\n"
    code, out, err = piped(lines, "-i", "--recipe", "deepwordbug", "-q")
    assert code == 1
    assert [line for line in out if line.startswith("deepwordbug")] == ["deepwordbug: broken after 5 queries"] * 2
    assert "--label 'nonsense' is not one of the victim's labels" in err
    assert "there is no command :nope" in err
    assert not any(line.startswith("> ") for line in out)


def test_the_exit_code_of_a_pipe_is_that_of_all_texts_together(piped: Piped) -> None:
    held = ("-i", "--recipe", "checklist", "-q")
    assert piped("a dull film\n", *held)[0] == 0
    code, _, err = piped(b"a dull film\ncaf\xe9\na dull film\n", *held)
    assert (code, "not valid" in err) == (2, True)


def test_a_piped_text_needs_no_argument_and_is_read_whole(piped: Piped) -> None:
    code, out, _ = piped("a dull film\n\nand a weak end\n", "--recipe", "checklist", "--json")
    assert (code, json.loads(out[0])["texts"]) == (0, {"text": "a dull film\n\nand a weak end"})
    code, _, err = piped("")
    assert (code, "expected a text on stdin" in err) == (2, True)


def test_the_first_recipe_that_breaks_it_ends_the_search_unless_all_are_wanted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["attack", "a dull film", *KEYWORD, "--recipe", "checklist,deepwordbug", "--recipes", "bad-characters", "--json"]
    assert main(words) == 1
    assert [one["recipe"] for one in json.loads(capsys.readouterr().out)] == ["checklist", "deepwordbug"]
    assert main([*words, "--all"]) == 1
    assert [one["recipe"] for one in json.loads(capsys.readouterr().out)] == ["checklist", "deepwordbug", "bad-characters"]
    assert main(["attack", "a dull film", *KEYWORD, "--recipe", "natural:keyboard*", "--json"]) in (0, 1)
    assert isinstance(json.loads(capsys.readouterr().out), list)  # several, however soon one broke the text


def test_a_text_of_another_task_is_attacked_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("read er.py").write_text(
        "def names(texts):\n"
        "    return [[(t.index(w), t.index(w) + len(w), 'PER') for w in ('Anna', 'Bert') if w in t] for t in texts]\n"
        "def reader(rows):\n"
        "    return ['Oslo' if 'lives in Oslo' in row['context'] else 'nowhere' for row in rows]\n"
    )
    ner = ["--victim", "python:read er.py:names", "--task", "ner", "--labels", "PER", "--encoder", "none", "-q"]
    assert main(["attack", "Anna met Bert", *ner, "--recipe", "bad-characters"]) in (0, 1, 3)
    assert "label PER 0–4, PER 9–13, the victim's own answer" in capsys.readouterr().out.splitlines()[1]
    qa = ["--victim", "python:read er.py:reader", "--task", "qa", "--encoder", "none", "--recipe", "deepwordbug", "-q"]
    assert main(["attack", "Where does she live?", "She lives in Oslo now", *qa, "--fields", "question,context"]) == 1
    assert "label Oslo, the victim's own answer" in capsys.readouterr().out.splitlines()[1]
    assert main(["attack", "only one", *qa, "--fields", "question,context"]) == 2
    assert main(["attack", "-i", "a text", *KEYWORD]) == 2
