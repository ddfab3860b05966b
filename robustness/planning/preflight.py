"""Before a run spends anything: can the victim answer at all, does it give the same answer twice, can these recipes run on it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from attacks.search import Recipe, Unusable
from robustness.engine.failures import Failure
from robustness.engine.repeats import SAMPLE, SAMPLE_DECLARED, Repeats, measure_repeats
from robustness.errors import RefusedError, RobustnessError, SpentError, UsageError, VictimError, VictimTimeoutError
from robustness.helpers.registry import advice
from robustness.planning import self_checks
from robustness.victims.base import VictimInfo

if TYPE_CHECKING:
    from attacks.search import Answer, Input
    from robustness.engine.backends import VictimBackend
    from robustness.engine.orders import Store

READ = 200
"""Examples whose tokens are counted."""
PATIENCE = 2
CACHED = 40
"""Clean examples that are looked up in the cache; some of those found are asked again."""


def check_victim(backend: VictimBackend, inputs: Sequence[Input]) -> tuple[Repeats, list[self_checks.Flag]]:
    """Ask a few examples one at a time, then together; how alike the answers are, and flags for what is odd.

    Raises:
        VictimError: the victim answered none of them, so that a run could only consist of errors; ``RefusedError``
            and ``SpentError`` where it will answer nothing more.
    """
    sample = SAMPLE_DECLARED if backend.victim.info.deterministic else SAMPLE
    answerable = _answerable(backend, spread(inputs, sample))
    flags = [self_checks.truncation(backend, answerable), self_checks.unknown_words(backend, spread(inputs, READ))]
    repeats = Repeats(0, exact=False)
    try:
        repeats = measure_repeats(backend, answerable)
        if repeats.declared and repeats.how == "varies":  # it says that it never varies and does: measured as one that may
            repeats = measure_repeats(backend, _answerable(backend, spread(inputs, SAMPLE)), declared=False)
    except RefusedError:
        raise
    except VictimError:
        pass  # it answers one by one but not together: the run will isolate what fails and count it
    return repeats, [*(flag for flag in flags if flag is not None), *repeats.flags()]


def spread(inputs: Sequence[Input], most: int) -> list[Input]:
    """At most this many of the inputs, evenly spread."""
    n = min(most, len(inputs))
    return [inputs[i * len(inputs) // n] for i in range(n)]


def _answerable(backend: VictimBackend, sample: Sequence[Input]) -> list[Input]:
    good: list[Input] = []
    first: RobustnessError | None = None
    timeouts = 0
    asked = backend.compute(sample) if backend.streaming else None  # all at once: each is a request of its own anyway
    for at, one in enumerate(sample):
        try:
            answer = asked[at] if asked is not None else backend.compute([one] * max(1, backend.row_quantum))[0]
            if isinstance(answer, Failure):
                raise VictimError(f"{answer.error}: {answer.message}")
            if isinstance(answer, Unusable):
                raise VictimError(f"{answer.kind}: {answer.message}")
            good.append(one)
        except (RefusedError, SpentError):
            raise  # nothing more will be answered
        except RobustnessError as error:
            first = first or error
            timeouts += isinstance(error, VictimTimeoutError)
        if timeouts >= PATIENCE:
            break
    if not good:
        raise VictimError(f"the victim answered none of {len(sample)} clean examples. First problem: {first}")
    return good


def check_cache(backend: VictimBackend, store: Store, inputs: Sequence[Input]) -> None:
    """Ask a few clean examples whose answers are kept from an earlier run once more.

    Raises:
        UsageError: the victim answers otherwise now.
    """
    known = list(store.recall(spread(inputs, CACHED)))
    fresh: dict[Input, Answer] = {}
    for one in spread(known, SAMPLE_DECLARED):
        with suppress(VictimError):  # it answered once; that it does not now is the run's to count
            answer = backend.compute([one] * max(1, backend.row_quantum))[0]
            if not isinstance(answer, (Failure, Unusable)):
                fresh[one] = answer
    store.compare(fresh, backend.task.same)


def check_recipes(recipes: Sequence[Recipe], info: VictimInfo, available: Sequence[str]) -> None:
    """Refuse recipes that need what this run does not have, before anything is asked.

    Raises:
        UsageError: naming each recipe, what it needs and how to provide it.
    """
    problems = _missing(recipes, available)
    if not info.gradients:
        problems += [
            f"{r.name} needs gradients, which the victim {info.name!r} does not give; hf: victims with a fast tokenizer do"
            for r in recipes
            if r.access == "gradients"
        ]
    if not info.dialogue:
        problems += [
            f"{r.name} asks in several turns, which the victim {info.name!r} does not take; hf: decoders with a chat template "
            "and chat endpoints do"
            for r in recipes
            if r.dialogue
        ]
    if problems:
        raise UsageError("some recipes cannot run here:\n  " + "\n  ".join(problems))


def check_needs(recipes: Sequence[Recipe], available: Sequence[str]) -> None:
    """Refuse recipes that need a model that was not named, before any is loaded; raises ``UsageError``."""
    problems = _missing(recipes, available)
    if problems:
        raise UsageError("some recipes cannot run here:\n  " + "\n  ".join(problems))


def _missing(recipes: Sequence[Recipe], available: Sequence[str]) -> list[str]:
    return [f"{recipe.name} needs {advice(need)}" for recipe in recipes for need in recipe.needs if need not in available]
