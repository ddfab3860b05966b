"""Bad Characters look the same: a small renderer shows what a reader sees."""

from __future__ import annotations

from random import Random
from unicodedata import bidirectional, normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.transformations.base import PositionEdit, spliced
from attacks.transformations.characters.bidi import LRI, LRO, PDF, PDI, RLO, BidiReorder
from attacks.transformations.characters.deletion import BACKSPACE, DeletionCharacter
from attacks.transformations.characters.homoglyphs import Homoglyph
from attacks.transformations.characters.invisible import ZERO_WIDTH, InvisibleCharacter
from attacks.transformations.tables import table
from attacks.words import Words

_TEXTS = st.text(st.sampled_from("abcdefg XYZ 019 .,!?'-()éüßжя你好"), min_size=1, max_size=25)
_EXAMPLES = settings(max_examples=80, deadline=None)


def levels(text: str) -> list[tuple[str, int]]:
    """Each character's embedding level in a left-to-right paragraph: rules X1 to X8 of UAX #9, then I1 and I2 for letters."""
    stack: list[tuple[int, str, bool]] = [(0, "", False)]  # level, override, is it an isolate
    found = []
    for character in text:
        level, override, _ = stack[-1]
        if character in (LRO, RLO):
            found.append((character, level))
            right = character == RLO
            stack.append((level + 1 + (level % 2 == right), "R" if right else "L", False))
        elif character == LRI:
            found.append((character, _resolved(character, level, override)))
            stack.append((level + 1 + (level % 2 == 0), "", True))
        elif character == PDI:
            while not stack[-1][2]:
                stack.pop()
            stack.pop()
            level, override, _ = stack[-1]
            found.append((character, _resolved(character, level, override)))
        elif character == PDF:
            found.append((character, level))
            if len(stack) > 1 and not stack[-1][2]:
                stack.pop()
        else:
            found.append((character, _resolved(character, level, override)))
    return found


def _resolved(character: str, level: int, override: str) -> int:
    kind = override or bidirectional(character)
    if level % 2 == 0:
        return level + (kind in ("R", "AL"))
    return level + (kind in ("L", "EN", "AN"))


def rendered(text: str) -> str:
    """What is shown: rule L2 (reverse from the highest level down to the lowest odd one), controls gone."""
    line = levels(text)
    odd = [level for _, level in line if level % 2]
    for at_least in range(max((level for _, level in line), default=0), min(odd, default=1) - 1, -1):
        start = 0
        while start < len(line):
            end = start
            while end < len(line) and line[end][1] >= at_least:
                end += 1
            line[start:end] = reversed(line[start:end])
            start = end + 1
    return "".join(character for character, _ in line if character not in (LRO, RLO, LRI, PDI, PDF))


def backspaced(text: str) -> str:
    shown: list[str] = []
    for character in text:
        if character == BACKSPACE:
            shown.pop()
        else:
            shown.append(character)
    return "".join(shown)


def unhidden(text: str) -> str:
    return "".join(character for character in text if character not in ZERO_WIDTH)


def test_the_renderer_knows_right_from_left() -> None:
    assert rendered("abc") == "abc"
    assert rendered(f"a{RLO}bc{PDF}d") == "acbd"
    assert rendered(f"a{RLO}b{LRI}cd{PDI}e{PDF}f") == "aecdbf"
    assert rendered(f"{LRO}ab{PDF}") == "ab"
    assert rendered("aאבb") == "aבאb"
    wrong = f"{LRO}{LRI}{RLO}{LRI}a{PDI}{LRI}b{PDI}{PDF}{PDI}{PDF}"
    assert rendered(wrong) == "ba"


def edited(technique: PositionEdit, text: str, *positions: int, seed: int = 0) -> str:
    rng = Random(seed)
    return spliced(text, [technique.replacement(text, position, rng) for position in sorted(positions)])


def many(technique: PositionEdit, text: str, data: st.DataObject, seed: int) -> str:
    positions = list(technique.positions(text))
    chosen = data.draw(st.lists(st.sampled_from(positions), max_size=6, unique=True)) if positions else []
    return edited(technique, text, *chosen, seed=seed)


@_EXAMPLES
@given(text=_TEXTS, data=st.data(), seed=st.integers(0, 99))
def test_reordered_characters_are_shown_in_their_old_order(text: str, data: st.DataObject, seed: int) -> None:
    new = many(BidiReorder(), text, data, seed)
    assert rendered(new) == text


@_EXAMPLES
@given(text=_TEXTS, data=st.data(), seed=st.integers(0, 99))
def test_deleted_and_hidden_characters_are_not_shown(text: str, data: st.DataObject, seed: int) -> None:
    assert backspaced(many(DeletionCharacter(), text, data, seed)) == text
    assert unhidden(many(InvisibleCharacter(), text, data, seed)) == text


@_EXAMPLES
@given(text=_TEXTS, severity=st.integers(1, 5), seed=st.integers(0, 99))
def test_sampled_bad_characters_look_the_same(text: str, severity: int, seed: int) -> None:
    for technique, shown in ((BidiReorder(), rendered), (DeletionCharacter(), backspaced), (InvisibleCharacter(), unhidden)):
        found = technique.sample(text, severity, Random(seed))
        assert found is None or shown(found.text) == text


def test_reordering_stores_the_pair_in_reverse() -> None:
    found = edited(BidiReorder(), "ab", 0)
    assert [character for character in found if character.isalpha()] == ["b", "a"]
    assert list(BidiReorder().positions("aab c")) == [1, 2, 3]
    assert list(BidiReorder().swaps(Words("ab"), 0, Random(0))) == [found]


@pytest.mark.parametrize(
    "text", ["שלום ab", "مرحبا ab", "", "aaa", "a", "a\nb", "a\u0301\u0301", "e\u0301a", "ae\u0301", "🇬🇧", "a\u202eb"]
)
def test_texts_that_cannot_be_reordered_unseen_are_left_alone(text: str) -> None:
    assert list(BidiReorder().positions(text)) == []
    assert BidiReorder().sample(text, 5, Random(0)) is None


def test_no_character_is_torn_apart() -> None:
    for technique in (InvisibleCharacter(), DeletionCharacter()):
        assert list(technique.positions("e\u0301👩‍👩‍👧x")) == [0, 2, 7, 8]
        assert list(technique.positions("")) == []


def test_two_changes_that_overlap_are_made_once() -> None:
    assert edited(BidiReorder(), "abc", 0, 1) == edited(BidiReorder(), "abc", 0) != "abc"


def test_homoglyphs_are_single_letters_of_another_character() -> None:
    assert "pаypal" in Homoglyph().swaps(Words("paypal"), 0, Random(0))
    assert list(Homoglyph().positions("a!z?o")) == [0, 4]
    for letter, lookalikes in table("homoglyphs").items():
        assert all(len(other) == 1 and other != letter for other in lookalikes)
        assert all(normalize("NFC", other) != letter for other in lookalikes)
