"""What a change preserves, and what the data need preserved: the closed vocabulary by which recipes are fitted to data.

A break counts only while the right answer is still right. Which changes keep it right depends on what the answer is about: a
sentence added to a film review says nothing about the film, the same sentence added to the hypothesis of a pair is no longer
entailed by its premise. So each transformation declares what it preserves, and each kind of data what it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

VOCABULARY = {
    "wording": "the same words in the same order; only their form changes (spelling, case, contraction, unseen characters)",
    "entailment": "what the text entails, and what entails it",
    "sentiment": "the opinion that the text gives",
    "topic": "what the text is about",
}
"""Every word that a transformation may declare and data may need, with what it means. Declared by intention of the technique,
not by measurement: whether a text did keep its label is what ``robustness review`` asks people."""

FORM = ("wording", "entailment", "sentiment", "topic")
"""Declared by techniques that change nothing but form: slips of the finger, lookalikes, contractions, spellings."""
MEANING = ("entailment", "sentiment", "topic")
"""Declared by techniques that say the same in other words: synonyms, clauses in another order, numbers written out."""
SUBJECT = ("sentiment", "topic")
"""Declared by techniques that add, drop or exchange what the label should not hang on: a name, a neutral sentence, a hedge."""
SINGLE_TEXT = ("sentiment", "topic")
PAIR = ("entailment",)

T = TypeVar("T")


def needed_by(fields: int) -> tuple[str, ...]:
    """What the label of an example with this many text fields needs: pairs depend on what one text entails of the other."""
    return PAIR if fields > 1 else SINGLE_TEXT


def checked(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once; raises ``ValueError`` for one that is not in the vocabulary."""
    found = tuple(dict.fromkeys(names))
    unknown = [name for name in found if name not in VOCABULARY]
    if unknown:
        raise ValueError(f"what is to be preserved must be some of {', '.join(VOCABULARY)}, got {', '.join(map(repr, unknown))}")
    return found


def missing(preserves: Sequence[str], needed: Sequence[str]) -> tuple[str, ...]:
    """What is needed and not preserved."""
    return tuple(name for name in needed if name not in preserves)


def in_common(declared: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """What all of these preserve, in the order of the vocabulary; nothing where there are none."""
    sets = [set(one) for one in declared]
    return tuple(name for name in VOCABULARY if sets and all(name in one for one in sets))


def fitting(technique: T, needed: Sequence[str]) -> tuple[T | None, tuple[str, ...]]:
    """The technique, or the part of it that preserves what is needed, or None; and the names of what was left out.

    A technique made of parts (rules) has a method ``fitting`` of its own.
    """
    own = getattr(technique, "fitting", None)
    if own is not None:
        part, left_out = own(needed)
        return part, left_out
    if missing(technique.preserves, needed):  # type: ignore[attr-defined]
        return None, (str(technique.name),)  # type: ignore[attr-defined]
    return technique, ()
