"""A search that stacks changes in the order of what they are believed to gain, and learns that from the run's other trials."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nlargest

from attacks.constraints.base import Constraint
from attacks.search import Attack, Candidate, Search, Trial
from attacks.search.priors import LEAST, Evidence, Priors, drawn
from attacks.strategies.hard_label.stacks import Stack
from attacks.strategies.hard_label.taking_back import take_back
from attacks.strategies.hard_label.words import StackedWords
from attacks.strategies.learning.start_priors import START
from attacks.strategies.offers import Offers
from attacks.tagging import tagged
from attacks.transformations.base import WordSwap
from attacks.words import Words

DETAIL = "learned"
"""Under which name a trial writes down what its changes gained."""
MOST_EVIDENCE = 64
"""Changes written down of one trial: its outcome line stays short."""
LATER = 0.7
"""What the next replacement of a technique is believed to gain of what the one before it would: the best come first."""
NEAREST = 0.5
"""The least distance to the goal, in logits, that gains are shares of: next to the decision everything would be a large one."""
KEPT = 0.02
"""The least gain for which a change stays in the text: a smaller one costs readability and brings the victim nowhere."""
AGAIN = 0.35
"""What another replacement of a word is believed to gain of what the first one did, times the tries so far."""
ENOUGH, AT_ONCE = 0.15, 2
"""What a query should be believed to gain, and how many changes it may ask about at once where one alone promises less."""
OWN = 1.0
"""What a word's prior counts as against one change of that word in this text."""


@dataclass(frozen=True, slots=True)
class Stacking:
    """Ask about one change at a time on top of those that helped; no query goes to a ranking, each can win.

    The next change is the one with the largest draw from what is believed of its word and its technique (``Priors``), corrected
    by what was seen in this text. Where it promises less than ``ENOUGH``, the next best of another word is asked about with it,
    and a success gives back those that it does not need. A change stays where it gains at least ``KEPT`` of the way to the
    goal. Where the victim gives no scores, so that nothing but the goal itself shows a gain, every change stays, and as many
    are stacked as constraints allow.
    """

    swaps: tuple[WordSwap, ...]
    constraints: tuple[Constraint, ...] = ()
    start: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: START)

    def __post_init__(self) -> None:
        if not self.swaps:
            raise ValueError("a stacking search needs at least one transformation that swaps words, got none")

    def search(self, trial: Trial) -> Search[None]:
        """Stack until the trial is won or nothing is left to try."""
        offers = self.offers(trial)
        stack = _Stack(trial, offers, self.constraints, trial.priors if trial.priors is not None else Priors(self.start))
        try:
            while not trial.won and (choice := stack.best()):
                yield from stack.try_(choice)
        finally:
            trial.details[DETAIL] = [one.record() for one in stack.seen[:MOST_EVIDENCE]]

    def offers(self, trial: Trial) -> Offers:
        """What the transformations offer for each word."""
        return Offers(trial, self.swaps, self.constraints)

    def without_scores(self) -> Attack:
        """The same changes where no score can be followed."""
        return StackedWords(self, self.constraints)


_Made = dict[int, tuple[str, str]]
"""The changes of a text: technique and replacement by word."""


@dataclass(slots=True)
class _Change:
    """One replacement of one word that was not tried yet."""

    index: int
    technique: str
    new: str
    luck: float


class _Stack:
    """The changes made so far in one text, what is left to try, and what was seen."""

    def __init__(self, trial: Trial, offers: Offers, constraints: tuple[Constraint, ...], priors: Priors) -> None:
        self.trial, self.offers, self.constraints = trial, offers, constraints
        self.seen: list[Evidence] = []
        self._made: _Made = {}
        self._score = trial.clean.score
        self._graded = False
        words = offers.origin
        self._editable = offers.worth(offers.editable(words))
        self._kinds = dict(zip(self._editable, kinds_of(words, self._editable), strict=True))
        self._believed = {i: priors.word(self._key(i), *self._kinds[i]) for i in self._editable}
        self._drawn = {i: drawn(*self._believed[i], trial.rng) for i in self._editable}
        self._gains: dict[int, list[float]] = {i: [] for i in self._editable}
        self._left = {i: sorted(self._changes(i, priors), key=lambda one: -one.luck) for i in self._editable}
        self._worth = {i: self._believed_worth(i) for i in self._editable}

    def _changes(self, index: int, priors: Priors) -> Iterator[_Change]:
        luck: dict[str, float] = {}  # drawn once a technique: of many draws the largest would favour what offers most
        for technique, new in self.offers.at(index):
            if technique not in luck:
                luck[technique] = max(LEAST, drawn(*priors.technique(technique), self.trial.rng))
            yield _Change(index, technique, new, luck[technique])
            luck[technique] *= LATER

    def _key(self, index: int) -> str:
        """A word under the class that is right: what speaks for one class speaks against another."""
        return f"{self.trial.gold}:{self.offers.origin[index].lower()}"

    def best(self) -> list[_Change]:
        """The changes that are believed to gain most: one, or as many as together are believed to gain ``ENOUGH``."""
        chosen: list[int] = []
        believed = 0.0
        for index in nlargest(AT_ONCE, self._worth, key=self._worth.__getitem__):
            if chosen and (believed >= ENOUGH or self._worth[index] <= 0 or not self._graded):
                break
            chosen.append(index)
            believed += self._worth[index]
        return [self._left[index].pop(0) for index in chosen]

    def _believed_worth(self, index: int) -> float:
        """What the next change of a word is believed to gain over what the text has reached."""
        gains = self._gains[index]
        believed = (OWN * self._drawn[index] + sum(gains)) / (OWN + len(gains))
        return believed * self._left[index][0].luck * AGAIN ** len(gains)

    def _learn(self, index: int, gain: float) -> None:
        self._gains[index].append(gain)
        if self._left[index]:
            self._worth[index] = self._believed_worth(index)
        else:
            del self._worth[index]

    def try_(self, changes: list[_Change]) -> Search[None]:
        """Ask about the text with some more changes; keep them where they help."""
        before = self._made
        made, admitted = yield from self._admitted(changes)
        if not admitted and len(changes) > 1:
            for one in changes[1:]:
                self._left[one.index].insert(0, one)
            changes = changes[:1]
            made, admitted = yield from self._admitted(changes)
        if not admitted and (weakest := self._weakest(changes[0].index)) is not None:
            del made[weakest]  # as many as may be changed at once are: this one takes the place of the least useful
            admitted = yield from self.offers.admitted([self._candidate(made)])
        if not admitted:
            self._learn(changes[0].index, 0.0)
            return
        verdicts = yield from self.trial.attempt(admitted, prefer="first")
        score = verdicts[0].score
        self._graded = self._graded or (score != self.trial.clean.score and not self.trial.won)
        gain = self._gain(score)
        if self.trial.won and not self._graded:
            gain = 1.0  # no score tells how far the change went, but it was far enough
        for one in changes:
            self._note(one, gain / len(changes), alone=len(changes) == 1)
        if gain >= KEPT or not self._graded:
            self._made, self._score = made, score
        if self.trial.won and len(changes) > 1:
            yield from self._take_back(before, changes)

    def _admitted(self, changes: list[_Change]) -> Search[tuple[_Made, list[Candidate]]]:
        """The changes so far with some more, and their text if constraints let it through."""
        made = {**self._made, **{one.index: (one.technique, one.new) for one in changes}}
        return made, (yield from self.offers.admitted([self._candidate(made)]))

    def _take_back(self, before: _Made, changes: list[_Change]) -> Search[None]:
        """Leave out what the success does not need of the changes that were asked about at once."""
        together = tuple((n, one.index) for n, one in enumerate(changes))

        def made(some: Stack) -> Candidate:
            return self._candidate({**before, **{at: (changes[n].technique, changes[n].new) for n, at in some}})

        assert self.trial.winner is not None
        yield from take_back(self.trial, {self.trial.winner[0].text: together}, made, self.constraints)

    def _weakest(self, but: int) -> int | None:
        """The changed word whose change gained least, other than one."""
        others = [index for index in self._made if index != but]
        return min(others, key=lambda index: (max(self._gains[index], default=0.0), index), default=None)

    def _gain(self, score: float) -> float:
        clean, before = self.trial.clean.score, self._score
        if not all(0.0 <= one <= 1.0 for one in (clean, before, score)):
            return max(-1.0, min(1.0, score - before))
        return max(-1.0, min(1.0, (_logit(score) - _logit(before)) / max(NEAREST, -_logit(clean))))

    def _note(self, change: _Change, gain: float, *, alone: bool) -> None:
        self._learn(change.index, gain)
        if not alone or len(self._gains[change.index]) > 1:
            return  # a word's later changes are held against what its first has gained: they would speak against the word
        kind, place = self._kinds[change.index]
        self.seen.append(Evidence(self._key(change.index), kind, place, change.technique, gain))

    def _candidate(self, made: Mapping[int, tuple[str, str]]) -> Candidate:
        words = self.offers.origin
        for index in sorted(made):
            technique, new = made[index]
            words = self.offers.replaced(words, index, new, technique)
        techniques = "+".join(dict.fromkeys(made[index][0] for index in sorted(made)))
        return Candidate(str(words), techniques, words)


def kinds_of(words: Words, indexes: list[int]) -> list[tuple[str, str]]:
    """(kind, place) of words: the part of speech by the built-in tagger, in its first two letters; a third of the text."""
    tokens, tags = tagged(words.original, "builtin")
    at = {token.start: tag for token, tag in zip(tokens, tags, strict=True)}
    count = max(1, len(words))
    return [((at.get(words.span(i)[0], "") or "other")[:2], ("first", "middle", "last")[min(2, 3 * i // count)]) for i in indexes]


def _logit(score: float) -> float:
    share = min(1 - 1e-6, max(1e-6, score))
    return math.log(share / (1 - share))
