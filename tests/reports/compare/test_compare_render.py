"""A comparison on paper: every view says the verdict and the numbers, and no text of a run comes alive in any."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from reports.compare.compare import Comparison, compare
from reports.gate.policy import CompareRules
from reports.render.comparison.files import COMPARED_FILES, render_comparison
from reports.render.comparison.markdown import markdown_comparison
from reports.render.comparison.page import SHOWN, html_comparison
from reports.render.comparison.terminal import print_comparison, verdict_line
from reports.run import Outcome, Run

Make = Callable[..., Run]
MakeOutcome = Callable[..., Outcome]


@pytest.fixture
def moved(rich_run: Run, make_run: Make) -> Comparison:
    """A hostile run against itself with all broken that held."""
    outcomes = [_broken(o) if o.status == "failed" else o for o in rich_run.outcomes]
    candidate = make_run(outcomes, victim={**rich_run.manifest.victim, "name": "<img src=x onerror=alert(1)>\u202e"})
    return compare(rich_run, candidate, CompareRules(max_error_rate=0.2))


def _broken(outcome: Outcome) -> Outcome:
    assert outcome.best is not None
    wrong = "negative" if outcome.reference == "positive" else "positive"
    return replace(outcome, status="succeeded", best=replace(outcome.best, shown=wrong))


def terminal(found: Comparison, width: int = 200) -> str:
    console = Console(width=width, highlight=False, record=True, file=io.StringIO())
    print_comparison(found, console)
    return console.export_text()


def test_the_terminal_says_verdict_reason_numbers_and_moved_examples(
    make_run: Make, make_counted: Callable[..., list[Outcome]]
) -> None:
    base, candidate = make_run(make_counted(failed=300)), make_run(make_counted(succeeded=30, failed=270))
    found = compare(base, candidate)
    said = terminal(found)
    assert said.startswith(
        "REGRESSED\n  robust accuracy is worse: −10.0 (−13.9 to −7.1) points, more than the 2 allowed; 30 broken"
    )
    assert "100.0 → 90.0" in said
    assert "30 / 0" in said
    assert "newly broken: 30" in said
    assert "… and 20 more" in said
    assert "both runs audited the same victim, byte for byte, yet 30 examples changed" in said
    assert verdict_line(found).startswith("REGRESSED: robust accuracy is worse: −10.0")


def test_a_narrow_terminal_cuts_no_number(make_run: Make, make_counted: Callable[..., list[Outcome]]) -> None:
    found = compare(make_run(make_counted(failed=300)), make_run(make_counted(succeeded=30, failed=270)))
    said = terminal(found, width=80)
    assert "−10.0 (−13.9 to −7.1)  30 / 0" in said


def test_not_comparable_says_in_what(make_run: Make, make_counted: Callable[..., list[Outcome]], tmp_path: Path) -> None:
    found = compare(make_run(make_counted(failed=9)), make_run(make_counted(failed=9), comparability={"data": "d2"}))
    for said in (terminal(found), markdown_comparison(found), html_comparison(found)):
        assert re.search("not comparable", said, re.IGNORECASE)
        assert "d1 in the base, d2 in the candidate" in said
    assert json.loads(render_comparison(found, tmp_path / "new")[0].read_text())["differences"][0]["what"] == "data"


def test_hidden_characters_and_markup_are_dead_everywhere(moved: Comparison) -> None:
    assert len(moved.newly_broken) > 3
    for said in (terminal(moved), markdown_comparison(moved), html_comparison(moved)):
        assert not re.search("[\u202e\u2066\u2069\x00\x07\x1b\x7f\x85\ud800-\udfff]", said)
        assert "U+200B" in said
        said.encode("utf-8")
    assert html_comparison(moved).count("<script") == 1
    assert "<img" not in html_comparison(moved)
    assert "&lt;img src=x onerror=alert(1)&gt;" in html_comparison(moved)
    bare = re.sub(r"(`+).*?\1", "", markdown_comparison(moved), flags=re.DOTALL)
    assert "<" not in bare
    assert "javascript:" not in bare


def test_the_page_may_load_and_run_nothing(moved: Comparison) -> None:
    html = html_comparison(moved)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    rules = dict(rule.split(" ", 1) for rule in policy.replace("&#39;", "'").replace("&#43;", "+").split("; "))
    script = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(script) == 1
    own = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    told = (rules["default-src"], rules["script-src"], rules["style-src"])
    assert told == ("'none'", f"'sha256-{own}'", f"'sha256-{digest}'")
    assert not re.findall(r'(?:src|href)="(?!#|data:,)[^"]*"', html)


def test_the_page_shows_measures_slices_and_moved_examples(moved: Comparison) -> None:
    html = html_comparison(moved)
    for change in moved.measures:
        assert change.title in html
    assert "slice source" not in html
    assert f"Newly broken ({len(moved.newly_broken)})" in html
    assert html.count("<li id=") == len(moved.newly_broken)


def test_long_lists_are_cut_on_the_page_and_whole_in_json(
    make_run: Make, make_counted: Callable[..., list[Outcome]], tmp_path: Path
) -> None:
    found = compare(make_run(make_counted(failed=400)), make_run(make_counted(succeeded=400)))
    html = html_comparison(found)
    assert html.count("<li id=") == SHOWN
    assert f"The first {SHOWN} are shown" in html
    paths = render_comparison(found, tmp_path)
    assert [p.name for p in paths] == list(COMPARED_FILES)
    whole = json.loads(paths[0].read_text())
    assert len(whole["newly_broken"]) == 400
    assert whole["newly_broken"][0]["perturbed"] == "a g0od film"
    assert whole["measures"][0]["pairs"]["n"] == 400


def test_the_terminal_can_name_examples_without_quoting_them(moved: Comparison) -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    print_comparison(moved, console, texts=False)
    said = console.export_text()
    assert moved.newly_broken[0].example_id in said
    assert "a good film" in terminal(moved)
    assert "a good film" not in said


def test_markdown_can_name_examples_without_quoting_them(moved: Comparison, make_outcome: MakeOutcome) -> None:
    quoted, named = markdown_comparison(moved), markdown_comparison(moved, texts=False)
    assert "a good film number" in quoted
    assert "a good film number" not in named
    assert f"`{moved.newly_broken[0].example_id}`" in named
