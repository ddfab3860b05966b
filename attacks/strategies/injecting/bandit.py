"""What a run has learned of injections: a Beta posterior for every level of every factor, and Thompson draws from it.

A cell's success is taken as the product of what its parts do, so that 13,000 cells are learned through 37 arms, as Sclar et al.
2023 (arXiv 2310.11324) do for prompt formats; arms are drawn as Thompson, Biometrika 25 (1933), proposed. Every arm starts at
Beta(1, 1): nothing is known of it. A try that reaches the goal counts as one success; one that does not, as a small part of one,
by its score.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import permutations
from random import Random

from attacks.transformations.payloads.disguises import DISGUISES, MOST_DEEP, Chain, chains, fits
from attacks.transformations.payloads.families import FAMILIES
from attacks.transformations.payloads.payload import Cell
from attacks.transformations.payloads.places import PLACES

PRIOR = (1.0, 1.0)
CREDIT = 0.3
"""Of the score of a try that did not reach the goal: what it counts as a success."""
Tried = tuple[str, float, bool]
"""A cell as text, its score from 0 to 1, and whether it reached the goal."""
Arm = tuple[str, str]
_REDRAWS = 60


def arms_of(cell: Cell) -> Iterator[Arm]:
    """The arms that a cell is made of: its family, its place, how many disguises it wears, and each of these."""
    yield "family", cell.family
    yield "place", cell.place
    yield "depth", str(len(cell.chain))
    for name in cell.chain:
        yield "disguise", name


ARMS: tuple[Arm, ...] = (
    *(("family", name) for name in FAMILIES),
    *(("place", name) for name in PLACES),
    *(("depth", str(depth)) for depth in range(MOST_DEEP + 1)),
    *(("disguise", name) for name in DISGUISES),
)


class Bandit:
    """The posterior of every arm, and every cell that was tried anywhere."""

    def __init__(self) -> None:
        self._arms = {arm: [*PRIOR] for arm in ARMS}
        self._cells: dict[Cell, list[float]] = {}

    def learn(self, tries: Iterable[Tried]) -> None:
        """Take in what was tried, in any order."""
        for text, score, reached in tries:
            cell = Cell.of(text)
            gain = 1.0 if reached else CREDIT * min(1.0, max(0.0, score))
            for arm in arms_of(cell):
                self._arms[arm][0] += gain
                self._arms[arm][1] += 1.0 - gain
            seen = self._cells.setdefault(cell, [0.0, 0.0])
            seen[0] += reached
            seen[1] += 1.0

    def worth(self, cell: Cell) -> float:
        """The product of the means of a cell's arms; of two disguises, their geometric mean, so that depth is counted once."""
        means = {arm: self._arms[arm][0] / sum(self._arms[arm]) for arm in arms_of(cell)}
        worn = 1.0
        for name in cell.chain:
            worn *= means["disguise", name] ** (1.0 / len(cell.chain))
        return means["family", cell.family] * means["place", cell.place] * means["depth", str(len(cell.chain))] * worn

    def winners(self, taken: Collection[Cell]) -> list[Cell]:
        """Cells that reached the goal somewhere and were not tried here, the surest first."""
        won = [(wins, tries, cell) for cell, (wins, tries) in self._cells.items() if wins and cell not in taken]
        return [cell for _, _, cell in sorted(won, key=lambda one: (-(one[0] + 1) / (one[1] + 2), one[2]))]

    def near_winners(self, taken: Collection[Cell]) -> list[Cell]:
        """Cells one step from one that reached the goal, not tried here, the most promising first."""
        steps = {cell for won, (wins, _) in self._cells.items() if wins for cell in won.neighbours()}
        return sorted(steps.difference(taken), key=lambda cell: (-self.worth(cell), cell))

    def draw(self, rng: Random, taken: Collection[Cell]) -> Cell | None:
        """A cell by Thompson's rule: every arm draws from its posterior, the highest of each factor are put together."""
        for _ in range(_REDRAWS):
            ranked: dict[str, list[str]] = {}
            drawn = {arm: rng.betavariate(a, b) for arm, (a, b) in self._arms.items()}
            for factor, level in sorted(drawn, key=drawn.__getitem__, reverse=True):
                ranked.setdefault(factor, []).append(level)
            cell = Cell(ranked["family"][0], _chain(ranked["disguise"], int(ranked["depth"][0])), ranked["place"][0])
            if cell not in taken:
                return cell
        return uniform(rng, taken)


def _chain(ranked: list[str], depth: int) -> Chain:
    """The best disguises that can be worn together."""
    if depth < MOST_DEEP:
        return tuple(ranked[:depth])
    for at in range(1, len(ranked)):
        for partner in ranked[:at]:
            for pair in permutations((partner, ranked[at])):
                if fits(pair):
                    return pair
    return tuple(ranked[:1])


def uniform(rng: Random, taken: Collection[Cell]) -> Cell | None:
    """A cell without having learned anything: each family, place and depth alike likely. None where it finds no new one."""
    by_depth = [[chain for chain in chains() if len(chain) == depth] for depth in range(MOST_DEEP + 1)]
    for _ in range(_REDRAWS):
        cell = Cell(rng.choice(tuple(FAMILIES)), rng.choice(rng.choice(by_depth)), rng.choice(tuple(PLACES)))
        if cell not in taken:
            return cell
    return None


def balanced(rng: Random) -> list[Cell]:
    """Twelve cells that hold each family once, each place twice, each depth four times, in random combination.

    They depend on no answer: what they show of families, places and disguises is unbiased by the search.
    """
    families = rng.sample(tuple(FAMILIES), len(FAMILIES))
    places = [*PLACES] * -(-len(families) // len(PLACES))
    depths = [at % (MOST_DEEP + 1) for at in range(len(families))]
    rng.shuffle(places)
    rng.shuffle(depths)
    by_depth = [[chain for chain in chains() if len(chain) == depth] for depth in range(MOST_DEEP + 1)]
    return [
        Cell(family, rng.choice(by_depth[depth]), place) for family, place, depth in zip(families, places, depths, strict=False)
    ]
