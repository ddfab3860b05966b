"""Synonyms and antonyms: the shipped lexicon, and the inflection that any lexicon of lemmas needs."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from attacks.language.morphology import inflect, lemmas, like_case, readings, tags

CLASSES = {"n": "NOUN", "v": "VERB", "a": "ADJ", "r": "ADV"}
"""WordNet's parts of speech as universal word classes."""
Group = tuple[str, tuple[str, ...]]
"""A universal word class and lemmas of that class, most frequent first."""
_CACHE = 1 << 16


def inflected_synonyms(word: str, groups: Callable[[str], Iterable[Group]], antonyms: frozenset[str]) -> tuple[str, ...]:
    """Synonyms of ``word`` in its own form, from a lookup of lemmas; antonyms and the word itself are left out.

    A form that no dictionary of inflection knows is looked up as it stands, and its synonyms stay uninflected.
    """
    small = word.lower()
    found: dict[str, None] = {}
    for synonym in _forms(small, groups, antonyms):
        if synonym.lower() != small:
            found[like_case(synonym, word)] = None
    found.pop(word, None)
    return tuple(found)


def _forms(word: str, groups: Callable[[str], Iterable[Group]], antonyms: frozenset[str]) -> Iterator[str]:
    known = readings(word)
    for lemma in dict.fromkeys([lemma for _, lemma in known] or [word]):
        for pos, members in groups(lemma):
            if known and (pos, lemma) not in known:
                continue
            wanted = tags(word, lemma, pos)
            kept = [m for m in members if m not in antonyms]
            yield from (form for m in kept for tag in wanted if (form := inflect(m, pos, tag)))


class _Entry(NamedTuple):
    groups: tuple[Group, ...]
    antonyms: frozenset[str]


_NOTHING = _Entry((), frozenset())


@cache
def _table() -> tuple[dict[str, str], dict[str, str]]:
    """Lines of the shipped file by word, unparsed, and the words of each adjective cluster by number."""
    text = gzip.decompress((files("attacks") / "data" / "lexicon.tsv.gz").read_bytes()).decode()
    words: dict[str, str] = {}
    clusters: dict[str, str] = {}
    for line in text.split("\n"):
        key, _, rest = line.partition("\t")
        if key[0] == "@":
            clusters[key[1:]] = rest
        else:
            words[key] = rest
    return words, clusters


@lru_cache(_CACHE)
def _entry(lemma: str) -> _Entry:
    words, clusters = _table()
    line = words.get(lemma)
    if line is None or lemma == "#":
        return _NOTHING
    groups, direct, opposed = line.split("\t")
    parsed = tuple((CLASSES[g[0]], tuple(g[2:].split())) for g in groups.split(",") if g)
    antonyms = direct.split() + [w for number in opposed.split() for w in clusters[number].split()]
    return _Entry(parsed, frozenset(antonyms))


@lru_cache(_CACHE)
def _antonyms(word: str) -> frozenset[str]:
    return frozenset().union(*(_entry(lemma).antonyms for lemma in sorted(lemmas(word))))


@lru_cache(_CACHE)
def _synonyms(word: str) -> tuple[str, ...]:
    return inflected_synonyms(word, lambda lemma: _entry(lemma).groups, _antonyms(word))


@dataclass(frozen=True)
class BuiltinLexicon:
    """The lexicon that ships with the package: the single words of WordNet 3.0, every sense (Fellbaum 1998)."""

    name = "wordnet-3.0"

    def synonyms(self, word: str) -> tuple[str, ...]:
        """Synonyms in the form of ``word``, most frequent sense first; empty for an unknown word."""
        return _synonyms(word)

    def antonyms(self, word: str) -> frozenset[str]:
        """Antonyms of any sense of any lemma of ``word``, those of adjectives with the words around them, as lemmas."""
        return _antonyms(word)
