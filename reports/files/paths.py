"""Paths as reports may show them: relative to the working folder, and outside it no more than the last name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PATHS = (
    "victim",
    "data",
    "cache",
    "out",
    "prices",
    "vectors",
    "lexicon",
    "encoder",
    "rewriter",
    "masked_lm",
    "parser",
    "fluency",
)


def shown(path: str) -> str:
    """A path that reveals nothing about the machine or its users; what is not an existing path stays as it is.

    A spec, such as ``hf:FOLDER`` or ``python:FILE.py:NAME``, is shown part by part; the URL in one stays as it is.
    """
    if os.path.exists(path) or os.path.isabs(path):
        return _near(path)
    return ":".join(_part(part) for part in path.split(":")) if ":" in path else path


def _part(part: str) -> str:
    path, mark, rest = part.partition("#")
    if path.startswith("//"):  # what follows the scheme of a URL: a host, though it reads as an absolute path
        return part
    return f"{_near(path)}{mark}{rest}" if "/" in path and (os.path.isabs(path) or os.path.exists(path)) else part


def _near(path: str) -> str:
    here = Path.cwd()
    for whole in (Path(os.path.abspath(path)), Path(os.path.realpath(path))):
        if whole == here:
            return "."
        if whole.is_relative_to(here):
            return whole.relative_to(here).as_posix()
    return Path(os.path.abspath(path)).name or path


def shown_policy(record: Mapping[str, Any]) -> dict[str, Any]:
    """A policy as ``run.json`` keeps it, with the paths of ``[audit]`` and of its file as reports may show them."""
    audit = {
        key: shown(value) if key in _PATHS and isinstance(value, str) else value for key, value in record.get("audit", {}).items()
    }
    if isinstance(audit.get("resource"), list):
        audit["resource"] = [
            f"{name}{mark}{shown(value)}" for name, mark, value in (pair.partition("=") for pair in audit["resource"])
        ]
    source = {"source": shown_source(record["source"])} if isinstance(record.get("source"), str) else {}
    return {**record, **({"audit": audit} if "audit" in record else {}), **source}


def shown_source(source: str) -> str:
    """Where a policy came from, a file and perhaps flags, as reports may show it."""
    path, flags = source.removesuffix(" and flags"), " and flags" if source.endswith(" and flags") else ""
    return shown(path) + flags


def without_home(text: str) -> str:
    """The text with the user's home folder as ``~``."""
    home = os.path.expanduser("~").rstrip("/\\")
    return text.replace(f"{home}{os.sep}", f"~{os.sep}") if len(home) > 1 and home != "~" else text
