"""How a channel is named, and what is said where one cannot be meant or is not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustness.channels import check_channel, open_channel
from robustness.channels.channel import parse
from robustness.channels.ocr import LOOKS, settings_of
from robustness.channels.speech import settings_of as spoken
from robustness.channels.speech import unspeakable
from robustness.errors import MissingExtraError, UsageError

BAD = [
    ("ocr:9", "a severity is a whole number from 1 to 5, got '9'"),
    ("ocr:", "a severity is a whole number"),
    ("ocr:2.5", "a severity is a whole number"),
    ("fax:1", "unknown channel 'fax'; expected ocr"),
    ("", "unknown channel ''"),
    ("ocr:1,px", "expected NAME"),
    ("ocr:px=10,px=12", "gives px twice"),
    ("ocr:1,size=10", "the channel ocr has no option 'size'; it has: px, blur"),
    ("ocr:px=2", "px must be a number from 6 to 100, got '2'"),
    ("ocr:px=10.5", "px must be a whole number"),
    ("ocr:noise=nan", "noise must be a number from 0 to 255"),
    ("ocr:lang=../eng", "lang must be a name of tesseract's"),
    ("speech:1,speaker=hal", "speaker must be one of flite, espeak"),
    ("speech:1,voice=-o/x", "voice must be a name"),
    ("speech:snr=loud", "snr must be a number"),
]


@pytest.mark.parametrize(("spec", "said"), BAD, ids=[spec or "empty" for spec, _ in BAD])
def test_a_channel_that_cannot_be_meant_is_refused_with_what_was_expected(spec: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_channel(spec)
    assert said in str(caught.value)


def test_a_severity_sets_the_dial_and_an_option_turns_one_knob() -> None:
    name, severity, options = parse("ocr:4,px=12")
    assert (name, severity, options) == ("ocr", 4, {"px": "12"})
    look = settings_of(severity, options).look
    assert (look.px, look.noise) == (12, LOOKS[4].noise)
    assert spoken(2, {}).sound.snr > spoken(5, {}).sound.snr


def test_a_program_that_is_not_installed_is_told_with_the_package_that_brings_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises((UsageError, MissingExtraError), match=r"apt-get install .*tesseract-ocr|robustness-suite\[ocr\]"):
        check_channel("ocr:1")
    with pytest.raises(UsageError, match="flite is not installed; install it with: apt-get install flite"):
        check_channel("speech")
    with pytest.raises(UsageError, match="apt-get install espeak-ng"):
        open_channel("speech:1,speaker=espeak")


@pytest.mark.parametrize(
    ("text", "said"), [("", "no letter"), ("?! ...", "no letter"), ("a\ud83d", "surrogate"), ("a" * 2000, "1200")]
)
def test_what_cannot_be_spoken_is_told_before_anything_speaks(text: str, said: str) -> None:
    assert said in unspeakable(text)
