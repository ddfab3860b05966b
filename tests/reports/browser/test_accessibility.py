"""Every page under axe-core in a real browser: no violation of WCAG 2.2 A and AA or of axe's good practice, in any look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest
from selenium.webdriver.common.by import By

from reports.compare.compare import Comparison, compare
from reports.gate.policy import CompareRules
from reports.render.comparison.page import html_comparison
from reports.render.review_form import review_form
from reports.review.sample import draw
from reports.run import Judged, Outcome, Run

Open = Callable[..., Any]
LOOKS = [(1280, False), (1280, True), (390, False), (390, True)]
FEW = ((1280, False), (390, True))
"""Looks that every run of the tests sees; a defect seldom shows in one of the others alone."""
CHECK = """
const done = arguments[arguments.length - 1];
document.querySelectorAll("details").forEach((d) => { d.open = true; });
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
axe.run(document, { runOnly: tags, rules: { "target-size": { enabled: true } }, resultTypes: ["violations"] }).then(
  (found) => done({
    checked: [...found.passes, ...found.incomplete, ...found.inapplicable].map((rule) => rule.id),
    violations: found.violations.flatMap((rule) => rule.nodes.map((node) =>
      `${rule.id}: ${node.html.slice(0, 200)} (${node.failureSummary.replace(/\\s+/g, " ")})`)),
  }),
  (problem) => done({ checked: [], violations: [String(problem)] }),
);
"""


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def violations(page: Any, axe: str) -> list[str]:
    """What axe-core finds wrong with an open page, every detail of it unfolded."""
    page.browser.execute_script(axe)
    found = page.browser.execute_async_script(CHECK)
    applied = {*found["checked"], *(line.split(":")[0] for line in found["violations"])}
    assert {"color-contrast", "target-size", "landmark-one-main"} <= applied, found
    return list(found["violations"])


@pytest.mark.parametrize(
    ("width", "dark"), [look if look in FEW else pytest.param(*look, marks=pytest.mark.slow) for look in LOOKS]
)
def test_the_report(
    rich_run: Run,
    minimise: Callable[[Run], None],
    report: Callable[..., str],
    open_page: Open,
    axe: str,
    width: int,
    dark: bool,
) -> None:
    minimise(rich_run)
    html = report(rich_run, min_robust_accuracy=0.5, max_accuracy_drop=0.99, min_examples=999)
    assert violations(open_page(html, width=width, dark=dark), axe) == []


@pytest.mark.parametrize(("width", "dark"), FEW)
def test_explained_failures(
    make_run: Callable[..., Run],
    make_outcome: Any,
    explain: Callable[[Run], None],
    report: Callable[..., str],
    open_page: Open,
    axe: str,
    width: int,
    dark: bool,
) -> None:
    run = make_run([make_outcome()])
    explain(run)
    page = open_page(report(run), width=width, dark=dark)
    assert {"lean lean-4", "lean lean-1", "lean against"} <= set(
        page.ask("Array.from(document.querySelectorAll('mark'), n => n.className)")
    )
    assert len(page.texts("#table-remedies tbody tr")) == 2
    assert violations(page, axe) == []


def test_a_cascade_without_a_gate_and_a_run_without_failures(
    make_run: Callable[..., Run],
    make_counted: Callable[..., list[Outcome]],
    report: Callable[..., str],
    open_page: Open,
    axe: str,
) -> None:
    first = make_counted("pruthi", succeeded=20, failed=40)
    then = [replace(o, recipe="pwws") for o in first if o.status == "failed"]
    for run in (make_run([*first, *then], cascade=True), make_run(make_counted(failed=5))):
        assert violations(open_page(report(run)), axe) == []


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('<html lang="en">', "<html>", "html-has-lang"),
        ("<label>Recipe<select", "<select", "select-name"),
        ("--soft: #545d6b", "--soft: #b9bec6", "color-contrast"),
    ],
)
def test_a_fault_is_found(
    make_run: Callable[..., Run], make_outcome: Any, report: Any, open_page: Open, axe: str, old: str, new: str, rule: str
) -> None:
    html = report(make_run([make_outcome()]))
    assert old in html
    broken = html.replace(old, new).replace("Content-Security-Policy", "x-no-policy")
    assert rule in {line.split(":")[0] for line in violations(open_page(broken), axe)}


@pytest.fixture
def found(rich_run: Run, make_run: Callable[..., Run]) -> Comparison:
    """A hostile run against itself with all broken that held."""
    outcomes = [_broken(o) if o.status == "failed" else o for o in rich_run.outcomes]
    return compare(rich_run, make_run(outcomes), CompareRules(max_error_rate=0.2))


def _broken(outcome: Outcome) -> Outcome:
    wrong = "negative" if outcome.reference == "positive" else "positive"
    return replace(outcome, status="succeeded", best=Judged(wrong, (0.5, 0.5)))


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_the_comparison(found: Comparison, open_page: Open, axe: str, width: int, dark: bool) -> None:
    assert violations(open_page(html_comparison(found), width=width, dark=dark), axe) == []


def test_runs_that_cannot_be_compared(rich_run: Run, make_run: Callable[..., Run], open_page: Open, axe: str) -> None:
    unlike = make_run(rich_run.outcomes, comparability={"data": "d2"})
    assert violations(open_page(html_comparison(compare(rich_run, unlike))), axe) == []


@pytest.mark.parametrize(("width", "dark"), FEW)
def test_the_review_form(rich_run: Run, open_page: Open, axe: str, width: int, dark: bool) -> None:
    page = open_page(review_form(draw(rich_run, 12)), width=width, dark=dark)
    page.browser.find_element(By.TAG_NAME, "body").send_keys("1")
    assert violations(page, axe) == []


@pytest.mark.parametrize(("width", "dark"), FEW)
def test_an_open_example_and_the_keys(
    rich_run: Run, report: Callable[..., str], open_page: Open, axe: str, width: int, dark: bool
) -> None:
    html = report(rich_run).replace("Content-Security-Policy", "x-no-policy")
    page = open_page(html, width=width, dark=dark)
    page.browser.execute_script("location.hash = document.querySelectorAll('#grid th a')[2].hash")
    page.browser.execute_async_script("setTimeout(arguments[0], 50)")
    assert page.ask("document.getElementById('example').open")
    assert violations(page, axe) == []
    page.browser.execute_script("document.getElementById('example').close(); document.getElementById('keys').showModal()")
    assert violations(page, axe) == []
