"""What each technique does to words and texts that a reader can check."""

from __future__ import annotations

from random import Random

import pytest

from attacks.language.morphology import like_case
from attacks.transformations.base import WordNoise, WordSwap
from attacks.transformations.characters.case import CaseNoise
from attacks.transformations.characters.invisible import InvisibleCharacter
from attacks.transformations.characters.keyboard import KeyboardTypo
from attacks.transformations.characters.leet import Leetspeak
from attacks.transformations.characters.ocr import OcrConfusion
from attacks.transformations.characters.punctuation import PunctuationNoise
from attacks.transformations.characters.slips import (
    CharacterDrop,
    CharacterInsert,
    CharacterRepeat,
    CharacterSubstitute,
    CharacterSwap,
    SpaceInsert,
)
from attacks.transformations.characters.whitespace import WhitespaceNoise
from attacks.transformations.paraphrase.contractions import Contraction, Expansion
from attacks.transformations.words.checklist import LocationChange, NameChange, NumberChange
from attacks.transformations.words.homophones import Homophone
from attacks.transformations.words.insertion import NeutralInsertion
from attacks.transformations.words.misspellings import CommonMisspelling
from attacks.transformations.words.noise import WordDrop, WordOrder
from attacks.word_counts import words_changed
from attacks.words import Words


def swaps(technique: WordSwap, word: str, seed: int = 0) -> list[str]:
    return list(technique.swaps(Words(word), 0, Random(seed)))


def texts(technique: Contraction | Expansion | NameChange | NeutralInsertion | NumberChange, text: str) -> list[str]:
    return [candidate.text for candidate in technique.variants(text, Random(0))]


@pytest.mark.parametrize(
    ("technique", "word", "expected"),
    [
        (CharacterSwap(), "word", ["wrod", "wodr"]),
        (CharacterSwap(keep_last=True), "word", ["wrod"]),
        (CharacterSwap(keep_first=False), "word", ["owrd", "wrod", "wodr"]),
        (CharacterSwap(keep_last=True), "cat", []),
        (CharacterSwap(), "booo", []),
        (CharacterSwap(keep_first=False), "e\u0301a", ["ae\u0301"]),
        (CharacterDrop(), "book", ["bok", "boo"]),
        (CharacterDrop(keep_first=False, keep_last=True), "cat", ["at", "ct"]),
        (CharacterDrop(keep_first=False), "a", []),
        (CharacterRepeat(), "cat", ["caat", "catt"]),
        (CharacterRepeat(times=2, keep_last=True), "cat", ["caaat"]),
        (CharacterInsert(alphabet="xy", keep_last=True), "ab", ["axb", "ayb"]),
        (CharacterInsert(alphabet="xy", keep_first=False), "a", ["xa", "ya", "ax", "ay"]),
        (CharacterInsert(alphabet="xy", keep_last=True), "AB", ["AXB", "AYB"]),
        (CharacterInsert(keep_last=True), "να", ["ννα", "ναα"]),
        (CharacterSubstitute(alphabet="xb", keep_first=False), "aB", ["xB", "bB", "aX"]),
        (SpaceInsert(), "word", ["w ord", "wo rd", "wor d"]),
        (SpaceInsert(), "a", []),
        (KeyboardTypo(keep_first=True, keep_last=True), "cat", ["cqt", "cwt", "cst", "czt"]),
        (KeyboardTypo(), "G", ["T", "Y", "F", "H", "V", "B"]),
        (KeyboardTypo("qwertz"), "y", ["a", "s", "x"]),
        (KeyboardTypo("azerty"), "q", ["a", "z", "s", "w"]),
        (KeyboardTypo(), "7", []),
        (OcrConfusion(), "born", ["horn", "6orn", "b0rn", "bcrn", "bonn", "bom", "borr", "boru"]),
        (Leetspeak(), "Tea", ["734", "7ea", "+ea", "T3a", "Te4", "Te@"]),
        (Leetspeak(whole=False), "go", ["9o", "6o", "g0"]),
        (CaseNoise(), "word", ["WORD", "Word", "wOrD"]),
        (CaseNoise(), "I", ["i"]),
        (CommonMisspelling(), "Receive", ["Recieve"]),
        (CommonMisspelling(), "DEFINITELY", ["DEFINATELY", "DEFINITLY", "DEFIANTLY"]),
        (CommonMisspelling(), "qwxz", []),
        (Homophone(), "Their", ["There", "They're"]),
        (Homophone(), "they’re", ["their", "there"]),
        (Homophone(), "its", ["it's"]),
        (Expansion(), "Don’t", ["Do not"]),
        (Expansion(), "can't", ["cannot", "can not"]),
        (Expansion(), "WON'T", ["WILL NOT"]),
        (Expansion(), "word", []),
        (InvisibleCharacter(), "ab", ["a\u200bb", "a\u200cb", "a\u200db"]),
        (InvisibleCharacter(["\u2060"]), "a", ["a\u2060"]),
        (NumberChange(), "5", ["6", "4"]),
        (NumberChange(), "4", []),
        (NumberChange(), "2", []),
        (NumberChange(), "007", []),
        (NumberChange(), "1", ["2", "0"]),
        (NumberChange(), "9" * 5000, []),
        (NameChange(), "Table", []),
        (NameChange(), "Mary'll", []),
        (LocationChange(), "London", None),
    ],
    ids=str,
)
def test_swaps_of_a_word(technique: WordSwap, word: str, expected: list[str] | None) -> None:
    found = swaps(technique, word)
    if expected is None:
        assert len(found) == 10
    elif isinstance(technique, NumberChange):
        assert sorted(found) == sorted(expected)
    else:
        assert found == expected


ONE: list[WordNoise] = [
    CharacterSwap(one=True),
    CharacterDrop(one=True),
    CharacterInsert(one=True),
    CharacterSubstitute(one=True),
    CharacterRepeat(one=True),
    SpaceInsert(one=True),
    KeyboardTypo(one=True),
    OcrConfusion(one=True),
]


@pytest.mark.parametrize("technique", ONE, ids=lambda t: t.name)
def test_one_random_swap_is_one_of_all(technique: WordNoise) -> None:
    every = swaps(type(technique)(), "clever")
    drawn = {tuple(swaps(technique, "clever", seed)) for seed in range(300)}
    assert all(len(found) == 1 and found[0] in every for found in drawn)
    assert len(drawn) >= len(every) * 0.6


@pytest.mark.parametrize("technique", ONE, ids=lambda t: t.name)
def test_protected_ends_stay(technique: WordNoise) -> None:
    if not hasattr(technique, "keep_last"):
        return
    guarded = type(technique)(keep_first=True, keep_last=True)  # type: ignore[call-arg]
    assert all(found[0] == "c" and found[-1] == "r" for found in swaps(guarded, "clever"))
    assert swaps(type(technique)(keep_first=False), "clever") != swaps(guarded, "clever")  # type: ignore[call-arg]


def test_a_deleted_word_has_no_swap() -> None:
    for technique in (CharacterInsert(keep_first=False), CharacterInsert(keep_first=False, one=True), KeyboardTypo()):
        assert list(technique.swaps(Words("a b").replace(0, ""), 0, Random(0))) == []


def test_an_inserted_space_counts_as_one_changed_word() -> None:
    text = "a wonderful film"
    words = Words(text).replace(1, "won derful", "space-insert")
    assert words.changed == (1,)
    assert words_changed(text, str(words)) == (1, 0, 3)


def test_names_change_at_all_their_mentions_and_keep_their_group() -> None:
    found = texts(NameChange(), "Mary met John. Mary's dog likes Mary.")
    assert len(found) == 30
    first = [text for text in found if "Mary's dog" in text and not text.startswith("Mary met")]
    assert len(first) == 10
    for text in first:
        new = text.split()[0]
        assert text == f"{new} met John. Mary's dog likes {new}."
        assert new not in ("Mary", "John", "Robert", "Peter")


def test_a_sampled_name_changes_at_all_its_mentions() -> None:
    found = NameChange().sample("Mary likes Mary and Mary", 1, Random(0))
    assert found is not None
    new, _, second, _, third = found.text.split()
    assert new == second == third != "Mary"


def test_places_become_places_of_their_kind() -> None:
    assert {"Oslo", "Rome"} & set(swaps(LocationChange(), "Paris", 1) + swaps(LocationChange(), "Paris", 4))
    assert not {"France", "Ohio"} & {new for seed in range(30) for new in swaps(LocationChange(), "Paris", seed)}


def test_numbers_stay_within_a_fifth_and_decimals_stay_whole() -> None:
    found = {int(new) for seed in range(50) for new in swaps(NumberChange(), "100", seed)}
    assert min(found) == 80
    assert max(found) == 120
    assert 100 not in found
    assert texts(NumberChange(), "It cost 3.50 on 12/10, at 10:30, see v1.") == []
    costs = {int(text.split()[2].rstrip(",")) for text in texts(NumberChange(), "It cost 35, not more.")}
    assert len(costs) == 10
    assert costs <= set(range(28, 43))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I do not know", ["I don't know"]),
        ("DO NOT touch", ["DON'T touch"]),
        ("Yes, it is.", []),
        ("It is good. I am sure it does not matter", None),
        ("I cannot swim", ["I can't swim"]),
        ("do, not", []),
        ("you are not", ["you aren't"]),
        ("I am not late", ["I'm not late"]),
        ("He will not go", ["He won't go"]),
    ],
)
def test_contractions(text: str, expected: list[str] | None) -> None:
    if expected is None:
        expected = [
            "It's good. I'm sure it doesn't matter",
            "It's good. I am sure it does not matter",
            "It is good. I'm sure it does not matter",
            "It is good. I am sure it doesn't matter",
        ]
    assert texts(Contraction(), text) == expected


def test_a_contraction_written_out_contracts_again() -> None:
    text = "I don't think we're late, but they won't wait"
    assert texts(Expansion(), text)[0] == "I do not think we are late, but they will not wait"
    assert texts(Contraction(), texts(Expansion(), text)[0])[0] == text


def test_negations_are_never_dropped_and_one_word_stays() -> None:
    for seed in range(40):
        found = WordDrop().sample("it is not good and never was, don’t ask", 5, Random(seed))
        assert found is not None
        assert "not" in found.text
        assert "never" in found.text
        assert "don’t" in found.text
    assert WordDrop().sample("alone", 5, Random(0)) is None
    assert WordDrop(keep=["x"]).sample("not x", 1, Random(0)) is not None
    assert all((c := WordDrop(()).sample("a b", 5, Random(s))) is not None and c.text in ("a", "b") for s in range(9))


def test_order_noise_keeps_the_same_words() -> None:
    text = "one two three four five six"
    for seed in range(20):
        found = WordOrder().sample(text, 5, Random(seed))
        assert found is not None
        assert sorted(found.text.split()) == sorted(text.split())
        assert found.words is not None
        assert len(found.words.changed) in (2, 4)
    assert WordOrder().sample("same same", 1, Random(0)) is None


def test_white_space_noise_touches_white_space_only() -> None:
    text = " one two  three\nfour "
    seen = set()
    for seed in range(40):
        found = WhitespaceNoise(("double", "missing", "tab", "newline")).sample(text, 3, Random(seed))
        assert found is not None
        assert "".join(found.text.split()) == "onetwothreefour"
        assert (found.text[0], found.text[-1]) == (" ", " ")
        seen.add(found.text)
    assert " onetwo  three\nfour " in seen
    assert " one  two  three\nfour " in seen
    assert " one\ttwo  three\nfour " in seen
    assert WhitespaceNoise().sample("word", 5, Random(0)) is None
    tab = WhitespaceNoise(("tab",)).sample("a\tb", 1, Random(0))
    assert tab is not None
    assert tab.text == "a\t\tb"


def test_punctuation_noise_leaves_numbers_and_words_alone() -> None:
    text = "Well, it cost 3.50 at example.com!"
    seen = {found.text for s in range(60) if (found := PunctuationNoise().sample(text, 1, Random(s))) is not None}
    assert "Well it cost 3.50 at example.com!" in seen
    assert "Well,, it cost 3.50 at example.com!" in seen
    assert "Well, it, cost 3.50 at example.com!" in seen
    assert all("3.50" in new and "example.com" in new for new in seen)


def test_insertions_leave_the_text_in_place() -> None:
    text = "A good film."
    found = texts(NeutralInsertion(), text)
    assert all(text in new for new in found)
    assert all(new.startswith(text) or new.endswith(text) for new in found)
    assert sum("https://t.co/" in new for new in found) == 2
    assert sum(" @" in f" {new}" for new in found) == 2
    only = NeutralInsertion(("sentence",), ("end",), ("Das ist ein Satz.",))
    assert texts(only, text) == [f"{text} Das ist ein Satz."]
    worst = NeutralInsertion().sample(text, 5, Random(1))
    assert worst is not None
    assert text in worst.text
    assert texts(NeutralInsertion(), "  ") == []


@pytest.mark.parametrize(
    ("new", "like", "expected"),
    [("word", "THE", "WORD"), ("word", "The", "Word"), ("word", "the", "word"), ("word", "I", "Word")],
)
def test_case_follows_the_word(new: str, like: str, expected: str) -> None:
    assert like_case(new, like) == expected


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: KeyboardTypo("dvorak"), "layout must be one of azerty, qwerty, qwertz, got 'dvorak'"),
        (lambda: CharacterRepeat(times=0), "times must be 1 or more"),
        (lambda: CharacterInsert(alphabet=""), "alphabet must be a string of at least two letters"),
        (lambda: InvisibleCharacter("a"), "single Unicode format characters"),
        (lambda: InvisibleCharacter(()), "single Unicode format characters"),
        (lambda: WhitespaceNoise(("triple",)), "kinds must be some of double"),
        (lambda: WhitespaceNoise(()), "kinds must be some of double"),
        (lambda: NeutralInsertion(("advert",)), "kinds must be some of sentence"),
        (lambda: NeutralInsertion(places=("middle",)), "places must be some of front"),
        (lambda: NeutralInsertion(sentences=()), "none of them empty"),
    ],
)
def test_bad_arguments_are_refused(make: type, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()


def test_a_technique_shows_its_parameters() -> None:
    assert repr(CharacterSwap(keep_last=True)) == "CharacterSwap(keep_first=True, keep_last=True, one=False)"
    assert repr(CaseNoise()) == "CaseNoise()"
