"""What the shell offers on TAB: recipes and suites, kinds of victims, run folders, tasks. Loads no recipe and no model."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_VICTIMS = {
    "demo": "MiniLM with a sentiment head, works offline",
    **{"hf:": "a Hugging Face checkpoint, a folder or a name", "python:": "a function, MODULE:NAME or FILE.py:NAME"},
    **{"openai:": "a model behind an OpenAI-compatible API, URL#MODEL", "responses:": "the same, by its Responses API"},
    **{"http:": "any web service, by a template file", "command:": "a program that answers lines"},
    **{"predictions:": "a file of recorded predictions", "spacy:": "a spaCy pipeline"},
    **{"bm25:": "a retriever by words over a corpus", "embedder:": "a retriever by meaning over a corpus"},
    **{"scripted:": "stand-ins for tests", "null:": "victims that learned nothing"},
}
MOST_FOLDERS = 2000
"""Entries of a folder that are looked at: completion must answer at once, on a network drive too."""


def recipes(incomplete: str) -> list[tuple[str, str]]:
    """Recipes and suites that go on from the last part of a comma-separated list; a composition is left alone."""
    from attacks.summaries import RECIPES, SUITES

    if "(" in incomplete:
        return []
    before, comma, last = incomplete.rpartition(",")
    taken = set(before.split(","))
    offered = {**SUITES, **RECIPES}
    return [(before + comma + name, told) for name, told in offered.items() if name.startswith(last) and name not in taken]


def victims(incomplete: str) -> list[tuple[str, str]]:
    """Kinds of victims by the word that their spec begins with."""
    return [(kind, told) for kind, told in _VICTIMS.items() if kind.startswith(incomplete)]


def tasks(incomplete: str) -> list[str]:
    """Tasks by name."""
    from robustness.tasks.registry import names

    return [name for name in names() if name.startswith(incomplete)]


def run_folders(incomplete: str) -> list[str]:
    """Folders that hold a run, and those on the way to one; the runs under ``runs/`` where nothing was typed yet."""
    if not incomplete and Path("runs").is_dir():
        return sorted(_runs(Path("runs"), "")) or ["runs/"]
    head, _, start = incomplete.rpartition("/")
    base = Path(f"{head}/") if head or incomplete.startswith("/") else Path()
    return sorted(_runs(base, start))


def _runs(base: Path, start: str) -> Iterable[str]:
    try:
        with os.scandir(base) as entries:
            for at, entry in enumerate(entries):
                if at >= MOST_FOLDERS:
                    return
                if entry.name.startswith(start) and not entry.name.startswith(".") and entry.is_dir():
                    path = str(base / entry.name)
                    yield path if os.path.exists(os.path.join(path, "run.json")) else f"{path}/"
    except OSError:
        return
