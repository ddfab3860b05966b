"""English word forms by ``lemminflect``: lemmas, word classes, inflection like another word; and letter case."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib.abc import MetaPathFinder
from threading import get_ident
from typing import Any

import regex

_PLAIN = regex.compile(r"[a-z]+(?:['’\-][a-z]+)*")
_CACHE = 1 << 16
BASE = {"NOUN": "NN", "VERB": "VB", "ADJ": "JJ", "ADV": "RB"}
"""The Penn tag of the base form of each open word class."""
_DEGREES = {"JJR": "more", "RBR": "more", "JJS": "most", "RBS": "most"}
_SAME_AS = {"VBN": "VBD"}  # the dictionary lists a participle only where it differs from the past tense


@cache
def _dictionary() -> Any:
    """``lemminflect``, imported without spaCy, which it would load where it is installed, for an extension unused here."""
    with _hidden("spacy"):
        import lemminflect
    return lemminflect


@contextmanager
def _hidden(package: str) -> Iterator[None]:
    """This thread cannot import a package that is not imported yet."""
    here = get_ident()

    class Absent(MetaPathFinder):
        def find_spec(self, name: str, _path: object, _target: object = None) -> None:
            if name == package and get_ident() == here:
                raise ModuleNotFoundError(f"{package} is not needed", name=package)

    finder = Absent()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


@lru_cache(_CACHE)
def readings(word: str) -> tuple[tuple[str, str], ...]:
    """Every (universal word class, lemma) that a dictionary knows for this form; empty for an unknown form."""
    if not _PLAIN.fullmatch(word):
        return ()
    known = _dictionary().getAllLemmas(word)
    return tuple((pos, lemma) for pos, lemmas in sorted(known.items()) for lemma in lemmas)


@lru_cache(_CACHE)
def word_classes(word: str) -> frozenset[str]:
    """The universal word classes that this form can have, letter case aside; empty for an unknown form."""
    return frozenset(pos for pos, _ in readings(word.lower()))


@lru_cache(_CACHE)
def lemmas(word: str) -> frozenset[str]:
    """The word itself and every lemma it can stand for, in lower case."""
    small = word.lower()
    return frozenset({small, *(lemma for _, lemma in readings(small))})


@lru_cache(_CACHE)
def forms(lemma: str, pos: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(Penn tag, forms) of a lemma in one universal word class, as far as the dictionary knows."""
    return tuple(sorted(_dictionary().getAllInflections(lemma, upos=pos).items()))


@lru_cache(_CACHE)
def tags(word: str, lemma: str, pos: str) -> tuple[str, ...]:
    """The Penn tags under which ``word`` is a form of ``lemma``; the base form stands alone, as it is ambiguous otherwise."""
    if word == lemma:
        return (BASE[pos],)
    found = tuple(tag for tag, known in forms(lemma, pos) if word in known and tag != BASE[pos])
    return ("VB",) if "VBP" in found else found


@lru_cache(_CACHE)
def inflect(lemma: str, pos: str, tag: str) -> str | None:
    """The form of ``lemma`` under a Penn tag; comparison by *more* and *most* where no single form is known."""
    if tag == BASE[pos]:
        return lemma
    known = dict(forms(lemma, pos))
    found = known.get(tag) or known.get(_SAME_AS.get(tag, ""))
    if found:
        return found[0]
    if tag in _DEGREES:
        return f"{_DEGREES[tag]} {lemma}" if pos == "ADJ" or lemma.endswith("ly") else None
    return None if known else _regular(lemma, pos, tag)  # known, but without this form: a mass noun, a modal


def _regular(lemma: str, pos: str, tag: str) -> str | None:
    if not _PLAIN.fullmatch(lemma):
        return None
    found: tuple[str, ...] = _dictionary().getAllInflectionsOOV(lemma, pos).get(tag, ())
    return found[0] if found else None


def like_case(word: str, model: str) -> str:
    """``word`` in the letter case of ``model``: all capitals, first capital, or as it is."""
    if len(model) > 1 and model.isupper():
        return word.upper()
    if model[:1].isupper():
        return word[:1].upper() + word[1:]
    return word
