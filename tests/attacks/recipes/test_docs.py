"""The pages on recipes tell the truth: one is made from the registry, the other's code is run."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from attacks.recipes import build, registry
from attacks.recipes.page import markdown

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "adding-a-recipe.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.S)


def run_block(code: str) -> ModuleType:
    module = ModuleType("example")
    exec(compile(code, "docs/adding-a-recipe.md", "exec", dont_inherit=True), module.__dict__)
    return module


def test_the_reference_page_is_the_registry() -> None:
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert page == markdown(), "run: python -m attacks.recipes.page > docs/recipes.md"


def test_the_worked_example_runs(monkeypatch: pytest.MonkeyPatch, run: Any) -> None:
    monkeypatch.setattr(registry, "_BUILDERS", dict(registry._BUILDERS))
    run_block(BLOCKS[0])
    recipe = build("leetspeak")
    ran = run(recipe, "wonderful warm film")
    assert ran.status == "succeeded"
    assert ran.trial.winner[0].technique == "leetspeak"
    assert "at most 20% of the words" in dict(recipe.parameters)["constraints"]


def test_the_import_line_has_the_form_of_the_others() -> None:
    listed = (ROOT / "attacks" / "recipes" / "__init__.py").read_text(encoding="utf-8")
    assert BLOCKS[1].replace("leetspeak", "deepwordbug") in listed


def test_the_strategy_of_the_guide_runs(run: Any) -> None:
    from dataclasses import replace

    backwards = run_block(BLOCKS[2]).Backwards()
    ran = run(replace(build("pwws"), attack=backwards), "wonderful warm film")
    assert ran.queries == ["mlif mraw lufrednow", " warm filmwonderful"]


def test_every_strategy_of_the_table_exists() -> None:
    import importlib
    import pkgutil

    from attacks import strategies

    modules = [importlib.import_module(f"attacks.strategies.{m.name}") for m in pkgutil.iter_modules(strategies.__path__)]
    for name in re.findall(r"^\| `(\w+)\(", GUIDE, re.M):
        assert any(hasattr(module, name) for module in modules), name
