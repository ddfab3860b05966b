"""Explains the failures of a run by asking its victim again: what it leaned on, and which remedies make it right.

Failures are taken a portion at a time, each portion in a few batches, and written down in order; a run that was killed goes on
behind its last whole line. Nothing depends on how they are cut into portions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from attacks.dialogue import turns_of
from attacks.search import Input, UnansweredError
from reports.run import Outcome
from reports.run.cases import inputs_of
from reports.run.explanations import (
    BROKEN,
    ERROR,
    EXPLAINED,
    HOLDS_NOW,
    INTEGRATED_GRADIENTS,
    MENDED,
    NO_ANSWER,
    NOT_APPLICABLE,
    UNCHANGED,
    Cost,
    Explained,
)
from robustness.engine.converse import CaseJudge, ask, check_fits, oracle_for
from robustness.followups.explain.gradients import attributed, refuse_without_gradients
from robustness.followups.explain.leaning import Side, flips_only, kept_spans, score_of, weights
from robustness.followups.explain.remedies import Remedy, repaired
from robustness.tasks.classification import KeepAnswer
from robustness.tasks.task import Seen

if TYPE_CHECKING:
    from robustness.victims.base import Victim

PORTION = 16
"""Failures explained at once; with a word left out of each of their texts they fill many batches."""
MOST = 200
Answer = Any


@dataclass(frozen=True, slots=True)
class Explainer:
    """Asks a victim about failures. ``again``: fresh answers that must all be right before a failure counts as mended.

    Raises:
        UsageError: integrated gradients of a victim that gives none.
    """

    victim: Victim
    method: str
    remedies: tuple[Remedy, ...]
    most: int = MOST
    again: int = 1
    batch_tokens: int | None = None
    timeout: float | None = 300.0

    def __post_init__(self) -> None:
        if self.method == INTEGRATED_GRADIENTS:
            refuse_without_gradients(self.victim)

    def explained(self, cases: Sequence[Outcome]) -> Iterator[Explained]:
        """One explanation for each case, in order; raises ``UsageError`` where cases do not fit the victim."""
        check_fits(self.victim, cases)
        rest = iter(cases)
        while portion := list(islice(rest, PORTION)):
            yield from self._portion(portion)

    def costs(self, clean: Sequence[Outcome], mending: Collection[str], done: int = 0) -> Iterator[Cost]:
        """What each remedy does to examples that are right as they are; the first ``done`` are known.

        One that mends nothing is not asked about: it can be no help, whatever it costs.
        """
        for remedy in self.remedies[done:]:
            if remedy.name not in mending:
                yield Cost(remedy.name, remedy.does, 0, 0, 0, 0)
                continue
            made = [(case, repaired(remedy, case.texts[case.field])) for case in clean]
            changed = [(case, text) for case, text in made if text != case.texts[case.field]]
            answers = self._ask([text for case, new in changed for text in (inputs_of(case), inputs_of(case, new))])
            states = [
                self._lost(CaseJudge(self.victim.info, case), new, *answers[2 * n : 2 * n + 2])
                for n, (case, new) in enumerate(changed)
            ]
            kept, lost, none = (states.count(state) for state in (MENDED, BROKEN, NO_ANSWER))
            right = len(clean) - len(changed) + kept + lost + none
            yield Cost(remedy.name, remedy.does, right, kept + lost + none, lost, none)

    def _lost(self, judge: CaseJudge, text: str, clean: Answer, answer: Answer) -> str:
        """What becomes of a clean text; nothing is said of one that the victim, asked again, does not get right as it is."""
        if isinstance(clean, UnansweredError) or not judge.right(clean):
            return NOT_APPLICABLE
        return self._state(judge, answer, text, clean)

    def _ask(self, inputs: Sequence[Input], name: str = "") -> list[Answer]:
        """Every answer, or the ``UnansweredError`` in its place; asked afresh, whatever was asked before."""
        if not inputs:
            return []
        oracle = oracle_for(self.victim, batch_tokens=self.batch_tokens, timeout=self.timeout, ask=name)
        return ask(oracle, inputs)

    def _portion(self, cases: Sequence[Outcome]) -> list[Explained]:
        judges = [CaseJudge(self.victim.info, case) for case in cases]
        whole = self._ask([text for case in cases for text in (inputs_of(case), inputs_of(case, case.perturbed))])
        begun = [self._begun(c, j, *whole[2 * n : 2 * n + 2]) for n, (c, j) in enumerate(zip(cases, judges, strict=True))]
        open_ = [one for one in begun if isinstance(one, _Open)]
        sides = [self._sides(one) for one in open_]
        mending = [self._texts(one) for one in open_]
        inputs = [
            text
            for one, pair, made in zip(open_, sides, mending, strict=True)
            for text in (*pair[0].inputs, *pair[1].inputs, *(inputs_of(one.case, new) for new in made.values()))
        ]
        answers = iter(self._ask(inputs))
        ended = [self._ended(one, pair, made, answers) for one, pair, made in zip(open_, sides, mending, strict=True)]
        confirmed = iter(self._confirmed(open_, mending, ended))
        return [next(confirmed) if isinstance(one, _Open) else one for one in begun]

    def _begun(self, case: Outcome, judge: CaseJudge, clean: Answer, broken: Answer) -> _Open | Explained:
        """A case to be explained, or what ends it here."""
        blank = Explained(case.example_id, case.recipe, NOT_APPLICABLE)
        if turns_of(case.perturbed or "") is not None:
            return _with(blank, note="a dialogue has turns, and no words that can be left out of it")
        if case.goal == KeepAnswer.name:
            return _with(blank, note="the answer stays although words are gone: there is no failing answer to explain")
        for answer in (clean, broken):
            if isinstance(answer, UnansweredError):
                return _with(blank, state=ERROR, note=str(answer))
        if not judge.right(clean):
            return _with(blank, note="the victim gets the clean text wrong now")
        if not judge.reached(broken, case.perturbed or "", clean):
            return _with(blank, state=HOLDS_NOW, note="the victim is not broken by this text any more, or not each time")
        return _Open(case, judge, clean, broken)

    def _sides(self, one: _Open) -> tuple[Side, Side]:
        case, perturbed = one.case, one.case.perturbed or ""
        if self.method == INTEGRATED_GRADIENTS:
            return Side(case.texts[case.field], (), ()), Side(perturbed, (), ())
        before, after = kept_spans(one.judge, perturbed)
        return Side.of(case, case.texts[case.field], before, self.most), Side.of(case, perturbed, after, self.most)

    def _texts(self, one: _Open) -> dict[str, str]:
        """The failing text after each remedy that changes it."""
        text = one.case.perturbed or ""
        made = {remedy.name: repaired(remedy, text) for remedy in self.remedies}
        return {name: new for name, new in made.items() if new != text}

    def _ended(self, one: _Open, sides: tuple[Side, Side], made: Mapping[str, str], answers: Iterator[Answer]) -> Explained:
        case, judge, clean = one.case, one.judge, one.clean
        scores = [[score_of(judge, next(answers), texts[judge.field], clean) for texts in side.inputs] for side in sides]
        effects = {remedy.name: UNCHANGED for remedy in self.remedies}
        effects |= {name: self._state(judge, next(answers), text, clean) for name, text in made.items()}
        asked = 2 + sum(len(side.inputs) for side in sides) + len(made)
        blank = Explained(case.example_id, case.recipe, EXPLAINED, asked=asked, remedies=effects)
        if self.method == INTEGRATED_GRADIENTS:
            return attributed(self.victim, case, judge, one.clean, one.broken, blank)
        ends = [score_of(judge, clean, sides[0].text, clean), score_of(judge, one.broken, sides[1].text, clean)]
        flat = [score for side in scores for score in side]
        told = [
            weights(side.spans, end or 0.0, found, toward=toward)
            for side, end, found, toward in zip(sides, ends, scores, (False, True), strict=True)
        ]
        basis = "flips" if flips_only([*flat, *ends]) else "scores"
        return _with(blank, before=told[0], after=told[1], basis=basis)

    def _state(self, judge: CaseJudge, answer: Answer, text: str, clean: Answer) -> str:
        """What an answer to a repaired text is: right again, still broken, or none.

        It must be right by the task's own measure: an answer that merely misses the goal mends nothing.
        """
        if isinstance(answer, UnansweredError):
            return NO_ANSWER
        found = judge.judged(answer, text, clean)
        if found.unusable:
            return NO_ANSWER
        perturbed = (*judge.inputs[: judge.field], text, *judge.inputs[judge.field + 1 :])
        seen: Seen[Any, Any] = Seen(judge.inputs, perturbed, judge.field, judge.reference, clean)
        if (
            judge.task.protects
        ):  # what is right stands at other places of a repaired text, which goals know and ``right`` does not
            right = not judge.task.goal("", judge.space).judge(answer, seen).reached
        else:
            right = judge.task.right_for(judge.goal, answer, seen)
        return MENDED if right and not found.reached else BROKEN

    def _confirmed(
        self, open_: Sequence[_Open], mending: Sequence[Mapping[str, str]], ended: Sequence[Explained]
    ) -> list[Explained]:
        """Mended by one answer of a victim whose answers vary is luck: what is called mended is right each time it is asked."""
        found = list(ended)
        for turn in range(1, self.again):
            wanted = [(n, name) for n, one in enumerate(found) for name, effect in one.remedies.items() if effect == MENDED]
            inputs = [inputs_of(open_[n].case, mending[n][name]) for n, name in wanted]
            for (n, name), answer in zip(wanted, self._ask(inputs, f"mended#{turn}"), strict=True):
                state = self._state(open_[n].judge, answer, mending[n][name], open_[n].clean)
                found[n] = _with(found[n], remedies={**found[n].remedies, name: state}, asked=found[n].asked + 1)
        return found


@dataclass(frozen=True, slots=True)
class _Open:
    """A case whose failure was seen again."""

    case: Outcome
    judge: CaseJudge
    clean: Answer
    broken: Answer


def _with(one: Explained, **changes: Any) -> Explained:
    return replace(one, **changes)
