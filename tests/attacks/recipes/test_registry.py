from __future__ import annotations

from typing import Any

import pytest

from attacks.recipes import Options, build, names, register, register_suite, registry, resolve, suites
from attacks.recipes.standard import STANDARD
from attacks.transformations.base import SEVERITIES


@pytest.fixture
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_BUILDERS", dict(registry._BUILDERS))
    monkeypatch.setattr(registry, "_SUITES", dict(registry._SUITES))


def named(spec: str, **options: Any) -> list[str]:
    return [recipe.name for recipe in resolve(spec, Options(**options))]


def test_a_name_is_one_recipe_under_the_profile_asked_for() -> None:
    (recipe,) = resolve("pwws", Options("strict"))
    assert (recipe.name, recipe.profile) == ("pwws", "strict")
    assert resolve("pwws")[0].profile == "paper"


def test_published_recipes_are_there() -> None:
    published = {"deepwordbug", "textbugger", "pruthi", "pwws", "textfooler", "checklist", "bad-characters", "paraphrase"}
    assert published | {f"bad-characters-{t}" for t in ("invisible", "homoglyph", "reorder", "deletion")} <= set(names())


def test_standard_is_its_cascade_in_order_and_needs_no_encoder() -> None:
    assert tuple(named("standard")) == STANDARD == suites()["standard"]
    assert not [need for recipe in resolve("standard") for need in recipe.needs]


def test_exclusive_rules_are_rules_that_exist() -> None:
    from attacks.transformations.paraphrase.framing import framing_rules
    from attacks.transformations.paraphrase.paraphrase import EXCLUSIVE, RULES

    assert frozenset().union(*EXCLUSIVE) <= {rule.name for rule in (*RULES, *framing_rules("auto"))}


def test_natural_is_blind_noise_at_every_severity() -> None:
    recipes = resolve("natural")
    assert len(recipes) > 10
    assert {recipe.access for recipe in recipes} == {"blind"}
    assert {dict(recipe.parameters)["severities"] for recipe in recipes} == {", ".join(map(str, SEVERITIES))}
    assert not {"natural:homoglyph", "natural:synonym"} & {recipe.name for recipe in recipes}
    assert named("natural:homoglyph") == ["natural:homoglyph"]


def test_suites_patterns_and_lists_resolve_in_order_each_recipe_once() -> None:
    four = ["bad-characters-invisible", "bad-characters-homoglyph", "bad-characters-reorder", "bad-characters-deletion"]
    assert named("bad-characters:*") == four
    assert sorted(named("bad-characters-*")) == sorted(four)
    assert named("natural:keyboard-*") == ["natural:keyboard-typo"]
    assert named(" pwws, deepwordbug ,pwws,") == ["pwws", "deepwordbug"]
    assert named("pwws,standard")[0] == "pwws"
    assert len(named("pwws,standard")) == len(STANDARD)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("textfoler", "unknown recipe 'textfoler'; did you mean 'textfooler'"),
        ("natural:keybord-typo", "did you mean 'natural:keyboard-typo'"),
        ("standart", "did you mean 'standard'"),
        ("qqqq", "known: .*pwws"),
        ("zzz:*", "unknown recipe"),
        ("", "no recipe named in ''"),
        (" , ", "no recipe named"),
    ],
)
def test_unknown_names_lead_to_known_ones(spec: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resolve(spec)
    if spec.strip(", "):
        with pytest.raises(ValueError, match="unknown recipe"):
            build(spec)


def test_a_language_leaves_out_members_and_refuses_single_recipes() -> None:
    french = named("standard", language="fr")
    assert "learned" in french
    assert "pwws" not in french
    with pytest.raises(ValueError, match="recipe 'pwws' works on en, not on 'fr'"):
        resolve("pwws", Options(language="fr"))
    assert "natural:common-misspelling" not in named("natural", language="fr")


def test_transformations_that_do_not_know_the_language_are_left_out() -> None:
    (english,), (french,) = (resolve("textbugger", Options(language=code)) for code in ("en", "fr"))
    assert "embedding-neighbour" in dict(english.parameters)["transformations"]
    assert "embedding-neighbour" not in dict(french.parameters)["transformations"]
    assert "EmbeddingNeighbour" not in repr(french.attack)


def test_keyboards_follow_the_language() -> None:
    assert "qwertz" in repr(resolve("natural:keyboard-typo", Options(language="de"))[0].attack)
    assert "azerty" in repr(resolve("pruthi", Options(language="fr"))[0].attack)


def test_the_users_resources_are_used_and_named() -> None:
    from attacks.language.resources import Resources

    class Mine:
        name = "my words"

        def synonyms(self, word: str) -> list[str]:
            return ["mine"]

        def antonyms(self, word: str) -> frozenset[str]:
            return frozenset()

        def nearest(self, word: str, n: int) -> list[tuple[str, float]]:
            return [("mine", 0.9)]

    options = Options(resources=Resources(lexicon=Mine(), neighbours=Mine()))
    for name in ("pwws", "textfooler", "textbugger"):
        assert "my words" in str(build(name, options).parameters)


def test_options_say_what_was_expected() -> None:
    with pytest.raises(ValueError, match="unknown constraint profile 'lax'; choose one of: paper, strict"):
        Options("lax")
    with pytest.raises(ValueError, match=r"a language is a lower-case code, .*, got 'English'"):
        Options(language="English")


@pytest.mark.usefixtures("own_registry")
def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="'pwws' is registered already"):
        register("pwws")(lambda options: build("pruthi", options))
    with pytest.raises(ValueError, match="'natural' is registered already"):
        register_suite("natural", ["pwws"])
    register("mine")(lambda options: build("pwws", options))
    assert "mine" in names()
