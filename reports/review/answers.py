"""Written answers rated by people: is this an acceptable answer to that text, or is it broken?

Where answers are labels, a review asks what a text means. Where they are texts, what a check calls broken may be fine, and what
it lets pass may not be: raters see the text as it was put, the answer, and what was expected, and say ``acceptable`` or
``broken``. Their labels say how far the run's own check is right, and calibrate a judge model that then reads every answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from reports.measures.intervals import CONFIDENCE
from reports.review.agreement import Agreement, agreement
from reports.review.judged import Corrected, corrected
from reports.review.sample import Item, Review, consensus, item_name, share_out
from reports.run import Outcome, Run, RunError
from reports.run.cases import inputs_of

ACCEPTABLE, BROKEN = "acceptable", "broken"
CHOICES = (ACCEPTABLE, BROKEN)
ANSWER, EXPECTED = "answer", "expected"
"""Names of the fields that raters and judges read after those of the victim."""
FIRST = 4000
"""Characters of an answer that raters and judges read."""


def answered(run: Run) -> list[Outcome]:
    """Every trial that was put to the test, with what came nearest to breaking it: where nothing did, the clean text's answer."""
    found = [o for o in run.outcomes if o.status in ("succeeded", "failed", "exhausted") and (o.best or o.clean)]
    return sorted(found, key=lambda o: (o.recipe, o.example_id))


def verdict_of(outcome: Outcome) -> str:
    """What the run's own check says of the answer."""
    return BROKEN if outcome.status == "succeeded" else ACCEPTABLE


def shown_texts(outcome: Outcome) -> tuple[str, ...]:
    """What is rated: the fields as they were put, the answer, and what was expected where anything was."""
    answer = outcome.best or outcome.clean
    assert answer is not None
    return (*inputs_of(outcome, outcome.perturbed), answer.shown[:FIRST], outcome.reference)


def draw_answers(run: Run, sample: int, seed: int = 0) -> Review:
    """``sample`` answers at random, recipes and the check's own verdicts in proportion, in random order.

    Raises:
        RunError: no trial of the run has an answer to show.
        ValueError: a number that cannot be.
    """
    if sample < 1:
        raise ValueError(f"expected a sample of at least 1, got {sample}")
    found = answered(run)
    if not found:
        raise RunError(f"{run.path} holds no trial that was put to the test, so there is nothing to review")
    rng = Random(seed)
    strata: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in found:
        strata.setdefault((outcome.recipe, verdict_of(outcome)), []).append(outcome)
    sizes = {key: len(group) for key, group in strata.items()}
    shares = share_out(sizes, min(sample, len(found)))
    drawn = [outcome for key in sorted(strata) for outcome in rng.sample(strata[key], shares[key])]
    items = [Item(item_name(seed, o.recipe, o.example_id), o.recipe, o.example_id, verdict_of(o), shown_texts(o)) for o in drawn]
    rng.shuffle(items)
    fields = (*found[0].texts, ANSWER, EXPECTED)
    return Review(tuple(items), CHOICES, fields, dict(Counter(sizes)), str(run.manifest.outcomes.get("digest", "")), seed, ANSWER)


@dataclass(frozen=True, slots=True)
class AnswersResult:
    """What people said of a run's answers. ``trials``: answers in the run; ``rated``: those with a majority label.

    ``check``: the share that the run's own check calls broken, corrected for its mistakes; ``judge``: the same of a judge model,
    by its name, where one read all answers. ``unjudged``: answers that it could not judge; ``untested``: trials on examples right
    at first that came to no end, so that there is no answer to rate.
    """

    raters: int
    trials: int
    rated: int
    unclear: int
    agreement: Agreement | None
    check: Corrected
    judge_name: str = ""
    judge: Corrected | None = None
    unjudged: int = 0
    untested: int = 0

    @property
    def decides(self) -> Corrected:
        """What a threshold is held against: the judge where one was asked, else the check."""
        return self.check if self.judge is None else self.judge

    def verdict(self, most: float) -> str:
        """``passed``, ``failed`` or ``inconclusive`` against the largest share that may be broken.

        An uncalibrated judge decides nothing; answers that it could not judge, and trials without one, may all be broken or none.
        """
        found = self.decides
        if not found.calibrated:
            return "inconclusive"
        due = self.trials + self.untested
        lost = (self.unjudged + self.untested) / due if due else 1.0
        if found.low * (1 - lost) > most:
            return "failed"
        return "passed" if min(1.0, found.high * (1 - lost) + lost) <= most else "inconclusive"

    def to_dict(self) -> dict[str, Any]:
        """As it stands in ``review.json``."""
        return asdict(self)


def answers_result(
    run: Run,
    review: Review,
    sheets: Sequence[Mapping[str, str]],
    *,
    judged: Mapping[tuple[str, str], bool] | None = None,
    judge_name: str = "",
    confidence: float = CONFIDENCE,
) -> AnswersResult:
    """Agreement, and the share of broken answers by check and judge, each corrected by the people's labels.

    ``judged``: whether the judge calls an answer broken, by recipe and example.
    """
    said, trials = consensus(sheets), answered(run)
    own = {(one.recipe, one.example_id): verdict_of(one) == BROKEN for one in trials}
    shared = [item.item for item in review.items if all(item.item in sheet for sheet in sheets)]
    return AnswersResult(
        raters=len(sheets),
        trials=len(trials),
        rated=sum(label in CHOICES for label in said.values()),
        unclear=sum(label not in CHOICES for label in said.values()),
        agreement=agreement([[sheet[item] for sheet in sheets] for item in shared], confidence),
        check=_share(own, _pairs(review, said, own), confidence),
        judge_name=judge_name,
        judge=None if judged is None else _share(judged, _pairs(review, said, judged), confidence),
        unjudged=0 if judged is None else len(trials) - len(judged),
        untested=sum(one.status in ("untested", "undecided", "error") for one in run.outcomes),
    )


def _share(judged: Mapping[tuple[str, str], bool], pairs: Sequence[tuple[bool, bool]], confidence: float) -> Corrected:
    return corrected(sum(judged.values()), len(judged), pairs, confidence=confidence)


def _pairs(review: Review, said: Mapping[str, str], judged: Mapping[tuple[str, str], bool]) -> list[tuple[bool, bool]]:
    """(people call it broken, this one does) of every answer that a majority labelled and this one judged."""
    return [
        (said[item.item] == BROKEN, judged[item.recipe, item.example_id])
        for item in review.items
        if said.get(item.item) in CHOICES and (item.recipe, item.example_id) in judged
    ]
