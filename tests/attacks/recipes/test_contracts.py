"""What every recipe in the registry keeps, under both constraint profiles; a new recipe is covered by being registered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attacks.constraints.profiles import PROFILES
from attacks.recipes import Options, build, names
from attacks.search import Recipe
from attacks.transformations.base import SEVERITIES
from attacks.words import Words

DOCS = Path(__file__).parents[3] / "docs" / "recipes.md"
LEVELS = {"character", "word", "sentence", "mixed"}
ACCESS = {"blind", "labels", "scores", "gradients"}
ORACLES = {"Query": "", "Embed": "encoder", "Rewrite": "rewriter", "Fill": "masked-lm", "Gradients": "", "Flips": ""}
ORACLES |= {"Scan": "ocr", "Speak": "speech", "Pool": "", "Parse": "parser", "Fluency": "fluency"}
REVIEW = (
    "I love this wonderful film: Mary and her friends don't leave London for 12 years, and it is a good, moving story.\n"
    "A) a love story\nB) a moving picture\nC) a good walk"
)
STATEMENT = "I love this wonderful film. It is a good, moving story."
"""For a recipe that leaves lists alone."""
STRANGE = {
    "empty": "",
    "space": " \t\n ",
    "one word": "wonderful",
    "one letter": "a",
    "punctuation": "?!... -- ;)",
    "emoji": "good 👩‍👩‍👧‍👦 film 👍🏽, love it ❤️",
    "right to left": "فيلم جيد جدا וגם סרט טוב good",
    "lone surrogate": "a good \ud83d film \udc00 wonderful",
    "control": "good\x00film\x07 \u202ewonderful\u202c\u200b",
    "combining": "go\u0301o\u0308d e\u0301te\u0301",
    "Chinese": "这是一部很好的电影 good",
    "one long word": "wonderful" * 60,
    "digits": "1 22 333 4444 good 2019-01-01",
}


UNPROFILED = (
    "natural:",
    "guard:",
    "fairness",
    "dialogue:",
    "option-order",
    "extract",
    "format",
    "gcg",
    "random-suffix",
    "universal-trigger",
)
"""Recipes that are the same under both profiles, which ``test_it_is_the_same_under_both_profiles`` holds."""
CASES = [(name, profile) for name in names() for profile in PROFILES if profile == "paper" or not name.startswith(UNPROFILED)]


@pytest.fixture(params=CASES, ids="-".join)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    name, profile = request.param
    return build(name, Options(profile))


def test_it_says_what_it_is(recipe: Recipe) -> None:
    assert recipe.profile in PROFILES
    assert recipe.level in LEVELS
    assert recipe.access in ACCESS
    assert recipe.languages
    parameters = dict(recipe.parameters)
    assert len(parameters) == len(recipe.parameters)
    assert {"transformations", "search", "constraints"} <= parameters.keys()
    assert all(parameters.values())


def test_it_cites_its_source(recipe: Recipe) -> None:
    assert recipe.citation.text
    assert recipe.citation.url.startswith("https://")


def test_same_seed_same_search_and_the_recipe_is_not_worn_by_use(recipe: Recipe, run: Any) -> None:
    before = repr(recipe)
    one, two = run(recipe, REVIEW, budget=400, seed=7), run(recipe, REVIEW, budget=400, seed=7)
    assert one.outcome() == two.outcome()
    assert repr(recipe) == before
    assert one.trial.text == REVIEW


def test_no_text_is_asked_twice_nor_the_clean_one_again(recipe: Recipe, run: Any) -> None:
    ran = run(recipe, STATEMENT if recipe.name == "framing" else REVIEW)
    assert ran.queries, "the review must give every recipe something to try"
    assert len(ran.queries) == len(set(ran.queries)) == ran.trial.queries - 1
    assert REVIEW not in ran.queries


def test_the_budget_is_kept(recipe: Recipe, run: Any) -> None:
    for budget in (1, 2, 7, 40, 130):
        ran = run(recipe, REVIEW, budget=budget)
        assert 1 + len(set(ran.queries)) <= budget
        if ran.status == "exhausted":
            assert 1 + len(ran.queries) == budget, "a search that ends as exhausted has spent all of its budget"


def test_it_needs_no_oracle_that_it_does_not_name(recipe: Recipe, run: Any) -> None:
    asked = {ORACLES[kind] for kind in run(recipe, REVIEW).kinds} - {""}
    assert asked <= set(recipe.needs)
    assert (recipe.access == "gradients") == bool(run(recipe, REVIEW).kinds & {"Gradients", "Flips"})
    if recipe.profile == "strict" and recipe.access != "blind":
        assert "encoder" in recipe.needs


def test_a_success_is_real_and_keeps_the_constraints(recipe: Recipe, run: Any, victim: Any) -> None:
    for seed in range(3):
        trial = run(recipe, REVIEW, seed=seed).trial
        found, verdict = trial.winner or (trial.closest, trial.best)
        if found is None:
            continue
        assert found.text != REVIEW
        assert verdict.answer == victim(found.text)
        assert verdict.reached == trial.judge(verdict.answer, (found.text,)).reached == (trial.winner is not None)
        assert found.edits(REVIEW)
        assert found.technique
        for rule in getattr(recipe.attack, "constraints", ()):
            assert rule.allows(Words(REVIEW), found), rule.describe()


def test_similarity_is_measured_against_the_original(recipe: Recipe, run: Any, encode: Any) -> None:
    ran = run(recipe, REVIEW)
    found = ran.trial.winner[0] if ran.trial.winner else ran.trial.closest
    if "encoder" not in recipe.needs or found is None:
        pytest.skip("asks no encoder, or found nothing")
    assert REVIEW in ran.embedded
    both = encode([REVIEW, found.text])
    assert found.similarity == pytest.approx(float(both[0] @ both[1]), abs=1e-5)


def test_strange_texts_end_without_an_error(recipe: Recipe, run: Any) -> None:
    for name, text in STRANGE.items():
        ran = run(recipe, text, budget=60)
        assert ran.status in ("succeeded", "failed", "exhausted"), name
        assert text not in ran.queries, name


def test_a_long_text_with_a_small_budget_ends_soon(recipe: Recipe, run: Any) -> None:
    text = " ".join(REVIEW.split()[i % 21] for i in range(1000))
    ran = run(recipe, text, budget=25)
    assert len(set(ran.queries)) <= 24


def test_blind_recipes_ask_once_and_fill_the_ladder(recipe: Recipe, run: Any) -> None:
    if recipe.access != "blind":
        pytest.skip("searches")
    trial = run(recipe, REVIEW).trial
    assert trial.ladder.keys() <= set(SEVERITIES)
    assert trial.ladder


@pytest.mark.parametrize("name", [name for name in names() if name.startswith(UNPROFILED) and not name.endswith("-real")])
def test_it_is_the_same_under_both_profiles(name: str) -> None:
    paper, strict = build(name, Options("paper")), build(name, Options("strict"))
    assert repr(replace(strict, profile="paper")) == repr(paper)
    assert strict.needs == ()


def test_it_is_documented(recipe: Recipe) -> None:
    assert f"`{recipe.name}`" in DOCS.read_text(encoding="utf-8")
