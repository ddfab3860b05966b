"""What is sampled: the declared parts in their shares, under a seed, with protected spans left alone."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from attacks.recipes import Options
from attacks.search import Mark
from robustness.certify.distribution import DEFAULT, Part, Rewrites, parse_rewrites
from robustness.certify.formats import GRAMMAR, formatted
from robustness.errors import UsageError

TEXT = "It's a really good film, and I don't think that the 3 actors could have been better."
SINGLE = Options(preserve=("sentiment", "topic"))


def drawn(spec: str, n: int, *, marks: Any = (), seed: int = 0, options: Options = SINGLE) -> list[Any]:
    rewrites, rng = Rewrites(parse_rewrites(spec), options), Random(seed)
    return [rewrites.sample((TEXT,), 0, marks, rng) for _ in range(n)]


def test_a_specification_is_read_with_its_severities_and_shares() -> None:
    assert parse_rewrites("natural@3:1,format:3") == (Part("natural", 3, 0.25), Part("format", 0, 0.75))
    assert [part.name for part in parse_rewrites(DEFAULT)] == ["natural@2", "format", "paraphrase"]
    assert parse_rewrites("keyboard-typo@1") == (Part("keyboard-typo", 1, 1.0),)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("", "no kind ''"),
        ("natrual", "did you mean natural"),
        ("natural@6", "severity from 1 to 5"),
        ("natural@", "severity from 1 to 5"),
        ("format@2", "format has no severity"),
        ("natural:0", "positive weight"),
        ("natural:nan", "positive weight"),
        ("natural:x", "positive weight"),
        ("format,format:2", "names format twice"),
    ],
)
def test_a_bad_specification_says_what_was_expected(spec: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_rewrites(spec)


def test_parts_that_do_not_fit_the_data_are_refused() -> None:
    with pytest.raises(UsageError, match="English"):
        Rewrites(parse_rewrites("paraphrase"), Options(language="de"))
    with pytest.raises(UsageError, match="wording"):
        Rewrites(parse_rewrites("format"), Options(preserve=("wording",)))


def test_samples_come_in_the_declared_shares_and_again_under_the_same_seed() -> None:
    found = drawn("natural@2:0.5,format:0.3,paraphrase:0.2", 300)
    assert found == drawn("natural@2:0.5,format:0.3,paraphrase:0.2", 300)
    kinds = Counter(one.technique.partition(":")[0] for one in found)
    assert abs(kinds["natural@2"] - 150) < 40
    assert abs(kinds["format"] - 90) < 35
    assert abs(kinds["paraphrase"] - 60) < 30
    assert all((one.text == TEXT) == (one.technique == "") for one in found)


def test_spans_that_what_is_right_speaks_of_stay_as_they_are() -> None:
    start = TEXT.index("really good film")
    mark = Mark(0, start, start + len("really good film"))
    found = drawn("natural@4,format", 60, marks=(mark,))
    assert all("really good film" in one.text for one in found)
    assert len({one.text for one in found}) > 30


def test_every_form_of_the_grammar_changes_some_text_and_keeps_its_letters() -> None:
    for part, forms in GRAMMAR.items():
        for name, form in forms.items():
            assert any(form(text) != text for text in ("A plain sentence.", "a plain sentence")), f"{part}:{name}"
    new, technique = formatted(TEXT, Random(3))
    assert new != TEXT
    assert technique
    assert formatted("", Random(0))[0] != "a"


def test_what_was_sampled_is_on_record() -> None:
    one, other = (Rewrites(parse_rewrites(spec), SINGLE).record() for spec in ("natural@2", "natural@3"))
    assert one != other
    assert "keyboard-typo" in one["techniques"]["natural"]
