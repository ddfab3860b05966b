"""Universal triggers: a few words before any text of a class that turn its answer (Wallace et al. 2019).

All trials of the run look for them together (``Pool``). Those of one gold class share a trigger; half of them, and no more than
``SEARCHED``, are searched on, and what the trigger is worth is read from the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from attacks.constraints.base import Constraint, admissible
from attacks.search import Candidate, Pool, Search, Trial, Unusable, Verdict, flips
from attacks.strategies.payloads.suffix import vocabulary
from attacks.words import Words

TECHNIQUE = "universal-trigger"
START = "the"
"""The word that a trigger begins as, so many times."""
SEARCHED = 32
"""Examples of a class that are searched on at most."""
SHARED_WORDS = 24
"""Words of its text that a trial lends to the search on the texts of other classes."""
SEARCH, JUDGED = "search", "judged"
"""What a trial's details say under ``part``."""
Trigger = tuple[str, ...]


@dataclass(slots=True)
class _Group:
    """What all trials of one gold class know alike: ``members`` searched on, in order, ``words`` of texts of other classes."""

    seed: int
    members: tuple[str, ...]
    words: tuple[str, ...]
    rounds: int
    trigger: Trigger
    score: float | None = None
    tried: set[Trigger] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Triggers:
    """The search. ``gradients``: words are proposed by the loss gradients of the examples searched on, else by asking.

    Round after round a place of the trigger is looked at. Each example searched on proposes words for it: those with the highest
    first-order gain, or the best of ``width`` random ones that it asks about by itself. Then all of them ask about the ``width``
    words proposed most strongly, and the best stays, if it beats what stood there. In the end every text is asked about with the
    trigger before it, those that were not searched on for the first time.
    """

    constraints: tuple[Constraint, ...] = ()
    gradients: bool = False
    length: int = 3
    width: int = 8
    rounds: int = 12

    def __post_init__(self) -> None:
        if min(self.length, self.width, self.rounds) < 1:
            raise ValueError(f"length, width and rounds must be at least 1, got {self.length}, {self.width} and {self.rounds}")

    def search(self, trial: Trial) -> Search[None]:
        """Search together, then put the trigger to the test."""
        group = yield from self._met(trial)
        searched = trial.example_id in group.members
        for turn in range(group.rounds):
            place = turn % self.length
            proposed = (yield from self._proposed(trial, group, turn, place)) if searched else {}
            reports = yield from self._pooled(trial, group, proposed)
            candidates = self._strongest(group, place, reports)
            scores = (yield from self._scores(trial, candidates)) if searched else []
            reports = yield from self._pooled(trial, group, scores)
            self._chosen(group, candidates, reports)
        yield Pool(trial.recipe, trial.example_id, None, last=True)
        trial.details |= {"trigger": " ".join(group.trigger), "part": SEARCH if searched else JUDGED}
        made = [Candidate(before(group.trigger, trial.text), TECHNIQUE)]
        kept = yield from admissible(self.constraints, trial, Words(trial.text), made)
        yield from trial.attempt(kept)

    def _met(self, trial: Trial) -> Search[_Group]:
        """Everybody says who it is; the same draw of those searched on, whatever the order in which trials run."""
        view = Words(trial.text)
        words = sorted({word for n in range(len(view)) if (word := view[n].lower()).isalpha()})
        lent = trial.rng.sample(words, min(SHARED_WORDS, len(words)))
        said = yield Pool(trial.recipe, trial.example_id, (trial.gold, trial.rng.getrandbits(32), tuple(lent), trial.remaining))
        seed = sum(bits for _, (_, bits, _, _) in said)
        mine = [example for example, (gold, _, _, _) in said if gold == trial.gold]
        Random(f"{seed}/{trial.gold}").shuffle(mine)
        members = tuple(sorted(mine[: min(SEARCHED, (len(mine) + 1) // 2)]))
        others = sorted({word for _, (gold, _, lent, _) in said if gold != trial.gold for word in lent})
        least = min((left for _, (_, _, _, left) in said if left is not None), default=None)
        each = self.width if self.gradients else 2 * self.width
        rounds = self.rounds if least is None else max(0, min(self.rounds, (least - 1) // each))  # one is for the test at the end
        return _Group(seed, members, tuple(others) or vocabulary(), rounds, (START,) * self.length)

    def _pooled(self, trial: Trial, group: _Group, report: Any) -> Search[list[Any]]:
        """What the examples of the class that are searched on found, in order."""
        said = yield Pool(trial.recipe, trial.example_id, report)
        return [found for example, found in said if example in group.members and found]

    def _proposed(self, trial: Trial, group: _Group, turn: int, place: int) -> Search[dict[str, float]]:
        """Words for a place of the trigger with what each is expected to gain on this example."""
        if self.gradients:
            at = sum(len(word) + 1 for word in group.trigger[:place])
            span = (at, at + len(group.trigger[place]))
            ranked = yield from flips(trial, before(group.trigger, trial.text), [span], n=4 * self.width)
            return {word.lower(): gain for word, gain in ranked[0] if word.isalpha()}
        rng = Random(f"{group.seed}/{turn}/{trial.example_id}")
        words = rng.sample(group.words, min(self.width, len(group.words)))
        scores = yield from self._scores(trial, [_put(group.trigger, place, word) for word in words])
        return dict(zip(words, scores, strict=True))

    def _strongest(self, group: _Group, place: int, reports: Sequence[Mapping[str, float]]) -> list[Trigger]:
        """The triggers with the words that were proposed most strongly, none tried before."""
        strength: dict[str, float] = {}
        for proposed in reports:
            for word, gain in proposed.items():
                strength[word] = strength.get(word, 0.0) + gain if self.gradients else max(strength.get(word, 0.0), gain)
        ranked = sorted(strength, key=lambda word: (-strength[word], word))
        fresh = [one for word in ranked if (one := _put(group.trigger, place, word)) not in group.tried]
        return fresh[: self.width]

    def _scores(self, trial: Trial, triggers: Sequence[Trigger]) -> Search[list[float]]:
        """The goal's score of the text with each trigger before it; it teaches and cannot win."""
        verdicts = yield from trial.probe(before(trigger, trial.text) for trigger in triggers)
        return [_worth(verdict) for verdict in verdicts]

    def _chosen(self, group: _Group, candidates: Sequence[Trigger], reports: Sequence[Sequence[float]]) -> None:
        """Go on from the best of the candidates by its mean score, if it beats what stands."""
        group.tried.update(candidates)
        for number, trigger in enumerate(candidates):
            scores = [found[number] for found in reports]
            if scores and (group.score is None or sum(scores) / len(scores) > group.score):
                group.trigger, group.score = trigger, sum(scores) / len(scores)


def before(trigger: Trigger, text: str) -> str:
    """The text with a trigger before it."""
    return f"{' '.join(trigger)} {text}"


def _put(trigger: Trigger, place: int, word: str) -> Trigger:
    return (*trigger[:place], word, *trigger[place + 1 :])


def _worth(verdict: Verdict) -> float:
    """The score, a reached goal above any that is not."""
    return verdict.score + verdict.reached if not isinstance(verdict.answer, Unusable) else 0.0
