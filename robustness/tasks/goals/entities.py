"""What counts as broken of a tagger: entities lost, invented, retyped, or any of these; compared with its own clean answer.

Taggers are seldom perfect on a long text, so a goal asks for new damage: an entity that was found exactly on the clean text and
is no longer, or a wrong one that was not there before. Where the clean answer was perfect that is any answer but the gold one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from attacks.search import Judgement
from robustness.tasks.answers import Span, Spans
from robustness.tasks.task import Seen

Gold = tuple[Span, ...]
EntitySeen = Seen[Gold, Spans]
Counts = tuple[int, int, int]
"""True positives, false positives, false negatives."""


def gold_of(seen: EntitySeen) -> Gold:
    """The gold entities on the clean text; the clean answer's where the data name none."""
    return seen.clean.found if seen.reference is None else seen.reference


def counts(found: Iterable[Span], expected: Iterable[Span]) -> Counts:
    """Exact matches of boundaries and label, as conlleval counts them."""
    one, other = set(found), set(expected)
    return len(one & other), len(one - other), len(other - one)


def f1(tp: float, fp: float, fn: float) -> float:
    """F1, which is 1 where nothing is expected and nothing was found."""
    return 2 * tp / (2 * tp + fp + fn) if tp or fp or fn else 1.0


def moved_spans(spans: Iterable[Span], seen: EntitySeen) -> Gold:
    """Where spans of the clean text stand in the perturbed one; those whose text is gone are left out."""
    if seen.perturbed[seen.field] == seen.inputs[seen.field]:
        return tuple(spans)
    found = ((seen.moved(one.start, one.end), one.label) for one in spans)
    return tuple(Span(*place, label) for place, label in found if place is not None)


def overlap(one: Span, other: Span) -> float:
    """Characters in both over characters in either, 0 to 1."""
    both = min(one.end, other.end) - max(one.start, other.start)
    return both / (max(one.end, other.end) - min(one.start, other.start)) if both > 0 else 0.0


@dataclass(frozen=True)
class Compared:
    """One answer beside what was expected of it, everything moved along with the edits.

    ``kept``: gold entities that the clean answer got right, ``missed``: the others. ``allowed``: what it found beside the gold,
    wrong before and so not new.
    """

    answer: Spans
    gold: Gold
    kept: Gold
    missed: Gold
    allowed: Gold

    @classmethod
    def of(cls, answer: Spans, seen: EntitySeen) -> Compared:
        """Everything moved to the text that was asked."""
        gold, clean = gold_of(seen), seen.clean.found
        right, missed = ([one for one in gold if (one in clean) is found] for found in (True, False))
        wrong = [one for one in clean if one not in gold]
        return cls(answer, *(moved_spans(spans, seen) for spans in (gold, right, missed, wrong)))

    @cached_property
    def quality(self) -> float:
        """Entity F1."""
        return f1(*counts(self.answer.found, self.gold))

    @cached_property
    def new(self) -> Gold:
        """Found, not gold, and standing where nothing was wrong before: what was wrong may be wrong in another way."""
        before = (*self.missed, *self.allowed)
        found = (one for one in self.answer.found if one not in self.gold)
        return tuple(one for one in found if not any(overlap(one, wrong) for wrong in before))

    @cached_property
    def lost(self) -> Gold:
        """Once right, and nothing was found where they stand."""
        return tuple(one for one in self.kept if not any(overlap(one, found) for found in self.answer.found))

    @cached_property
    def retyped(self) -> Gold:
        """Once right, and what was found where they stand is of other types only."""
        return tuple(one for one in self.kept if self.belief(one, same=False) and not self.belief(one))

    @cached_property
    def invented(self) -> Gold:
        """New, and overlapping nothing that is gold or was wrong before."""
        return tuple(one for one in self.new if not any(overlap(one, known) for known in (*self.gold, *self.allowed)))

    def belief(self, entity: Span, *, same: bool = True) -> float:
        """How far the answer covers an entity with its type, or with others: overlap times how sure the victim is, 0 to 1."""
        scores = self.answer.scores or (1.0,) * len(self.answer.found)
        pairs = zip(self.answer.found, scores, strict=True)
        return max((overlap(entity, one) * sure for one, sure in pairs if (one.label == entity.label) is same), default=0.0)

    @cached_property
    def soft_quality(self) -> float:
        """F1 in which half-found and half-believed entities count in part."""
        total = len(self.answer.found) + len(self.gold)
        return 2 * sum(map(self.belief, self.gold)) / total if total else 1.0


@dataclass(frozen=True, slots=True)
class EntitiesWrong:
    """Any new damage. Score: doubt in the weakest entity that was right, and the loss of F1, half each."""

    name: ClassVar[str] = "entities-wrong"

    def judge(self, answer: Spans, seen: EntitySeen) -> Judgement:
        """Broken is an answer that is worse in any entity than the clean one."""
        one = Compared.of(answer, seen)
        reached = bool(one.new) or not set(one.kept) <= set(answer.found)
        doubt = 1.0 if reached else max((1.0 - one.belief(entity) for entity in one.kept), default=0.0)
        return Judgement((doubt + 1.0 - one.quality) / 2, reached, one.quality)


@dataclass(frozen=True, slots=True)
class EntityLost:
    """An entity that was right has nothing found where it stands. Score: how little of the weakest one is covered."""

    name: ClassVar[str] = "entity-lost"

    def judge(self, answer: Spans, seen: EntitySeen) -> Judgement:
        """Broken is a lost entity; one whose boundaries or type are wrong is not lost."""
        one = Compared.of(answer, seen)
        covered = (max(one.belief(entity), one.belief(entity, same=False)) for entity in one.kept)
        score = max((1.0 - share for share in covered), default=0.0)
        return Judgement(1.0 if one.lost else score, bool(one.lost), one.quality)


@dataclass(frozen=True, slots=True)
class EntityRetyped:
    """An entity that was right is found as another type only. Score: how much more that is believed than its own."""

    name: ClassVar[str] = "entity-retyped"

    def judge(self, answer: Spans, seen: EntitySeen) -> Judgement:
        """Broken is a retyped entity."""
        one = Compared.of(answer, seen)
        margins = ((1.0 + one.belief(entity, same=False) - one.belief(entity)) / 2 for entity in one.kept)
        return Judgement(1.0 if one.retyped else max(margins, default=0.0), bool(one.retyped), one.quality)


@dataclass(frozen=True, slots=True)
class EntityInvented:
    """An entity is found where there is none. Score: how far what is found reaches beyond what is known."""

    name: ClassVar[str] = "entity-invented"

    def judge(self, answer: Spans, seen: EntitySeen) -> Judgement:
        """Broken is an invented entity, one that the clean answer did not invent already."""
        one = Compared.of(answer, seen)
        known = (*one.gold, *one.allowed)
        beyond = (1.0 - max((overlap(found, entity) for entity in known), default=0.0) for found in one.new)
        return Judgement(max(beyond, default=0.0), bool(one.invented), one.quality)


@dataclass(frozen=True, slots=True)
class QualityBelow:
    """Entity F1 below a share of that of the clean answer. Score: the loss of F1, half-found entities counted in part."""

    share: float

    @property
    def name(self) -> str:
        """How it is asked for."""
        return f"quality-below:{self.share:g}"

    def judge(self, answer: Spans, seen: EntitySeen) -> Judgement:
        """Broken is what falls below the share."""
        one = Compared.of(answer, seen)
        clean = f1(*counts(seen.clean.found, gold_of(seen)))
        return Judgement(1.0 - one.soft_quality, one.quality < self.share * clean, one.quality)
