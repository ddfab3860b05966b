"""Every ``$ robustness …`` line of the pages on CI, replay, review and pytest runs as it stands, on shipped fakes."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from robustness.cli import main

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("ci.md", "replay.md", "review.md")


def commands(page: str) -> Iterator[str]:
    """The commands of a page's console blocks."""
    for block in re.findall(r"```console\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL):
        yield from re.findall(r"^\$ (robustness .*)$", block, re.MULTILINE)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run folders by the names that the pages use."""
    folder = tmp_path_factory.mktemp("docs")
    rows = [f"a dull film number {i},negative" for i in range(30)] + [f"a great film number {i},positive" for i in range(30)]
    (folder / "data.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    for name in ("demo", "ci", "a", "b"):
        flags = ["--recipes", "deepwordbug", "--encoder", "none", "-q", "--no-github", "--out", str(folder / "runs" / name)]
        assert main(["audit", "--victim", "scripted:keyword", "--data", str(folder / "data.csv"), *flags]) == 0
    return folder


def sheets(folder: Path) -> None:
    """What two raters who agree with the data send back."""
    items = json.loads((folder / "runs/demo-review/key.json").read_text())["items"]
    for name in ("anna.csv", "ben.csv"):
        (folder / name).write_text("\n".join(["item,label", *(f"{item['item']},{item['gold']}" for item in items)]) + "\n")


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page(page: str, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    found = list(commands(page))
    assert found
    victims = {
        "hf:./another-model": "scripted:constant:positive",
        "hf:./b": "scripted:hard-label",
        "hf:./c": "scripted:random:0.5",
    }
    for command in found:
        line = re.sub(r"hf:\./[\w-]+", lambda m: victims.get(m[0], "scripted:keyword"), command)
        line = line.replace("--victim demo", "--victim scripted:keyword")
        if "--read" in line:
            sheets(runs)
        code = main(shlex.split(line)[1:])
        assert code in (0, 1, 3), command
        assert code == 0 or "replay" in command or "--judge" in command or "--victims" in command, command
