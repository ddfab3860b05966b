"""Finds and reads the policy file. One that was intended but would not be read is an error, never an audit without thresholds."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reports.gate.policy import Policy, PolicyError, parse_policy

FILE = "robustness.toml"
PYPROJECT = "pyproject.toml"
NONE = "none"
"""Given instead of a file: no policy but what the flags say."""
_TABLES = ("gate", "audit", "compare")
_STRAY_SUFFIXES = (".yaml", ".yml", ".ini", ".cfg", ".tml", ".tom", ".toml")
_REPOSITORY = (".git", ".hg", ".svn")
_WAY_OUT = f"name the right one with --policy FILE, or pass --policy {NONE} if you want none"


def load_policy(path: str | Path | None = None) -> Policy:
    """Read a policy file, or that of the working folder: ``robustness.toml``, else ``[tool.robustness]`` in pyproject.

    Without a path and without such a file the policy is empty, as with ``none`` for a path.

    Raises:
        PolicyError: the file cannot be read or holds mistakes; and, where no path was given, two files hold a policy, a
            file holds none, a name is nearly but not quite right, or the policy lies in a folder above.
    """
    if path is not None:
        return Policy() if str(path) == NONE else _read(Path(path))
    _refuse_misspelt(Path())
    found = list(_candidates(Path()))
    if len(found) > 1:
        raise PolicyError(f"both {found[0].source} and {found[1].source} hold a policy; keep one of them, or {_WAY_OUT}")
    if found:
        return found[0]
    above = _above(Path.cwd())
    if above is not None:
        raise PolicyError(
            f"there is no policy in this folder, but one above it: {above}; run the command there, or pass --policy "
            f"{above}, or --policy {NONE} to do without"
        )
    return Policy()


def _candidates(folder: Path) -> Iterator[Policy]:
    """What the files of a folder hold, by their usual names."""
    for name in (FILE, PYPROJECT):
        path = folder / name
        if not os.path.lexists(path):
            continue
        if path.exists() and not path.is_file():
            raise PolicyError(f"{path}: expected a file, found a folder or device of that name; rename it, or {_WAY_OUT}")
        table = _table(path)
        if name == PYPROJECT and table is None:
            continue
        if not table:
            said = "it sets nothing" if name == FILE else "[tool.robustness] sets nothing"
            raise PolicyError(f"{path}: {said}; write thresholds under [gate], or remove it; or {_WAY_OUT}")
        yield parse_policy(table, str(path))


def _read(path: Path) -> Policy:
    table = _table(path)
    if table is None:
        raise PolicyError(f"{path}: expected a table [tool.robustness], found none; add one, or use {FILE}")
    return parse_policy(table, str(path))


def _table(path: Path) -> Any:
    """The policy's table in a file; None for a pyproject without one."""
    table = _toml(path)
    if path.name != PYPROJECT:
        return table
    stray = _stray(table)
    if stray is not None:
        raise PolicyError(f"{path}: [{stray}] is not read; did you mean [tool.robustness] and its tables gate, audit, compare?")
    tool = table.get("tool", {})
    return tool.get("robustness") if isinstance(tool, dict) else None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as problem:
        raise PolicyError(f"{path}: cannot be read ({problem.strerror}); name an existing file") from None
    except ValueError as problem:
        raise PolicyError(f"{path}: not valid TOML: {problem}") from None


def _stray(table: dict[str, Any]) -> str | None:
    """A table of a pyproject that was clearly meant for this program and has another name."""
    for name, value in table.items():
        if _nearly(name) or name.casefold() in _TABLES:
            return name
        if name.casefold() == "tool" and isinstance(value, dict):
            inside = next((key for key in value if _nearly(key) and (name, key) != ("tool", "robustness")), None)
            if inside is not None:
                return f"{name}.{inside}"
    return None


def _nearly(name: str) -> bool:
    plain = re.sub(r"[^a-z]", "", name.casefold())
    return plain.startswith("robustness") or bool(difflib.get_close_matches(plain, ["robustness"], cutoff=0.85))


def _refuse_misspelt(folder: Path) -> None:
    """A file whose name is nearly the policy's: in another case always, otherwise where there is none of the right name."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as problem:
        raise PolicyError(f"the working folder cannot be searched for a policy ({problem.strerror}); {_WAY_OUT}") from None
    for name in names:
        plain = name.casefold()
        if name in (FILE, PYPROJECT) or plain.endswith("~"):  # an editor's backup
            continue
        stem, suffix = os.path.splitext(plain)
        near = stem.strip(".") == "robustness" and suffix in _STRAY_SUFFIXES
        near = near or bool(difflib.get_close_matches(plain, [FILE], cutoff=0.9))
        if plain == FILE or (near and FILE not in names):
            raise PolicyError(f"{name} is not read; did you mean {FILE}? Rename it, or {_WAY_OUT}")
        if plain == PYPROJECT and _speaks_of_us(folder / name):
            raise PolicyError(f"{name} is not read; did you mean {PYPROJECT}? Rename it, or {_WAY_OUT}")


def _speaks_of_us(pyproject: Path) -> bool:
    """Whether a pyproject holds a policy, or something that was meant as one; one that cannot be read does not."""
    try:
        table = _toml(pyproject)
    except PolicyError:
        return False
    tool = table.get("tool", {})
    return _stray(table) is not None or (isinstance(tool, dict) and "robustness" in tool)


def _above(folder: Path) -> str | None:
    """A policy in a folder above, up to the root of the repository if there is one."""
    while not any(os.path.lexists(folder / mark) for mark in _REPOSITORY) and folder != folder.parent:
        folder = folder.parent
        if os.path.lexists(folder / FILE):
            return os.path.relpath(folder / FILE)
        if _speaks_of_us(folder / PYPROJECT):
            return os.path.relpath(folder / PYPROJECT)
    return None
