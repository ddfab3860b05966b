"""Numbers in words and figures, dates in another order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache

import regex

from attacks.transformations.base import Replacement
from attacks.transformations.paraphrase_text import together_and_alone

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
    " nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = ("1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th", "first second third fourth fifth sixth seventh eighth ninth tenth")
MONTHS = "January February March April May June July August September October November December".split()
_MONTH = "|".join(MONTHS)
_NUMBER = regex.compile(
    r"(?<![\p{L}\p{N}_.,:/$€£#%+\-'’])(?:[1-9]?\d|(?:[1-9]|10)(?:st|nd|rd|th))(?![\p{L}\p{N}_:/%°$€£\-'’]|[.,]\d)"
)
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
    """``3 stars`` becomes ``three stars``; prices, ratings, times, decimals and what touches letters stay as they are."""
    busy = [match.span() for match in _DATE.finditer(text)]
    known = _in_words()
    found = [m for m in _NUMBER.finditer(text) if m.group() in known and not any(s <= m.start() < e for s, e in busy)]
    yield from together_and_alone(text, [(*m.span(), known[m.group()]) for m in found])


def count_in_figures(text: str) -> Iterator[str]:
    """``three stars`` becomes ``3 stars``."""
    found = _spelled().finditer(text)
    yield from together_and_alone(text, [(*m.span(), _in_figures()[m.group().lower()]) for m in found])


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
