"""Many changes of one text at once, drawn at random, any part of which can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from random import Random
from statistics import mean, pstdev
from typing import Any, Protocol

from attacks.constraints.base import Constraint, admissible
from attacks.language.articles import with_articles
from attacks.search import Candidate, Search, Trial
from attacks.strategies.offers import Offers
from attacks.transformations.base import shuffled

Change = tuple[Any, ...]
"""One change of a stack: where, and which of the changes that can be made there."""
Stack = tuple[Change, ...]
MOST_WORDS = 256
"""Words that one stack changes at most: drawing them from a book costs no more than from a page."""
KEPT = (0.5, 0.25, 0.75)
"""Shares of the words that are left in a text that is asked about to learn what its answer hangs on."""
SPREAD = 0.5
"""How far what was learned is blurred each time that a stack is drawn, in standard deviations of it over the words."""


class Stacks(Protocol):
    """What stacks of changes can be made of one trial's text."""

    def draw(self, rng: Random) -> Search[Stack]:
        """As many changes as can be made together, in random order; empty where nothing can be changed."""

    def candidate(self, stack: Stack) -> Candidate:
        """The text with these changes, made in any order."""

    def renew(self) -> None:
        """Let the transformations draw anew what they offer; stacks that were drawn stay as they are."""

    def learn(self, rng: Random, most: int) -> Search[None]:
        """Spend at most so many queries on finding out what the answer hangs on, so that changes of it come first in a stack."""


class WordStacks:
    """One change a word: a replacement that every constraint lets through where it is the only one."""

    def __init__(self, trial: Trial, make: Callable[[], Offers], constraints: Sequence[Constraint]) -> None:
        self._trial, self._make, self._constraints = trial, make, tuple(constraints)
        self._weights: dict[int, float] = {}
        self.renew()
        self._editable = self._offers.editable(self._offers.origin)

    def renew(self) -> None:
        """New slips where a transformation draws one of many a word."""
        self._offers = self._make()
        self._options: dict[int, tuple[tuple[str, str], ...]] = {}

    def learn(self, rng: Random, most: int) -> Search[None]:
        """How much oftener the answer holds with a word than without it, over texts of which only random words are left.

        Such texts teach and can never win. What they say is of use where a text changed beyond recognition is still answered
        rightly: then only some of its words may be changed, and these are learned here.
        """
        origin = self._offers.origin
        gone = [{at for at in range(len(origin)) if rng.random() >= KEPT[n % len(KEPT)]} for n in range(most)]
        verdicts = yield from self._trial.probe(str(origin.delete_many(sorted(one, reverse=True))) for one in gone)
        turned = [verdict.reached for verdict in verdicts]
        self._weights = {index: _difference(turned, [index in one for one in gone]) for index in self._editable}

    def draw(self, rng: Random) -> Search[Stack]:
        """Words in random order, each with a random one of its replacements."""
        order = [self._editable[n] for n in shuffled(len(self._editable), rng)[:MOST_WORDS]]
        if self._weights:
            spread = SPREAD * pstdev(self._weights.values())
            blurred = {index: self._weights[index] + rng.gauss(0.0, spread) for index in order}
            order.sort(key=lambda index: -blurred[index])
        yield from self._look_up([index for index in order if index not in self._options])
        return tuple((index, *rng.choice(self._options[index])) for index in order if self._options[index])

    def candidate(self, stack: Stack) -> Candidate:
        """All changes of one technique at a time; before whole words that are new the articles agree."""
        words, techniques = self._offers.origin, []
        for technique, group in groupby(sorted(stack, key=lambda one: one[1]), key=lambda one: one[1]):
            changes = {index: new for index, _, new in group}
            agreeing = with_articles(words, changes) if self._offers.agrees(technique) else changes
            words = words.replace_many(agreeing, technique)
            techniques.append(technique)
        return Candidate(str(words), "+".join(techniques), words)

    def _look_up(self, indexes: Sequence[int]) -> Search[None]:
        """What can stand for each of these words, one by one and so in one question to every oracle that constraints ask."""
        origin, offers = self._offers.origin, self._offers
        yield from offers.foresee(indexes)
        made: dict[str, tuple[int, str, str]] = {}
        candidates: list[Candidate] = []
        for index in indexes:
            for technique, new in offers.at(index):
                view = offers.replaced(origin, index, new, technique)
                candidates.append(Candidate(str(view), technique, view))
                made.setdefault(candidates[-1].text, (index, technique, new))
        kept = yield from admissible(self._constraints, self._trial, origin, candidates)
        found: dict[int, list[tuple[str, str]]] = {index: [] for index in indexes}
        for text in dict.fromkeys(one.text for one in kept):
            index, technique, new = made[text]
            found[index].append((technique, new))
        self._options |= {index: tuple(options) for index, options in found.items()}


def _difference(turned: Sequence[bool], gone: Sequence[bool]) -> float:
    """How much oftener an answer turned without a word than with it; 0 where there is nothing to compare."""
    sides = [[t for t, g in zip(turned, gone, strict=True) if g is side] for side in (True, False)]
    return mean(sides[0]) - mean(sides[1]) if all(sides) else 0.0
