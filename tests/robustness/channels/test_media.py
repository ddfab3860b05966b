"""The channels on the real programs; ``make test-media``."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.measures.answers.word_errors import pooled
from robustness import audit
from robustness.channels import Channel, Lost, open_channel
from robustness.errors import RobustnessError

pytestmark = pytest.mark.media
TEXTS = [
    "The film is a terrific and moving portrait of two lonely people.",
    "A dull plot, thin characters and a running time that feels like an eternity.",
    "It takes a strange kind of laziness to waste the talents of so many good actors.",
    "An honest, warm and funny picture that finds the right tone from the first scene.",
]


def opened(spec: str) -> Channel:
    try:
        return open_channel(spec)
    except RobustnessError as absent:
        pytest.skip(str(absent))


def rate(channel: Channel) -> float:
    came = channel.carry(TEXTS)
    return pooled((text, "" if isinstance(out, Lost) else out) for text, out in zip(TEXTS, came, strict=True)).rate or 0.0


def test_a_scan_is_read_better_the_clearer_it_is() -> None:
    channel = opened("ocr")
    rates = [rate(channel.at(severity)) for severity in (1, 3, 5)]
    assert rates == sorted(rates)
    assert rates[0] < 0.1 < rates[2]


def test_what_is_read_of_a_text_does_not_depend_on_its_company() -> None:
    channel = opened("ocr:4")
    together = channel.carry([TEXTS[0], "", *TEXTS[1:], "?"])
    assert isinstance(together[1], Lost)
    assert [together[0], *together[2:5]] == [channel.carry([text])[0] for text in TEXTS]


def test_homoglyphs_and_invisible_characters_vanish_in_a_scan_and_leetspeak_stays() -> None:
    channel = opened("ocr:1,px=24")
    hidden, leet = channel.carry(["a terr\u200bible \u0430cting and a dull plot", "a t3rr1ble plot"])
    assert hidden == "a terrible acting and a dull plot"
    assert leet != "a terrible plot"


def test_speech_is_heard_alike_each_time_and_worse_in_noise() -> None:
    channel = opened("speech")
    assert channel.carry(TEXTS[:1]) == channel.carry(TEXTS[:1])
    assert rate(channel) < 0.2 < rate(channel.at(5))
    assert isinstance(channel.carry(["?!"])[0], Lost)
    assert not isinstance(channel.carry(["-o /dev/null is what it says"])[0], Lost)


def test_espeak_speaks_too() -> None:
    assert rate(opened("speech:1,speaker=espeak")) < 0.6


@pytest.mark.parametrize("recipe", ["natural:ocr-real", "natural:speech-real"])
def test_a_recipe_asks_what_the_channel_made_of_the_text_and_finds_the_same_again(recipe: str, tmp_path: Path) -> None:
    opened(recipe.partition(":")[2].partition("-")[0])
    rows = [(TEXTS[0], "positive"), (TEXTS[1], "negative")]
    runs = [
        audit(
            "scripted:keyword", rows, recipes=recipe, out=tmp_path / name, encoder="none", offline=True, cache=tmp_path / "cache"
        )
        for name in ("one", "two")
    ]
    first, second = ({outcome.texts["text"]: outcome.ladder for outcome in run.outcomes} for run in runs)
    assert first == second
    assert any(rung.text != text for text, ladder in first.items() for rung in ladder)
    assert runs[1].manifest.usage[recipe.partition(":")[2].partition("-")[0]]["recalled"] > 0
