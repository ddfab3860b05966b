"""Which of the items that wait go into the next batch: the one that spends the least on padding and on being small."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

LENGTH_BUCKET = 16
"""Classes of length where nothing is promised to the last bit."""
OVERHEAD = 64
"""What a batch costs beside its tokens, in tokens: measured on a six-layer encoder on two cores (``docs/performance.md``)."""


class Pending(Generic[K]):
    """Items by padded length.

    ``batch_tokens``: most tokens in one batch, rows times length. ``row_quantum``: when not 0, batches are padded to a multiple
    of this many rows, and ``length_quantum`` is the step of the classes. ``mixed``: the least and the most padded length that
    may share a batch; what is shorter is padded to the least. Elsewhere a batch holds one class.
    """

    def __init__(self, *, batch_tokens: int, row_quantum: int, length_quantum: int, mixed: tuple[int, int]) -> None:
        self.batch_tokens, self.row_quantum, self.mixed = batch_tokens, row_quantum, mixed
        self.step = length_quantum if row_quantum else LENGTH_BUCKET
        self._groups: dict[int, deque[K]] = {}

    def __bool__(self) -> bool:
        return bool(self._groups)

    def add(self, item: K, length: int) -> None:
        """Let an item wait; ``length`` is in tokens."""
        group = max(-(-max(1, length) // self.step) * self.step, self.mixed[0])
        self._groups.setdefault(group, deque()).append(item)

    def cut(self) -> list[K]:
        """Take the batch whose tokens cost least; of equals the longest."""
        window = max(map(self._window, self._groups), key=lambda window: (self._worth(window), max(window)))
        return [item for length, count in window.items() for item in self._take(length, count)]

    def _take(self, length: int, count: int) -> list[K]:
        group = self._groups[length]
        taken = [group.popleft() for _ in range(count)]
        if not group:
            del self._groups[length]
        return taken

    def _window(self, top: int) -> dict[int, int]:
        """How many items of which length a batch padded to ``top`` takes: its own class, then shorter ones while that pays."""
        most = self._rows(top)
        window = {top: min(len(self._groups[top]), most)}
        low, high = self.mixed
        if not low <= top <= high:
            return window
        rows = window[top]
        for length in sorted((one for one in self._groups if low <= one < top), reverse=True):
            count = min(len(self._groups[length]), most - rows)
            if not count or (self._full(rows + count) - self._full(rows)) * top > OVERHEAD + self._full(count) * length:
                break
            window[length] = count
            rows += count
        return window

    def _worth(self, window: dict[int, int]) -> float:
        """Tokens that were asked for, of those that the batch costs."""
        cost = OVERHEAD + self._full(sum(window.values())) * max(window)
        return sum(length * count for length, count in window.items()) / cost

    def _full(self, rows: int) -> int:
        return rows + (-rows % self.row_quantum if self.row_quantum else 0)

    def _rows(self, length: int) -> int:
        rows = max(1, self.batch_tokens // length)
        quantum = self.row_quantum
        return max(quantum, rows - rows % quantum) if quantum else rows
