"""Where words begin and end in scripts that set no space between them: Chinese, Japanese, Thai, Lao, Khmer, Burmese."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import regex

_SCRIPTS = ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar")
_LETTER = "".join(rf"\p{{{script}}}" for script in _SCRIPTS)
UNSPACED = regex.compile(rf"[{_LETTER}]")
"""A letter of a script without spaces between words."""
# U+30FC and its half-width form lengthen a kana and belong to no script; hidden characters inside a word belong to it.
_RUN = regex.compile(rf"([{_LETTER}](?:[{_LETTER}\p{{M}}ーｰ]|[\p{{Cf}}\x08--\u200b](?=[{_LETTER}\p{{M}}]))*)", regex.V1)
_HIDDEN = regex.compile(r"[\p{Cf}\x08]+")
_CLUSTER = regex.compile(r"\X")

GRAPHEMES = "graphemes"
EXTRA = "pip install 'robustness-suite[words]'"


@dataclass(frozen=True, slots=True)
class Segmenter:
    """Cuts a run of letters into words; joined they give the run back. ``name``: with its version, for the run's record."""

    name: str
    cut: Callable[[str], Sequence[str]]

    @property
    def knows_words(self) -> bool:
        """False where each user-perceived character stands for a word, for want of a dictionary."""
        return self.name != GRAPHEMES


@cache
def segmenter() -> Segmenter:
    """ICU's dictionaries where ``icu4py`` is installed; else one word a user-perceived character."""
    try:
        from icu4py.breakers import WordBreaker
    except ImportError:
        return Segmenter(GRAPHEMES, graphemes)
    from importlib.metadata import version

    return Segmenter(f"icu4py {version('icu4py')}", lambda run: list(WordBreaker(run, "en")))


def graphemes(run: str) -> list[str]:
    """The user-perceived characters (UAX #29) of a run."""
    return _CLUSTER.findall(run)


def runs(text: str) -> list[str]:
    """The text cut at its runs of letters without spaces: these stand at odd places, all else at even ones."""
    parts: list[str] = _RUN.split(text)
    return parts


def words_in(run: str) -> Sequence[str]:
    """The words of one run; characters that nobody sees change nothing about where they end."""
    plain = _HIDDEN.sub("", run)
    found = segmenter().cut(plain)
    if "".join(found) != plain:  # a dictionary that loses a character must not lose it from the text
        found = graphemes(plain)
    return found if len(plain) == len(run) else _with_hidden(run, found)


def _with_hidden(run: str, words: Sequence[str]) -> list[str]:
    """The words with the hidden characters of the run back in their places, each in the word that it stands in or after."""
    out: list[str] = []
    at = 0
    for word in words:
        start, left = at, len(word)
        while left or (at < len(run) and _HIDDEN.match(run[at])):
            left -= not _HIDDEN.match(run[at])
            at += 1
        out.append(run[start:at])
    return out
