"""What a change preserves, what data need, and what is left out where the two do not fit."""

from __future__ import annotations

from random import Random

import pytest

from attacks.preserves import FORM, VOCABULARY, checked, fitting, in_common, missing, needed_by
from attacks.recipes import Options, build, names, resolve, unfit, unfit_members
from attacks.transformations import transformations
from attacks.transformations.base import Transformation
from attacks.transformations.paraphrase.framing import Framing
from attacks.transformations.paraphrase.paraphrase import RULES, RuleParaphrase

PAIRS = Options(preserve=needed_by(2))
ADDITIONS = ("opener", "no-opener", "hedge", "no-hedge")


@pytest.mark.parametrize("technique", transformations(), ids=lambda t: str(t.name))
def test_every_transformation_declares_what_it_preserves(technique: Transformation) -> None:
    declared = technique.preserves
    assert declared == checked(declared)
    assert declared, "a technique that preserves nothing has no place in a suite"
    assert "wording" not in declared or declared == FORM, "the same words say the same"


@pytest.mark.parametrize("name", names())
def test_every_recipe_declares_what_it_preserves(name: str) -> None:
    recipe = build(name)
    assert recipe.preserves == checked(recipe.preserves)
    assert recipe.preserves or bool(recipe.goal)
    assert not recipe.left_out


def test_one_text_needs_sentiment_and_topic_a_pair_entailment() -> None:
    assert needed_by(1) == ("sentiment", "topic")
    assert needed_by(2) == needed_by(3) == ("entailment",)
    assert all(not unfit(build(name), Options(preserve=needed_by(1))) for name in names())


def test_suites_leave_out_what_does_not_fit_and_say_so() -> None:
    kept = {recipe.name for recipe in resolve("natural", PAIRS)}
    gone = set(unfit_members("natural", PAIRS))
    assert gone == {
        f"natural:{n}" for n in ("name-change", "location-change", "number-change", "neutral-insertion", "word-drop")
    } | {"natural:word-order"}
    assert kept.isdisjoint(gone)
    assert kept | gone == {recipe.name for recipe in resolve("natural")}
    assert unfit_members("natural", Options()) == ()


def test_a_recipe_of_several_techniques_goes_on_with_those_that_fit() -> None:
    checklist, rules = (
        next(r for r in resolve("standard", PAIRS) if r.name == name) for name in ("checklist", "paraphrase-rules")
    )
    assert dict(checklist.parameters)["transformations"] == "contraction, expansion"
    assert set(checklist.left_out) == {"name-change", "location-change", "number-change", "neutral-insertion"}
    assert rules.left_out == ()
    assert "entailment" in rules.preserves
    assert not unfit(checklist, PAIRS)


def test_openers_and_hedges_are_left_out_where_a_hypothesis_is_attacked() -> None:
    part, names_left = Framing().fitting(("entailment",))
    assert part is None
    assert set(ADDITIONS) <= set(names_left)
    assert unfit(build("framing"), PAIRS) == ("entailment",)
    assert not unfit(build("paraphrase"), PAIRS)
    assert {c.technique for c in RuleParaphrase().variants("I do not like it.", Random(0))} == {"contraction"}
    assert {rule.name for rule in RULES if "sentiment" not in rule.preserves} == set()


def test_a_recipe_named_by_its_own_name_is_built_though_nothing_of_it_fits() -> None:
    (recipe,) = resolve("natural:neutral-insertion", PAIRS)
    assert unfit(recipe, PAIRS) == ("entailment",)
    assert unfit_members("natural:neutral-insertion,natural", PAIRS).count("natural:neutral-insertion") == 0
    assert unfit(build("input-reduction", PAIRS), PAIRS) == ()


def test_a_pattern_of_which_nothing_fits_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no recipe of 'natural:word-\*' preserves entailment"):
        resolve("natural:word-*", PAIRS)


def test_the_vocabulary_is_closed() -> None:
    with pytest.raises(ValueError, match="must be some of wording, entailment, sentiment, topic, got 'meaning'"):
        Options(preserve=("meaning",))
    assert checked(["topic", "topic"]) == ("topic",)
    assert in_common([]) == ()
    assert in_common([FORM, ("topic", "sentiment")]) == ("sentiment", "topic")
    assert missing(("topic",), ("topic", "entailment")) == ("entailment",)
    assert set(FORM) == set(VOCABULARY)


def test_a_technique_of_one_piece_fits_or_does_not() -> None:
    technique = next(t for t in transformations() if t.name == "word-drop")
    assert fitting(technique, ("topic",)) == (technique, ())
    assert fitting(technique, ("entailment",)) == (None, ("word-drop",))
