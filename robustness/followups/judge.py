"""A victim as judge of validity: which label does a perturbed text have, in its eyes?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attacks.search import UnansweredError
from reports.review.answers import ANSWER, BROKEN, CHOICES, EXPECTED, answered, shown_texts
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
    refuse_own(judge, run)
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


def refuse_own(judge: Victim, run: Run) -> None:
    """Raise ``UsageError`` where the judge is the audited victim."""
    identity = {name: str(value) for name, value in judge.info.identity}
    if identity and identity == {name: str(value) for name, value in dict(run.manifest.victim.get("identity", {})).items()}:
        raise UsageError("the judge is the audited victim, which was wrong on every failure; name another one")


def judge_answers(judge: Victim, run: Run, oracle: VictimOracle) -> dict[tuple[str, str], bool]:
    """Whether a judge calls the answer of each trial broken, by recipe and example; answers that it cannot judge are missing.

    The judge is a classifier of two labels, ``acceptable`` and ``broken``. It reads the fields of the run, then ``answer``, then
    ``expected``; one of fewer fields reads those of the same names, and an instruction of its own as it brings it.

    Raises:
        UsageError: the judge is the audited victim itself, has other labels, or reads fields that the run has not.
        VictimError: it judges none of the answers.
    """
    refuse_own(judge, run)
    info = judge.info
    trials = answered(run)
    fields = (*(trials[0].texts if trials else ()), ANSWER, EXPECTED)
    own = dict(info.supplied)
    strange = [name for name in info.data_fields if name not in fields]
    if info.task != "classification" or set(info.labels) != set(CHOICES):
        raise UsageError(
            f"a judge of answers is a classifier of the labels {' and '.join(CHOICES)}; {info.name} does {info.task} with "
            f"{list(info.labels)}; where it says other words: --labels acceptable=WORD,broken=WORD"
        )
    if strange:
        raise UsageError(f"the judge {info.name} reads {list(info.data_fields)}, and a judge of this run can read {list(fields)}")
    inputs = [tuple((dict(zip(fields, shown_texts(one), strict=True)) | own)[name] for name in info.fields) for one in trials]
    broken = info.labels.index(BROKEN)
    answers = zip(trials, ask(oracle, inputs), strict=True)
    kept = {(one.recipe, one.example_id): said.label == broken for one, said in answers if not isinstance(said, UnansweredError)}
    if not kept:
        raise VictimError(f"the judge {info.name} judged none of {len(trials)} answers")
    return kept
