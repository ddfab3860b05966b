"""``comparison.html`` in a real browser: inert, quiet, and as wide as the screen at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reports.compare.compare import Comparison, compare
from reports.gate.policy import CompareRules
from reports.render.comparison.page import html_comparison
from reports.run import Judged, Outcome, Run

Open = Callable[..., Any]


@pytest.fixture
def found(rich_run: Run, make_run: Callable[..., Run]) -> Comparison:
    """A hostile run against itself with all broken that held, by a victim with a hostile name."""
    outcomes = [_broken(o) if o.status == "failed" else o for o in rich_run.outcomes]
    candidate = make_run(outcomes, victim={**rich_run.manifest.victim, "name": "</title><script>window.owned=1</script>"})
    return compare(rich_run, candidate, CompareRules(max_error_rate=0.2))


def _broken(outcome: Outcome) -> Outcome:
    wrong = "negative" if outcome.reference == "positive" else "positive"
    return replace(outcome, status="succeeded", best=Judged(wrong, (0.5, 0.5)))


def test_it_runs_nothing_and_asks_for_nothing(found: Comparison, open_page: Open) -> None:
    page = open_page(html_comparison(found))
    assert page.complaints == ()
    assert [url for url in page.requests if not url.startswith("data:")] == []
    assert page.ask("window.owned") is None
    assert page.ask("document.scripts.length") == 0
    assert page.texts("#verdict h2") == ["Regressed"]
    assert len(page.texts("#changes tbody tr")) == len(found.measures)
    assert page.ask("getComputedStyle(document.querySelector('.verdict-head')).backgroundColor") == "rgb(252, 234, 225)"


@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_a_phone(found: Comparison, dark: bool, open_page: Open) -> None:
    page = open_page(html_comparison(found), width=390, dark=dark)
    assert page.ask("document.documentElement.scrollWidth") <= 390
    assert page.shown("#changes td")


def test_its_index_leads_to_every_section(found: Comparison, open_page: Open) -> None:
    page = open_page(html_comparison(found))
    links = page.ask("Array.from(document.querySelectorAll('.index a'), a => a.getAttribute('href').slice(1))")
    sections = page.ask("Array.from(document.querySelectorAll('main > section'), s => s.id)")
    assert links == sections == ["verdict", "changes", "slices", "moved-1", "details"]
