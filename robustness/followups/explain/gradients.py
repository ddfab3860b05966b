"""Integrated gradients of a victim that gives gradients (Sundararajan, Taly and Yan 2017), computed by captum."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reports.run import Outcome
from reports.run.cases import inputs_of
from reports.run.explanations import Explained
from robustness.errors import UsageError
from robustness.followups.explain.leaning import by_words

if TYPE_CHECKING:
    from robustness.engine.converse import CaseJudge
    from robustness.victims.base import Victim

STEPS = 64
"""Points of the path from the baseline to the text."""


def refuse_without_gradients(victim: Victim) -> None:
    """Raise ``UsageError`` for a victim without integrated gradients, ``MissingExtraError`` without captum."""
    from robustness.victims.extras import require

    info = victim.info
    if not info.gradients or not hasattr(victim, "attributions"):
        raise UsageError(
            f"{info.name} gives no integrated gradients: they need a classifier of this process whose embeddings can be reached "
            "(demo, hf:PATH); use --method leave-one-out, which asks any victim"
        )
    require("captum", "explain")


def attributed(victim: Any, case: Outcome, judge: CaseJudge, clean: Any, broken: Any, blank: Explained) -> Explained:
    """The words' shares of the score of each answer given: the right one on the original, the wrong one on the perturbed text."""
    perturbed = case.perturbed or ""
    told = [
        victim.attributions(inputs, answer.label, STEPS)
        for inputs, answer in ((inputs_of(case), clean), (inputs_of(case, perturbed), broken))
    ]
    words = [
        by_words(text, [(place[1:] if place and place[0] == judge.field else None, weight) for place, weight in one.tokens])
        for text, one in zip((case.texts[case.field], perturbed), told, strict=True)
    ]
    left = (round(told[0].left, 6), round(told[1].left, 6))
    return replace(blank, before=words[0], after=words[1], basis="scores", left=left)
