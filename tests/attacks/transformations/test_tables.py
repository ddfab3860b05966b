"""The tables of facts hold together."""

from __future__ import annotations

from importlib.resources import files
from random import Random
from string import ascii_lowercase

import pytest

from attacks.transformations.base import rotated, shuffled, spliced
from attacks.transformations.characters.clusters import ALPHABET
from attacks.transformations.characters.punctuation import PunctuationNoise
from attacks.transformations.characters.slips import CharacterSwap
from attacks.transformations.characters.substitution import random_substitution
from attacks.transformations.tables import both_cases, groups, keyboard, table
from attacks.transformations.words.noise import WordDrop
from attacks.words import Words

NAMES = ("contractions", "entities", "homoglyphs", "homophones", "insertions", "leet", "misspellings", "names", "ocr", "places")


@pytest.mark.parametrize("name", NAMES)
def test_a_table_has_no_doubled_key_no_empty_value_and_no_entry_that_changes_nothing(name: str) -> None:
    lines = files("attacks").joinpath("data", f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if not line.startswith("#")]
    assert lines[0].startswith("# ")
    assert len(table(name)) == len(rows)
    for key, values in table(name).items():
        assert key == key.strip() != ""
        assert all(value == value.strip() != "" for value in values)
        assert len(set(values)) == len(values)
        assert key not in values


@pytest.mark.parametrize("name", ["misspellings", "homophones"])
def test_words_are_listed_as_the_text_has_them(name: str) -> None:
    rows = table(name)
    assert len(rows) > 400
    for key in rows:
        assert len(Words(key)) == 1
        assert key == key.lower()


def test_homophones_lead_back() -> None:
    rows = table("homophones")
    assert all(word in rows[other] for word, others in rows.items() for other in others)


@pytest.mark.parametrize("layout", ["qwerty", "qwertz", "azerty"])
def test_neighbours_on_a_keyboard_are_mutual(layout: str) -> None:
    near = keyboard(layout)
    assert all(key in near[other] for key, others in near.items() for other in others)
    assert all(2 <= len(others) <= 6 for others in near.values())
    assert set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") <= set(near)


def test_an_unknown_layout_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="one of azerty, qwerty, qwertz, got 'colemak'"):
        keyboard("colemak")


def test_groups_lead_from_a_member_to_its_group() -> None:
    assert "Susan" in groups("names")["Mary"]
    assert "John" not in groups("names")["Mary"]
    members = [member for members in table("places").values() for member in members]
    assert len(set(members)) == len(members)
    assert not set(table("names")["female"]) & set(table("names")["male"])


def test_the_alphabet_is_whole() -> None:
    assert ascii_lowercase == ALPHABET


def test_capitals_are_read_from_small_letters() -> None:
    assert both_cases("leet")["E"] == ("3",)


def test_shuffled_is_a_permutation_that_differs_by_seed() -> None:
    assert sorted(shuffled(20, Random(1))) == list(range(20))
    assert shuffled(20, Random(1)) == shuffled(20, Random(1)) != shuffled(20, Random(2))
    assert shuffled(-1, Random(1)) == shuffled(0, Random(1)) == []


def test_a_rotation_starts_anywhere_and_misses_no_place() -> None:
    turns = {tuple(rotated(range(1, 5), Random(seed))) for seed in range(50)}
    assert turns == {(1, 2, 3, 4), (2, 3, 4, 1), (3, 4, 1, 2), (4, 1, 2, 3)}
    assert list(rotated((), Random(0))) == []


@pytest.mark.parametrize(("severity", "expected"), [(1, 1), (2, 2), (3, 4), (4, 7), (5, 10)])
def test_a_severity_is_a_share_of_the_words(severity: int, expected: int) -> None:
    text = " ".join(["word"] * 20)
    for technique in (CharacterSwap(), WordDrop(), PunctuationNoise()):
        found = technique.sample(text, severity, Random(0))
        assert found is not None
        assert found.words is not None
        assert len(found.words.edits()) <= expected
        gaps = sum(found.words.gap(i) != Words(text).gap(i) for i in range(21))
        assert max(len(found.words.changed), gaps) == expected


def test_of_two_overlapping_replacements_the_first_is_made() -> None:
    assert spliced("abcd", [(0, 2, "x"), (1, 3, "y"), (3, 3, "z")]) == "xczd"


@pytest.mark.parametrize("word", ["typo", "Qwerty", "x1", "12", ""])
def test_a_letter_is_drawn_like_a_string_of_several(word: str) -> None:
    drawn = [random_substitution(word, keyboard("qwerty"), range(len(word)), Random(seed)) for seed in range(40)]
    longer = [random_substitution(word, keyboard("qwerty"), range(len(word)), Random(seed), longest=2) for seed in range(40)]
    assert drawn == longer
    assert (None in drawn) is (word in ("12", ""))
