"""How a run is carried out: what is chosen besides victim and data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as _field
from pathlib import Path
from typing import TYPE_CHECKING

from robustness.errors import UsageError

if TYPE_CHECKING:
    from attacks.language.resources import Resources

_LANGUAGE = re.compile("[a-z]{2,3}")
DEFAULT_BUDGET = 500
TIMEOUT_S = 300.0
CONFIRM = 5


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run.

    ``goal``: what counts as broken, a name of the task's, its first one where empty.
    ``budget``: the most queries of an example in a cascade, all its recipes together, else of a trial; None for no limit.
    ``recipe_budget``: the most of one trial, in a cascade in place of its recipes' own limits. ``adaptive``: let recipes that can
    learn from the run's earlier trials. ``batch_tokens``: most tokens in one batch, None for what suits the device.

    ``language``: of the texts, as an ISO 639-1 code; None: guessed. ``protect``: patterns of what no attack may touch.
    ``preserve``: what every change must preserve for the labels to stay right (``attacks.preserves``), None for what
    the kind of data needs. ``tagger``: what tells parts of speech, one of ``attacks.tagging.TAGGERS``.
    ``in_flight``: searches that wait for answers at once, None likewise. ``encoder``, ``rewriter``, ``masked_lm``, ``parser``,
    ``fluency``: specs, None for the default;
    ``helpers``: specs of others, by role (``robustness.helpers.registry``).
    ``victim_timeout``: seconds allowed for one batch. ``until_decided``: draw examples at random and stop as soon as the
    policy's thresholds are decided. ``confirm``: fresh answers asked for each success of a victim whose answers vary, most of
    which must confirm it. ``universal``: perturb the instruction of the victim's prompt, judged over panels of this many
    examples. ``cache``: folder in which exact answers outlive the run. ``workers``: processes that share the trials, on this
    machine or, with ``ray``, on the cluster at that address. None of ``batch_tokens``, ``in_flight``, ``cache``, ``workers``,
    ``ray`` changes an outcome.
    """

    recipes: tuple[str, ...] = ("standard",)
    goal: str = ""
    profile: str = "paper"
    budget: int | None = DEFAULT_BUDGET
    recipe_budget: int | None = None
    adaptive: bool = True
    seed: int = 0
    field: str | None = None
    language: str | None = None
    protect: Sequence[str] = ()
    preserve: tuple[str, ...] | None = None
    tagger: str = "auto"
    batch_tokens: int | None = None
    in_flight: int | None = None
    encoder: str | None = None
    rewriter: str | None = None
    masked_lm: str | None = None
    parser: str | None = None
    fluency: str | None = None
    helpers: Mapping[str, str] = _field(default_factory=dict)
    cache: str | Path | None = None
    victim_timeout: float | None = TIMEOUT_S
    until_decided: bool = False
    confirm: int = CONFIRM
    universal: int | None = None
    resources: Resources | None = None
    offline: bool = False
    workers: int | None = None
    ray: str | None = None

    def __post_init__(self) -> None:
        if any("(" in spec or ")" in spec for spec in self.recipes):
            object.__setattr__(self, "recipes", _canonical(self.recipes))
        if self.preserve is not None:
            from attacks.preserves import checked

            try:
                checked(self.preserve)
            except ValueError as error:
                raise UsageError(str(error)) from None
        for name in ("batch_tokens", "in_flight"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.workers is not None and self.workers < 1:
            raise UsageError(f"--workers expects at least 1 process, got {self.workers}")
        if self.ray is not None and not self.ray.strip():
            raise UsageError("--ray expects the address of a cluster, such as 10.0.0.1:6379 or auto, got nothing")
        if self.confirm < 2:
            raise UsageError(
                "--confirm expects at least 2 fresh answers: a single one beside those of the original can confirm nothing "
                f"at an error of 5 %, got {self.confirm}"
            )
        if self.universal is not None and self.universal < 2:
            raise UsageError(f"--universal expects a panel of at least 2 examples, got {self.universal}")
        if self.budget is not None and self.budget < 2:
            raise UsageError(f"budget must be at least 2 queries (the clean text is one), got {self.budget}")
        if self.recipe_budget is not None and self.recipe_budget < 2:
            raise UsageError(f"--recipe-budget must be at least 2 queries (the clean text is one), got {self.recipe_budget}")
        if self.language is not None and not _LANGUAGE.fullmatch(self.language):
            raise UsageError(f"--language expects a lower-case ISO 639-1 code, such as en, de or zh, got {self.language!r}")
        if isinstance(self.protect, str):
            raise UsageError(f"protect is a list of patterns, got the string {self.protect!r}")
        if self.victim_timeout is not None and not 0 < self.victim_timeout < float("inf"):
            raise UsageError(f"victim_timeout must be positive seconds, got {self.victim_timeout}")


def _canonical(recipes: Sequence[str]) -> tuple[str, ...]:
    """The recipes with each composition in its one spelling, which is its name from here on; raises ``UsageError``."""
    from attacks.recipes.composing import CompositionError, canonical_specs

    try:
        return tuple(map(canonical_specs, recipes))
    except CompositionError as error:
        raise UsageError(str(error)) from None
