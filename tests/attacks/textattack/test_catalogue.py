"""Recipes are discovered by reading TextAttack's source, without importing it."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from attacks.recipes import build
from attacks.textattack_bridge import catalogue
from attacks.textattack_bridge.gather import impossible
from attacks.textattack_bridge.loading import load
from attacks.textattack_bridge.resources import RESOURCES, needed

pytestmark = pytest.mark.textattack


def test_reading_finds_what_importing_finds(nltk_folder: object) -> None:
    recipes = load().attack_recipes
    classes = {
        name for name, thing in vars(recipes).items() if isinstance(thing, type) and issubclass(thing, recipes.AttackRecipe)
    }
    assert {entry.class_name for entry in catalogue.entries().values()} == classes - {"AttackRecipe"}


def test_every_component_that_is_called_for_exists(nltk_folder: object) -> None:
    load()
    known = {name for resource in RESOURCES.values() for name in resource.components if name.isalnum()}
    for entry in catalogue.entries().values():
        scope = vars(import_module(entry.module))
        assert {name for name in entry.components & known if name not in scope} == set()
    used = set().union(*(entry.components for entry in catalogue.entries().values()))
    assert known <= used


def test_every_recipe_has_a_citation() -> None:
    for entry in catalogue.entries().values():
        assert entry.citation.url.startswith("https://"), entry.name
        own = entry.name in ("french-recipe", "spanish-recipe", "chinese-recipe")
        assert ("TextAttack's own" in entry.citation.text) == own, entry.name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("textattack:textfooler-jin-2019", "textfooler-jin-2019"),
        ("textattack:TextFoolerJin2019", "textfooler-jin-2019"),
        ("textattack:textfooler", "textfooler-jin-2019"),
        ("textattack:alzantot", "genetic-algorithm-alzantot-2018"),
        ("textattack:bert-attack", "bert-attack-li-2020"),
        ("textattack:bad-characters", "bad-characters-2021"),
        ("textattack:bad-characters-2021-invisible", "bad-characters-2021-invisible"),
        ("textattack:a2t", "a2t-yoo-2021"),
        ("textattack:CLARE2020", "clare-li-2020"),
    ],
)
def test_names_may_be_written_as_textattack_writes_them(written: str, name: str) -> None:
    assert catalogue.find(written).name == name


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    with pytest.raises(
        ValueError, match=r"ships no recipe 'textattack:textfoler-jin'; did you mean textattack:textfooler-jin-2019"
    ):
        build("textattack:textfoler-jin")


def test_variants_need_what_they_use() -> None:
    entries = catalogue.entries()
    assert set(needed(entries["bad-characters-2021"])) == {"nltk-stopwords", "homoglyphs"}
    assert set(needed(entries["bad-characters-2021-invisible"])) == {"nltk-stopwords"}
    assert "masked-lm" in needed(entries["a2t-yoo-2021-mlm"])
    assert "counter-fitted" not in needed(entries["a2t-yoo-2021-mlm"])
    assert impossible(entries["bad-characters-2021"]) is None


def test_discovery_imports_nothing_heavy() -> None:
    code = (
        "import sys; from attacks.textattack_bridge import catalogue; names = list(catalogue.entries());"
        "print(len(names) > 20, [m for m in ('textattack', 'torch', 'nltk', 'flair') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split(maxsplit=1) == ["True", "[]\n"]
