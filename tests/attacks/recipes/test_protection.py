"""What is protected stays: by pattern, through every recipe and every noise, whatever it does."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from attacks.protection import Mask, patterns, spans
from attacks.recipes import Options, build, names
from attacks.search import Candidate, Recipe, Trial
from attacks.strategies.protected import Protected
from attacks.transformations import transformations
from attacks.transformations.base import SEVERITIES
from robustness.tasks.classification import against

REVIEW = (
    "I love this wonderful film, {name}: Mary and her friends don't leave London for 12 years [MASK], and it is a good, moving"
    " story. Positive, said @anna at https://x.org/a?b=1."
)
KEPT = ("{name}", "[MASK]", "Positive", "@anna", "https://x.org/a?b=1", "wonderful film", "12")
PATTERNS = patterns(("placeholders", "labels", r"wonderful \w+", r"\b12\b"), ("negative", "positive"))


def protected(recipe: Recipe, found: Any = PATTERNS) -> Recipe:
    from dataclasses import replace

    return replace(recipe, attack=Protected(recipe.attack, found))


def found_in(text: str) -> list[str]:
    return [text[a:b] for a, b in spans(text, PATTERNS)]


@pytest.fixture(params=names())
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return build(request.param, Options())


def test_every_recipe_leaves_protected_spans_alone(recipe: Recipe, run: Any) -> None:
    for seed in range(2):
        ran = run(protected(recipe), REVIEW, budget=150, seed=seed)
        trial = ran.trial
        assert ran.status in ("succeeded", "failed", "exhausted")
        shown = [found for found, _ in ([trial.winner] if trial.winner else []) + list(trial.ladder.values())]
        shown += [trial.closest] if trial.closest else []
        for found in shown:
            at = 0
            for kept in KEPT:
                assert kept in found.text[at:] or kept == "wonderful film", found.text
            assert [k for k in found_in(found.text) if k in KEPT] == found_in(REVIEW), found.text
            assert found.edits(REVIEW)
            text, shift = REVIEW, 0
            for edit in found.edits(REVIEW):
                assert REVIEW[edit.start : edit.end] == edit.before
                text = text[: edit.start + shift] + edit.after + text[edit.end + shift :]
                shift += len(edit.after) - len(edit.before)
            assert text == found.text


def test_the_victim_reads_no_mask(recipe: Recipe, run: Any) -> None:
    ran = run(protected(recipe), REVIEW, budget=60)
    assert all(all(ord(character) < 0xF0000 for character in text) for text in [*ran.queries, *ran.embedded])


def test_with_everything_protected_there_is_nothing_to_try(recipe: Recipe, run: Any) -> None:
    ran = run(protected(recipe, patterns([".+"])), REVIEW, budget=60)
    assert (ran.status, ran.queries, ran.trial.tally.attempted) == ("failed", [], 0)


def test_a_pattern_that_matches_nothing_changes_nothing(recipe: Recipe, run: Any) -> None:
    plain, guarded = (run(one, REVIEW, budget=80) for one in (recipe, protected(recipe, patterns(["zzz"]))))
    assert plain.outcome() == guarded.outcome()


@pytest.mark.parametrize("technique", transformations(), ids=lambda technique: technique.name)
def test_sampled_noise_keeps_its_other_edits(technique: Any) -> None:
    mask = Mask.of(REVIEW, PATTERNS)
    assert mask is not None
    for severity in SEVERITIES:
        sampled = technique.sample(mask.text, severity, Random(severity))
        left = None if sampled is None else mask.repaired(sampled)
        if left is not None:
            assert [k for k in found_in(mask.restored(left.text)) if k in KEPT] == found_in(REVIEW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dear {name}, {{x}} ${y} {} {0:.2f} $NAME __ID__", ["{name}", "{{x}}", "${y}", "{}", "{0:.2f}", "$NAME", "__ID__"]),
        (
            "[MASK] a [CLS] [NAME_1] [see note] <SEP> </s> <|endoftext|> a < b > c",
            "[MASK] [CLS] [NAME_1] <SEP> </s> <|endoftext|>",
        ),
        ("%s and %(name)s and %.2f and %d items, 50% discount, 100 %", ["%s", "%(name)s", "%.2f", "%d"]),
        ("@USER wrote to me@x.org: see https://x.org/a, www.x.org.", ["@USER", "me@x.org", "https://x.org/a", "www.x.org"]),
        ("nothing here, $5, a@ b", []),
    ],
)
def test_what_a_placeholder_is(text: str, expected: Any) -> None:
    found = [text[a:b] for a, b in spans(text, patterns(["placeholders"]))]
    assert found == (expected.split() if isinstance(expected, str) else expected)


def test_label_words_are_protected_as_words_in_any_case() -> None:
    found = patterns(["labels"], ("very_negative", "positive", "LABEL 5"))
    text = "Positive, positively VERY negative and very_negative: negative"
    assert [text[a:b] for a, b in spans(text, found)] == ["Positive", "VERY negative", "very_negative"]
    for labels in ((), ("0", "1")):
        with pytest.raises(ValueError, match="the labels hold no word to protect"):
            patterns(["labels"], labels)


def test_a_pattern_that_is_none_is_refused() -> None:
    for spec, message in (
        ("(", "is not a regular expression .*escape it, or use labels or placeholders"),
        (" ", "must not be empty"),
    ):
        with pytest.raises(ValueError, match=message):
            patterns([spec])


@pytest.mark.parametrize(
    ("new", "intact"),
    [
        ("a bad {x} film", True),
        ("a good, {x}! film", True),
        ("{x} a good film", True),
        ("a good{x} film", False),
        ("a good \u200b{x} film", False),
        ("a good {x}\u0301 film", False),
        ("a good {x}s film", False),
        ("a good film", False),
        ("a good {x} film {x}", False),
    ],
)
def test_nothing_grows_into_a_protected_span(new: str, intact: bool) -> None:
    mask = Mask.of("a good {x} film", patterns(["placeholders"]))
    assert mask is not None
    assert mask.intact(new.replace("{x}", mask.signs)) is intact


def test_texts_without_spaces_keep_their_neighbours() -> None:
    mask = Mask.of("这家餐厅的菜很好吃", patterns(["餐厅"]))
    assert mask is not None
    assert mask.intact(mask.text.replace("的", "之"))
    assert not mask.intact(mask.text.replace("的", "\u200b的"))


def test_a_text_may_hold_private_characters_of_its_own() -> None:
    text = "a \U000f0000 {x} good {y} film"
    mask = Mask.of(text, patterns(["placeholders"]))
    assert mask is not None
    assert mask.restored(mask.text) == text
    assert mask.kept == ("{x}", "{y}")


class _Asks:
    """An attack that names words by the gradient and asks a rewriter."""

    def search(self, trial: Trial) -> Any:
        from attacks.search import Rewrite, gradients
        from attacks.words import Words

        norms = yield from gradients(trial)
        assert len(norms) == len(Words(trial.text))
        (texts,) = yield Rewrite((trial.text,), 3)
        yield from trial.attempt([Candidate(text, "rewrite") for text in texts])


def test_answers_are_told_behind_the_mask() -> None:
    from attacks.search import Gradients, Prediction, Query, Rewrite

    text = "a good {name} film"
    trial = Trial(inputs=(text,), gold=1, judge=against(1), clean=Prediction(1, (0.1, 0.9)), rng=Random(0))
    search = Protected(_Asks(), patterns(["placeholders"])).search(trial)
    asked = next(search)
    assert isinstance(asked, Gradients)
    assert asked.inputs == ((text,),)
    asked = search.send([[0.1, 0.2, 9.0, 0.4]])
    assert isinstance(asked, Rewrite)
    assert asked.texts == (text,)
    asked = search.send([["one {name} film", "no name in it", "{name}, a film"]])
    assert isinstance(asked, Query)
    assert asked.inputs == (("one {name} film",), ("{name}, a film",))
    with pytest.raises(StopIteration):
        search.send([Prediction(0, (0.9, 0.1)), Prediction(1, (0.2, 0.8))])
    assert trial.winner is not None
    assert trial.winner[0].text == trial.best.text == "one {name} film"
    assert (trial.queries, trial.tally.attempted) == (3, 2)


def test_protected_spans_are_counted_as_they_stand() -> None:
    assert Counter(found_in(REVIEW)) == Counter(KEPT)
