"""The same text about each group of people: what a victim answers must not hang on who is spoken of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attacks.search import Search, Trial, Unusable, Verdict
from attacks.transformations.words.groups import Variants, variants

DETAIL = "groups"
"""Under what name an outcome holds, for each attribute, the text's own group and (asked, held) of each."""


@dataclass(frozen=True, slots=True)
class Swapping:
    """Every variant of a text for every group of each attribute that it shows; all are asked, whatever the answers are.

    A variant that turns a right answer into a wrong one is a success, as with any attack. What was asked and what held is
    written down by group, the text itself where it speaks of a group as it is, so that groups can be compared on each text.
    """

    def search(self, trial: Trial) -> Search[None]:
        """One attribute after the other."""
        seed = trial.rng.getrandbits(64)
        found: dict[str, Any] = {}
        for one in variants(trial.text, seed):
            changed = list({c.text: c for several in one.by_group.values() for c in several if c.text != trial.text}.values())
            trial.tally.proposed += len(changed)
            verdicts = yield from trial.attempt(changed, prefer="first")
            if len(verdicts) == len(changed):  # else the budget ended within: groups are compared on whole sets alone
                by_text = {c.text: v for c, v in zip(changed, verdicts, strict=True)} | {trial.text: trial.clean}
                found[one.attribute] = {"own": one.own, "groups": _counts(one, by_text)}
                trial.details[DETAIL] = found


def _counts(one: Variants, by_text: Mapping[str, Verdict]) -> dict[str, list[int]]:
    counts: dict[str, list[int]] = {}
    for group, candidates in one.by_group.items():
        answers = [by_text[candidate.text] for candidate in candidates if _counted(by_text[candidate.text])]
        if answers:
            counts[group] = [len(answers), sum(not verdict.reached for verdict in answers)]
    return counts


def _counted(verdict: Verdict) -> bool:
    return not isinstance(verdict.answer, Unusable)
