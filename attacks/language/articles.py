"""*A* or *an*: by the sound that a word begins with, and put right where a replaced word changes it."""

from __future__ import annotations

from functools import lru_cache

import regex

from attacks.words import Words

ARTICLES = frozenset({"a", "an", "A", "An", "AN"})
_SILENT_H = regex.compile(r"(?:hon(?:est|or|our)|heir|hour)")
_CONSONANT_VOWEL = regex.compile(
    r"(?:eu(?!ler)|ew[eo]|once|one(?![a-z])|one-|ones|oui|ub[ie]q|u(?:k|fo|sb|s|sa|n|tc|pc)$|uni(?!d|m[aep]|n[^c]|nte|nv|nsp)|u[ks]u"
    r"|us(?:e|a|u)|ut(?:e|i|o)|ura[ln]|uro|uri[cn]|ufo|unanim|uganda|ukrain|ukulele|uranium|urea)"
)
_LETTERS_AN = frozenset("AEFHILMNORSX")  # letters whose names begin with a vowel: an FBI agent, an MP
_READ_AS_WORDS = regex.compile(r"[AEIOU]")


@lru_cache(1 << 14)
def article_for(word: str) -> str:
    """``a`` or ``an`` before this word; initials are taken to be spelled out where they have no vowel or are two letters."""
    first = word[:1]
    if not first:
        return "a"
    if first.isdigit():
        return _before_number(word)
    if len(word) > 1 and word.isupper() and (len(word) <= 3 or not _READ_AS_WORDS.search(word)):
        return "an" if first in _LETTERS_AN else "a"
    if len(word) == 1 or word[1] == "-":
        return "an" if first.upper() in _LETTERS_AN else "a"
    small = word.lower()
    if small[0] in "aeiouáàâäéèêëíïóöúü":
        return "a" if _CONSONANT_VOWEL.match(small) else "an"
    return "an" if _SILENT_H.match(small) else "a"


def _before_number(word: str) -> str:
    digits = regex.match(r"\d+", word).group()  # type: ignore[union-attr]
    return "an" if digits[0] == "8" or (len(digits) in (2, 4, 5, 8) and digits[:2] in ("11", "18")) else "a"


def article_at(words: Words, index: int, new: str) -> str | None:
    """How the article before a word has to read if the word becomes ``new``; None where it may stay, or there is none.

    An article that was wrong before the change stays: the text is not ours to correct.
    """
    if index < 1 or words[index - 1] not in ARTICLES or not new[:1].isalnum() or words.gap(index) != " ":
        return None
    if any(len(word) < 2 and word.isalpha() for word in (new, words[index])):
        return None  # a single letter: a name, a variable, or a slip, and how it is read cannot be known
    now, wanted = words[index - 1], article_for(new.split(" ")[0])
    if now.lower() == wanted or now.lower() != article_for(words[index]):
        return None
    return wanted.capitalize() if now[0] == "A" else wanted


def replaced_in(words: Words, index: int, new: str, technique: str) -> Words:
    """``words`` with one word replaced, and the article before it put right; the article counts as no change of its own."""
    article = article_at(words, index, new)
    if article is None:
        return words.replace(index, new, technique)
    return words.replace_many({index - 1: article, index: new}, technique)


def with_articles(words: Words, changes: dict[int, str]) -> dict[int, str]:
    """The changes, and those of the articles before them."""
    found = dict(changes)
    for index, new in changes.items():
        if index - 1 not in changes:
            article = article_at(words, index, new)
            if article is not None:
                found[index - 1] = article
    return found
