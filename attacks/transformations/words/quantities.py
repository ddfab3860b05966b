"""Which digits of a text are a count, and which belong to a code, a name, a date, a score, a rating."""

from __future__ import annotations

import regex

from attacks.constraints.stopwords import is_stop_word
from attacks.tagging.builtin import possible
from attacks.transformations.paraphrase.prose import is_code

MONTHS = "January February March April May June July August September October November December".split()
_MONTHS = frozenset([month.lower() for month in MONTHS] + "jan feb mar apr jun jul aug sep sept oct nov dec".split())
_LABELS = frozenset(
    """chapter section page pages figure fig table version number no nr route room level season episode part volume vol act
    scene step item line channel size grade gate highway studio question rule type model mark phase stage round category
    windows iphone covid area catch cloud v ch p pp sec art article paragraph appendix exercise lesson unit block floor flight
    bus platform lane zone sector district ward sector tier series book issue edition track disc world psalm verse isbn code
    id ref order invoice case bill proposition prop error port game draft option plan""".split()
)
_UNITS = frozenset(
    """kg g mg km m cm mm mi lb lbs oz ft mph kph hz khz mhz ghz kb mb gb tb ml l w kw kwh v px pt dpi fps k bn mn c f am pm
    a.m. p.m. o'clock oclock hrs hr min mins sec secs percent pct""".split()
)
_AFTER_NAMES = frozenset("is was has will does ever and or for with".split())
_COUNTED_BY = frozenset("or nor just least plus minus".split())
_RATED = frozenset("star stars thumb thumbs point points out".split())
_FIXED = {
    ("24", "hours"), ("7", "days"), ("12", "months"), ("365", "days"), ("52", "weeks"), ("60", "minutes"), ("60", "seconds"),
    ("360", "degrees"), ("50", "states"), ("180", "degrees"), ("100", "years"),
}  # fmt: skip
_BEFORE = regex.compile(r"(\p{L}[\p{L}.'’\-]*)\.?\s$")
_AFTER = regex.compile(r"\s(\p{L}[\p{L}.'’]*)")
_TAG = regex.compile(r"<[^<>]*$")
YEARS = range(1000, 2100)


def is_count(text: str, start: int, end: int) -> bool:
    """Whether the digits ``text[start:end]`` stand alone and count something."""
    before, after = text[max(0, start - 60) : start], text[end : end + 40]
    if before and not (before[-1].isspace() or before[-1] in "(\"'“‘"):
        return False
    if after and not (after[0].isspace() or (after[0] in ".,;!?)\"'”’" and not after[1:2].isalnum())):
        return False
    near, then = before.rstrip(), after.lstrip()
    if near[-1:] in tuple("#$€£¥&@§№=<>/\\+*^~_|:-–—×") and near[-2:] != "--" and not (near[-1:] in "-–—:" and _spoken(near)):
        return False
    if then[:1] in tuple("%°$€£/:=<>*^_|+×") or regex.match(r"[-–]\s?\w|x\s?\d|st\b|nd\b|rd\b|th\b", then):
        return False
    if (
        near[-1:].isdigit()
        or regex.search(r"\d\s?[x×]$", near)
        or regex.match(r"[.,]?\s?\d", after)
        or (after.startswith(";") and "#" in before)
    ):
        return False
    if (near.endswith("(") and then.startswith(")")) or (regex.match(r"[.)]\s", after) and not before.split("\n")[-1].strip()):
        return False
    return not (_TAG.search(before) or is_code(text) or _is_labelled(text, start, before, after))


def _spoken(near: str) -> bool:
    """Whether a dash or colon parts words: "one thing: 3 acts", not "3 - 1"."""
    return regex.search(r"\p{L}\s?[-–—:]$", near) is not None


def _is_labelled(text: str, start: int, before: str, after: str) -> bool:
    """Whether a word beside the digits makes a name, a date, a time or a measure of them."""
    found, unit = _BEFORE.search(before), _AFTER.match(after)
    if unit is not None and (unit[1].lower() in _UNITS or unit[1].lower().rstrip(".") in _UNITS | _MONTHS):
        return True
    if found is None:
        return False
    word = found[1]
    if (unit is None or unit[1].lower() in _AFTER_NAMES) and _ends_name(word.lower().rstrip(".")):
        return True  # "santa clause 2 is", in a text without capitals
    first = (not before[: found.start(1)].strip() and start <= len(before)) or before[: found.start(1)].rstrip()[-1:] in ".!?"
    plain = word == "I" or word.isupper() or (first and (is_stop_word(word) or possible(word.lower()) & {"VB", "RB", "NNS"}))
    named = word[0].isupper() and not plain  # "Windows 7", and "Apollo 13" where a sentence begins; not "Add 3 eggs"
    return named or word.lower().rstrip(".") in _LABELS | _MONTHS or (word.isupper() and len(word) > 1 and not text.isupper())


def _ends_name(word: str) -> bool:
    """Whether a word is a noun and nothing else, or unknown: a number behind it, with no noun to count, belongs to it."""
    return not is_stop_word(word) and possible(word) <= {"NN"} and word not in _COUNTED_BY


def is_fixed(text: str, start: int, end: int) -> bool:
    """Whether a change of the count would change what is said: a rating, a day that has 24 hours, one of a thing."""
    after = _AFTER.match(text[end : end + 40])
    word = after[1].lower().rstrip(".") if after else ""
    of = regex.search(r"\d\s(?:out\s)?of\s$", text[max(0, start - 20) : start]) or regex.match(r"\sof\s\d", text[end : end + 8])
    rated = word in _RATED or of is not None or text[max(0, start - 8) : start].lower().rstrip().endswith(("rated", "score"))
    return rated or (text[start:end], word) in _FIXED or (text[start:end] == "1" and bool(word))


def is_year(text: str, start: int, end: int) -> bool:
    """Whether four digits are a year: between 1000 and 2099, and no plural follows that they would count."""
    if end - start != 4 or int(text[start:end]) not in YEARS:
        return False
    after = _AFTER.match(text[end : end + 40])
    word = after[1].lower() if after else ""
    return not (word.endswith("s") and not word.endswith(("ss", "us", "is")) and word not in ("was", "has", "does", "as")) and (
        word not in ("people", "men", "women", "children", "dead", "feet", "miles")
    )
