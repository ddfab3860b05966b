"""Two named sets of constraints, printed beside every number: what each paper asked, and what a strict reader asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attacks.constraints.amount import MaxEditDistance, MaxWordsChanged
from attacks.constraints.antonyms import NotAntonym
from attacks.constraints.base import Constraint
from attacks.constraints.length import MinWordLength
from attacks.constraints.part_of_speech import PartOfSpeech
from attacks.constraints.polarity import Polarity
from attacks.constraints.readable import Readable
from attacks.constraints.repeat import NoRepeat
from attacks.constraints.sense import SenseInContext
from attacks.constraints.similarity import MinWordCosine, SentenceSimilarity
from attacks.constraints.stopwords import StopWords
from attacks.language.lexicon import BuiltinLexicon
from attacks.language.resources import Lexicon, Neighbours
from attacks.language.vectors import BuiltinNeighbours

PROFILES = ("paper", "strict")


@dataclass(frozen=True, slots=True)
class Profile:
    """Constraints added to those that a recipe brings."""

    name: str
    description: str
    added: tuple[Constraint, ...] = ()

    def __str__(self) -> str:
        return "\n".join([f"{self.name}: {self.description}", *(f"  - {c.describe()}" for c in self.added)])

    def apply(self, own: Sequence[Constraint], level: str = "word") -> tuple[Constraint, ...]:
        """A recipe's own constraints and this profile's for its level, none twice; the costly ones come last."""
        both = tuple(dict.fromkeys([*own, *(rule for rule in self.added if level in rule.for_levels)]))
        return tuple(sorted(both, key=lambda c: len(c.needs)))


def profile(name: str, lexicon: Lexicon | None = None) -> Profile:
    """The profile of that name; ``strict`` looks antonyms up in ``lexicon``, the shipped one by default."""
    if name == "paper":
        return Profile(name, "each recipe's published constraints, nothing added")
    if name == "strict":
        return Profile(name, "each recipe's published constraints and these", _strict(lexicon or BuiltinLexicon()))
    raise ValueError(f"unknown constraint profile {name!r}; choose one of: {', '.join(PROFILES)}")


def _strict(lexicon: Lexicon) -> tuple[Constraint, ...]:
    return (
        StopWords(),
        NoRepeat(),
        MaxWordsChanged(0.2),
        PartOfSpeech(),
        NotAntonym(lexicon),
        Polarity(lexicon),
        SentenceSimilarity(0.9),
        SenseInContext(),
    )


def constraints(lexicon: Lexicon | None = None, neighbours: Neighbours | None = None) -> tuple[Constraint, ...]:
    """Every constraint with its default parameters, for listing."""
    return (
        StopWords(),
        NoRepeat(),
        MinWordLength(),
        MaxWordsChanged(),
        MaxEditDistance(),
        PartOfSpeech(),
        NotAntonym(lexicon or BuiltinLexicon()),
        Polarity(lexicon or BuiltinLexicon()),
        SentenceSimilarity(),
        SenseInContext(),
        Readable(),
        MinWordCosine(neighbours or BuiltinNeighbours()),
    )
