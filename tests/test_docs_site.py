"""The documentation as a site: it builds offline with strict links, holds every page, and loads nothing from elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("mkdocs")
pytest.importorskip("material")
pytest.importorskip("mkdocstrings")

ROOT = Path(__file__).resolve().parent.parent
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src", "embed": "src"}
FETCHED = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "manifest"}
CSS = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^)"'\s]+)""", re.IGNORECASE)
PUBLIC = (
    *("robustness.audit", "robustness.load", "reports.audited.AuditedRun.gate", "reports.audited.AuditedRun.compare"),
    *("reports.run.Outcome", "robustness.data.load_examples", "robustness.victims.base.Victim", "robustness.errors.UsageError"),
)


def build(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """As ``make docs`` does, with no network to fall back on."""
    nowhere = "http://127.0.0.1:9"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1", "https_proxy": nowhere, "http_proxy": nowhere}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder), *more]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=240)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = build(folder)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


class Seen(HTMLParser):
    """What a page loads by itself, what it links to, and the anchors that it has."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag in LOADS and given.get(LOADS[tag]):
            self.loads.append(given[LOADS[tag]])
        elif tag == "link" and FETCHED & set(given.get("rel", "").split()):
            self.loads.append(given.get("href", ""))
        elif tag == "a" and given.get("href"):
            self.links.append(given["href"])


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = {path: Seen(path) for path in site.rglob("*.html")}
    assert len(pages) > 40
    found = [f"{path.name}: {one}" for path, page in pages.items() for one in page.loads if re.match(r"(https?:)?//", one)]
    found += [f"{path.name}: {one}" for path in site.rglob("*.css") for one in CSS.findall(path.read_text("utf-8"))]
    assert found == []
    assert not any('class="mermaid"' in path.read_text("utf-8") for path in pages), "diagrams would load their program"


def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    """Those to README, CHANGELOG and files of the repository too, which are links of a code host in the sources."""
    pages = {path.resolve(): Seen(path) for path in site.rglob("*.html") if path.name != "404.html"}
    wrong, inside = [], 0
    for path, page in pages.items():
        for link in page.links:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            inside += 1
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            target = target / "index.html" if target.is_dir() else target
            anchored = not url.fragment or target not in pages or unquote(url.fragment) in pages[target].ids
            if not target.is_file() or not anchored:
                wrong.append(f"{path.name}: {link}")
    assert wrong == []
    assert inside > 1000
    assert {"index.html", "changelog.html", "contributing.html"} <= {path.name for path in pages}
    assert (site / "repository" / "NOTICE").read_bytes() == (ROOT / "NOTICE").read_bytes()


def test_the_reference_and_the_search_hold_the_public_names(site: Path) -> None:
    assert set(PUBLIC) <= Seen(site / "api.html").ids
    import robustness

    assert {f"robustness.{name}" for name in robustness.__all__ if name != "RobustnessError"} <= set(PUBLIC)
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    places = {entry["location"].partition("#")[0] for entry in index["docs"]}
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} <= {Path(place).stem for place in places}


def test_the_navigation_names_each_page_once() -> None:
    named = re.findall(r"[\w-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:")[2])
    assert sorted(set(named)) == sorted(named)
    made = {"index.md", "changelog.md", "contributing.md"}
    assert set(named) - made <= {path.name for path in (ROOT / "docs").glob("*.md")}


@pytest.mark.slow
def test_a_link_that_leads_nowhere_stops_the_build(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    with (tmp_path / "docs" / "quickstart.md").open("a") as page:
        page.write("\n[nowhere](nowhere.md)\n")
    text = (ROOT / "mkdocs.yml").read_text("utf-8").replace("docs_dir: docs", f"docs_dir: {tmp_path / 'docs'}")
    text = text.replace("scripts/docs_site.py", str(ROOT / "scripts" / "docs_site.py"))
    (tmp_path / "mkdocs.yml").write_text(text)
    built = build(tmp_path / "site", "--config-file", str(tmp_path / "mkdocs.yml"))
    assert built.returncode != 0
    assert "nowhere.md" in built.stdout + built.stderr
