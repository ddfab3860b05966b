"""The random numbers of one trial: TextAttack draws from global generators, so these are swapped in and out with the trial."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


class Dice:
    """The state of the global generators of Python, NumPy and PyTorch as one trial left them.

    Only one worker runs at a time, hence a trial always draws the same numbers, however many others are in flight.
    """

    def __init__(self, seed: int, torch: Any) -> None:
        self._torch = torch
        self._state = (
            random.Random(seed).getstate(),
            np.random.RandomState(seed % 2**32).get_state(),
            torch.Generator().manual_seed(seed).get_state(),
        )

    @contextmanager
    def rolling(self) -> Iterator[None]:
        """While this lasts, the global generators are this trial's own; afterwards they are as before."""
        outer = self._taken()
        self._put(self._state)
        try:
            yield
        finally:
            self._state = self._taken()
            self._put(outer)

    def _taken(self) -> tuple[Any, Any, Any]:
        return random.getstate(), np.random.get_state(), self._torch.random.get_rng_state()

    def _put(self, state: tuple[Any, Any, Any]) -> None:
        random.setstate(state[0])
        np.random.set_state(state[1])
        self._torch.random.set_rng_state(state[2])
