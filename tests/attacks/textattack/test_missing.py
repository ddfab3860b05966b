"""Without TextAttack the bridge says what to install; everything else works."""

from __future__ import annotations

from importlib import util
from typing import Any

import pytest

from attacks.recipes import build, names, resolve
from attacks.recipes.registry import Options, register_family
from attacks.textattack_bridge import catalogue


@pytest.fixture(autouse=True)
def _absent(monkeypatch: pytest.MonkeyPatch) -> Any:
    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, package=None: None if name == "textattack" else find(name, package))
    catalogue.entries.cache_clear()
    yield
    catalogue.entries.cache_clear()


def test_the_extra_is_named() -> None:
    with pytest.raises(ValueError, match=r"pip install 'robustness-suite\[textattack\]'"):
        build("textattack:pwws")
    with pytest.raises(ValueError, match="'textattack', which is not installed"):
        resolve("pwws,textattack:pwws")


def test_the_registry_lists_its_own_recipes_alone() -> None:
    assert not any(name.startswith("textattack:") for name in names())


def test_a_family_builds_every_name_with_its_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    from attacks.recipes import registry

    monkeypatch.setattr(registry, "_FAMILIES", {})
    register_family("mine:", lambda name, options: build("pwws", options))
    assert [recipe.name for recipe in resolve("mine:anything", Options())] == ["pwws"]
    with pytest.raises(ValueError, match="unknown recipe 'other:anything'"):
        resolve("other:anything")
