"""What the README and the docs tell a user: links lead somewhere, the first screen names the two."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


def test_the_first_screen_names_both_commands() -> None:
    head = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:12])
    assert "make audit" in head
    assert "make test" in head
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^{target}:", makefile, re.M) for target in ("audit", "test", "check"))
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_no_page_carries_an_absolute_path_of_some_machine() -> None:
    pattern = re.compile(r"(?<![\w.])/(?:home|root|work|tmp|Users)/\w+")
    found = {p.name: pattern.findall(p.read_text(encoding="utf-8")) for p in PAGES}
    assert {name: hits for name, hits in found.items() if hits} == {}
