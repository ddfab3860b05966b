"""Numbers in words and figures, dates in another order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache

import regex

from attacks.transformations.base import Replacement
from attacks.transformations.paraphrase.prose import is_code
from attacks.transformations.paraphrase.text import together_and_alone
from attacks.transformations.words.quantities import MONTHS, is_count

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
    " nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = ("1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th", "first second third fourth fifth sixth seventh eighth ninth tenth")
_MONTH = "|".join(MONTHS)
_NUMBER = regex.compile(
    r"(?<![\p{L}\p{N}_.,:/$€£#%+\-'’])(?:[1-9]?\d|(?:[1-9]|10)(?:st|nd|rd|th))(?![\p{L}\p{N}_:/%°$€£\-'’]|[.,]\d)"
)
_ROUND = frozenset("hundred thousand million billion trillion hundreds thousands millions billions".split())
_FOLLOWED = regex.compile(r"\s(\p{Ll}+(?:-\p{Ll}+)*)")
_PRECEDED = regex.compile(r"(\p{L}+)\s$")
_SET_PHRASES = frozenset("cloud number catch six all on of page chapter route".split())
_NO_NOUN = frozenset("of to and or out in at on one".split())
_DATE = regex.compile(
    rf"\b(?P<m1>{_MONTH})\s(?P<d1>[12]?\d|3[01])(?:st|nd|rd|th)?,?\s(?P<y1>[12]\d{{3}})\b"
    rf"|\b(?P<d2>[12]?\d|3[01])(?:st|nd|rd|th)?\s(?P<m2>{_MONTH})\s(?P<y2>[12]\d{{3}})\b"
    r"|(?<![\d\-/])(?P<y3>[12]\d{3})-(?P<m3>\d\d)-(?P<d3>\d\d)(?![\d\-/])"
)


@cache
def _in_words() -> dict[str, str]:
    ones, tens = _ONES.split(), _TENS.split()
    words = [*ones, *(f"{ten}-{one}" if one != "zero" else ten for ten in tens for one in ones[:10])]
    numbers = {str(number): word for number, word in enumerate(words)}
    return numbers | dict(zip(*(row.split() for row in _ORDINALS), strict=True))


@cache
def _in_figures() -> dict[str, str]:
    """Words for two and up: *one* is a pronoun as often as a number."""
    return {word: figure for figure, word in _in_words().items() if figure.isdigit() and int(figure) > 1}


@cache
def _spelled() -> regex.Pattern[str]:
    words = sorted(_in_figures(), key=len, reverse=True)
    return regex.compile(rf"(?i)(?<![\p{{L}}\p{{N}}_\-'’])(?:{'|'.join(words)})(?![\p{{L}}\p{{N}}_\-'’])")


def write_numbers(text: str) -> Iterator[str]:
    """``3 stars`` becomes ``three stars``; only counts: no price, time, date, label, code."""
    busy = [match.span() for match in _DATE.finditer(text)]
    known = _in_words()
    found = [m for m in _NUMBER.finditer(text) if m.group() in known and not any(s <= m.start() < e for s, e in busy)]
    counts = [m for m in found if is_count(text, *m.span())]
    yield from together_and_alone(text, [(*m.span(), _at_start(text, m.start(), known[m.group()])) for m in counts])


def _at_start(text: str, start: int, word: str) -> str:
    """A number in words begins a sentence with a capital, in a text that has capitals."""
    before = text[:start].rstrip()
    return word.capitalize() if (not before or before[-1] in ".!?") and text != text.lower() else word


def count_in_figures(text: str) -> Iterator[str]:
    """``three stars`` becomes ``3 stars``; only before the noun that is counted, and not in names or set phrases."""
    found = [] if is_code(text) else [m for m in _spelled().finditer(text) if _counts(text, m)]
    yield from together_and_alone(text, [(*m.span(), _in_figures()[m.group().lower()]) for m in found])


def _counts(text: str, match: regex.Match[str]) -> bool:
    before, after = _PRECEDED.search(text[: match.start()]), _FOLLOWED.match(text, match.end())
    if after is None or after[1] in _NO_NOUN or after[1] in _ROUND or _spelled().fullmatch(after[1]):
        return False  # "two thousand", "twenty one", "ten to one", "the two of us", "she is two."
    begins = not text[: match.start()].strip() or text[: match.start()].rstrip()[-1] in ".!?"
    if match.group()[0].isupper() and not begins:
        return False  # "Fantastic Four", "Ocean's Eleven"
    return before is None or (before[1].lower() not in _SET_PHRASES and not _spelled().fullmatch(before[1].lower()))


def reorder_dates(text: str) -> Iterator[str]:
    """``March 5, 2020``, ``5 March 2020`` and ``2020-03-05`` become one another; days that no calendar has stay as they are."""
    found = [(m, day) for m in _DATE.finditer(text) if (day := _day(m)) is not None]
    for form in (_american, _british, _iso):
        changes: list[Replacement] = [(*m.span(), new) for m, day in found if (new := form(day)) != m.group()]
        yield from together_and_alone(text, changes)


def _day(match: regex.Match[str]) -> date | None:
    for number in "123":
        if match["y" + number]:
            month = match["m" + number]
            try:
                return date(
                    int(match["y" + number]), MONTHS.index(month) + 1 if month in MONTHS else int(month), int(match["d" + number])
                )
            except ValueError:
                return None
    return None


def _american(day: date) -> str:
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"


def _british(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _iso(day: date) -> str:
    return day.isoformat()
