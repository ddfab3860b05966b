"""The account of a run's outcome lines: which pairs have ended, and a digest that reveals a changed file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reports.run import STATUSES, Outcome, RunError


class Done(Mapping[tuple[str, str], str]):
    """Which (example, recipe) pairs have ended, and how: three bits per pair, so that millions of them stay small."""

    def __init__(self) -> None:
        self._recipes: dict[str, int] = {}
        self._codes: dict[str, int] = {}
        self._count = 0

    def add(self, example_id: str, recipe: str, status: str) -> None:
        """Note one ended pair."""
        shift = 3 * self._recipes.setdefault(recipe, len(self._recipes))
        self._codes[example_id] = self._codes.get(example_id, 0) | (STATUSES.index(status) + 1) << shift
        self._count += 1

    def __getitem__(self, pair: tuple[str, str]) -> str:
        column = self._recipes.get(pair[1])
        code = 0 if column is None else self._codes.get(pair[0], 0) >> 3 * column & 7
        if not code:
            raise KeyError(pair)
        return STATUSES[code - 1]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((e, r) for e, code in self._codes.items() for r, c in self._recipes.items() if code >> 3 * c & 7)

    def __len__(self) -> int:
        return self._count


class Ledger:
    """What the outcome lines so far amount to: the pairs that ended, and an order-free digest of their lines."""

    def __init__(self, recipes: Sequence[str]) -> None:
        self.done = Done()
        self._recipes = frozenset(recipes)
        self._sum = 0

    def add(self, outcome: Outcome, line: bytes) -> None:
        """Note one outcome and its line; raises ``RunError`` on a pair that ended before or a recipe of another run."""
        pair = (outcome.example_id, outcome.recipe)
        if outcome.recipe not in self._recipes:
            raise RunError(f"recipe {outcome.recipe!r} is not one of this run's: {sorted(self._recipes)}")
        if pair in self.done:
            raise RunError(f"example {pair[0]!r} under recipe {pair[1]!r} already has an outcome; each pair ends once")
        self.done.add(*pair, outcome.status)
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line).digest())) % (1 << 256)

    def seal(self) -> dict[str, Any]:
        """Count and digest; the digest adds up line hashes, so the order of lines does not matter."""
        return {"count": len(self.done), "digest": f"{self._sum:064x}"}
