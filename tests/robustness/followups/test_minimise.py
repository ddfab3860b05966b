"""Minimising: the fewest edits that still flip, and clusters by mechanism."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.render.minimised import flipping_words, word_lines
from reports.run import EditRecord, Judged, Outcome
from reports.run.minimised import MINIMISED, clusters, read_minimised
from reports.run.seal import verify
from robustness.cli import main
from robustness.engine.converse import oracle_for
from robustness.followups.minimise import applied, minimise, pieces_of
from robustness.victims import load_victim
from robustness.victims.scripted import ScriptedVictim


def changed(words: Sequence[str], at: Sequence[int], technique: str = "KeyboardTypo") -> tuple[str, str, tuple[EditRecord, ...]]:
    """A text of these words, the text with ``x`` put after the chosen ones, and the edits."""
    edits, start, shift = [], 0, 0
    for i, word in enumerate(words):
        if i in at:
            end = start + len(word)
            edits.append(EditRecord(start, end, start + shift, end + shift + 1, word, word + "x", technique))
            shift += 1
        start += len(word) + 1
    after = [word + "x" if i in at else word for i, word in enumerate(words)]
    return " ".join(words), " ".join(after), tuple(edits)


def case_of(text: str, perturbed: str, edits: tuple[EditRecord, ...], example_id: str = "e1", **changes: Any) -> Outcome:
    values: dict[str, Any] = {"recipe": "typos", "status": "succeeded", "reference": "negative", "field": "text"}
    values |= {"texts": {"text": text}, "perturbed": perturbed, "edits": edits, "best": Judged("positive")}
    return Outcome(example_id=example_id, **{**values, **changes})


def falls_for(needed: Sequence[str]) -> ScriptedVictim:
    """Answers positive exactly when every one of these words is in the text."""
    rows = {True: (0.1, 0.9), False: (0.9, 0.1)}
    return ScriptedVictim("trap", lambda inputs: [rows[all(f" {w} " in f" {i[0]} " for w in needed)] for i in inputs])


def reduced(victim: ScriptedVictim, cases: Sequence[Outcome]) -> Any:
    return minimise(victim, cases, oracle_for(victim))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 24), st.data())
def test_exactly_the_needed_edits_are_left(n: int, data: st.DataObject) -> None:
    words = [f"w{i}" for i in range(n)]
    at = sorted(data.draw(st.sets(st.integers(0, n - 1), min_size=1)))
    needed = sorted(data.draw(st.sets(st.sampled_from(at), min_size=1, max_size=3)))
    (found,) = reduced(falls_for([f"w{i}x" for i in needed]), [case_of(*changed(words, at))])
    assert found.state == "minimal"
    assert [edit.before for edit in found.edits] == [f"w{i}" for i in needed]
    assert found.perturbed == changed(words, needed)[1]
    assert all(found.perturbed[e.new_start : e.new_end] == e.after for e in found.edits)
    assert found.was == len(at)


def test_one_minimal_is_not_enough_where_few_edits_are_searched_to_the_end() -> None:
    """Either {a} alone or {b, c} flips: only the single edit is minimal."""

    def answer(inputs: Sequence[tuple[str, ...]]) -> list[tuple[float, float]]:
        hit = [" ax " in f" {i[0]} " or (" bx " in f" {i[0]} " and " cx " in f" {i[0]} ") for i in inputs]
        return [(0.1, 0.9) if h else (0.9, 0.1) for h in hit]

    (found,) = reduced(ScriptedVictim("either", answer), [case_of(*changed(["b", "c", "a"], [0, 1, 2]))])
    assert [edit.before for edit in found.edits] == ["a"]
    assert found.exact


def test_cases_that_do_not_flip_are_said() -> None:
    good = changed(["w0", "w1"], [0])
    cases = [case_of(*good, "fixed"), case_of(*good, "wrong", reference="positive")]
    assert [m.state for m in reduced(falls_for(["never"]), cases)] == ["fixed", "not applicable"]
    victim = load_victim("scripted:raising:w1x")
    assert [m.state for m in minimise(victim, [case_of(*changed(["dull", "w1"], [1]))], oracle_for(victim))] == ["error"]


def test_edits_that_do_not_fit_are_found_by_alignment() -> None:
    case = case_of("one two three", "one 2 three four", ())
    assert applied(case.texts["text"], pieces_of(case), range(len(pieces_of(case))))[0] == case.perturbed


def test_an_edit_over_several_words_is_cut() -> None:
    whole = EditRecord(0, 13, 0, 14, "one two three", "one 2x three 4", "Paraphrase")
    case = case_of("one two three", "one 2x three 4", (whole,))
    assert len(pieces_of(case)) > 1
    (found,) = reduced(falls_for(["2x"]), [case])
    assert [(edit.before, edit.after) for edit in found.edits] == [("two", "2x")]


def test_failures_cluster_by_word_then_by_class() -> None:
    victim = load_victim("scripted:keyword")
    cases = [case_of(*changed(["a", "dull", "film"], [0, 1]), f"d{i}") for i in range(3)]
    cases.append(case_of(*changed(["a", "weak", "film"], [1]), "w", recipe="others"))
    groups = clusters(minimise(victim, cases, oracle_for(victim)))
    assert [group.count for group in groups] == [3, 1]
    assert "“dull” (adjective or verb)" in groups[0].reason
    assert "KeyboardTypo" in groups[0].reason
    assert groups[1].cases == (("others", "w"),)
    assert "“weak”" in groups[1].reason


def test_the_words_that_flip_the_model_come_with_counts_and_what_they_became() -> None:
    cases = [case_of(*changed(["a", "dull", "film"], [1]), "e1"), case_of(*changed(["so", "Dull", "now"], [0, 1]), "e2")]
    cases.append(case_of("a dull film", "a film", (EditRecord(2, 7, 2, 2, "dull ", "", "WordDrop"),), "e3"))
    no_dull = [(0.9, 0.1), (0.1, 0.9)]
    victim = ScriptedVictim("trap", lambda inputs: [no_dull[" dull " not in i[0].casefold()] for i in inputs])
    found = reduced(victim, cases)
    words = {one.word: (one.count, set(one.became)) for one in flipping_words(cases, found)}
    assert words["dull"] == (3, {"dullx", "Dullx", ""}), "the word of e2 that was not needed is not counted"
    assert "so" not in words
    shown = list(word_lines(flipping_words(cases, found), 3))
    assert shown[0] == "words that flip the model, and in how many of 3 failures"
    assert "(left out)" in shown[1]


def test_failures_that_need_several_edits_go_by_technique() -> None:
    cases = [case_of(*changed([f"a{j}", "b", "c"], [0, 1, 2]), f"e{j}") for j in range(4)]
    groups = clusters(reduced(falls_for(["bx", "cx"]), cases))
    assert [(group.count, group.reason) for group in groups] == [
        (4, "KeyboardTypo on several words at once; usually 2 edits are needed")
    ]


def test_many_cases_share_batches() -> None:
    asked: list[int] = []

    def answer(inputs: Sequence[tuple[str, ...]]) -> list[tuple[float, float]]:
        asked.append(len(inputs))
        return [(0.1, 0.9) if "x" in i[0] else (0.9, 0.1) for i in inputs]

    cases = [case_of(*changed([f"a{j}", "b", "c"], [0, 1, 2]), f"e{j}") for j in range(40)]
    found = reduced(ScriptedVictim("batched", answer), cases)
    assert all(len(one.edits) == 1 for one in found)
    assert len(asked) < 20


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = ["text,label", "a dull film,negative", "one dull hour,negative", "so boring,negative", "a great film,positive"]
    Path("data.csv").write_text("\n".join(rows) + "\n")
    flags = ["--recipes", "natural:keyboard-typo,deepwordbug", "--encoder", "none", "--out", "run", "-q", "--no-github"]
    assert main(["audit", "--victim", "scripted:keyword", "--data", "data.csv", *flags]) == 0
    capsys.readouterr()
    return tmp_path / "run"


def test_the_command_writes_and_the_report_shows(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["minimise", "run", "--victim", "scripted:keyword", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = read_minimised(run / MINIMISED)
    assert len(found) == len(told["failures"]) > 0
    assert sum(group["count"] for group in told["clusters"]) == sum(one.state == "minimal" for one in found)
    assert verify(run).verdict == "verified"
    assert main(["report", "run"]) == 0
    assert "## What the failures have in common" in (run / "report.md").read_text()
    assert main(["minimise", "run", "--victim", "scripted:keyword"]) == 0
    assert main(["minimise", "run", "--victim", "scripted:constant:negative", "-q"]) == 3
    assert main(["minimise", "run/failures.jsonl", "--victim", "scripted:keyword"]) == 2


def test_github_sees_no_word_of_the_data(run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    main(["minimise", "run", "--victim", "scripted:keyword", "-q"])
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "step.md")
    main(["gate", "run", "--github", "-q"])
    assert "failures have in common" in Path("step.md").read_text("utf-8")
    assert "dull" not in Path("step.md").read_text("utf-8")
