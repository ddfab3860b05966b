"""What a model's rewrite must keep of the text before it counts as one: denials, numbers, names, most content words, the length.

Sentence encoders do not tell a good rewrite from a bad one (a cosine of .85 lets "but family territory" stand for "nothing but
familiar territory"), so a rewrite that adds, loses or turns round anything that can be counted is dropped whatever they say.
"""

from __future__ import annotations

from collections import Counter
from functools import cache, lru_cache

import regex

from attacks.constraints.polarity import valence
from attacks.constraints.stopwords import is_stop_word
from attacks.language.morphology import lemmas, readings
from attacks.transformations.tables import table

_WORD = regex.compile(r"[\p{L}\p{M}]+(?:['’\-][\p{L}\p{M}]+)*")
_NUMBER = regex.compile(r"\d+(?:[.,]\d+)*")
_DENIAL = regex.compile(
    r"(?i)\b(?:not|no|never|none|nothing|nobody|nowhere|neither|nor|without|cannot|hardly|scarcely|barely|no one)\b|n['’]t\b"
)
_TALK = regex.compile(
    r"(?i)^\W*(?:sure|certainly|of course|okay|here (?:is|are)|here's|as an ai|sorry|paraphras|rewr|note|answer|output"
    r"|i (?:can(?:no|')t|am sorry|'m sorry)|the (?:sentence|text|paraphrase))\b|https?:|```|\n"
)
_NUMERALS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve hundred thousand million half third".split()
)
SHARED = 0.9
"""Least share of the content words of either text that the other has, in some form or as an equal."""
LENGTHS = (0.6, 1.6)
"""Least and greatest length of a rewrite, as a share of the text's words."""


def screened(text: str, rewrite: str) -> bool:
    """Whether a rewrite keeps what can be counted: no refusal, no talk about the task, nothing added, dropped or turned round."""
    new, old = _words(rewrite), _words(text)
    if not new or not old or (_TALK.search(rewrite.strip()) is not None and _TALK.search(text.strip()) is None):
        return False
    if not LENGTHS[0] <= len(new) / len(old) <= LENGTHS[1] or _same(new, old):
        return False
    if len(_DENIAL.findall(text)) != len(_DENIAL.findall(rewrite)) or _numbers(text) != _numbers(rewrite):
        return False
    if _names(text) != _names(rewrite) or not _all_known(new, old):
        return False
    if not _ended(text, rewrite) or not _persons(new) <= _persons(old):
        return False
    content, kept = _content(old), _content(new)
    if not content or not kept:
        return False
    lost, added = _unlike(content, kept), _unlike(kept, content)
    if any(abs(valence(word)) > 0 for word in (*lost, *added)) and not _balanced(lost, added):
        return False
    return 1 - len(lost) / len(content) >= SHARED and 1 - len(added) / len(kept) >= SHARED


def _words(text: str) -> list[str]:
    return [word.replace("’", "'") for word in _WORD.findall(text)]


def _same(new: list[str], old: list[str]) -> bool:
    return [word.lower() for word in new] == [word.lower() for word in old]


def _numbers(text: str) -> Counter[str]:
    return Counter(_NUMBER.findall(text)) + Counter(word.lower() for word in _words(text) if word.lower() in _NUMERALS)


def _names(text: str) -> Counter[str]:
    """Words with a capital that no dictionary knows without one, and those inside a sentence."""
    inside = (m.group() for m in _WORD.finditer(text) if m.group()[0].isupper() and m.group() != "I" and _inside(text, m.start()))
    return Counter(word.split("'")[0].lower() for word in inside if not word.startswith(("I'", "I’")))


def _inside(text: str, at: int) -> bool:
    before = text[:at].rstrip(" \"'“‘(")
    return bool(before) and before[-1] not in ".!?:;"


def _ended(text: str, rewrite: str) -> bool:
    """Whether the rewrite ends as the text does: one that breaks off was cut."""
    ends = tuple(".!?\"'”’)…")
    return not text.rstrip().endswith(ends) or rewrite.rstrip().endswith(ends)


@lru_cache(1 << 14)
def _in_dictionary(word: str) -> bool:
    return is_stop_word(word) or bool(readings(word))


def _all_known(new: list[str], old: list[str]) -> bool:
    """Whether every word is one of the text's or of a dictionary's: translators make up what they cannot translate."""
    strange = {word.lower() for word in new} - {word.lower() for word in old}
    return all(_in_dictionary(part) for word in strange for part in regex.split(r"['\-]", word) if len(part) > 2)


def _unlike(words: list[str], others: list[str]) -> list[str]:
    """The words that none of the others is alike to; each pair of different words is looked at once."""
    there = dict.fromkeys(others)
    alike = {word: word in there or any(_alike(word, other) for other in there) for word in dict.fromkeys(words)}
    return [word for word in words if not alike[word]]


_PERSONS = frozenset(
    """i me my mine myself you your yours yourself he him his himself she her hers herself its itself we us our ours ourselves
    they them their theirs themselves""".split()
)


def _persons(words: list[str]) -> set[str]:
    """Who is spoken of by pronouns: translators lose whether *seu* is his, hers, its or yours."""
    return {part for word in words if (part := word.lower().split("'")[0]) in _PERSONS}


def _content(words: list[str]) -> list[str]:
    return [word.lower().removesuffix("'s") for word in words if not is_stop_word(word.lower()) and len(word) > 1]


@lru_cache(1 << 14)
def _alike(one: str, other: str) -> bool:
    """Whether two words are forms of one, or equals by the table that the rules use."""
    if one == other or not lemmas(one).isdisjoint(lemmas(other)):
        return True
    return other in _equals().get(one, ()) or one in _equals().get(other, ()) or _root(one) == _root(other)


def _root(word: str) -> str:
    return word[:6] if len(word) > 7 else word


@cache
def _equals() -> dict[str, frozenset[str]]:
    """What may stand for a word by the table of equals: of a dictionary's synonyms too many are of another sense."""
    found: dict[str, set[str]] = {}
    for key, values in table("equals").items():
        _, *words = key.split()
        if len(words) == 1:
            found.setdefault(words[0], set()).update(values)
    return {word: frozenset(values) for word, values in found.items()}


def _balanced(lost: list[str], added: list[str]) -> bool:
    """Whether what carries opinion went for something that carries the same."""
    return sum(_sign(word) for word in lost) == sum(_sign(word) for word in added)


def _sign(word: str) -> int:
    value = valence(word)
    return (value > 0) - (value < 0)
