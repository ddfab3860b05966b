"""A real headless Chromium, one for the session, in which a test opens a page and looks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from reports.measures.summary import summarise
from reports.render.page.page import html_report
from reports.run import Run

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """The browser; skips every test that wants one where Chromium or its driver is not installed."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("no chromium and chromedriver on the PATH: install both to check report.html in a real browser")
    options = Options()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = Chrome(options=options, service=Service(driver))
    browser.set_script_timeout(120)  # axe-core on a machine with other work
    yield browser
    browser.quit()


@dataclass(frozen=True, slots=True)
class Page:
    """An open page: what it asked for, what it complained about, what it shows."""

    browser: Chrome
    requests: tuple[str, ...]
    complaints: tuple[str, ...]

    def ask(self, expression: str, *arguments: Any) -> Any:
        """The value of a JavaScript expression."""
        return self.browser.execute_script(f"return {expression}", *arguments)

    def texts(self, selector: str) -> list[str]:
        """The text of every element that matches, shown or not."""
        found: list[str] = self.ask("Array.from(document.querySelectorAll(arguments[0]), n => n.textContent)", selector)
        return found

    def shown(self, selector: str) -> bool:
        """Whether the first element that matches takes up room on the screen."""
        return bool(self.ask("document.querySelector(arguments[0]).getClientRects().length > 0", selector))


Open = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Chrome, tmp_path: Path) -> Iterator[Open]:
    """``open_page(html, width=1280, dark=False, script=True, media="")`` from a file, as a reader would."""
    count = 0

    def visit(html: str, *, width: int = 1280, dark: bool = False, script: bool = True, media: str = "") -> Page:
        nonlocal count
        count += 1
        path = tmp_path / f"report{count}.html"
        path.write_text(html, encoding="utf-8", newline="\n")
        _emulate(chromium, width, dark, script, media)
        _requests(chromium)
        chromium.get(path.as_uri())
        complaints = tuple(entry["message"] for entry in _log(chromium, "browser"))
        return Page(chromium, tuple(u for u in _requests(chromium) if u != path.as_uri()), complaints)

    yield visit
    _emulate(chromium, 1280, False, True, "")
    chromium.get("about:blank")


def _emulate(browser: Chrome, width: int, dark: bool, script: bool, media: str) -> None:
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    still = {"name": "prefers-reduced-motion", "value": "reduce"}
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": [scheme, still]})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)


def _log(browser: Chrome, kind: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call]  # selenium does not say
    return entries


def _requests(browser: Chrome) -> list[str]:
    """What was asked for since the last look."""
    messages = [json.loads(entry["message"])["message"] for entry in _log(browser, "performance")]
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


@pytest.fixture
def report() -> Callable[..., str]:
    """``report(run, min_robust_accuracy=0.5)``: the page of a run, judged by these gate rules if there are any."""

    def render(run: Run, **rules: Any) -> str:
        gate = evaluate(run, parse_policy({"gate": rules}, "robustness.toml")) if rules else None
        return html_report(run, summarise(run, gate), gate)

    return render


@pytest.fixture
def open_url(chromium: Chrome) -> Iterator[Open]:
    """``open_url(url, width=1280, dark=False, script=True)``: of a file, or of a server on this machine."""

    def visit(url: str, *, width: int = 1280, dark: bool = False, script: bool = True) -> Page:
        _emulate(chromium, width, dark, script, "")
        _requests(chromium)
        _log(chromium, "browser")
        chromium.get(url)
        complaints = tuple(entry["message"] for entry in _log(chromium, "browser"))
        return Page(chromium, tuple(one for one in _requests(chromium) if one != url), complaints)

    yield visit
    _emulate(chromium, 1280, False, True, "")
    chromium.get("about:blank")
    chromium.delete_all_cookies()
