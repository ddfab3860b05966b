"""A victim as judge of validity: which label does a perturbed text have, in its eyes?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attacks.search import UnansweredError
from reports.review.sample import Review, consensus, reviewable
from reports.review.validity import JudgeScore, score_judge
from reports.run.cases import inputs_of
from robustness.engine.converse import CaseJudge, VictimOracle, ask, check_fits
from robustness.errors import UsageError, VictimError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.run import Run
    from robustness.victims.base import Victim


def judge_review(
    judge: Victim,
    run: Run,
    review: Review,
    sheets: Sequence[Mapping[str, str]],
    oracle: VictimOracle,
    *,
    floor: float,
    confidence: float,
) -> JudgeScore:
    """Let a judge label every failure of the run, and score it against the humans on those that they rated.

    Raises:
        UsageError: the judge is the audited victim, which by definition calls every failure invalid, or does not fit.
        VictimError: it does not answer some failure.
    """
    identity = {name: str(value) for name, value in judge.info.identity}
    if identity and identity == {name: str(value) for name, value in dict(run.manifest.victim.get("identity", {})).items()}:
        raise UsageError("the judge is the audited victim, which was wrong on every failure; name another one")
    cases = reviewable(run)
    check_fits(judge, cases)
    answers = ask(oracle, [inputs_of(case, case.perturbed) for case in cases])
    bad = next((answer for answer in answers if isinstance(answer, UnansweredError)), None)
    if bad is not None:
        raise VictimError(f"the judge did not answer on some failure: {bad}")
    kept = {
        (case.recipe, case.example_id): CaseJudge(judge.info, case).right(answer)
        for case, answer in zip(cases, answers, strict=True)
        if not isinstance(answer, UnansweredError)
    }
    said = consensus(sheets)
    rated = [item for item in review.items if item.recipe and said.get(item.item) in review.labels]
    pairs = [(said[item.item] == item.gold, kept[item.recipe, item.example_id]) for item in rated]
    return score_judge(judge.info.name, pairs, list(kept.values()), floor=floor, confidence=confidence)
