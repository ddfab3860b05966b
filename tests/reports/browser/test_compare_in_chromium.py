"""``comparison.html`` in a real browser: inert, quiet, and as wide as the screen at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

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
    assert page.ask("document.scripts.length") == 1, "its own, which the policy names by its hash"
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


@pytest.fixture
def sided(make_run: Callable[..., Run], make_outcome: Callable[..., Outcome]) -> Comparison:
    """Thirty examples broken by one of two recipes in the candidate, and the base's attempts at them, other texts."""
    base, candidate = [], []
    for i in range(30):
        for at, recipe in enumerate(("pwws", "deepwordbug")):
            base.append(make_outcome(f"e{i:02d}", recipe, "failed", perturbed=f"a f1ne film {recipe}", edits=()))
            status = "succeeded" if i % 2 == at else "exhausted"
            candidate.append(make_outcome(f"e{i:02d}", recipe, status, perturbed="a g0od film", edits=()))
    return compare(make_run(base), make_run(candidate), CompareRules())


def test_the_base_s_attempt_stands_beside_the_candidate_s(sided: Comparison, open_page: Open) -> None:
    page = open_page(html_comparison(sided))
    first = "document.querySelector('#moved-1 li')"
    assert page.ask(f"Array.from({first}.querySelectorAll('h4'), n => n.textContent)") == [
        "Base still right: the attack found nothing",
        "Candidate broken",
    ]
    assert page.ask(f"Array.from({first}.querySelectorAll('ins'), n => n.textContent)") == ["f1ne film pwws", "g0od"]
    left, right = page.ask(f"Array.from({first}.querySelectorAll('.side'), n => n.getBoundingClientRect().left)")
    assert left < right, "side by side on a wide screen"


def test_what_moved_can_be_searched_filtered_and_pointed_at(sided: Comparison, open_page: Open) -> None:
    page = open_page(html_comparison(sided))
    counted = "document.querySelector('#moved-1 .count').textContent"
    assert page.ask(counted) == "20 of 30 examples"
    page.browser.find_element(By.CSS_SELECTOR, "#moved-1 .more").click()
    assert page.ask(counted) == "30 of 30 examples"
    Select(page.browser.find_element(By.ID, "find-recipe")).select_by_visible_text("pwws")
    assert page.ask(counted) == "15 of 15 examples, filtered from 30"
    address = page.ask("location.href")
    assert address.endswith("#moved?recipe=pwws")
    page.browser.get("about:blank")
    page.browser.get(address)
    assert page.ask(counted) == "15 of 15 examples, filtered from 30"
    page.browser.get(address.split("#")[0] + "#broken-example-e29")
    page.browser.refresh()
    assert page.ask("document.activeElement.id") == "broken-example-e29"
    page.browser.switch_to.active_element.send_keys("k")
    assert page.ask("document.activeElement.id") == "broken-example-e28"
    page.browser.switch_to.active_element.send_keys("/")
    page.browser.switch_to.active_element.send_keys("e07")
    page.browser.execute_async_script("setTimeout(arguments[0], 300)")
    assert page.ask(counted) == "1 of 1 example, filtered from 30"
