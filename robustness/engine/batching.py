"""Which of the items that wait go into the next batch: the one that spends the least on padding and on being small."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

from robustness.victims.base import BATCH_OVERHEAD

K = TypeVar("K", bound=Hashable)

LENGTH_BUCKET = 16
"""Classes of length where nothing is promised to the last bit."""

ABOUT = 0.95
"""Share of the best worth that lets a longer text go first: its search is a long one, and goes on alone in the end."""


class Pending(Generic[K]):
    """Items by padded length.

    ``batch_tokens``: most tokens in one batch, padding at its price. ``row_quantum``: when not 0, batches are padded to a
    multiple of this many rows, and ``length_quantum`` is the step of the classes. ``mixed``: the least and the most padded
    length that may share a batch; what is shorter is padded to the least. Elsewhere a batch holds one class.
    ``padding_cost``: the price of a token of padding in tokens. ``overhead``: that of a batch.
    """

    def __init__(
        self,
        *,
        batch_tokens: int,
        row_quantum: int,
        length_quantum: int,
        mixed: tuple[int, int],
        padding_cost: float = 1.0,
        overhead: int = BATCH_OVERHEAD,
    ) -> None:
        self.batch_tokens, self.row_quantum, self.mixed, self.padding_cost = batch_tokens, row_quantum, mixed, padding_cost
        self.overhead = overhead
        self.step = length_quantum if row_quantum else LENGTH_BUCKET
        self._groups: dict[int, deque[K]] = {}

    def __bool__(self) -> bool:
        return bool(self._groups)

    def add(self, item: K, length: int) -> None:
        """Let an item wait; ``length`` is in tokens."""
        group = max(-(-max(1, length) // self.step) * self.step, self.mixed[0])
        self._groups.setdefault(group, deque()).append(item)

    def cut(self) -> list[K]:
        """Take the batch whose tokens cost least; of those that cost about as little the one with the longest."""
        windows = [(self._worth(window), window) for window in map(self._window, self._groups)]
        enough = ABOUT * max(worth for worth, _ in windows)
        window = max((window for worth, window in windows if worth >= enough), key=max)
        return [item for length, count in window.items() for item in self._take(length, count)]

    def _take(self, length: int, count: int) -> list[K]:
        group = self._groups[length]
        taken = [group.popleft() for _ in range(count)]
        if not group:
            del self._groups[length]
        return taken

    def _window(self, top: int) -> dict[int, int]:
        """How many items of which length a batch padded to ``top`` takes: its own class, then shorter ones while that pays."""
        window = {top: self._fitting({}, top, top) or min(len(self._groups[top]), max(1, self.row_quantum))}
        low, high = self.mixed
        if not low <= top <= high:
            return window
        for length in sorted((one for one in self._groups if low <= one < top), reverse=True):
            count = self._fitting(window, length, top)
            wider = {**window, length: count}
            if not count or self._cost(wider) - self._cost(window) > self._cost({length: count}):
                break
            window = wider
        return window

    def _fitting(self, window: dict[int, int], length: int, top: int) -> int:
        """How many items of this length the batch has room for; where not all, so many that its rows are a multiple."""
        left = self.batch_tokens - sum(count * self._price(taken, top) for taken, count in window.items())
        room, waiting = int(left // self._price(length, top)), len(self._groups[length])
        if room >= waiting:
            return waiting
        rows = sum(window.values()) + room
        return max(0, room - (rows % self.row_quantum if self.row_quantum else 0))

    def _worth(self, window: dict[int, int]) -> float:
        """Tokens that were asked for, of those that the batch costs."""
        return sum(length * count for length, count in window.items()) / self._cost(window)

    def _cost(self, window: dict[int, int]) -> float:
        """What a batch costs in tokens: those of its items, padding, rows that fill up to the quantum, and a batch's own."""
        top, rows = max(window), sum(window.values())
        filled = -rows % self.row_quantum if self.row_quantum else 0
        return self.overhead + filled * top + sum(count * self._price(length, top) for length, count in window.items())

    def _price(self, length: int, top: int) -> float:
        return length + self.padding_cost * (top - length)
