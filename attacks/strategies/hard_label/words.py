"""Stacks of exchanged words, from what another search would have offered word by word."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Protocol

from attacks.constraints.base import Constraint
from attacks.search import Search, Trial
from attacks.strategies.hard_label.stacking import Stacking
from attacks.strategies.hard_label.stacks import WordStacks
from attacks.strategies.offers import Offers


class Offering(Protocol):
    """A search that changes word after word."""

    def offers(self, trial: Trial) -> Offers:
        """What can be put in place of each word of a trial's text."""


@dataclass(frozen=True, slots=True)
class StackedWords:
    """The transformations and constraints of ``source``, searched by ``Stacking``."""

    source: Offering
    constraints: tuple[Constraint, ...] = ()

    def search(self, trial: Trial) -> Search[None]:
        """Stack changes, take back what is not needed."""
        stacks = WordStacks(trial, partial(self.source.offers, trial), self.constraints)
        yield from Stacking(self.constraints).search(trial, stacks)
