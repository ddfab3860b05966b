"""Pictures of texts: the same from the same, and none of what a reader would see otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from robustness.channels.channel import Lost
from robustness.errors import UsageError

pytest.importorskip("PIL", reason="Pillow is not installed: pip install 'robustness-suite[ocr]'")

from robustness.channels.drawing import FONT, Look, draw, load_font, seen

try:
    load_font(FONT, 14)
except UsageError as absent:
    pytest.skip(str(absent), allow_module_level=True)

TEXT = "A dull, lazy film that wastes two good actors in New York, and a running time that feels like an eternity."
NOISY = Look(14, blur=0.8, noise=30, rotation=1.0)


def test_the_same_text_and_seed_give_the_same_picture_and_another_seed_other_noise() -> None:
    assert draw(TEXT, NOISY, 0) == draw(TEXT, NOISY, 0)
    assert draw(TEXT, NOISY, 0) != draw(TEXT, NOISY, 1)
    assert draw(TEXT, Look(14), 0) == draw(TEXT, Look(14), 1)


def test_each_knob_changes_the_picture() -> None:
    plain = draw(TEXT, Look(14), 0)
    for knob in ({"px": 10}, {"blur": 1.0}, {"noise": 10.0}, {"rotation": 2.0}, {"columns": 30}):
        assert draw(TEXT, replace(Look(14), **knob), 0) != plain


def test_what_is_invisible_leaves_no_trace_in_the_picture() -> None:
    assert draw("terr\u200bible", Look(14), 0) == draw("terrible", Look(14), 0)
    assert draw("e\u0301te\u0301", Look(14), 0) == draw("été", Look(14), 0)
    assert seen("a\tb\u00a0c\u2060") == "a b c"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing of the text can be seen"),
        (" \u200b\n", "nothing of the text can be seen"),
        ("一部很好的电影", "the font has no sign for U+"),
        ("half \ud83d", "the font has no sign for U+D83D"),
        ("good \u202eeivom\u202c", "left to right"),
        ("سرط good", "left to right"),
        ("word " * 200_000, "a picture has room for"),
    ],
)
def test_a_text_that_cannot_be_drawn_as_it_would_be_seen_is_lost_with_the_reason(text: str, said: str) -> None:
    drawn = draw(text, Look(14), 0)
    assert isinstance(drawn, Lost)
    assert said in drawn.message


def test_a_font_that_is_not_there_is_told_with_how_to_name_another() -> None:
    with pytest.raises(UsageError, match="font=PATH"):
        load_font("/no/such/font.ttf", 14)
