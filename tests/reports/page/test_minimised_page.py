"""What minimised failures have in common, on the page: groups with a reason and an example, dead whatever the words are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.measures.summary import summarise
from reports.render.minimised import SHOWN
from reports.render.page.minimised import minimised_view
from reports.render.page.page import html_report
from reports.run import EditRecord, Outcome, Run, RunError
from reports.run.minimised import MINIMISED

Make = Callable[..., Run]
MakeOutcome = Callable[..., Outcome]
Minimise = Callable[..., None]


def render(run: Run) -> str:
    return html_report(run, summarise(run))


def section(html: str) -> str:
    (found,) = re.findall(r'<section id="common".*?</section>', html, re.DOTALL)
    return str(found)


def groups(html: str) -> str:
    return section(html).split("Failures that work alike")[1]


def test_a_run_whose_failures_were_not_minimised_has_no_groups_and_is_told_how_to_get_them(rich_run: Run) -> None:
    assert minimised_view(rich_run) is None
    found = section(render(rich_run))
    assert "Failures that work alike" not in found
    assert "robustness minimise" in found


def test_groups_stand_with_their_reason_and_their_simplest_failure(
    make_run: Make, make_outcome: MakeOutcome, minimise: Minimise
) -> None:
    run = make_run(
        [
            make_outcome(f"e{i}", texts={"text": f"a good film{'!' * (3 - i)}"}, perturbed=f"a g0od film{'!' * (3 - i)}")
            for i in range(3)
        ]
    )
    minimise(run)
    html = render(run)
    found = section(html)
    assert '<a href="#common">What flips it</a>' in html
    assert "3 failures</span>" in found
    assert "Leetspeak of the word “good” (adjective), usually at the start; one edit is enough" in found
    assert "<del>g<b>o</b>od</del><ins>g<b>0</b>od</ins>" in found
    assert "on <bdi>e2</bdi>" in found
    assert "3 of 3 failures still flip: 9 edits came down to 3." in found


def test_only_the_largest_groups_are_shown(make_run: Make, make_outcome: MakeOutcome, minimise: Minimise) -> None:
    edits = [EditRecord(2, 6, 2, 6, "good", "g0od", f"T{i:02d}") for i in range(SHOWN + 2)]
    run = make_run([make_outcome(f"e{i}", edits=(edit,)) for i, edit in enumerate(edits)])
    minimise(run)
    assert groups(render(run)).count("<li>") == SHOWN
    assert "2 smaller groups are left out" in section(render(run))


def test_hostile_words_are_dead_and_hidden_characters_written_out(
    make_run: Make, make_outcome: MakeOutcome, minimise: Minimise, hostile_texts: tuple[str, ...]
) -> None:
    made = []
    for i, text in enumerate(hostile_texts):
        edit = EditRecord(0, len(text), 0, len(text) + 1, text, text + "x", "<img src=x onerror=alert(1)>")
        made.append(make_outcome(f"<b>{i}\u202e", texts={"text": text}, perturbed=text + "x", edits=(edit,)))
    run = make_run(made)
    minimise(run)
    html = render(run)
    html.encode("utf-8")
    found = section(html)
    assert not re.search("[\u202e\u2066\u2069\u200b\x00\x07\x1b\x7f\x85\ud800-\udfff]", found)
    assert "<img" not in found
    assert "&lt;img src=x onerror=alert(1)&gt;" in found


def test_words_without_end_are_cut(make_run: Make, make_outcome: MakeOutcome, minimise: Minimise) -> None:
    word = "w" * 1_000_000
    edit = EditRecord(0, len(word), 0, len(word), word, word[:-1] + "x", "Swap")
    run = make_run([make_outcome(f"e{i}", texts={"text": word}, perturbed=word[:-1] + "x", edits=(edit,)) for i in range(2)])
    minimise(run)
    assert len(section(render(run))) < 5_000


def test_a_case_that_the_run_does_not_hold_is_named_without_an_example(
    make_run: Make, make_counted: Callable[..., list[Outcome]], minimise: Minimise
) -> None:
    run = make_run(make_counted(succeeded=2))
    minimise(run)
    other = replace(run, outcomes=tuple(o for o in run.outcomes if o.example_id != "e00000"))
    view = minimised_view(other)
    assert view is not None
    assert [(group.count, group.example_id, group.diff) for group in view.groups] == [(2, "e00000", ())]


def test_a_damaged_file_is_refused(rich_run: Run, minimise: Minimise) -> None:
    minimise(rich_run)
    (rich_run.path / MINIMISED).write_text("{}\n")
    with pytest.raises(RunError, match="not a minimised failure"):
        render(rich_run)


def test_failures_that_no_longer_flip_leave_the_sum_alone(rich_run: Run, minimise: Minimise) -> None:
    minimise(rich_run, state="fixed", edits=(), mechanism=None)
    found = groups(render(rich_run))
    assert "<li>" not in found
    assert re.search(r"0 of \d+ failures still flip: 0 edits came down to 0, \d+ fixed\.", found)


def test_five_thousand_minimised_failures_stay_under_three_megabytes(
    make_run: Make, make_outcome: MakeOutcome, minimise: Minimise, tmp_path: Path
) -> None:
    sentence = "the film moves along at a good pace and its quiet ending stays with the viewer for a long while, number {}"
    at = sentence.index("good")
    one = make_outcome("e0")
    many = []
    for i in range(5000):
        text, technique = sentence.format(i), f"Technique{i % 40}"
        edit = EditRecord(at, at + 4, at, at + 4, "good", "g0od", technique)
        changes: dict[str, Any] = {"texts": {"text": text}, "perturbed": text.replace("good", "g0od"), "edits": (edit,)}
        many.append(replace(one, example_id=f"e{i:05d}", **changes))
    run = make_run([one])
    run = replace(run, outcomes=tuple(many), manifest=replace(run.manifest, examples=5000))
    minimise(run)
    html = render(run)
    assert len(html.encode("utf-8")) < 3_000_000
    assert len(section(html)) < 100_000
    assert "25 smaller groups are left out" in section(html)
