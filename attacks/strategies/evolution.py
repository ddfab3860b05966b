"""Differential evolution over the positions of a few injected characters (Boucher et al. 2022, section V)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from attacks.constraints.base import Constraint, admissible
from attacks.search import Attack, BudgetExhaustedError, Candidate, Search, Trial
from attacks.strategies.hard_label.stacking import Stacking
from attacks.strategies.hard_label.stacks import Stack
from attacks.transformations.base import PositionEdit
from attacks.words import words_of

Genome = list[float]
"""Two numbers from 0 to 1 for each edit: where it is made, and in which of its variants."""
Place = tuple[int, PositionEdit]
VARIANTS = 64
STALE = 3
"""Rounds of random texts in a row that bring nothing new before a short text counts as searched through."""
LEAST_POPULATION = 4
"""Differential evolution draws two members besides the one in turn and the best."""


@dataclass(frozen=True, slots=True)
class Evolution:
    """At most n edits, n rising through ``edits``, each n searched by differential evolution (best/1/bin).

    A generation is asked in one request. A budget that does not allow every edit count two generations keeps fewer of them,
    the largest always; those kept share it evenly, generations shrinking first and population next. What such a search has left
    at its end goes to random texts of the largest edit count, so that one cut by its budget has spent it. Several techniques
    are mixed in one text.
    """

    techniques: tuple[PositionEdit, ...]
    edits: tuple[int, ...] = (1, 2, 3, 4, 5)
    population: int = 32
    generations: int = 10
    constraints: tuple[Constraint, ...] = ()

    def __post_init__(self) -> None:
        if not self.techniques:
            raise ValueError("an evolution needs at least one transformation that edits at positions, got none")
        if not self.edits or min(self.edits) < 1:
            raise ValueError(f"edits must be one or more numbers from 1 upwards, got {self.edits!r}")
        if self.population < LEAST_POPULATION or self.generations < 0:
            raise ValueError(
                f"population must be at least {LEAST_POPULATION} and generations at least 0, "
                f"got {self.population} and {self.generations}"
            )

    def search(self, trial: Trial) -> Search[None]:
        """Evolve for each edit count until one succeeds."""
        places = _Places.of(self.techniques, trial.text)
        possible = [n for n in self.edits if n <= len(places)]
        wanted = self.thinned(possible, trial.remaining)
        seed, cut = trial.rng.getrandbits(64), wanted != possible
        for turn, n in enumerate(wanted):
            size, generations = self.affordable(trial.remaining, len(wanted) - turn)
            cut = cut or (size, generations) != (self.population, self.generations)
            brood = _Brood(trial, places, self.constraints, seed)
            yield from brood.evolve(n, size, generations, Random(f"{seed}/{n}"))
            if trial.won:
                return
        if cut and wanted:
            yield from self.spend(_Brood(trial, places, self.constraints, seed), wanted[-1], Random(f"{seed}/rest"))

    def spend(self, brood: _Brood, edits: int, rng: Random) -> Search[None]:
        """Try random texts until the trial is won, the budget is spent (which raises), or no new text comes any more."""
        trial, stale = brood.trial, 0
        while not trial.won and stale < STALE:
            before = trial.queries
            size = min(self.population, trial.remaining or self.population)
            yield from brood.judge([[rng.random() for _ in range(2 * edits)] for _ in range(size)])
            if trial.remaining == 0 and not trial.won:
                raise BudgetExhaustedError
            stale = 0 if trial.queries > before else stale + 1

    def without_scores(self) -> Attack:
        """The same edits where no score can be followed."""
        return StackedPlaces(self.techniques, max(self.edits), self.constraints)

    def thinned(self, edits: list[int], remaining: int | None) -> list[int]:
        """As many of the edit counts as the remaining queries allow two generations each, evenly spaced, the last included."""
        kept = len(edits) if remaining is None else min(len(edits), max(1, remaining // (2 * self.population)))
        return [edits[(turn + 1) * len(edits) // kept - 1] for turn in range(kept)] if edits else []

    def affordable(self, remaining: int | None, turns: int) -> tuple[int, int]:
        """Population and generations for the next of ``turns`` equal shares of the remaining queries."""
        if remaining is None:
            return self.population, self.generations
        share = remaining // turns
        size = max(LEAST_POPULATION, min(self.population, share // 2))
        return size, max(0, min(self.generations, share // size - 1))


@dataclass(frozen=True, slots=True)
class StackedPlaces:
    """Up to ``edits`` edits at random places, searched by ``Stacking``."""

    techniques: tuple[PositionEdit, ...]
    edits: int
    constraints: tuple[Constraint, ...] = ()

    def search(self, trial: Trial) -> Search[None]:
        """Stack edits, take back what is not needed."""
        places = _Places.of(self.techniques, trial.text)
        brood = _Brood(trial, places, self.constraints, trial.rng.getrandbits(64))
        yield from Stacking(self.constraints).search(trial, _PlaceStacks(brood, min(self.edits, len(places))))


@dataclass(frozen=True, slots=True)
class _PlaceStacks:
    brood: _Brood
    edits: int

    def draw(self, rng: Random) -> Search[Stack]:
        yield from ()
        return tuple((rng.random(), rng.random()) for _ in range(self.edits))

    def renew(self) -> None:
        """What a place offers is drawn for each stack anyway."""

    def learn(self, rng: Random, most: int) -> Search[None]:
        """Nothing: places are too many."""
        yield from ()

    def candidate(self, stack: Stack) -> Candidate:
        return self.brood.candidate([gene for change in stack for gene in change])


@dataclass(frozen=True, slots=True)
class _Places:
    """Every position of every technique, rising; kept as numbers, because a long text has millions."""

    techniques: tuple[PositionEdit, ...]
    positions: NDArray[np.int64]
    kinds: NDArray[np.int8]

    @classmethod
    def of(cls, techniques: tuple[PositionEdit, ...], text: str) -> _Places:
        found = [np.asarray(technique.positions(text), np.int64) for technique in techniques]
        positions = np.concatenate(found)
        kinds = np.repeat(np.arange(len(found), dtype=np.int8), [len(one) for one in found])
        order = np.argsort(positions, kind="stable")
        return cls(techniques, positions[order], kinds[order])

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, number: int) -> Place:
        return int(self.positions[number]), self.techniques[int(self.kinds[number])]


@dataclass(frozen=True, slots=True)
class _Brood:
    trial: Trial
    places: _Places
    constraints: Sequence[Constraint]
    seed: int

    def evolve(self, edits: int, size: int, generations: int, rng: Random) -> Search[None]:
        pool = [[rng.random() for _ in range(2 * edits)] for _ in range(size)]
        fitness = yield from self.judge(pool)
        for _ in range(generations):
            if self.trial.won:
                return
            best = pool[max(range(size), key=fitness.__getitem__)]
            rivals = [_rival(pool, member, best, rng) for member in range(size)]
            scores = yield from self.judge(rivals)
            for member, score in enumerate(scores):
                if score >= fitness[member]:
                    pool[member], fitness[member] = rivals[member], score

    def judge(self, pool: Sequence[Genome]) -> Search[list[float]]:
        made = [self.candidate(genome) for genome in pool]
        distinct = {c.text: c for c in made}
        kept = yield from admissible(self.constraints, self.trial, words_of(self.trial.text), list(distinct.values()))
        verdicts = yield from self.trial.attempt(kept, prefer="similarity")
        scores = {v.text: v.score for v in verdicts}
        return [scores.get(c.text, -1.0) for c in made]

    def candidate(self, genome: Genome) -> Candidate:
        text, at, last = self.trial.text, 0, -1
        parts: list[str] = []
        techniques: list[str] = []
        for start, end, new, technique in sorted(map(self.change, genome[::2], genome[1::2])):
            if start < at or start == last:
                continue  # two changes of one place: the first is made
            parts += [text[at:start], new]
            techniques.append(technique)
            at, last = end, start
        return Candidate("".join((*parts, text[at:])), "+".join(dict.fromkeys(techniques)))

    def change(self, where: float, variant: float) -> tuple[int, int, str, str]:
        number = int(where * len(self.places))
        position, technique = self.places[number]
        rng = Random(f"{self.seed}/{number}/{int(variant * VARIANTS)}")
        return (*technique.replacement(self.trial.text, position, rng), technique.name)


def _rival(pool: Sequence[Genome], member: int, best: Genome, rng: Random) -> Genome:
    """The best member moved by the weighted difference of two others, crossed with the member it will compete with."""
    one, other = rng.sample([i for i in range(len(pool)) if i != member], 2)
    weight, own = rng.uniform(0.5, 1.0), pool[member]
    forced = rng.randrange(len(own))
    return [
        _inside(best[g] + weight * (pool[one][g] - pool[other][g]), rng) if g == forced or rng.random() < 0.7 else own[g]
        for g in range(len(own))
    ]


def _inside(gene: float, rng: Random) -> float:
    return gene if 0.0 <= gene < 1.0 else rng.random()
