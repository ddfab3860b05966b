"""What can be put in place of each word of one trial: drawn once, the same whenever a search comes back to the word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from attacks.constraints.base import Constraint, admissible, word_allowed
from attacks.language.articles import replaced_in
from attacks.search import Candidate, Search, Trial
from attacks.transformations.base import WordSwap
from attacks.words import Words

PORTIONS = {"score": 1, "first": 2, "similarity": 3}
"""Requests that the candidates for a word come in, by what is preferred of several successes: fewer queries, more waits."""
MANY, FEW = 16, 2
"""Of more than ``MANY`` candidates ``FEW`` are asked at a time where the first success ends the search: a masked language model
offers dozens, the likeliest first."""


class Offers:
    """The replacements that transformations offer for the words of one trial.

    Each word has a random stream of its own, derived from the trial's, so that what a word is offered depends neither on
    the order in which words are visited nor on how often: no text is made twice in two forms, and a budget is not wasted.
    """

    __slots__ = ("_agreeing", "_constraints", "_drawn", "_origin", "_seed", "_swaps", "_trial")

    def __init__(self, trial: Trial, swaps: Sequence[WordSwap], constraints: Sequence[Constraint] = ()) -> None:
        self._trial, self._swaps, self._constraints = trial, tuple(swaps), tuple(constraints)
        self._seed = trial.rng.getrandbits(64)
        self._origin = Words(trial.text)
        self._agreeing = frozenset(swap.name for swap in self._swaps if swap.level == "word")  # a typo does not change an article
        self._drawn: dict[int, tuple[tuple[str, str], ...]] = {}

    @property
    def origin(self) -> Words:
        """The unedited words."""
        return self._origin

    def editable(self, words: Words) -> list[int]:
        """Indexes of the words not yet changed that every constraint allows to be changed, in text order."""
        changed = set(words.changed)
        return [i for i in range(len(words)) if i not in changed and word_allowed(self._constraints, words, i)]

    def at(self, index: int) -> tuple[tuple[str, str], ...]:
        """(technique, replacement) pairs for a word of the original, distinct replacements, best first."""
        if index not in self._drawn:
            self._drawn[index] = self._draw(index)
        return self._drawn[index]

    def foresee(self, indexes: Sequence[int]) -> Search[None]:
        """Get ready to say what can stand for these words of the original (``at``); may ask oracles."""
        yield from ()

    def agrees(self, technique: str) -> bool:
        """Whether an article agrees with what a technique puts behind it."""
        return technique in self._agreeing

    def worth(self, indexes: Sequence[int]) -> list[int]:
        """Those of the words that have replacements."""
        return [i for i in indexes if self.at(i)]

    def proposed(self, words: Words, index: int) -> Search[list[Candidate]]:
        """Candidates that change one word of ``words``, before constraints."""
        yield from ()
        made = ((technique, self.replaced(words, index, new, technique)) for technique, new in self.at(index))
        return [Candidate(str(view), technique, view) for technique, view in made]

    def replaced(self, words: Words, index: int, new: str, technique: str) -> Words:
        """The words with one replaced; before a whole other word the article agrees with it."""
        if self.agrees(technique):
            return replaced_in(words, index, new, technique)
        return words.replace(index, new, technique)

    def candidates(self, words: Words, index: int) -> Search[list[Candidate]]:
        """Candidates that change one word of ``words`` and that every constraint admits."""
        if not word_allowed(self._constraints, words, index):
            return []
        proposed = yield from self.proposed(words, index)
        return (yield from self.admitted(proposed))

    def attempt(self, words: Words, index: int, prefer: str) -> Search[None]:
        """Attempt the candidates for one word, all at once or in portions, where that spares queries and changes no outcome.

        ``first``: one half, of many two, and the next only if none of those succeeds, constraints and all. ``similarity``:
        the most similar first, and the others only if none of those succeeds. Where nothing succeeds, all are asked either way.
        """
        if not word_allowed(self._constraints, words, index):
            return
        proposed = yield from self.proposed(words, index)
        if prefer != "first":
            proposed = yield from self.admitted(proposed)
        for portion in _portions(proposed, prefer):
            candidates = (yield from self.admitted(portion)) if prefer == "first" else portion
            yield from self._trial.attempt(candidates, prefer=prefer)
            if self._trial.won:
                return

    def admitted(self, proposed: Sequence[Candidate]) -> Search[list[Candidate]]:
        """Those of the candidates that every constraint admits."""
        return (yield from admissible(self._constraints, self._trial, self._origin, proposed))

    def _draw(self, index: int) -> tuple[tuple[str, str], ...]:
        found: dict[str, str] = {}
        for number, swap in enumerate(self._swaps):
            rng = Random(f"{self._seed}/{index}/{number}")
            for new in swap.swaps(self._origin, index, rng):
                found.setdefault(new, swap.name)
        found.pop(self._origin[index], None)
        return tuple((technique, new) for new, technique in found.items())


def _portions(candidates: Sequence[Candidate], prefer: str) -> Iterator[Sequence[Candidate]]:
    if prefer == "similarity":
        candidates = sorted(candidates, key=lambda c: -1.0 if c.similarity is None else c.similarity, reverse=True)
    size = max(1, -(-len(candidates) // PORTIONS[prefer]))
    if prefer == "first" and len(candidates) > MANY:
        size = FEW
    for start in range(0, len(candidates), size):
        yield candidates[start : start + size]
