"""Graded answers: mean quality clean and under attack, and their paired drop, each with an interval.

The interval is Gaffke's: of the values' means under random weights (a Bayesian bootstrap) that give one pseudo-observation the
worst value there can be. On values of 0 and 1 it is the exact Clopper–Pearson interval, and unlike an ordinary bootstrap it
does not shrink to a point where thirty values happen to be equal. Gaffke, Mathematical Methods of Statistics 14 (2005);
Learned-Miller and Thomas, A New Confidence Interval for the Mean of a Bounded Random Variable, arXiv 1905.06208.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.measures.clusters import Design
from reports.measures.intervals import CONFIDENCE, Proportion, mean
from reports.measures.metrics import by_example, fate, groups_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reports.run import Outcome, Run

DRAWS = 4000
BOOTSTRAP = "bootstrap"


@dataclass(frozen=True, slots=True)
class Quality:
    """Over all judged examples. ``clean``, ``attacked``: mean quality, 0 to 1; ``drop``: the mean of their paired differences.

    Under attack an example counts with the worst answer that any recipe found, one that was wrong on the clean text with that
    answer, and one whose clean text got no answer with 0. Each is held in a ``Proportion`` whose ``rate`` is the mean.
    ``untested`` examples, which nothing tried, count at one end of the interval as unharmed and at the other as worthless.
    """

    clean: Proportion
    attacked: Proportion
    drop: Proportion


@dataclass(frozen=True, slots=True)
class TaskMeasure:
    """One of a task's own numbers over the judged examples; None where no answer has it."""

    name: str
    title: str
    clean: float | None
    attacked: float | None


def quality(run: Run, confidence: float = CONFIDENCE) -> Quality | None:
    """The quality of a run's answers; None where the task has none."""
    groups, unknown = _judged(run)
    pairs = [(group, *_pair(group)) for group in groups]
    held = [(group, clean, attacked) for group, clean, attacked in pairs if clean is not None and attacked is not None]
    if not held:
        return None
    held += [(group, 0.0, 0.0) for group in groups if group[0].no_answer]
    named = groups_of(run, (group[0] for group, _, _ in held))
    members = None if named is None else [named[group[0].example_id] for group, _, _ in held]
    clean, attacked = [c for _, c, _ in held], [a for _, _, a in held]
    drops = [max(0.0, c - a) for _, c, a in held]
    return Quality(
        clean=mean_interval(clean, confidence, members),
        attacked=mean_interval(attacked, confidence, members, unknown),
        drop=mean_interval(drops, confidence, members, unknown),
    )


def task_measures(run: Run) -> tuple[TaskMeasure, ...]:
    """The task's own numbers, clean and under attack."""
    groups, _ = _judged(run)
    found = []
    for measure in run.manifest.measures:
        name, pooled = str(measure["name"]), bool(measure.get("pooled"))
        clean = [_of(group[0].clean, name) for group in groups]
        attacked = [_of(_worst(group), name) for group in groups]
        add = _pooled if pooled else _mean
        found.append(TaskMeasure(name, str(measure["title"]), add(clean), add(attacked)))
        for part in _parts(groups, name):
            sides = ([_of(group[0].clean, part) for group in groups], [_of(_worst(group), part) for group in groups])
            found.append(TaskMeasure(part, f"{measure['title']}, {part.partition(':')[2]}", add(sides[0]), add(sides[1])))
    return tuple(found)


def _parts(groups: Sequence[Sequence[Outcome]], name: str) -> list[str]:
    """Parts of a measure, such as a type of entities: ``entity_f1:PER``."""
    answers = (judged for group in groups for judged in (group[0].clean, _worst(group)) if judged is not None)
    return sorted({key for judged in answers for key in judged.measures if key.startswith(f"{name}:")})


def mean_interval(
    values: Sequence[float], confidence: float, members: Sequence[str] | None = None, unknown: int = 0
) -> Proportion:
    """The mean of values from 0 to 1 with its interval, of ``unknown`` more values nothing being known.

    ``members``: the group of each value, where they come in groups: groups are drawn, not values.
    """
    n = len(values)
    if not n:
        return Proportion(0, 0, None, 0.0, 1.0, confidence, BOOTSTRAP, unknown)
    sums, sizes = _totals(values, members)
    tail = (1 - confidence) / 2
    low = _weighted(sums, sizes, unknown, 0.0, tail)
    high = _weighted(sums, sizes, unknown, 1.0, 1 - tail)
    mean = float(sum(values)) / n
    design = None if members is None else Design(len(sums), 1.0, float(len(sums) - 1))
    return Proportion(round(sum(values)), n, mean, min(low, mean), max(high, mean), confidence, BOOTSTRAP, unknown, design)


def _totals(values: Sequence[float], members: Sequence[str] | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    if members is None:
        return np.asarray(values, np.float64), np.ones(len(values))
    names = {name: i for i, name in enumerate(sorted(set(members)))}
    at = np.asarray([names[name] for name in members])
    return np.bincount(at, values).astype(np.float64), np.bincount(at).astype(np.float64)


def _weighted(sums: NDArray[np.float64], sizes: NDArray[np.float64], unknown: int, end: float, share: float) -> float:
    """A quantile of the mean under random weights, with a pseudo-group and all unknown values at one end of what can be."""
    import numpy as np

    typical = float(sizes.mean())
    sums = np.concatenate([sums, np.full(unknown, end), [end * typical]])
    sizes = np.concatenate([sizes, np.ones(unknown), [typical]])
    rng, means = np.random.default_rng(0), []
    for start in range(0, DRAWS, 200):  # in parts: ten thousand examples times all draws would not fit into memory
        weights = rng.standard_exponential((min(200, DRAWS - start), len(sums)))
        means.append((weights @ sums) / (weights @ sizes))
    return float(np.quantile(np.concatenate(means), share))


def _judged(run: Run) -> tuple[list[list[Outcome]], int]:
    """Outcomes of each example that was judged, and how many others were not tested."""
    recipes, groups = len(run.manifest.recipes), list(by_example(run.outcomes).values())
    fates = [fate([o.status for o in group], recipes) for group in groups]
    known = [group for group, end in zip(groups, fates, strict=True) if end in ("broken", "robust", "wrong")]
    return known, sum(end == "untested" for end in fates)


def _pair(group: Sequence[Outcome]) -> tuple[float | None, float | None]:
    clean, worst = group[0].clean, _worst(group)
    return (None if clean is None else clean.quality), (None if worst is None else worst.quality)


def _worst(group: Sequence[Outcome]) -> Any:
    """The answer of the lowest quality that any recipe found; the clean one where none came lower."""
    found = [judged for o in group for judged in (o.best,) if judged is not None]
    broken = [o.best for o in group if o.status == "succeeded" and o.best is not None]
    among = [judged for judged in (group[0].clean, *(broken or found)) if judged is not None]
    if any(judged.quality is None for judged in among):
        return among[-1] if among else None
    return min(among, key=lambda judged: judged.quality or 0.0, default=None)


def _of(judged: Any, name: str) -> Any:
    return None if judged is None else judged.measures.get(name)


def _mean(values: Sequence[Any]) -> float | None:
    known = [float(value) for value in values if isinstance(value, (int, float))]
    return mean(known)


def _pooled(values: Sequence[Any]) -> float | None:
    """F1 of the sums of (true positives, false positives, false negatives); 1 where nothing was there to find or found."""
    triples = [value for value in values if isinstance(value, (list, tuple)) and len(value) == 3]
    if not triples:
        return None
    right, invented, missed = (sum(part) for part in zip(*triples, strict=True))
    return 2 * right / (2 * right + invented + missed) if right + invented + missed else 1.0
