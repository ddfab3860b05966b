"""Which files decide what a victim answers, as far as its name and options tell, and whether any of them has changed."""

from __future__ import annotations

import ast
import os
import shlex
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Snapshot = Mapping[Path, tuple[int, int] | None]
"""Modification time in nanoseconds and size in bytes of each file; None for one that is not there."""
OWN = ("robustness", "attacks", "reports")


@dataclass(slots=True)
class WatchedFiles:
    """The files behind a victim. ``also``: further files and folders that the user named.

    A Python file counts with the local modules that it imports, at any depth; what it opens while it runs is not known.
    """

    spec: str
    options: Mapping[str, Any]
    also: Sequence[Path] = ()
    _imports: dict[Path, list[Path]] = field(default_factory=dict)
    _read: dict[Path, tuple[int, int] | None] = field(default_factory=dict)

    def snapshot(self) -> Snapshot:
        """How the files are now."""
        found: dict[Path, tuple[int, int] | None] = {}
        queue = list(self._roots())
        while queue:
            path = queue.pop()
            if path in found:
                continue
            found[path] = _stat(path)
            if path.suffix == ".py" and found[path] is not None:
                queue += self._imported(path, found[path])
        return found

    def _roots(self) -> Iterator[Path]:
        kind, _, rest = self.spec.partition(":")
        if kind == "python":
            yield from _module(rest.rpartition(":")[0])
        elif kind in ("hf", "embedder", "spacy"):
            for part in rest.replace("#", ",").split(","):
                yield from _under(Path(part), only_there=True)
        elif kind in ("predictions", "http", "bm25"):
            yield from _under(Path(rest.partition("#")[0]), only_there=kind == "http")
        elif kind == "command":
            yield from (path for word in _words(rest) if (path := Path(word)).is_file())
        for name in ("prompt", "normalise"):
            yield from _of_option(str(self.options.get(name) or ""))
        for path in self.also:
            yield from _under(path)

    def _imported(self, path: Path, now: tuple[int, int] | None) -> list[Path]:
        """The local modules that a file imports; those of its last good state while it cannot be parsed."""
        if self._read.get(path) != now:
            try:
                tree = ast.parse(path.read_bytes())
                self._imports[path] = sorted(set(_local_imports(path, tree)))
            except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
                self._imports.setdefault(path, [])
            self._read[path] = now
        return self._imports[path]


def changed(before: Snapshot, after: Snapshot) -> list[Path]:
    """The files that differ, are new, or are gone."""
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _under(path: Path, *, only_there: bool = False) -> Iterator[Path]:
    """A file, or the files of a folder at any depth but hidden ones; ``only_there``: nothing where there is neither."""
    if path.is_dir():
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
            yield from (Path(folder) / name for name in sorted(files) if not name.startswith("."))
    elif not only_there or path.exists():
        yield path


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _of_option(value: str) -> Iterator[Path]:
    if value.startswith("python:"):
        yield from _module(value.removeprefix("python:").rpartition(":")[0])
    elif value.startswith("@"):
        yield Path(value[1:])
    elif value.endswith((".toml", ".json")) and Path(value).exists():
        yield Path(value)


def _module(name: str) -> Iterator[Path]:
    """The files of a module by its name, packages included, or the file that is named itself."""
    if name.endswith(".py"):
        yield Path(name)
        return
    yield from _found(name.split("."), [Path(), *_search_path()])


def _search_path() -> list[Path]:
    """Where local modules may lie: the search path but for what comes with Python or was installed."""
    paths = sysconfig.get_paths()
    foreign = [Path(paths[name]).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found = (Path(entry or ".").resolve() for entry in sys.path)
    return [path for path in found if path.is_dir() and not any(path == one or one in path.parents for one in foreign)]


def _found(parts: Sequence[str], roots: Iterable[Path]) -> list[Path]:
    """The files of a dotted name under the first of the folders that has its beginning."""
    if not parts or parts[0] in OWN:
        return []
    for root in roots:
        files: list[Path] = []
        at = root
        for part in parts:
            at = at / part
            init = at / "__init__.py"
            if at.with_name(f"{part}.py").is_file():
                return [*files, at.with_name(f"{part}.py")]
            if init.is_file():
                files.append(init)
            elif not at.is_dir():
                break
        if files:
            return files
    return []


def _local_imports(path: Path, tree: ast.AST) -> Iterator[Path]:
    roots = [path.parent, Path(), *_search_path()]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _found(alias.name.split("."), roots)
        elif isinstance(node, ast.ImportFrom):
            base = (node.module or "").split(".") if node.module else []
            where = roots
            if node.level:
                folder = path.parent
                for _ in range(node.level - 1):
                    folder = folder.parent
                where = [folder]
            for alias in node.names:  # what is imported may be a module of the package, or a name in it
                yield from _found([*base, alias.name], where)
            yield from _found(base, where)
