"""What is right about a multiple-choice question when its options stand in another order: the goal ``other-option``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from attacks.language.options import chosen, moved_to, options_of
from attacks.search import Judgement, Prediction
from robustness.tasks.answers import Completion
from robustness.tasks.goals.generation import WrittenSeen
from robustness.tasks.task import GoalKind, Seen

NAME = "other-option"
KIND = GoalKind(NAME, "another option than the right one, behind whatever letter that stands now")


@dataclass(frozen=True, slots=True)
class OtherLabel:
    """For answers that are labels: those that are letters move with the options, others stay. Score: one minus the belief."""

    labels: tuple[str, ...]
    name: ClassVar[str] = NAME

    def judge(self, answer: Prediction, seen: Seen[int, Prediction]) -> Judgement:
        """Broken is every label but the one whose content was right."""
        gold = seen.clean.label if seen.reference is None else seen.reference
        wanted = self._moved(gold, seen)
        belief = float(answer.label == wanted) if answer.scores is None else answer.scores[wanted]
        return Judgement(1.0 - belief, answer.label != wanted)

    def _moved(self, gold: int, seen: Seen[int, Prediction]) -> int:
        letter = self.labels[gold].strip().upper()
        moved = moved_to(letter, options_of(seen.inputs[seen.field]), options_of(seen.perturbed[seen.field]))
        at = {label.strip().upper(): n for n, label in enumerate(self.labels)}
        return at.get(moved or letter, gold)


@dataclass(frozen=True, slots=True)
class OtherOption:
    """For written answers: the letter, or the content, that an answer begins with or names. Score: all or nothing."""

    name: ClassVar[str] = NAME

    def applies(self, seen: WrittenSeen) -> bool:
        """Where the text has options and the clean answer chooses the right one."""
        options = options_of(seen.inputs[seen.field])
        letter = chosen(seen.clean.text, options)
        return letter is not None and letter == self._right(seen)

    def judge(self, answer: Completion, seen: WrittenSeen) -> Judgement:
        """Broken is an answer that chooses another option; one that chooses none is no answer."""
        options = options_of(seen.perturbed[seen.field])
        right = self._right(seen)
        wanted = None if right is None else moved_to(right, options_of(seen.inputs[seen.field]), options)
        said = chosen(answer.text, options)
        if said is None:
            return Judgement(0.0, False, unusable="unparsed")
        return Judgement(float(said != wanted), said != wanted, float(said == wanted))

    def _right(self, seen: WrittenSeen) -> str | None:
        options = options_of(seen.inputs[seen.field])
        known = seen.reference
        accepted: Sequence[str] = known if isinstance(known, tuple) else (seen.clean.text,)
        letters = [chosen(one, options) for one in accepted]
        return next((letter for letter in letters if letter is not None), None)
