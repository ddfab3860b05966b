"""The arrows between the rooms, and what each room may import. Read from the code's own imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("attacks", "reports", "robustness")
ALLOWED = {"attacks": {"attacks"}, "reports": {"reports"}, "robustness": {"attacks", "reports", "robustness"}}
MODELS = ("robustness/victims/", "robustness/helpers/", "robustness/harden/", "robustness/examples/")
HEAVY = {
    "torch": MODELS,
    "transformers": MODELS,
    "safetensors": MODELS,
    "pandas": ("reports/", "robustness/data/"),
    "textattack": ("attacks/textattack_bridge",),
    "PIL": ("robustness/channels/",),
    "faster_whisper": ("robustness/channels/",),
    "flask": ("robustness/view/",),
    "werkzeug": ("robustness/view/",),
}
LAZY = {*HEAVY, "scipy", "statsmodels", "pyarrow", "datasets", "nltk", "lemminflect", "sklearn", "jinja2", "httpx", "spacy"}


def _files() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def _imports(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node


def _at_import_time(tree: ast.Module) -> set[ast.AST]:
    """Import statements that run when the module is imported: outside functions and outside TYPE_CHECKING blocks."""
    found: set[ast.AST] = set()
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo += node.orelse
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.add(node)
        todo += ast.iter_child_nodes(node)
    return found


def test_imports_follow_the_arrows() -> None:
    """No room imports one it may not know; heavy packages stay in their rooms and are imported where they are used."""
    wrong: list[str] = []
    for path in _files():
        name = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        early = _at_import_time(tree)
        for module, node in _imports(tree):
            top = module.split(".")[0]
            stranger = top in ROOMS and top not in ALLOWED[name.split("/")[0]]
            if stranger or (top in HEAVY and not name.startswith(HEAVY[top])) or (top in LAZY and node in early):
                wrong.append(f"{name} imports {module}{' at import time' if node in early else ''}")
    assert not wrong


KNOWN_CIRCLES: dict[tuple[str, str], str] = {}
"""Imports that may close a circle, (importing module, imported module), each with the reason why it stays."""


def _imported(tree: ast.Module, modules: Collection[str]) -> Iterator[str]:
    """Every module that code of this one imports, inside functions too, but for what only type checkers read.

    ``from package import module`` counts as the module, not as the package.
    """
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in modules else node.module for name in names)
        todo += ast.iter_child_nodes(node)


def test_no_import_circles() -> None:
    """Modules import one another in one direction only, what functions import included."""
    files = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in _files()}
    graph = {
        name: set(_imported(ast.parse(path.read_text("utf-8")), files)) & files.keys() - {name} for name, path in files.items()
    }
    gone = [edge for edge in KNOWN_CIRCLES if edge[1] not in graph.get(edge[0], set())]
    assert gone == [], "no such import any more; strike it from the list"
    for importing, imported in KNOWN_CIRCLES:
        graph[importing].discard(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"modules import each other: {' → '.join(reversed(circle.args[1]))}")


@pytest.mark.parametrize("package", ["attacks.recipes", "reports.run.store", "reports.gate.gate", "robustness", "robustness.cli"])
def test_imports_stay_light(package: str) -> None:
    """Importing a room, or the command line, loads no model library and no data frame library."""
    heavy = ("torch", "transformers", "pandas", "scipy", "textattack", "datasets", "nltk")
    code = f"import sys, {package}; print([m for m in {heavy!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_files_stay_small() -> None:
    """No file of the product grows past 400 lines: past that it holds a second concern."""
    long = {str(p.relative_to(ROOT)): n for p in _files() if (n := len(p.read_text(encoding="utf-8").splitlines())) > 400}
    assert long == {}


MOST_FILES = 16
FULL_FOLDERS = {
    "attacks/recipes": "one file per recipe: the listing is the catalogue",
    "attacks/textattack_bridge": "one bridge, cut into many files because each touches another part of TextAttack",
    "robustness/victims/transformers": "one file per kind of head, with the tokens, checkpoints and decoding that they share",
}
"""Folders with more files than ``MOST_FILES``, each with the reason why it is not divided."""


def test_folders_stay_small() -> None:
    """A newcomer reads a folder's listing at a glance; one that outgrows that is divided, or says here why not."""
    counts = Counter(path.parent.relative_to(ROOT).as_posix() for path in _files() if path.name != "__init__.py")
    full = {folder for folder, count in counts.items() if count > MOST_FILES}
    assert full - FULL_FOLDERS.keys() == set(), "divide it, or give the reason in FULL_FOLDERS"
    assert FULL_FOLDERS.keys() - full == set(), "small again; strike it from FULL_FOLDERS"
