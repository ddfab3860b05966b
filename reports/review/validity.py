"""Success adjusted for validity: a failure counts only where the text still means its label to human readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reports.measures.intervals import CONFIDENCE, Proportion, exact, proportion
from reports.measures.of_run import measure
from reports.measures.sequential import ends_at
from reports.review.agreement import Agreement, agreement
from reports.review.sample import Review, consensus
from reports.run import Run

FLOOR = 0.7


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate between bounds, all shares; ``rate`` is None where nothing was observed."""

    rate: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Adjusted:
    """One recipe, or the run. ``validity``: failures whose text keeps its label. ``adjusted``: success times validity."""

    name: str
    rated: int
    validity: Interval
    success: Proportion | None
    adjusted: Interval | None


@dataclass(frozen=True, slots=True)
class JudgeScore:
    """An automatic judge compared with the human labels. ``sensitivity``: of texts that keep their label, those it says keep it.

    ``believed``: both lower bounds reach the floor. ``validity``: of all failures, corrected for its mistakes; only if
    ``believed``.
    """

    judge: str
    sensitivity: Proportion
    specificity: Proportion
    floor: float
    believed: bool
    apparent: Proportion
    validity: Interval | None


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """What the raters said. ``controls``: unperturbed texts on which they agree with the data's label."""

    raters: int
    rated: int
    agreement: Agreement | None
    controls: Proportion
    unclear: int
    overall: Adjusted
    recipes: tuple[Adjusted, ...]
    confidence: float
    judge: JudgeScore | None = None

    def to_dict(self) -> dict[str, Any]:
        """As it stands in ``review.json``."""
        return asdict(self)


def review_result(run: Run, review: Review, sheets: Sequence[Mapping[str, str]], confidence: float = CONFIDENCE) -> ReviewResult:
    """Agreement, validity and adjusted success from raters' sheets. What the raters leave unclear does not count as valid."""
    said = consensus(sheets)
    rated = [item for item in review.items if item.recipe and item.item in said]
    kept = [(item.stratum, said[item.item] == item.gold) for item in rated]
    controls = [said[item.item] == item.gold for item in review.items if not item.recipe and item.item in said]
    shared = [item.item for item in review.items if all(item.item in sheet for sheet in sheets)]
    measured = measure(run, confidence)
    success = {recipe.name: recipe.attack_success_rate for recipe in measured.recipes}
    recipes = sorted({recipe for recipe, _ in review.population})
    single = run.manifest.cascade or len(run.manifest.recipes) == 1
    return ReviewResult(
        raters=len(sheets),
        rated=len(rated),
        agreement=agreement([[sheet[item] for sheet in sheets] for item in shared], confidence),
        controls=proportion(sum(controls), len(controls), confidence),
        unclear=sum(said[item.item] not in review.labels for item in rated),
        overall=_adjusted("run", kept, review.population, measured.overall.attack_success_rate if single else None, confidence),
        recipes=tuple(
            _adjusted(
                name,
                [(key, ok) for key, ok in kept if key[0] == name],
                {key: size for key, size in review.population.items() if key[0] == name},
                success.get(name),
                confidence,
            )
            for name in recipes
        ),
        confidence=confidence,
    )


def _adjusted(
    name: str,
    kept: Sequence[tuple[tuple[str, str], bool]],
    population: Mapping[tuple[str, str], int],
    success: Proportion | None,
    confidence: float,
) -> Adjusted:
    """Validity, and success times it: the two intervals at half the error each (Bonferroni), their bounds multiplied."""
    each = 1 - (1 - confidence) / 2
    adjusted = None
    if success is not None and success.rate is not None and kept:
        validity = weighted(kept, population, each)
        low, high = ends_at(success, each)
        adjusted = Interval(success.rate * (validity.rate or 0.0), low * validity.low, high * validity.high)
    return Adjusted(name, len(kept), weighted(kept, population, confidence), success, adjusted)


def weighted(
    kept: Sequence[tuple[tuple[str, str], bool]], population: Mapping[tuple[str, str], int], confidence: float = CONFIDENCE
) -> Interval:
    """The share that is valid, strata weighted by their size, with the Clopper–Pearson interval at the effective sample size.

    Effective size: Kish, Survey Sampling (1965), section 11.7, one over the sum of squared weights. Strata that nobody rated
    are left out of the weights.
    """
    counts: dict[tuple[str, str], list[bool]] = {}
    for key, ok in kept:
        counts.setdefault(key, []).append(ok)
    total = sum(population[key] for key in counts)
    if not total:
        return Interval(None, 0.0, 1.0)
    rate = sum(population[key] / total * sum(group) / len(group) for key, group in counts.items())
    effective = 1 / sum((population[key] / total) ** 2 / len(group) for key, group in counts.items())
    rate = min(1.0, rate)
    low, high = exact(rate * effective, effective, confidence)
    return Interval(rate, low, high)


def score_judge(
    judge: str,
    sampled: Sequence[tuple[bool, bool]],
    everywhere: Sequence[bool],
    *,
    floor: float = FLOOR,
    confidence: float = CONFIDENCE,
) -> JudgeScore:
    """Score a judge on (human says kept, judge says kept) pairs; its word on all failures counts only if it is good enough.

    The corrected share is that of Rogan and Gladen, Estimating Prevalence from the Results of a Screening Test, American Journal
    of Epidemiology 107 (1978), 71-76; its bounds take the three intervals, each at a third of the error, at their worst.
    """
    kept, lost = [said for human, said in sampled if human], [said for human, said in sampled if not human]
    sensitivity = proportion(sum(kept), len(kept), confidence)
    specificity = proportion(sum(not said for said in lost), len(lost), confidence)
    apparent = proportion(sum(everywhere), len(everywhere), confidence)
    believed = bool(everywhere) and min(sensitivity.low, specificity.low) >= floor
    validity = _corrected(sensitivity, specificity, apparent, 1 - (1 - confidence) / 3) if believed else None
    return JudgeScore(judge, sensitivity, specificity, floor, believed, apparent, validity)


def _corrected(sensitivity: Proportion, specificity: Proportion, apparent: Proportion, each: float) -> Interval:
    se, sp, seen = (ends_at(p, each) for p in (sensitivity, specificity, apparent))
    rate = _rogan_gladen(apparent.rate or 0.0, sensitivity.rate or 0.0, specificity.rate or 0.0)
    return Interval(rate, _rogan_gladen(seen[0], se[1], sp[0]), _rogan_gladen(seen[1], se[0], sp[1]))


def _rogan_gladen(apparent: float, sensitivity: float, specificity: float) -> float:
    return min(1.0, max(0.0, (apparent + specificity - 1) / max(1e-9, sensitivity + specificity - 1)))
