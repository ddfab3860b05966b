"""A recipe: a named attack, where it was published, and what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as _field
from typing import Protocol

from attacks.search.requests import Search
from attacks.search.trial import Trial

FAIR_TRY = 10
"""Texts to try before a spent budget says that an example held, where a recipe does not state its own number."""


class Attack(Protocol):
    """A search over perturbed texts; whether it won is read from the trial, never from the attack."""

    def search(self, trial: Trial) -> Search[None]:
        """Yield requests until the trial is won or nothing is left to try."""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a recipe or transformation was published."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A named attack with its citation, what it needs of the victim, and the parameters that a report prints.

    ``access`` is one of ``blind``, ``labels``, ``scores``, ``gradients``; ``needs`` names oracles beyond the victim
    (``encoder``, ``rewriter``, ``masked-lm``); ``level`` is ``character``, ``word``, ``sentence`` or ``mixed``. ``goal``
    names what counts as broken where the recipe does not share the run's goal. ``tasks``: those that it is made for; empty:
    any. ``pooled``: its trials learn from one another (``Pool``), so that they run side by side. ``compares``: what it writes
    down compares texts with one another, so that it asks about an example whose clean answer is wrong too, which stays
    ``skipped``. ``dialogue``: what it asks are dialogues (``attacks.dialogue``). ``moves_marks``: it changes the spans that a
    task protects, and the task moves what is right along.
    ``learns``: it writes down what its changes gained, and reads what the run has learned before (``Trial.priors``).
    ``limit``: the most queries that a cascade gives it, from measurement; None for what is left of the whole budget.
    ``plans``: its search plans for the budget it has, so that one cut short is not what a smaller budget gives.
    ``substitutes``: what stands in for parts that the published recipe names, a phrase each, for the reports.
    ``fair_try``: texts that the victim can tell from the original which
    must have been tried before a spent budget says anything; fewer, and the example was not tested. ``preserves``: what
    all its changes leave as it was (``attacks.preserves``). ``left_out``: techniques left out, because they do not preserve
    what the data need.
    """

    name: str
    attack: Attack
    citation: Citation
    level: str
    access: str
    profile: str = "paper"
    needs: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    parameters: tuple[tuple[str, str], ...] = _field(default=())
    note: str = ""
    goal: str = ""
    substitutes: tuple[str, ...] = ()
    fair_try: int = FAIR_TRY
    preserves: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    moves_marks: bool = False
    pooled: bool = False
    compares: bool = False
    dialogue: bool = False
    learns: bool = False
    plans: bool = False
    limit: int | None = None
