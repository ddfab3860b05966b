"""Which recipes TextAttack ships, read from its source: names, components, no import (which takes many seconds)."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import Any

from attacks.search import Citation
from attacks.textattack_bridge.published import CITATIONS, LANGUAGES, NO_PAPER, VARIANTS, Variant

PREFIX = "textattack:"
MISSING = "this needs the package 'textattack', which is not installed; run: pip install 'robustness-suite[textattack]'"


@dataclass(frozen=True, slots=True)
class Entry:
    """One recipe: where TextAttack defines it, and the names of the parts that its ``build`` function puts together."""

    name: str
    module: str
    class_name: str
    components: frozenset[str]
    citation: Citation
    languages: tuple[str, ...] = ("en",)
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> str:
        """The name with its prefix, as a user writes it."""
        return PREFIX + self.name


def installed() -> bool:
    """Whether TextAttack can be found; it is not imported."""
    return util.find_spec("textattack") is not None


def version() -> str:
    """The installed version of TextAttack."""
    return metadata.version("textattack")


def find(name: str) -> Entry:
    """The recipe of that name, with or without the prefix; TextAttack's short names and class names do as well.

    Raises:
        ValueError: TextAttack is not installed, or ships no such recipe; the nearest names are given.
    """
    known = entries()
    wanted = name.removeprefix(PREFIX)
    wanted = aliases().get(_plain(wanted), wanted)
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(PREFIX + n for n in near)}?" if near else f"known: {', '.join(known)}"
        raise ValueError(f"TextAttack {version()} ships no recipe {name!r}; {hint}")
    return known[wanted]


@cache
def entries() -> dict[str, Entry]:
    """Every recipe by name, sorted; raises ``ValueError`` where TextAttack is not installed."""
    found = {entry.name: entry for path in sorted((root() / "attack_recipes").glob("*.py")) for entry in _read(path)}
    return dict(sorted(found.items()))


@cache
def aliases() -> dict[str, str]:
    """Every way to write a name, without case and punctuation: its own, its class, TextAttack's command line name."""
    by_class = {entry.class_name: entry.name for entry in reversed(entries().values())}
    short = {alias: by_class[path.rpartition(".")[2]] for alias, path in _short_names().items()}
    own = {name: name for name in entries()}
    return {_plain(key): name for key, name in {**short, **by_class, **own}.items()}


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def root() -> Path:
    """The folder of the installed package; raises ``ValueError`` where there is none."""
    spec = util.find_spec("textattack")
    if spec is None or spec.origin is None:
        raise ValueError(MISSING)
    return Path(spec.origin).parent


def _short_names() -> dict[str, str]:
    tree = ast.parse((root() / "attack_args.py").read_text(encoding="utf-8"))
    tables = [n.value for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "ATTACK_RECIPE_NAMES"]
    return dict(ast.literal_eval(tables[0])) if tables else {}


def _read(path: Path) -> Iterator[Entry]:
    """The recipes of one file: its class that derives from ``AttackRecipe``, once for each variant."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "AttackRecipe" for base in node.bases):
            name = path.stem.replace("_", "-")
            components = frozenset(_components(node))
            for suffix, variant in VARIANTS.get(name, {"": Variant()}).items():
                yield Entry(
                    name=name + suffix,
                    module=f"textattack.attack_recipes.{path.stem}",
                    class_name=node.name,
                    components=components - variant.without,
                    citation=CITATIONS.get(name, NO_PAPER),
                    languages=LANGUAGES.get(name, ("en",)),
                    arguments=variant.arguments,
                )


def _components(recipe: ast.ClassDef) -> Iterator[str]:
    """Every name that the ``build`` function calls."""
    builders = [n for n in recipe.body if isinstance(n, ast.FunctionDef) and n.name == "build"]
    for call in (n for builder in builders for n in ast.walk(builder) if isinstance(n, ast.Call)):
        yield ast.unparse(call.func)
