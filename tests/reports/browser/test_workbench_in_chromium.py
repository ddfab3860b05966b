"""The workbench in a real browser: from a server and from files, by mouse and keyboard, wide and narrow, light and dark."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import resources
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from reports.gate.policy import parse_policy
from reports.render import render_all
from reports.run import Outcome, Run
from reports.run.store import RunWriter
from robustness.view.bundle import write_bundle
from robustness.view.server import Workbench

Open = Callable[..., Any]
Make = Callable[..., Run]
PAYLOAD = "</script><script>window.owned=1</script><img src=x onerror=window.owned=1><svg onload=window.owned=1>\u202e"
AXE = """
const done = arguments[arguments.length - 1];
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
axe.run(document, { runOnly: tags, rules: { "target-size": { enabled: true } } }).then((found) => done(
  found.violations.flatMap((rule) => rule.nodes.map((n) => `${rule.id}: ${n.html.slice(0, 200)} ${n.failureSummary}`))));
"""


@pytest.fixture
def folder(tmp_path: Path, make_run: Make, make_counted: Any, make_manifest: Any, rich_run: Run) -> Path:
    """Two versions of a victim, a hostile run, one that was edited, one that stopped, one that is lost."""
    policy = parse_policy({"gate": {"min_robust_accuracy": "20%"}}, "robustness.toml").record()
    for at, broken in enumerate((10, 40)):
        victim = {**make_manifest().victim, "name": "hf:models/movie-reviews", "identity": {"weights": f"w{at}"}}
        outcomes = make_counted(failed=80 - broken, succeeded=broken)
        render_all(make_run(outcomes, victim=victim, policy=policy, created=f"2025-0{at + 2}-01T00:00:00+00:00"))
    hostile = {**rich_run.manifest.victim, "name": PAYLOAD, "identity": {PAYLOAD: PAYLOAD}}
    render_all(make_run(rich_run.outcomes, victim=hostile, created=PAYLOAD, task=PAYLOAD, flags=rich_run.manifest.flags))
    edited = make_run(make_counted(failed=40), policy=policy)
    render_all(edited)
    (edited.path / "report.md").write_text("PASSED")
    make_run(make_counted(succeeded=4, failed=4), finished=False, examples=20)
    lost = make_run(make_counted(failed=1))
    (lost.path / "run.json").unlink()
    return tmp_path


@pytest.fixture
def site(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("site")
    write_bundle(folder, into)
    return into


@pytest.fixture
def server(folder: Path) -> Iterator[Workbench]:
    workbench = Workbench(folder, 0)
    thread = Thread(target=workbench.serve, daemon=True)
    thread.start()
    with suppress(HTTPError):
        urlopen(f"http://{workbench.guard.authority}/", timeout=60)  # refused: it has been loaded
    yield workbench
    workbench.stop()
    thread.join(10)


@pytest.fixture
def axe() -> Callable[[Any], list[str]]:
    """``axe(page)``: what axe-core finds wrong with it."""
    script = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")

    def check(page: Any) -> list[str]:
        page.browser.execute_script(script)
        return list(page.browser.execute_async_script(AXE))

    return check


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def names(page: Any) -> list[str]:
    found: list[str] = page.ask("Array.from(document.querySelectorAll('#table tbody tr:not([hidden]) th a'), n => n.textContent)")
    return found


def test_every_page_of_a_bundle_is_inert_and_readable_in_every_look(site: Path, open_url: Open, axe: Any) -> None:
    pages = [site / "index.html", *(next((site / sub).iterdir()) for sub in ("together", "compare"))]
    pages += [*(site / "run").iterdir(), *(site / "victim").iterdir()]
    for at, path in enumerate(pages):
        width, dark = ((1280, False), (390, True), (1280, True), (390, False))[at % 4]
        looks = [(1280, False), (390, True)] if path.name == "index.html" or path.parent.name == "together" else [(width, dark)]
        for wide, night in looks:
            page = open_url(path.as_uri(), width=wide, dark=night)
            assert page.complaints == ()
            assert page.ask("window.owned") is None
            assert [url for url in page.requests if not url.startswith("data:")] == []
            assert page.ask("document.documentElement.scrollWidth") <= wide, path
            if path.parent.name not in ("run", "compare"):  # reports have their own tests
                assert axe(page) == [], path


def test_the_list_sorts_filters_and_keeps_both_in_its_address(site: Path, open_url: Open) -> None:
    page = open_url((site / "index.html").as_uri())
    assert names(page)[-1] == "run6", "the latest first, what has no date last" if page else ""
    page.browser.find_element(By.CSS_SELECTOR, "th[data-key=robust] button").click()
    assert names(page)[0] == "run1"
    page.browser.find_element(By.CSS_SELECTOR, "th[data-key=name] button").click()
    assert names(page) == sorted(names(page))
    assert page.ask("document.querySelector('th[data-key=name]').getAttribute('aria-sort')") == "ascending"
    Select(page.browser.find_element(By.ID, "verdict")).select_by_visible_text("passed")
    assert names(page) == ["run1", "run2"]
    page.browser.find_element(By.ID, "search").send_keys("run2")
    assert page.texts("#count") == ["1 of 7 runs"]
    address = page.browser.current_url
    assert "#sort=name" in address
    assert names(open_url("about:blank") and open_url(address)) == ["run2"]
    page.browser.find_element(By.ID, "search").send_keys(" never")
    assert page.shown("#none")


def test_without_a_script_all_runs_and_links_are_there(site: Path, open_url: Open) -> None:
    page = open_url((site / "index.html").as_uri(), script=False)
    assert len(page.texts("#table tbody tr")) == 7
    assert not page.shown("#search")


def test_a_browser_comes_in_by_the_token_and_goes_from_page_to_page(server: Workbench, open_url: Open, axe: Any) -> None:
    page = open_url(server.guard.url)
    until(lambda: "/index.html" in page.browser.current_url)
    assert "token" not in page.browser.current_url
    for width, dark in ((1280, False), (390, True)):
        page = open_url(f"http://{server.guard.authority}/index.html", width=width, dark=dark)
        assert page.complaints == ()
        assert axe(page) == []
        assert page.ask("document.documentElement.scrollWidth") <= width
    page = open_url(f"http://{server.guard.authority}/index.html")
    boxes = page.browser.find_elements(By.CSS_SELECTOR, "#table tbody tr:not([hidden]) input:not(:disabled)")
    submit = page.browser.find_element(By.CSS_SELECTOR, "#choice button[type=submit]")
    assert not submit.is_enabled()
    page.browser.find_element(By.ID, "search").send_keys("movie-reviews")
    for box in boxes:
        if box.is_displayed():
            box.click()
    assert page.texts("#chosen") == ["2 chosen."]
    submit.click()
    until(lambda: "together.html?run=" in page.browser.current_url)
    assert axe(page) == []
    assert "Regressed" in page.texts("#paired h3")[0]
    page.browser.find_element(By.CSS_SELECTOR, "#shared td.tone-failed a").click()
    until(lambda: "/run/" in page.browser.current_url)
    assert "#failure-" in page.browser.current_url
    page.browser.find_element(By.LINK_TEXT, "History of this victim").click()
    until(lambda: "/victim/" in page.browser.current_url)
    assert axe(page) == []
    assert page.ask("document.querySelectorAll('#drawing .dot').length") == 3
    assert [entry["message"] for entry in page.browser.get_log("browser")] == []


def test_nobody_else_s_browser_is_told_anything(server: Workbench, open_url: Open) -> None:
    page = open_url(f"http://{server.guard.authority}/index.html")
    assert page.texts("h1") == ["Refused"]
    open_url(server.guard.url)
    page = open_url(server.guard.url.replace("127.0.0.1", "localhost"))
    assert page.texts("h1") == ["Refused"]


def test_a_run_grows_on_the_screen_and_becomes_its_report(
    server: Workbench, folder: Path, make_manifest: Any, make_counted: Callable[..., list[Outcome]], open_url: Open
) -> None:
    open_url(server.guard.url)
    outcomes = make_counted(succeeded=6, failed=6)
    with RunWriter.create(folder / "live", make_manifest(("deepwordbug",), examples=12)) as writer:
        writer.append_many(outcomes[:2])
        page = open_url(f"http://{server.guard.authority}/index.html")
        assert any("being written: 2 trials so far" in text for text in page.texts("tr"))
        page.browser.find_element(By.LINK_TEXT, "live").click()
        until(lambda: page.texts("[data-count=broken]") == ["2"])
        assert page.texts("#verdict-title") == ["Not finished"]
        page.browser.execute_script("window.stays = 1")
        writer.append_many(outcomes[2:8])
        until(lambda: page.texts("[data-count=broken]") == ["6"])
        assert page.texts("[data-count=robust]") == ["2"]
        assert page.ask("window.stays") == 1, "no page was loaded anew"
        assert len(page.texts("#latest li")) == 5
        writer.append_many(outcomes[8:])
        writer.finish()
    until(lambda: page.texts("#verdict-title") != ["Not finished"])
    assert page.texts("#verdict-title") == ["Inconclusive"], "it has no seal yet"
    assert [entry["message"] for entry in page.browser.get_log("browser")] == []
